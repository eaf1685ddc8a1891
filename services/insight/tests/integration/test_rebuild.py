"""Insight is built again from the topics, over a real broker, while it serves and listens."""

import asyncio
import contextlib

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from commonground import manage, rebuild_command
from commonground.messaging import rebuild as rebuilding
from commonground.messaging.rebuild import RebuildError, rebuild
from commonground.testing.topics import OwnTopics
from insight.incoming import subscriptions
from insight.projections import PROJECTIONS

pytestmark = pytest.mark.kafka


class DiedError(BaseException):
    """The process was killed."""


@pytest.fixture
async def topics(settings, kafka_broker):
    known = settings.model_copy(update={"kafka_bootstrap_servers": kafka_broker, "kafka_partitions": 2})
    made = OwnTopics(known, "insight", subscriptions(known))
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
        return await rebuild(topics.settings, database, "insight", heard, projections, **how)

    return run


async def a_city(telling, reports=12):
    """Tell of categories, of which one ends, a department and reports, of which some are closed and moved."""
    await telling.category()
    await telling.category("grofvuil", name="Grofvuil")
    await telling.category("grofvuil", name="Groot afval", sequence=2)
    await telling.category("stuk")
    await telling.category_removed("stuk")
    await telling.department()
    made = []
    for number in range(reports):
        one = telling.another()
        await one.classified("grofvuil" if number % 3 else "lantaarnpaal-straatverlichting")
        await one.submitted()
        await one.routed()
        await one.opened()
        if number % 2:
            await one.changed("closed", sequence=2)
        await one.classified("grofvuil", sequence=2)
        made.append(one)
    return made


async def rows(database):
    async with database.transaction() as session:
        return {
            table.name: sorted(map(tuple, (await session.execute(sa.select(table))).all()), key=repr)
            for table in PROJECTIONS.tables
        }


async def execute(database, statement):
    async with database.transaction() as session:
        return (await session.execute(sa.text(statement))).rowcount


async def leftovers(database):
    async with database.transaction() as session:
        found = await session.execute(sa.text("SELECT nspname FROM pg_namespace WHERE nspname = 'rebuild'"))
        return list(found.scalars())


async def test_the_rebuilt_rows_are_identical(topics, telling, database, again):
    async with topics.listening(database):
        await a_city(telling)
        await topics.heard(database)
        before = await rows(database)
        outcome = await again()
    assert outcome.equal
    assert not outcome.exchanged
    assert [(one.rows_before, one.rows_after) for one in outcome.compared] == [(12, 12), (2, 2), (1, 1)]
    assert outcome.events == topics.told
    assert await rows(database) == before
    assert await leftovers(database) == []


async def test_damaged_missing_and_invented_rows_are_mended(topics, telling, database, again):
    async with topics.listening(database):
        await a_city(telling)
        await topics.heard(database)
        before = await rows(database)
        assert await execute(database, "UPDATE reports SET category = 'x', longitude = 0") == 12
        assert await execute(database, "DELETE FROM departments") == 1
        await execute(
            database,
            "INSERT INTO categories SELECT municipality, 'invented', category_sequence, main_category, name_nl, "
            "name_en, main_name_nl, main_name_en, public, active, feature_tail FROM categories LIMIT 1",
        )
        damaged = await rows(database)
        checked = await again(only_compare=True)
        assert await rows(database) == damaged
        with pytest.raises(RebuildError, match="1 rows are in no topic"):
            await again()
        assert await rows(database) == damaged
        outcome = await again(may_remove=True)
    assert not checked.equal
    assert not checked.exchanged
    assert outcome.exchanged
    counts = {one.table: (one.new, one.changed, one.gone) for one in outcome.compared}
    assert counts == {"reports": (0, 12, 0), "categories": (0, 0, 1), "departments": (1, 0, 0)}
    assert await rows(database) == before


async def test_reading_and_listening_go_on_while_rows_are_rebuilt(topics, telling, database, client, again):
    """A reader never sees an empty or half table, and no event that arrives meanwhile is missed or done twice."""
    async with topics.listening(database):
        made = await a_city(telling)
        await topics.heard(database)
        await execute(database, "UPDATE reports SET department = 'WRONG'")
        answers, told, done = [], [], asyncio.Event()

        async def read():
            while not done.is_set():
                answer = await client.get("/v1/public-cases")
                answers.append((answer.status_code, len(answer.json()["features"])))

        async def go_on():
            while not done.is_set():
                await made[0].classified("grofvuil", sequence=topics.told)
                one = telling.another()
                await one.submitted()
                await one.classified("grofvuil")
                told.append(one)

        async with asyncio.TaskGroup() as beside:
            beside.create_task(read())
            beside.create_task(go_on())
            outcomes = [await again(), await again()]
            done.set()
        await topics.heard(database)
        last = await again(only_compare=True)
    assert [outcome.exchanged for outcome in outcomes] == [True, False]
    # Both sides have handled the same events when they are compared, so under way the rows are identical as well.
    assert outcomes[1].equal
    assert last.equal
    assert last.compared[0].rows_before == 12 + len(told)
    assert {status for status, _ in answers} == {200}
    shown = [number for _, number in answers]
    assert shown == sorted(shown)
    assert shown[0] >= 12
    assert outcomes[1].events > outcomes[0].events


async def test_a_rebuild_that_dies_leaves_the_serving_rows_and_the_next_one_begins_anew(
    topics, telling, database, again, monkeypatch
):
    async with topics.listening(database):
        await a_city(telling)
        await topics.heard(database)
        before = await rows(database)
        await execute(database, "UPDATE reports SET department = 'WRONG'")
        await execute(database, "DELETE FROM departments")
        damaged = await rows(database)
        take_over = rebuilding.copies.take_over

        async def die(*_):
            raise DiedError

        async def die_after_one(*arguments):
            await take_over(*arguments)
            raise DiedError

        async def nothing(_database):
            """Clean nothing up, like a process that was killed."""

        for where, death in (("create_like", die), ("compare", die), ("take_over", die_after_one)):
            with monkeypatch.context() as patch, contextlib.suppress(DiedError):
                patch.setattr(rebuilding.copies, where, death)
                patch.setattr(rebuilding, "_clean_up", nothing)
                await again()
                pytest.fail(f"it did not die at {where}")
            assert await rows(database) == damaged
        assert await leftovers(database) == ["rebuild"]
        outcome = await again()
    assert outcome.exchanged
    assert await rows(database) == before
    assert await leftovers(database) == []


async def test_what_the_block_has_not_heard_yet_is_left_to_its_consumer(topics, telling, database, again):
    async with topics.listening(database):
        made = await a_city(telling)
        await topics.heard(database)
    before = await rows(database)
    await made[0].classified("lantaarnpaal-straatverlichting", sequence=99)
    outcome = await again()
    assert outcome.equal
    assert outcome.events == topics.told - 1
    assert await rows(database) == before
    async with topics.listening(database):
        await topics.heard(database)
    assert await rows(database) != before


async def test_two_rebuilds_do_not_run_at_the_same_time(topics, telling, database, again):
    await telling.submitted()
    outcomes = await asyncio.gather(again(), again(), return_exceptions=True)
    assert sorted(type(one).__name__ for one in outcomes) == ["Outcome", "RebuildError"]


async def test_when_the_topics_are_empty_nothing_is_removed(topics, telling, database, again):
    """The broker lost its disk, or an earlier version let events expire."""
    async with topics.listening(database):
        await telling.submitted()
        await topics.heard(database)
    before = await rows(database)
    fresh = OwnTopics(topics.settings, "insight", subscriptions(topics.settings))
    await fresh.start()
    with pytest.raises(RebuildError, match="in no topic"):
        await rebuild(fresh.settings, database, "insight", fresh.subscriptions, fresh.renamed(PROJECTIONS))
    await fresh.close()
    assert await rows(database) == before


async def test_who_subscribes_late_gets_the_state_from_the_newest_events_alone(topics, telling, database, again):
    """What compaction leaves of a case is its newest event, whatever that was about."""
    state = {"status": "closed", "publicStatus": "closed", "statusChangedAt": "2026-11-20T10:00:00Z"}
    async with topics.listening(database):
        await telling.submitted()
        data = {**telling._case(None), **state, "priority": "high", "changedAt": "2026-11-22T10:00:00Z"}
        await topics.tell("handling.cases", "handling.case-prioritised", data, key=str(telling.report), sequence=7)
        await topics.heard(database)
        outcome = await again()
    assert outcome.equal
    async with database.transaction() as session:
        found = (
            await session.execute(sa.text("SELECT case_status, closed_on::text, case_sequence FROM reports"))
        ).one()
    assert tuple(found) == ("closed", "2026-11-20", 7)


async def test_the_command_says_what_it_found_and_changes_nothing_without_being_told(topics, telling, database):
    command = rebuild_command.command(
        "insight",
        lambda: topics.settings,
        lambda _settings: topics.subscriptions,
        topics.renamed(PROJECTIONS),
        manage.with_database,
    )

    async def run(*options):
        done = await asyncio.to_thread(CliRunner().invoke, command, list(options))
        return done.exit_code, done.output.splitlines()

    async with topics.listening(database):
        await a_city(telling, reports=3)
        await topics.heard(database)
        await execute(database, "UPDATE reports SET department = 'WRONG'")
        code, lines = await run("--check")
        assert (code, lines[-1]) == (0, "different: nothing was changed")
        assert f"{topics.told} events that the block has handled were applied again" in lines
        assert any(line.startswith("reports: before") and "3 changed" in line for line in lines)
        assert (await run())[1][-1] == "different: the serving rows were exchanged"
        assert (await run())[1][-1] == "equal: the serving rows are what the topics give"
        await execute(
            database,
            "INSERT INTO departments (municipality, code, department_sequence, name) VALUES ('GM0106', 'XX', 1, 'X')",
        )
        code, lines = await run()
        assert (code, "say --remove to agree" in lines[-1]) == (1, True)
        assert (await run("--remove"))[0] == 0
        assert (await run("--check"))[1][-1] == "equal: the serving rows are what the topics give"
