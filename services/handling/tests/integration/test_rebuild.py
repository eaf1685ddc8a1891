"""Handling's copies are built again from the topics, over a real broker; cases and history stay as they are."""

import asyncio

import pytest
import sqlalchemy as sa

from commonground.messaging.rebuild import rebuild
from commonground.testing.topics import OwnTopics
from handling.incoming import SUBSCRIPTIONS
from handling.projections import PROJECTIONS
from handling.store import copies
from handling.tables import cases, history

pytestmark = pytest.mark.kafka


@pytest.fixture
async def topics(settings, kafka_broker, monkeypatch):
    known = settings.model_copy(update={"kafka_bootstrap_servers": kafka_broker, "kafka_partitions": 2})
    made = OwnTopics(known, "handling", SUBSCRIPTIONS)
    for name in ("_EXPLANATIONS", "_USERS"):
        monkeypatch.setattr(copies, name, made.name(getattr(copies, name)))
    await made.start()
    yield made
    await made.close()


@pytest.fixture
def deliver(topics):
    """Let every event go through the broker."""
    return topics.tell


@pytest.fixture
def again(topics, database):
    """Rebuild."""

    async def run(**how):
        heard, projections = topics.subscriptions, topics.renamed(PROJECTIONS)
        return await rebuild(topics.settings, database, "handling", heard, projections, **how)

    return run


async def rows(database, tables):
    async with database.transaction() as session:
        return {
            table.name: sorted(map(tuple, (await session.execute(sa.select(table))).all()), key=repr)
            for table in tables
        }


async def test_copies_are_mended_removals_stay_and_cases_are_left_alone(topics, stories, staff, database, again):
    everything = (*PROJECTIONS.tables, cases, history)

    async with topics.listening(database):
        told = [await stories().all_of_it() for _ in range(4)]
        await told[0].forgotten("intake.report-texts")
        await told[1].forgotten("intake.report-contacts")
        await told[2].forgotten("classification.explanations")
        await topics.tell("gateway.users", "gateway.user-changed", None, key=staff["wim"], sequence=2)
        await topics.heard(database)
        before = await rows(database, everything)
        assert (await again()).equal
        assert await rows(database, everything) == before
        async with database.transaction() as session:
            for damage in (
                (
                    "UPDATE reports SET description = 'x', email = 'x' WHERE text_removed_at IS NULL "
                    "AND contact_removed_at IS NULL"
                ),
                "DELETE FROM departments",
                "UPDATE staff SET name = 'x' WHERE name = 'Hanna'",
            ):
                assert (await session.execute(sa.text(damage))).rowcount
        assert (await again()).exchanged
        assert await rows(database, everything) == before


async def test_desks_work_and_reports_arrive_while_copies_are_rebuilt(
    topics, stories, staff, database, client, hanna, again
):
    """Every change of a desk is there afterwards, a reader never misses a text, and what arrived meanwhile is known."""
    async with topics.listening(database):
        told = [await stories().all_of_it() for _ in range(4)]
        await topics.heard(database)
        async with database.transaction() as session:
            await session.execute(sa.text("UPDATE reports SET email = 'x'"))
        seen, notes, done = [], [], asyncio.Event()

        async def work():
            while not done.is_set():
                text = f"note {len(notes)}"
                answer = await client.post(f"{told[0].path}/notes", json={"text": text}, headers=hanna)
                assert answer.status_code == 201, answer.text
                notes.append(text)
                seen.append((await client.get(told[1].path, headers=hanna)).json()["description"])

        async def arrive():
            while not done.is_set():
                told.append(await stories().all_of_it())

        async with asyncio.TaskGroup() as beside:
            beside.create_task(work())
            beside.create_task(arrive())
            outcomes = [await again(), await again()]
            done.set()
        await topics.heard(database)
        last = await again(only_compare=True)
        kept = (await client.get(told[0].path, headers=hanna)).json()["notes"]
    assert [outcome.exchanged for outcome in outcomes] == [True, False]
    assert last.equal
    assert last.compared[0].rows_before == len(told)
    assert sorted(note["text"] for note in kept) == sorted(notes)
    assert notes
    assert set(seen) == {"De lantaarnpaal is stuk"}
