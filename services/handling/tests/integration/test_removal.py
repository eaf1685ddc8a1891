"""What is removed elsewhere is removed here, every copy of it, and stays removed."""

import asyncio
import json

from sqlalchemy import text

from commonground.testing.events import buried, outbox_events
from commonground.testing.tokens import user_id
from handling.use_cases import working
from handling.use_cases.draft import save


async def everything(database) -> str:
    """Return all that the database holds, as text."""
    tables = ("cases", "reports", "history", "entry_texts", "staff", "outbox", "idempotency_keys", "dead_letters")
    async with database.transaction() as session:
        rows = [
            (await session.execute(text(f"SELECT to_jsonb(t)::text FROM {table} AS t"))).scalars().all()
            for table in tables
        ]
    return json.dumps(rows, ensure_ascii=False)


async def test_a_removed_text_is_gone_from_every_table(client, story, staff, karim, database):
    await story.all_of_it(description="Bij de familie Geheim brandt geen lamp")
    await client.post(f"{story.path}/notes", json={"text": "Mevrouw Geheim gebeld"}, headers=karim)
    await client.post(
        f"{story.path}/status-changes", json={"status": "closed", "text": "Dag mevrouw Geheim"}, headers=karim
    )
    assert "Geheim" in await everything(database)
    await story.forgotten("intake.report-texts")
    left = await everything(database)
    for secret in ("Geheim", "geheim", "lantaarnpaal", "een week", "Vaart", "image/jpeg"):
        assert secret not in left
    case = (await client.get(story.path, headers=karim)).json()
    assert (case["description"], case["summary"], case["address"], case["textRemoved"]) == (None, None, None, True)
    assert (case["answers"], case["attachments"]) == ([], [])
    assert (case["notes"][0]["text"], case["notes"][0]["removed"]) == (None, True)
    assert [entry["kind"] for entry in case["history"]][-1] == "text-removed"
    assert case["status"] == "closed"
    assert (await client.get("/v1/cases", params={"q": "Geheim"}, headers=karim)).json()["items"] == []


async def test_removing_a_text_removes_the_messages_from_their_topic_too(client, story, staff, karim, database):
    await story.all_of_it()
    await client.post(f"{story.path}/status-changes", json={"status": "closed", "text": "Klaar"}, headers=karim)
    await story.forgotten("intake.report-texts")
    messages = [e for e in await outbox_events(database) if e["topic"] == "meldstroom.handling.case-messages.v1"]
    # The message and the tombstone behind it: a replay publishes two removals and no words.
    assert [(message["key"], message["data"]) for message in messages] == [(str(story.report_id), None)] * 2
    assert [message["type"] for message in messages][1] == "tombstone"
    assert messages[1]["sequence"] > messages[0]["sequence"]


async def test_the_reporter_of_a_destroyed_report_is_told_nothing_more(client, story, staff, karim, database):
    await story.all_of_it()
    await story.forgotten("intake.report-texts")
    change = {"status": "closed", "text": "Dag mevrouw Geheim"}
    assert (await client.post(f"{story.path}/status-changes", json=change, headers=karim)).status_code == 201
    messages = [e for e in await outbox_events(database) if e["topic"] == "meldstroom.handling.case-messages.v1"]
    assert [message["data"] for message in messages] == [None]


async def test_words_that_are_written_while_the_removal_runs_are_removed_with_it(
    client, story, staff, karim, database, monkeypatch
):
    await story.all_of_it()
    writing, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(session, drafts):
        await save(session, drafts)
        writing.set()
        await go_on.wait()

    monkeypatch.setattr(working, "save", slowly)
    change = {"status": "closed", "text": "Dag mevrouw Geheim"}
    closing = asyncio.create_task(client.post(f"{story.path}/status-changes", json=change, headers=karim))
    await writing.wait()
    removing = asyncio.create_task(story.forgotten("intake.report-texts"))
    async with database.engine.connect() as connection:
        waits = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        while not await connection.scalar(waits) and not removing.done():
            await connection.rollback()
    go_on.set()
    assert (await closing).status_code == 201
    await removing
    assert "Geheim" not in await everything(database)


async def test_what_was_removed_stays_removed_whatever_arrives_later(client, story, karim, staff):
    await story.submitted()
    await story.forgotten("intake.report-texts")
    await story.forgotten("intake.report-contacts")
    await story.forgotten("intake.report-texts")
    for step in (story.wrote, story.reachable, story.explained, story.classified, story.routed):
        await step()
    case = (await client.get(story.path, headers=karim)).json()
    assert (case["description"], case["contact"], case["hasContact"]) == (None, None, False)
    assert case["explanation"]["predictions"] == []
    assert sorted(entry["kind"] for entry in case["history"]).count("text-removed") == 1


async def test_removed_contact_data_are_gone_and_the_text_stays(client, story, karim, staff, database):
    await story.all_of_it()
    await story.forgotten("intake.report-contacts")
    assert "melder@example.org" not in await everything(database)
    case = (await client.get(story.path, headers=karim)).json()
    assert (case["contact"], case["hasContact"], case["contactHidden"]) == (None, False, False)
    assert case["description"] == "De lantaarnpaal is stuk"
    assert case["history"][-1]["kind"] == "contact-removed"


async def test_removed_explanations_are_gone(client, story, karim, staff):
    await story.all_of_it()
    await story.forgotten("classification.explanations")
    assert (await client.get(story.path, headers=karim)).json()["explanation"]["predictions"] == []


async def test_the_name_of_somebody_who_left_is_gone_and_the_history_stays_whole(client, story, karim, staff, deliver):
    await story.all_of_it()
    await client.post(f"{story.path}/notes", json={"text": "Gebeld"}, headers=karim)
    await deliver("gateway.users", "gateway.tombstone", None, key=str(user_id("karim")))
    case = (await client.get(story.path, headers=karim)).json()
    assert case["notes"][0]["author"] == {"id": str(user_id("karim")), "name": None}


async def test_a_removal_with_an_impossible_key_harms_nobody_else(deliver, story, karim, client, database):
    await deliver("intake.report-texts", "intake.tombstone", None, key="no-uuid")
    await story.all_of_it()
    assert (await client.get(story.path, headers=karim)).json()["description"] == "De lantaarnpaal is stuk"
    assert [letter.error for letter in await buried(database)] == ["PermanentError(the key is no report id)"]
