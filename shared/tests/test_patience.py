"""Waiting that ends when the process is told to stop, and the pace of who works in rounds."""

import asyncio
import time
from types import SimpleNamespace

import pytest

from commonground import patience
from commonground.messaging import consumer as consuming
from commonground.messaging.consumer import Consumer
from commonground.messaging.errors import TransientError


@pytest.mark.parametrize(("work", "between"), [(0.0, 0.08), (0.01, 0.08), (0.05, 0.2), (0.1, 0.4), (9.0, 0.4)])
def test_rounds_follow_each_other_more_slowly_the_longer_they_take_within_limits(work, between):
    assert patience.pace(work, 0.08, 0.4) == pytest.approx(between)


def test_who_nobody_waits_for_keeps_the_pace_that_was_asked():
    assert patience.pace(0.01, 0.5, 0.4) == 0.5


@pytest.mark.parametrize(("work", "between"), [(0.001, 0.08), (0.05, 0.2), (3.0, 0.4)])
async def test_a_consumer_leaves_more_between_its_batches_the_longer_they_take(settings, monkeypatch, work, between):
    clock, stop, asked = SimpleNamespace(now=1000.0), asyncio.Event(), []

    class OneBatch:
        """A reader that has one record, and is asked for more once."""

        def __init__(self, *_):
            pass

        async def start(self):
            pass

        async def fetch(self, _most, _wait, _gather, not_before):
            asked.append(not_before)
            if len(asked) > 1:
                stop.set()
                return []
            return [SimpleNamespace(timestamp_ms=0)]

        def done(self, _records):
            pass

        async def behind(self):
            return {}

        async def close(self):
            pass

    async def handle(_records):
        clock.now += work

    fake_time = SimpleNamespace(monotonic=lambda: clock.now, time=time.time, time_ns=time.time_ns)
    monkeypatch.setattr(consuming, "Reader", OneBatch)
    monkeypatch.setattr(consuming, "time", fake_time)
    tested = Consumer(settings, None, "sample", [])
    monkeypatch.setattr(tested, "handle", handle)
    await tested.run(stop)
    assert asked == [0.0, pytest.approx(1000.0 + between)]


async def test_a_pause_ends_when_the_process_is_told_to_stop():
    stop = asyncio.Event()
    waiting = asyncio.create_task(patience.pause(stop, 3600))
    await asyncio.sleep(0)
    stop.set()
    await asyncio.wait_for(waiting, 10)


async def test_work_is_tried_until_it_succeeds():
    tries = []

    async def work():
        tries.append(None)
        if len(tries) < 3:
            raise TransientError
        return "done"

    assert await patience.insist(work, asyncio.Event(), "test") == "done"


async def test_work_that_fails_ends_when_the_process_is_told_to_stop():
    stop = asyncio.Event()

    async def work():
        stop.set()
        raise TransientError

    assert await patience.insist(work, stop, "test") is None
