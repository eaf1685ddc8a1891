"""Outbox, relay and consumer over a real broker."""

import asyncio
import contextlib

import pytest
import sqlalchemy as sa

from commonground.messaging import Consumer, Relay, envelope, publish, publish_removals, replay
from commonground.messaging.reader import Reader
from commonground.messaging.tables import outbox

pytestmark = pytest.mark.kafka


@pytest.fixture
def settings(settings, kafka_broker):
    return settings.model_copy(update={"kafka_bootstrap_servers": kafka_broker, "kafka_partitions": 3})


@contextlib.asynccontextmanager
async def running(*components):
    stop = asyncio.Event()
    tasks = [asyncio.ensure_future(component.run(stop)) for component in components]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def until(probe, seconds=30):
    async with asyncio.timeout(seconds):
        while not (found := await probe()):
            await asyncio.sleep(0.02)
    return found


@pytest.fixture
def unpublished(database):
    async def look():
        async with database.transaction() as session:
            query = sa.select(sa.func.count()).where(outbox.c.published_at.is_(None))
            return (await session.execute(query)).scalar_one()

    return look


async def test_what_is_committed_arrives_in_order_and_what_is_rolled_back_does_not(
    settings, database, effects, seen, unpublished, tmp_path, counts, counted_number
):
    consumer = Consumer(settings, database, "sample", [effects.subscription()], group=f"order-{tmp_path}")
    relay = Relay(settings, database, counts.block, (counts,))
    async with running(relay, consumer):
        for number in range(50):
            async with database.transaction() as session:
                await publish(
                    session, counted_number(number=number), key=str(tmp_path), subject="s", sequence=number + 1
                )
            with contextlib.suppress(ZeroDivisionError):
                async with database.transaction() as session:
                    await publish(session, counted_number(number=-1), key=str(tmp_path), subject="s", sequence=1)
                    raise ZeroDivisionError

        async def all_there():
            return len(await seen(str(tmp_path))) >= 50

        await until(all_there)
    assert await seen(str(tmp_path)) == list(range(50))
    assert await unpublished() == 0


async def test_a_relay_killed_before_it_marked_publishes_again_without_a_second_effect(
    settings, database, effects, seen, tmp_path, counts, counted_number
):
    consumer = Consumer(settings, database, "sample", [effects.subscription()], group=f"again-{tmp_path}")
    relay = Relay(settings, database, counts.block, (counts,))
    async with running(relay, consumer):
        async with database.transaction() as session:
            await publish(session, counted_number(number=1), key=str(tmp_path), subject="s", sequence=1)

        async def first():
            return await seen(str(tmp_path))

        await until(first)
        async with database.transaction() as session:
            # As if the process had died between publishing and marking.
            await session.execute(sa.update(outbox).values(published_at=None))
            await publish(session, counted_number(number=2), key=str(tmp_path), subject="s", sequence=2)

        async def second():
            return 2 in await seen(str(tmp_path))

        await until(second)
    assert await seen(str(tmp_path)) == [1, 2]


async def test_a_consumer_killed_before_it_committed_its_offsets_does_nothing_twice(
    settings, database, effects, seen, tmp_path, counts, counted_number
):
    group = f"offsets-{tmp_path}"
    key = str(tmp_path)
    async with running(Relay(settings, database, counts.block, (counts,))):
        async with database.transaction() as session:
            await publish(session, counted_number(number=1), key=key, subject="s", sequence=1)
        reader = Reader(settings, group, [counts.topic])
        consumer = Consumer(settings, database, "sample", [effects.subscription()], group=group)
        await reader.start()

        async def mine():
            return [found for found in await reader.fetch(100, 0.5) if found.key == key]

        await consumer.handle(await until(mine))
        await reader.close()  # without a commit
        async with running(consumer):
            async with database.transaction() as session:
                await publish(session, counted_number(number=2), key=key, subject="s", sequence=2)

            async def second():
                return 2 in await seen(key)

            await until(second)
    assert await seen(key) == [1, 2]


async def test_the_envelope_is_a_cloudevent_in_binary_mode_and_a_tombstone_has_no_value(
    settings, database, tmp_path, counts, counted_number
):
    key = str(tmp_path)
    async with running(Relay(settings, database, counts.block, (counts,))):
        async with database.transaction() as session:
            await publish(session, counted_number(number=5), key=key, subject="subject", sequence=7)
        reader = Reader(settings, f"envelope-{key}", [counts.topic])
        await reader.start()
        found = []

        async def one_more():
            found.extend(one for one in await reader.fetch(100, 0.5) if one.key == key)
            return len(found)

        await until(one_more)
        async with database.transaction() as session:
            await publish_removals(session, counts, {key: 8})

        async def both():
            return await one_more() >= 2

        await until(both)
        await reader.close()
    values = envelope.attributes(found[0].headers)
    assert values["specversion"] == "1.0"
    assert values["type"] == f"nl.meldstroom.{counts.block}.counted"
    assert values["source"] == envelope.source(settings.oin, counts.block)
    assert values["subject"] == "subject"
    assert values["partitionkey"] == key
    assert values["sequence"] == "000000000007"
    assert dict(found[0].headers)["content-type"] == b"application/json"
    assert found[0].value == b'{"number":5}'
    assert found[1].value is None


async def test_replay_publishes_again_under_the_same_ids(
    settings, database, effects, seen, unpublished, tmp_path, counts, counted_number
):
    key = str(tmp_path)
    consumer = Consumer(settings, database, "sample", [effects.subscription()], group=f"replay-{key}")
    async with running(Relay(settings, database, counts.block, (counts,)), consumer):
        async with database.transaction() as session:
            await publish(session, counted_number(number=1), key=key, subject="s", sequence=1)

        async def done():
            return await seen(key)

        await until(done)
        async with database.transaction() as session:
            rows = (await session.execute(sa.select(outbox))).all()
            assert await replay.republish_since(session, rows[0].time) == 1

        async def published():
            return await unpublished() == 0

        await until(published)
    assert await seen(key) == [1]


async def test_two_relays_on_one_database_take_turns(settings, database, unpublished, tmp_path, counts, counted_number):
    relays = [Relay(settings, database, counts.block, (counts,)) for _ in range(2)]
    async with running(*relays):
        for number in range(10):
            async with database.transaction() as session:
                await publish(
                    session, counted_number(number=number), key=str(tmp_path), subject="s", sequence=number + 1
                )

        async def published():
            return await unpublished() == 0

        await until(published)
