"""The confirmation: one per report, in whatever order the facts arrive."""

import asyncio
import itertools
import json
from uuid import uuid4

import sqlalchemy as sa

from commonground.testing.events import buried, outbox_events
from notification.tables import messages


async def test_the_confirmation_goes_out_as_soon_as_contact_and_routing_are_known(tell, send_all, mailbox, plain):
    await tell.category()
    await tell.contact()
    await tell.text()
    await tell.classification()
    await tell.routing()
    await send_all()
    (mail,) = mailbox.mails
    assert mail["To"] == "melder@example.org"
    assert mail["From"] == "Gemeente Voorbeeldstad <no-reply@voorbeeldstad.example>"
    assert mail["Reply-To"] is None
    assert mail["Subject"] == "Wij hebben uw melding M-10001 ontvangen"
    text = plain(mail)
    assert "M-10001" in text
    assert "binnen 5 werkdagen" in text
    assert "vrijdag 27 november 2026" in text
    assert "Openbare verlichting" in text
    assert "Lantaarnpaal kapot" in text
    assert "Vaart 12, 9401 GK Assen" in text
    assert "> De lantaarnpaal is stuk." in text
    assert "https://meldingen.example.org/melding/geheimtoken" in text
    assert mailbox.envelopes == [("no-reply@voorbeeldstad.example", ["melder@example.org"])]


async def test_an_english_reporter_gets_english(tell, send_all, mailbox, plain):
    await tell.category()
    await tell.classification()
    await tell.contact(language="en")
    await tell.routing(termKind="calendar", termDays=1)
    await send_all()
    (mail,) = mailbox.mails
    assert mail["Subject"] == "We have received your report M-10001"
    assert mail["From"] == "Municipality of Voorbeeldstad <no-reply@voorbeeldstad.example>"
    assert "within 1 day" in plain(mail)
    assert "Friday, 27 November 2026" in plain(mail)
    assert "Broken light" in plain(mail)


async def test_every_order_of_arrival_gives_the_same_one_mail(tell, send_all, mailbox, plain):
    await tell.category()
    orders = list(itertools.permutations(["contact", "text", "classification", "routing"]))
    for order in orders:
        report = uuid4()
        for what in order:
            await getattr(tell, what)(report=report)
    await send_all()
    assert len(mailbox.mails) == len(set(mailbox.ids())) == len(orders)
    for mail in mailbox.mails:
        assert "binnen 5 werkdagen" in plain(mail)
        assert "Lantaarnpaal kapot" in plain(mail)
        assert "De lantaarnpaal is stuk." in plain(mail)


async def test_repeats_of_every_event_give_one_mail(tell, send_all, mailbox, database, report_id):
    for _ in range(3):
        await tell.contact()
        await tell.routing()
    await tell.contact(sequence=2)
    await tell.routing(sequence=2)
    await send_all()
    await tell.contact(sequence=3)
    await tell.routing(sequence=3, departmentName="Wegen")
    await send_all()
    assert len(mailbox.mails) == 1
    told = await outbox_events(database, "notification.message-delivered")
    assert [event["data"]["reportId"] for event in told] == [str(report_id)]
    assert told[0]["key"] == str(report_id)
    assert told[0]["data"]["attempts"] == 1


async def test_without_a_routing_the_confirmation_waits_for_the_grace_period(
    tell, send_all, mailbox, settings, sender_settings, database, states
):
    await tell.contact()
    async with database.transaction() as session:
        due_in = await session.scalar(sa.select(sa.extract("epoch", messages.c.due_at - sa.func.now())))
    assert 290 < due_in <= 300
    # Five minutes pass.
    async with database.transaction() as session:
        await session.execute(sa.update(messages).values(due_at=sa.func.now()))
    await send_all()
    (mail,) = mailbox.mails
    text = mail.get_body(("plain",)).get_content()
    assert "Wij kijken eerst wie uw melding het beste kan behandelen" in text
    assert "werkdagen" not in text
    # The routing comes late: no second confirmation.
    await tell.routing()
    await send_all()
    assert len(mailbox.mails) == 1
    assert await states() == [("confirmation", "delivered")]


async def test_a_reporter_without_an_address_gets_nothing(tell, send_all, mailbox, states, database):
    await tell.contact(email=None)
    await tell.text()
    await tell.routing()
    await tell.message()
    await send_all()
    assert mailbox.mails == []
    assert await states() == [("closing", "skipped")]
    assert await outbox_events(database) == []


async def test_an_address_that_is_added_later_is_confirmed_once(tell, send_all, mailbox):
    await tell.contact(email=None)
    await tell.routing()
    await tell.contact(email="later@example.org", sequence=2)
    await send_all()
    assert [mail["To"] for mail in mailbox.mails] == ["later@example.org"]


async def test_an_older_contact_does_not_replace_a_newer_one(tell, send_all, mailbox):
    await tell.contact(email="new@example.org", sequence=2)
    await tell.contact(email="old@example.org", sequence=1)
    await tell.routing()
    await send_all()
    assert [mail["To"] for mail in mailbox.mails] == ["new@example.org"]


async def test_contact_and_routing_at_the_same_moment_give_one_confirmation_that_is_due_at_once(
    tell, send_all, mailbox, states
):
    reports = [uuid4() for _ in range(10)]
    await asyncio.gather(
        *(tell.contact(report=report) for report in reports), *(tell.routing(report=report) for report in reports)
    )
    await send_all()
    assert len(mailbox.mails) == 10
    assert len(set(mailbox.ids())) == 10
    assert all("binnen 5 werkdagen" in mail.get_body(("plain",)).get_content() for mail in mailbox.mails)


async def test_a_report_of_long_ago_is_not_confirmed_again_by_a_block_with_an_empty_database(
    block, settings, database, send_all, mailbox, states, report_id
):
    from commonground.messaging.consumer import Consumer
    from commonground.testing.events import record

    data = {
        "reportId": str(report_id),
        "number": "M-1",
        "municipality": "GM0106",
        "email": "melder@example.org",
        "phone": None,
        "language": "nl",
        "statusUrl": "https://meldingen.example.org/melding/x",
    }
    old = record("intake.report-contacts", "intake.report-contact-recorded", data, key=str(report_id))
    headers = [(name, b"2020-01-01T10:00:00Z" if name == "ce_time" else value) for name, value in old.headers]
    consumer = Consumer(settings, database, "notification", block.subscriptions(settings))
    await consumer.handle([type(old)(**{**old.__dict__, "headers": headers})])
    await send_all()
    assert mailbox.mails == []
    assert await states() == [("confirmation", "skipped")]


async def test_what_is_published_holds_nothing_personal(tell, send_all, mailbox, database):
    await tell.contact()
    await tell.text()
    await tell.routing()
    await send_all()
    told = json.dumps(await outbox_events(database))
    for secret in ("melder", "example.org", "lantaarnpaal", "Vaart", "geheimtoken"):
        assert secret not in told


async def test_the_trace_of_the_report_goes_on_to_the_delivery(tell, send_all, database):
    await tell.contact()
    await tell.routing()
    await send_all()
    (told,) = await outbox_events(database)
    assert told["traceparent"].split("-")[1] == "1" * 32


IMPOSSIBLE = ["not an address", "a@b@c", "jan@", "@example.org", "jan\r\nBcc: a@example.org@example.org", "j an@x.nl"]


async def test_an_address_that_nobody_can_deliver_to_fails_at_once(tell, send_all, mailbox, states, database):
    for email in IMPOSSIBLE:
        report = uuid4()
        await tell.contact(report=report, email=email)
        await tell.routing(report=report)
    await send_all()
    assert mailbox.mails == []
    assert {state for _, state in await states()} == {"failed"}
    assert len(await outbox_events(database, "notification.message-failed")) == len(IMPOSSIBLE)
    assert await buried(database) == []
