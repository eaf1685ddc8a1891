"""The broker stands still for longer than it waits for others, and than others wait for it; then it goes on."""

import asyncio
import contextlib
import signal

import pytest

from commonground.messaging import Stream, Tier
from commonground.messaging.kafka import Producer, ensure_topics
from commonground.messaging.reader import Reader
from meldstroom_local import kafka

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

GROUPS = 8  # what goes wrong then, goes wrong for some clients and not for others
FROZEN_SECONDS = 10  # the broker enters its cluster again, the groups expire


@pytest.fixture
def broker(tmp_path):
    """A broker of this test alone, since it is stopped."""
    started = kafka.start(tmp_path, throwaway=True)
    if started.process is None:
        started.stop()
        pytest.skip("the broker is not a process of this machine")
    yield started
    started.stop()


@pytest.fixture
def settings(settings, broker):
    options = {"session.timeout.ms": 6_000, "heartbeat.interval.ms": 1_000}
    return settings.model_copy(
        update={"kafka_bootstrap_servers": broker.bootstrap, "kafka_partitions": 3, "kafka_options": options}
    )


@contextlib.asynccontextmanager
async def reading(settings, stream, group):
    """Read and commit as a consumer does; give the values that came."""
    reader = Reader(settings, group, [stream.topic])
    await reader.start()
    seen = set()

    async def read():
        while True:
            records = await reader.fetch(100, 0.5)
            seen.update(record.value for record in records)
            if records:
                reader.done(records)

    task = asyncio.ensure_future(read())
    try:
        yield seen
    finally:
        task.cancel()
        await asyncio.wait([task])
        await reader.close()


async def test_every_group_reads_on_after_the_broker_stood_still(settings, broker):
    stream = Stream("frozen", "events", Tier.OPEN, "A test")
    await ensure_topics(settings, [stream])
    producer = Producer(settings, "frozen")

    async def publish(value):
        async with asyncio.timeout(90):
            while await producer.publish([(stream.topic, "key", value, [])]) != 1:
                pass

    async def until_all_have(value):
        async with asyncio.timeout(120):
            while not all(value in seen for seen in groups):
                await asyncio.sleep(0.1)

    async with contextlib.AsyncExitStack() as stack:
        groups = [
            await stack.enter_async_context(reading(settings, stream, f"group-{number}")) for number in range(GROUPS)
        ]
        await publish(b"before")
        await until_all_have(b"before")
        broker.process.send(signal.SIGSTOP)
        await asyncio.sleep(FROZEN_SECONDS)
        broker.process.send(signal.SIGCONT)
        await publish(b"after")
        await until_all_have(b"after")
    await producer.close()


async def test_a_reader_ends_although_the_broker_does_not_answer(settings, broker):
    stream = Stream("frozen", "endings", Tier.OPEN, "A test")
    await ensure_topics(settings, [stream])
    producer = Producer(settings, "endings")
    async with reading(settings, stream, "ending") as seen:
        await producer.publish([(stream.topic, "key", b"before", [])])
        async with asyncio.timeout(60):
            while not seen:
                await asyncio.sleep(0.1)
        broker.process.send(signal.SIGSTOP)
    # Here it has ended: the time-out of this test is what a client that waits without end runs into.
    broker.process.send(signal.SIGCONT)
    await producer.close()


async def test_a_reader_whose_client_lost_all_brokers_goes_on_with_a_new_client(settings, monkeypatch):
    stream = Stream("frozen", "lost", Tier.OPEN, "A test")
    await ensure_topics(settings, [stream])
    producer = Producer(settings, "lost")
    await producer.publish([(stream.topic, "key", b"before", [])])
    reader = Reader(settings, "losing", [stream.topic])
    await reader.start()

    async def until(value):
        async with asyncio.timeout(60):
            seen = set()
            while value not in seen:
                records = await reader.fetch(100, 0.2)
                reader.done(records)
                seen.update(record.value for record in records)

    await until(b"before")
    lost = reader._client
    monkeypatch.setattr("commonground.messaging.reader._SILENT_SECONDS", 0.0)
    monkeypatch.setattr("commonground.messaging.reader.finds_brokers", lambda client: client is not lost)
    await reader.fetch(100, 0.2)
    with pytest.raises(RuntimeError, match="closed"):
        await asyncio.to_thread(_until_closed, lost)
    await producer.publish([(stream.topic, "key", b"after", [])])
    await until(b"after")
    await reader.close()
    await producer.close()


def _until_closed(client):
    for _ in range(200):
        client.poll(0.1)
