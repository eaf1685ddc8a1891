"""Several processes of one block: partitions move in the middle of the work, and one of them is too slow."""

import asyncio
import contextlib

import pytest
import sqlalchemy as sa
from prometheus_client import REGISTRY

from commonground.messaging import Consumer, Relay, Subscription, dead_letters, publish
from commonground.messaging.errors import TransientError

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]

KEYS = 6
# The shortest that the broker allows, so that a slow process is given up within the test.
SHORT = {"session.timeout.ms": 6_000, "max.poll.interval.ms": 6_000, "heartbeat.interval.ms": 1_000}


@pytest.fixture
def settings(settings, kafka_broker):
    options = {"kafka_bootstrap_servers": kafka_broker, "kafka_partitions": 3, "kafka_options": SHORT}
    return settings.model_copy(update=options)


@contextlib.asynccontextmanager
async def running(component):
    stop = asyncio.Event()
    task = asyncio.ensure_future(component.run(stop))
    try:
        yield
    finally:
        stop.set()
        await task


@pytest.fixture
def submit(database, counted_number, tmp_path):
    async def write(numbers):
        async with database.transaction() as session:
            for number in numbers:
                key = f"{tmp_path}-{number % KEYS}"
                await publish(session, counted_number(number=number), key=key, subject="s", sequence=number + 1)

    return write


@pytest.fixture
def until_all(database, tmp_path):
    """Wait until so many effects are there; return them by key, in the order in which they came."""

    async def wait(number):
        query = sa.text("SELECT key, number FROM effects WHERE key LIKE :mine ORDER BY id")
        async with asyncio.timeout(120):
            while True:
                async with database.transaction() as session:
                    rows = (await session.execute(query, {"mine": f"{tmp_path}-%"})).all()
                if len(rows) >= number:
                    return {key: [row.number for row in rows if row.key == key] for key in {row.key for row in rows}}
                await asyncio.sleep(0.05)

    return wait


def in_order(number):
    return [list(range(first, number, KEYS)) for first in range(KEYS)]


async def test_partitions_that_move_in_the_middle_lose_and_double_nothing(
    settings, database, effects, submit, until_all, counts, tmp_path
):
    def consumer():
        return Consumer(settings, database, "sample", [effects.subscription()], group=f"moving-{tmp_path}")

    async with running(Relay(settings, database, counts.block, (counts,))), running(consumer()):
        await submit(range(60))
        await until_all(1)
        for begin in (60, 120):  # a second process comes and goes, twice
            async with running(consumer()):
                await submit(range(begin, begin + 60))
                await until_all(begin + 30)
        found = await until_all(180)
    assert sorted(found.values()) == in_order(180)


async def test_a_process_that_is_too_slow_is_relieved_and_doubles_nothing_when_it_goes_on(
    settings, database, effects, submit, until_all, counts, tmp_path
):
    held, go_on = asyncio.Event(), asyncio.Event()

    async def slow(session, events):
        held.set()
        await go_on.wait()
        await effects.handle(session, events)

    models = effects.subscription().models
    group = f"slow-{tmp_path}"
    too_slow = Consumer(settings, database, "sample", [Subscription(counts.topic, models, slow)], group=group)
    fast = Consumer(settings, database, "sample", [effects.subscription()], group=group)
    async with running(Relay(settings, database, counts.block, (counts,))), running(too_slow):
        await submit(range(12))
        await held.wait()
        async with running(fast):
            # Longer than Kafka waits for it: its partitions go to the other process, which meets its open
            # transaction in the inbox and waits for how that one ends.
            await _until_waiting(database)
            go_on.set()
            found = await until_all(12)
    assert sorted(found.values()) == in_order(12)


async def test_a_process_without_its_database_is_relieved_and_reads_on_when_partitions_come_back(
    settings, database, effects, submit, until_all, counts, tmp_path
):
    group = f"cut-off-{tmp_path}"
    without_database, failed = asyncio.Event(), asyncio.Event()
    without_database.set()

    async def handle(session, events):
        if without_database.is_set():
            failed.set()
            message = "the database is away"
            raise TransientError(message)
        await effects.handle(session, events)

    models = effects.subscription().models
    cut_off = Consumer(settings, database, "sample", [Subscription(counts.topic, models, handle)], group=group)
    other = Consumer(settings, database, "sample", [effects.subscription()], group=group)
    async with running(Relay(settings, database, counts.block, (counts,))), running(cut_off):
        await submit(range(12))
        await failed.wait()
        async with running(other):
            await until_all(12)
        without_database.clear()
        await submit(range(12, 60))
        found = await until_all(60)
    assert sorted(found.values()) == in_order(60)


async def _until_waiting(database):
    query = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    async with asyncio.timeout(90):
        while True:
            async with database.transaction() as session:
                if (await session.execute(query)).scalar_one():
                    return
            await asyncio.sleep(0.1)


def gauge(name, block):
    return REGISTRY.get_sample_value(name, {"block": block})


async def test_the_metrics_tell_how_far_a_block_is_behind_and_what_it_could_not_handle(
    settings, database, effects, submit, until_all, counts, tmp_path
):
    name = f"metrics-{tmp_path}"
    effects.poison = {1003}  # no number of another test, whose events this group hears too
    effects.gate = asyncio.Event()
    consumer = Consumer(settings, database, "sample", [effects.subscription()], group=name)
    relay = Relay(settings, database, counts.block, (counts, dead_letters.stream("sample")))
    async with running(relay), running(consumer):
        await submit(range(1000, 1006))
        await _until(lambda: (gauge("meldstroom_consumer_behind_seconds", name) or 0) > 0.5)
        assert gauge("meldstroom_ready", name) == 1
        effects.gate.set()
        await until_all(5)
        await _until(lambda: gauge("meldstroom_consumer_behind_seconds", name) == 0)
        await _until(lambda: gauge("meldstroom_dead_letters_open", "sample") == 1)


async def _until(holds):
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.1)
