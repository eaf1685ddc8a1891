"""Notification under test, with a real mail server that does as it is told."""

import asyncio
import email
import email.policy
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from uuid import UUID, uuid4

import pytest
from aiosmtpd.smtp import SMTP
from sqlalchemy import select

import notification
from commonground.testing.plugin import BlockUnderTest
from notification.incoming import subscriptions
from notification.main import create_app
from notification.sender import Sender
from notification.settings import Settings
from notification.tables import messages

STATUS_URL = "https://meldingen.example.org/melding/geheimtoken"


@pytest.fixture(scope="session")
def block() -> BlockUnderTest:
    return BlockUnderTest(
        name="notification",
        package_file=str(notification.__file__),
        settings_class=Settings,
        create_app=create_app,
        subscriptions=subscriptions,
        extra_settings={
            "smtp_connections": 2,
            "poll": 0.02,
            "smtp_timeout": 2,
            "lease": 8,
            "retry_first": 0.05,
            "public_url": "https://meldingen.example.org",
            "sender": "no-reply@voorbeeldstad.example",
        },
    )


# --- A mail server ---


@dataclass
class Mailbox:
    """What the mail server took, and how it is to answer: ``answers[step]`` are used up before it says yes."""

    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=lambda: {"MAIL": [], "RCPT": [], "DATA": []})
    always: dict[str, str] = field(default_factory=dict)
    connections: int = 0
    port: int = 0

    def _answer(self, step: str) -> str | None:
        if self.answers[step]:
            return self.answers[step].pop(0)
        return self.always.get(step)

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        self.connections += 1
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        refused = self._answer("MAIL")
        if refused:
            return refused
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        refused = self._answer("RCPT")
        if refused:
            return refused.replace("{address}", address)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        answer = self._answer("DATA")
        if answer is None or answer == "accept and drop":
            self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.SMTPUTF8))
            self.envelopes.append((envelope.mail_from, list(envelope.rcpt_tos)))
        if answer in {"drop", "accept and drop"}:
            server.transport.abort()
            return "421 gone"
        return answer or "250 2.0.0 queued as A1"

    def ids(self) -> list[str]:
        return [mail["Message-ID"] for mail in self.mails]


@asynccontextmanager
async def serving(box: Mailbox, port: int = 0, **options) -> AsyncIterator[Mailbox]:
    protocols: list[SMTP] = []

    def new() -> SMTP:
        protocols.append(SMTP(box, enable_SMTPUTF8=True, hostname="mail.test", **options))
        return protocols[-1]

    server = await asyncio.get_running_loop().create_server(new, "127.0.0.1", port)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
        for protocol in protocols:
            if protocol.transport is not None:
                protocol.transport.abort()
        await asyncio.sleep(0)


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    async with serving(Mailbox()) as box:
        yield box


@pytest.fixture
def sender_settings(settings: Settings, mailbox: Mailbox) -> Settings:
    return settings.model_copy(update={"smtp_port": mailbox.port})


Eventually = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


@pytest.fixture
def eventually() -> Eventually:
    """Wait until something is so; the time is only the limit."""

    async def wait(check: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
        until = time.monotonic() + seconds
        while not await check():
            assert time.monotonic() < until, "it did not become so"
            await asyncio.sleep(0.03)

    return wait


@pytest.fixture
def states(database):
    """Return the state of each message, by kind, oldest first."""

    async def look() -> list[tuple[str, str]]:
        async with database.transaction() as session:
            rows = await session.execute(select(messages.c.kind, messages.c.state).order_by(messages.c.requested_at))
            return [(row.kind, row.state) for row in rows]

    return look


@asynccontextmanager
async def sending(settings: Settings, database) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(Sender(settings, database).run(stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 20)


@pytest.fixture(name="sending")
def _sending():
    return sending


@pytest.fixture(name="serving")
def _serving():
    return serving


@pytest.fixture
def send_all(sender_settings, database, eventually):
    """Send everything that is due now or soon; with ``settled`` wait until nothing is to be tried again."""

    async def run(*, settings: Settings | None = None) -> None:
        async def nothing_is_due() -> bool:
            async with database.transaction() as session:
                due = await session.execute(select(messages.c.id).where(messages.c.state == "due").limit(1))
                return due.first() is None

        async with sending(settings or sender_settings, database):
            await eventually(nothing_is_due)

    return run


# --- What others tell ---


@pytest.fixture
def report_id() -> UUID:
    return uuid4()


@pytest.fixture
def tell(deliver, report_id):
    """Tell the block what the other blocks would: ``await tell.contact(email=…)``."""

    class Tell:
        async def contact(self, *, report=report_id, sequence=1, event_id=None, **values):
            data = {
                "reportId": str(report),
                "number": "M-10001",
                "municipality": "GM0106",
                "email": "melder@example.org",
                "phone": None,
                "language": "nl",
                "statusUrl": STATUS_URL,
                **values,
            }
            await deliver(
                "intake.report-contacts",
                "intake.report-contact-recorded",
                data,
                key=str(report),
                sequence=sequence,
                event_id=event_id,
            )

        async def text(self, *, report=report_id, sequence=1, **values):
            data = {
                "reportId": str(report),
                "municipality": "GM0106",
                "description": "De lantaarnpaal is stuk.",
                "address": {"street": "Vaart", "houseNumber": 12, "postalCode": "9401GK", "city": "Assen"},
                "answers": [],
                "attachments": [],
                "language": "nl",
                **values,
            }
            await deliver(
                "intake.report-texts", "intake.report-text-recorded", data, key=str(report), sequence=sequence
            )

        async def classification(self, *, report=report_id, sequence=1, category="street-lighting"):
            data = {"reportId": str(report), "municipality": "GM0106", "category": category, "mainCategory": "roads"}
            await deliver(
                "classification.classifications",
                "classification.report-classified",
                data,
                key=str(report),
                sequence=sequence,
            )

        async def category(self, *, slug="street-lighting", sequence=1, nl="Lantaarnpaal kapot", en="Broken light"):
            data = {"municipality": "GM0106", "slug": slug, "publicNameNl": nl, "publicNameEn": en}
            key = f"GM0106:{slug}"
            await deliver(
                "classification.categories", "classification.category-changed", data, key=key, sequence=sequence
            )

        async def routing(self, *, report=report_id, sequence=1, event_id=None, **values):
            data = {
                "reportId": str(report),
                "municipality": "GM0106",
                "category": "street-lighting",
                "department": "VRL",
                "departmentName": "Openbare verlichting",
                "assignee": None,
                # In the Netherlands this is the 27th.
                "deadline": "2026-11-26T23:30:00Z",
                "termDays": 5,
                "termKind": "working",
                **values,
            }
            await deliver(
                "routing.routings",
                "routing.report-routed",
                data,
                key=str(report),
                sequence=sequence,
                event_id=event_id,
            )

        async def case(self, *, report=report_id, sequence=1, status="in-progress"):
            data = {
                "caseId": str(uuid4()),
                "reportIds": [str(report)],
                "municipality": "GM0106",
                "status": status,
                "number": "M-10001",
            }
            await deliver("handling.cases", "handling.case-status-changed", data, key=str(report), sequence=sequence)

        async def message(self, *, report=report_id, sequence=1, message=None, event_id=None, **values):
            message = message or uuid4()
            data = {
                "messageId": str(message),
                "caseId": str(uuid4()),
                "reportId": str(report),
                "number": "M-10001",
                "municipality": "GM0106",
                "kind": "closing",
                "status": "closed",
                "text": "De lamp is vandaag vervangen.",
                "requestedAt": _now(),
                **values,
            }
            await deliver(
                "handling.case-messages",
                "handling.reporter-message-requested",
                data,
                key=str(report),
                sequence=sequence,
                event_id=event_id,
            )
            return message

        async def removed(self, stream, *, report=report_id):
            await deliver(stream, "tombstone", None, key=str(report))

    return Tell()


def _now() -> str:
    from datetime import UTC, datetime

    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


@pytest.fixture
def plain():
    """Return the plain text of a mail."""

    def read(mail: EmailMessage) -> str:
        return mail.get_body(("plain",)).get_content().replace("\r\n", "\n")

    return read


@pytest.fixture
def page():
    """Return the HTML of a mail."""

    def read(mail: EmailMessage) -> str:
        return mail.get_body(("html",)).get_content()

    return read
