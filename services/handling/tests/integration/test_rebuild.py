"""Handling's copies are built again from the topics, over a real broker; cases and history stay as they are."""

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


async def rows(database, tables):
    async with database.transaction() as session:
        return {
            table.name: sorted(map(tuple, (await session.execute(sa.select(table))).all()), key=repr)
            for table in tables
        }


async def test_copies_are_mended_removals_stay_and_cases_are_left_alone(topics, stories, staff, database):
    everything = (*PROJECTIONS.tables, cases, history)

    async def again():
        heard, projections = topics.subscriptions, topics.renamed(PROJECTIONS)
        return await rebuild(topics.settings, database, "handling", heard, projections)

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
