"""What a handler tells a reporter: one mail each, whatever comes first."""

from uuid import uuid4

import pytest
import sqlalchemy as sa

from commonground.testing.events import buried, outbox_events
from notification.tables import messages, reports


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        ("closing", "Uw melding M-10001 is afgehandeld"),
        ("update", "Nieuws over uw melding M-10001"),
        ("question", "Wij hebben een vraag over uw melding M-10001"),
    ],
)
async def test_each_kind_of_message_becomes_one_mail_with_the_words_of_the_handler(
    kind, subject, tell, send_all, mailbox, plain, database
):
    await tell.contact()
    await tell.routing()
    message = await tell.message(kind=kind, text="Dag mevrouw,\n\nDe lamp brandt weer.")
    await send_all()
    mail = next(mail for mail in mailbox.mails if mail["Subject"] == subject)
    assert "Dag mevrouw,\n\nDe lamp brandt weer." in plain(mail)
    assert str(message) in mail["Message-ID"]
    told = {event["data"]["messageId"]: event["data"] for event in await outbox_events(database)}
    assert told[str(message)]["kind"] == kind


async def test_a_message_that_comes_before_the_contact_waits_for_it(tell, send_all, mailbox, states):
    await tell.message()
    assert await states() == [("closing", "waiting")]
    await send_all()
    assert mailbox.ids() == []
    await tell.contact()
    await tell.routing()
    await send_all()
    assert len(mailbox.mails) == 2


async def test_a_message_that_waited_is_skipped_when_there_turns_out_to_be_no_address(tell, send_all, mailbox, states):
    await tell.message()
    await tell.contact(email=None)
    await send_all()
    assert mailbox.mails == []
    assert await states() == [("closing", "skipped")]


async def test_the_same_request_twice_gives_one_mail(tell, send_all, mailbox):
    await tell.contact()
    message = await tell.message()
    await tell.message(message=message, sequence=2)
    await tell.routing()
    await send_all()
    assert sorted(mail["Subject"] for mail in mailbox.mails) == [
        "Uw melding M-10001 is afgehandeld",
        "Wij hebben uw melding M-10001 ontvangen",
    ]


async def test_two_messages_of_one_kind_give_two_mails(tell, send_all, mailbox):
    await tell.contact()
    await tell.routing()
    await tell.message(kind="update", text="Eerste bericht")
    await tell.message(kind="update", text="Tweede bericht", sequence=2)
    await send_all()
    assert len(mailbox.mails) == 3


async def test_a_message_of_an_unknown_kind_is_a_dead_letter_and_holds_up_nothing(tell, send_all, mailbox, database):
    await tell.contact()
    await tell.routing()
    await tell.message(kind="poem")
    await send_all()
    assert len(mailbox.mails) == 1
    assert len(await buried(database)) == 1


async def test_a_removed_contact_takes_its_mails_and_its_waiting_messages_along(
    tell, send_all, mailbox, database, states, client, tokens, report_id
):
    await tell.contact()
    await tell.text()
    await tell.routing()
    await send_all()
    await tell.message()
    await tell.removed("intake.report-contacts")
    await send_all()
    assert len(mailbox.mails) == 1
    assert await states() == [("confirmation", "delivered"), ("closing", "skipped")]
    async with database.transaction() as session:
        everything = str((await session.execute(sa.select(messages))).all())
        row = (await session.execute(sa.select(reports))).one()
    for secret in ("melder@example.org", "lantaarnpaal", "geheimtoken", "vervangen"):
        assert secret not in everything
    assert row.email is None
    assert row.status_url is None
    # And nothing that comes afterwards is sent.
    await tell.message(sequence=2)
    await send_all()
    assert len(mailbox.mails) == 1
    headers = tokens.bearer("hanna", permissions=["message:read", "contact:read"])
    items = (await client.get(f"/v1/messages?reportId={report_id}", headers=headers)).json()["items"]
    assert {item["recipient"] for item in items} == {None}
    detail = (await client.get(f"/v1/messages/{items[-1]['id']}", headers=headers)).json()
    assert detail["text"] is None
    assert detail["html"] is None


async def test_a_removed_text_is_no_longer_quoted_anywhere(tell, send_all, mailbox, database):
    await tell.contact()
    await tell.text(description="Mijn buurman heet Pietersen")
    await tell.routing()
    await send_all()
    await tell.removed("intake.report-texts")
    async with database.transaction() as session:
        everything = str((await session.execute(sa.select(messages))).all())
        everything += str((await session.execute(sa.select(reports))).all())
    assert "Pietersen" not in everything
    assert "Vaart" not in everything
    assert "melder@example.org" in everything


async def test_a_removed_text_is_not_quoted_by_a_mail_that_is_still_to_be_sent(tell, send_all, mailbox, plain):
    mailbox.answers["RCPT"] = ["451 4.7.1 try again later"]
    await tell.contact()
    await tell.text(description="Mijn buurman heet Pietersen")
    await tell.routing()
    await tell.removed("intake.report-texts")
    await send_all()
    (mail,) = mailbox.mails
    assert "Pietersen" not in plain(mail)


async def test_removed_case_messages_take_their_words_along(tell, send_all, mailbox, database, states):
    await tell.contact()
    await tell.routing()
    await tell.message(text="Wij spraken met mevrouw De Boer")
    await send_all()
    await tell.message(text="En nog eens met mevrouw De Boer", sequence=2)
    await tell.removed("handling.case-messages")
    async with database.transaction() as session:
        everything = str((await session.execute(sa.select(messages))).all())
    assert "De Boer" not in everything
    assert await states() == [("confirmation", "delivered"), ("closing", "delivered"), ("closing", "skipped")]


async def test_messages_of_reports_without_a_contact_yet_do_not_disturb_others(tell, send_all, mailbox):
    for _ in range(5):
        await tell.message(report=uuid4())
    await tell.contact()
    await tell.routing()
    await send_all()
    assert len(mailbox.mails) == 1
