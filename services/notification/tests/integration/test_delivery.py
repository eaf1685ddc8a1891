"""Handing mails over to a real mail server that refuses, drops, hangs, goes away and comes back."""

import asyncio
import os
import signal
import ssl
import sys
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from commonground.testing.events import outbox_events
from notification.clients.mail import MailServer, ServerUnreachableError
from notification.domain.messages import Recipient
from notification.tables import deliveries, messages


@pytest.fixture
def log(database):
    """Return the delivery log, oldest first."""

    async def read():
        async with database.transaction() as session:
            return (await session.execute(sa.select(deliveries).order_by(deliveries.c.id))).all()

    return read


@pytest.fixture
async def one_mail(tell):
    await tell.contact()
    await tell.routing()


async def test_a_temporary_refusal_is_tried_again_until_it_works(one_mail, send_all, mailbox, log, states, database):
    mailbox.answers["RCPT"] = ["451 4.7.1 Greylisted, try again"] * 3
    await send_all()
    assert len(mailbox.mails) == 1
    assert [(row.attempt, row.outcome, row.code) for row in await log()] == [
        (1, "deferred", 451),
        (2, "deferred", 451),
        (3, "deferred", 451),
        (4, "delivered", 250),
    ]
    (told,) = await outbox_events(database)
    assert told["type"].endswith("message-delivered")
    assert told["data"]["attempts"] == 4


@pytest.mark.parametrize("step", ["RCPT", "DATA"])
async def test_a_permanent_refusal_fails_at_once_and_the_log_says_why_without_the_address(
    step, one_mail, send_all, mailbox, log, states, database
):
    mailbox.answers[step] = ["550 5.1.1 <melder@example.org>: user melder unknown, see melder=example.org@mail.test"]
    await send_all()
    assert mailbox.mails == []
    assert await states() == [("confirmation", "failed")]
    (row,) = await log()
    assert row.outcome == "refused"
    assert row.code == 550
    assert row.reason == ("recipient-refused" if step == "RCPT" else "content-refused")
    assert "unknown" in row.answer
    assert "melder" not in row.answer
    (told,) = await outbox_events(database)
    assert told["type"].endswith("message-failed")


async def test_a_refused_sender_is_our_own_fault_and_waits_until_somebody_mends_it(
    one_mail, send_all, mailbox, log, states
):
    mailbox.answers["MAIL"] = ["550 5.7.1 sender not allowed"] * 2
    await send_all()
    assert [row.outcome for row in await log()] == ["deferred", "deferred", "delivered"]
    assert len(mailbox.mails) == 1


async def test_one_refused_recipient_does_not_disturb_the_mails_behind_it(tell, send_all, mailbox, states):
    mailbox.answers["RCPT"] = ["550 5.1.1 unknown"]
    for _ in range(25):
        report = uuid4()
        await tell.contact(report=report)
        await tell.routing(report=report)
    await send_all()
    assert len(mailbox.mails) == 24
    assert sorted(state for _, state in await states()) == ["delivered"] * 24 + ["failed"]


async def test_what_cannot_be_delivered_for_three_days_fails(one_mail, send_all, mailbox, states, database, log):
    mailbox.always["RCPT"] = "451 4.3.0 not now"
    async with database.transaction() as session:
        await session.execute(sa.update(messages).values(give_up_at=sa.func.now() + sa.text("interval '300 ms'")))
    await send_all()
    assert await states() == [("confirmation", "failed")]
    assert {row.outcome for row in await log()} == {"deferred"}
    assert len(await outbox_events(database, "notification.message-failed")) == 1


async def test_a_message_is_given_up_three_days_after_it_became_due(one_mail, database):
    async with database.transaction() as session:
        row = (await session.execute(sa.select(messages))).one()
    assert abs((row.give_up_at - row.due_at).total_seconds() - 72 * 3600) < 400


async def test_a_connection_lost_before_the_server_has_the_mail_is_tried_again(one_mail, send_all, mailbox, log):
    mailbox.answers["DATA"] = ["drop"]
    await send_all()
    assert len(mailbox.mails) == 1
    assert [(row.outcome, row.reason) for row in await log()] == [
        ("deferred", "connection-lost"),
        ("delivered", None),
    ]


async def test_a_connection_lost_after_the_server_took_the_mail_sends_the_same_mail_under_the_same_id(
    one_mail, send_all, mailbox, plain, database
):
    mailbox.answers["DATA"] = ["accept and drop"]
    await send_all()
    first, second = mailbox.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert plain(first) == plain(second)
    assert len(await outbox_events(database)) == 1


async def test_a_changed_template_does_not_change_a_mail_that_is_tried_again(
    one_mail, send_all, mailbox, plain, client, tokens
):
    mailbox.answers["DATA"] = ["accept and drop"]
    from notification.use_cases import mailing

    original = mailing.waiting_time
    saved = asyncio.Event()

    async def change() -> None:
        headers = tokens.bearer("ada", permissions=["template:manage"])
        body = {"subject": "Anders", "body": "Heel andere woorden"}
        answer = await client.put("/v1/templates/confirmation/nl", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        saved.set()

    task = None

    def slowly(attempt, settings):
        nonlocal task
        task = asyncio.get_running_loop().create_task(change())
        return original(attempt, settings) + 0.5

    mailing.waiting_time = slowly
    try:
        await send_all()
    finally:
        mailing.waiting_time = original
    await saved.wait()
    first, second = mailbox.mails
    assert plain(first) == plain(second)


async def test_a_mail_server_that_is_away_costs_no_attempt_and_gets_everything_when_it_is_back(
    tell, settings, database, eventually, unused_port, log, mailbox, sending, serving
):
    for _ in range(15):
        report = uuid4()
        await tell.contact(report=report)
        await tell.routing(report=report)
    away = settings.model_copy(update={"smtp_port": unused_port})
    box = type(mailbox)()

    async def released() -> bool:
        async with database.transaction() as session:
            claimed = await session.scalar(sa.select(sa.func.count()).where(messages.c.claim.is_not(None)))
            return claimed == 0

    async with sending(away, database):
        await asyncio.sleep(0.3)  # long enough to have knocked at a closed door; nothing depends on it
        await eventually(released)
        assert await log() == []
        async with serving(box, unused_port):

            async def all_there() -> bool:
                return len(box.mails) == 15

            await eventually(all_there)
    assert len(set(box.ids())) == 15
    assert {row.attempt for row in await log()} == {1}


async def test_mails_go_over_connections_that_stay_open(tell, send_all, mailbox):
    for _ in range(40):
        report = uuid4()
        await tell.contact(report=report)
        await tell.routing(report=report)
    await send_all()
    assert len(mailbox.mails) == 40
    assert mailbox.connections <= 2


async def test_a_connection_is_renewed_after_the_number_of_mails_that_is_set(tell, send_all, mailbox, sender_settings):
    for _ in range(12):
        report = uuid4()
        await tell.contact(report=report)
        await tell.routing(report=report)
    await send_all(settings=sender_settings.model_copy(update={"smtp_mails_per_connection": 2, "smtp_connections": 1}))
    assert mailbox.connections == 6


async def test_several_processes_send_each_mail_once(
    tell, sender_settings, database, mailbox, eventually, states, sending
):
    for _ in range(60):
        report = uuid4()
        await tell.contact(report=report)
        await tell.routing(report=report)
    async with (
        sending(sender_settings, database),
        sending(sender_settings, database),
        sending(sender_settings, database),
    ):

        async def done() -> bool:
            return {state for _, state in await states()} == {"delivered"}

        await eventually(done)
    assert len(mailbox.ids()) == 60
    assert len(set(mailbox.ids())) == 60


_PROCESS = """
import asyncio
from commonground.database import Database
from notification.sender import Sender
from notification.settings import Settings
settings = Settings()
print("ready", flush=True)
input()
asyncio.run(Sender(settings, Database(settings, name="sender")).run(asyncio.Event()))
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_killed_process_loses_nothing_and_doubles_only_under_the_same_message_id(
    tell, database, database_url, mailbox, sender_settings, eventually, states, sending
):
    for _ in range(60):
        report = uuid4()
        await tell.contact(report=report)
        await tell.routing(report=report)
    environment = {
        **os.environ,
        "NOTIFICATION_DATABASE_URL": database_url,
        "NOTIFICATION_SMTP_PORT": str(mailbox.port),
        "NOTIFICATION_SMTP_TIMEOUT": "1.5",
        "NOTIFICATION_LEASE": "6",
        "NOTIFICATION_RETRY_FIRST": "0.05",
        "NOTIFICATION_POLL": "0.02",
    }
    # Started together, since loading takes longest; each begins when it gets a line.
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _PROCESS,
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(3)
    ]
    try:
        for process in processes:
            assert (await process.stdout.readline()).strip() == b"ready"
        for process, goal in zip(processes, (8, 20, 35), strict=True):
            process.stdin.write(b"\n")

            async def enough(goal=goal) -> bool:
                return len(mailbox.mails) >= goal

            await eventually(enough)
            process.send_signal(signal.SIGKILL)
            await process.wait()
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def done() -> bool:
        return {state for _, state in await states()} == {"delivered"}

    async with sending(sender_settings, database):
        await eventually(done, 60)
    assert len(set(mailbox.ids())) == 60
    told = await outbox_events(database, "notification.message-delivered")
    assert len({event["data"]["messageId"] for event in told}) == len(told) == 60


async def test_a_stopped_sender_gives_back_what_it_did_not_send(
    tell, sender_settings, database, mailbox, eventually, sending
):
    for _ in range(20):
        report = uuid4()
        await tell.contact(report=report)
        await tell.routing(report=report)

    async def some() -> bool:
        return len(mailbox.mails) >= 3

    async with sending(sender_settings, database):
        await eventually(some)
    async with database.transaction() as session:
        left = (await session.execute(sa.select(messages).where(messages.c.state == "due"))).all()
        delivered = await session.scalar(sa.select(sa.func.count()).where(messages.c.state == "delivered"))
    assert delivered == len(mailbox.mails)
    assert all(row.claim is None and row.attempts == 0 for row in left)


async def test_a_mail_server_that_hangs_is_left_alone_after_the_time_out(
    tell, sender_settings, database, eventually, sending
):
    await tell.contact()
    await tell.routing()
    knocked = asyncio.Event()

    async def silent(reader, writer):
        knocked.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    hanging = sender_settings.model_copy(update={"smtp_port": port, "smtp_timeout": 0.2, "smtp_connections": 1})
    started = time.monotonic()

    async def released() -> bool:
        async with database.transaction() as session:
            return (await session.execute(sa.select(messages.c.claim))).scalar_one() is None

    async with sending(hanging, database):
        await knocked.wait()
        await eventually(released)
    assert time.monotonic() - started < 5
    server.close()


async def test_letters_outside_ascii_in_an_address_reach_the_server_in_the_form_it_understands(tell, send_all, mailbox):
    await tell.contact(email="jan@müller.example")
    await tell.routing()
    await send_all()
    assert mailbox.envelopes[0][1] == ["jan@xn--mller-kva.example"]
    await tell.contact(email="bücher@müller.example", report=(other := uuid4()))
    await tell.routing(report=other)
    await send_all()
    assert mailbox.envelopes[1][1] == ["bücher@xn--mller-kva.example"]
    assert mailbox.mails[1]["To"] == "bücher@xn--mller-kva.example"
    assert mailbox.mails[1]["Subject"] == "Wij hebben uw melding M-10001 ontvangen"


async def test_a_corrected_address_is_used_at_the_next_attempt(tell, send_all, mailbox, sender_settings):
    mailbox.answers["RCPT"] = ["450 4.1.2 domain not found"]
    await tell.contact(email="jan@exampel.org")
    await tell.routing()
    await tell.contact(email="jan@example.org", sequence=2)
    await send_all()
    assert mailbox.envelopes[0][1] == ["jan@example.org"]


async def test_every_mail_says_that_it_was_made_by_a_program(one_mail, send_all, mailbox):
    await send_all()
    (mail,) = mailbox.mails
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert mail["Content-Language"] == "nl"
    assert mail["Date"] is not None


async def test_what_is_too_old_fails_although_the_mail_server_stays_away(
    one_mail, settings, database, unused_port, eventually, sending, states
):
    async with database.transaction() as session:
        await session.execute(sa.update(messages).values(give_up_at=sa.func.now()))

    async def failed() -> bool:
        return await states() == [("confirmation", "failed")]

    away = settings.model_copy(update={"smtp_port": unused_port, "smtp_connections": 1})
    async with sending(away, database):
        await eventually(failed)
    assert len(await outbox_events(database, "notification.message-failed")) == 1


@pytest.fixture
def tls(tmp_path):
    """A server's TLS context with a certificate that nobody else has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    no_password = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_password)
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    return context


async def test_mails_go_over_starttls_with_a_password_and_only_to_a_server_with_a_good_certificate(
    one_mail, settings, database, mailbox, serving, sending, eventually, tls, states
):
    def authenticate(_server, _session, _envelope, _mechanism, given):
        right = (given.login, given.password) == (b"user", b"secret")
        return AuthResult(success=right, handled=right)  # not handled: the server says 535 by itself

    options = {"tls_context": tls, "require_starttls": True, "auth_required": True, "authenticator": authenticate}
    async with serving(type(mailbox)(), **options) as box:
        strict = settings.model_copy(
            update={
                "smtp_port": box.port,
                "smtp_tls": "starttls",
                "smtp_user": "user",
                "smtp_password": SecretStr("secret"),
                "smtp_connections": 1,
            }
        )
        with pytest.raises(ServerUnreachableError, match="server-unreachable"):
            await MailServer(strict).send(b"x", return_path="a@b.nl", to=Recipient("c@d.nl", needs_utf8=False))
        trusting = strict.model_copy(update={"smtp_verify": False})
        wrong = trusting.model_copy(update={"smtp_password": SecretStr("guess")})
        with pytest.raises(ServerUnreachableError, match="sign-in-refused"):
            await MailServer(wrong).send(b"x", return_path="a@b.nl", to=Recipient("c@d.nl", needs_utf8=False))
        assert box.mails == []

        async def delivered() -> bool:
            return await states() == [("confirmation", "delivered")]

        async with sending(trusting, database):
            await eventually(delivered)
        assert len(box.mails) == 1
