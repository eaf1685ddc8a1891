"""Processes that are killed, or that work beside each other: order holds, and nothing is lost."""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from commonground.database import Database
from commonground.messaging import Received, WholeEvent
from notification.deliverer import Deliverer
from notification.use_cases import webhook_delivery
from notification.webhook_incoming import on_events

_PROCESS = """
import asyncio, sys
from commonground.database import Database
from commonground.messaging import Received, WholeEvent
from notification.deliverer import Deliverer
from notification.settings import Settings
settings = Settings()
print("ready", flush=True)
sys.stdin.readline()
asyncio.run(Deliverer(settings, Database(settings, name="deliverer")).run(asyncio.Event()))
"""


def in_order(got, sent):
    """Tell whether each event came, and none after a later one; a repeat directly behind itself is allowed."""
    return [got[0], *(after for before, after in pairwise(got) if after != before)] == sent


async def test_killed_between_the_receivers_yes_and_our_commit_the_same_id_goes_again_and_order_holds(
    subscribe, happens, queue_all, delivering, receiver, monkeypatch, eventually, waiting, later, log
):
    subscription = await subscribe()
    sent = await happens.many(3)
    await queue_all()
    record, killed = webhook_delivery.record, asyncio.Event()

    async def die(*_arguments):
        killed.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(webhook_delivery, "record", die)
    async with delivering() as _deliverer:
        await asyncio.wait_for(killed.wait(), 10)
        for task in asyncio.all_tasks():
            if "_serve_lanes" in repr(task):
                task.cancel()  # nothing of what comes behind runs: as far as the database knows, it was killed
    monkeypatch.setattr(webhook_delivery, "record", record)
    assert receiver.ids() == sent[:1]
    assert await log() == []

    async def done():
        return await waiting() == 0

    async with delivering():
        await asyncio.sleep(0.2)
        assert receiver.ids() == sent[:1], "the lease of the killed process still holds"
        await later(1)
        await eventually(done)
    assert receiver.ids() == [sent[0], *sent]
    first, second = receiver.got[:2]
    assert first.body == second.body
    receiver.verify(subscription["secret"])


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_killed_processes_lose_nothing_and_never_send_out_of_order(
    subscribe, happens, queue_all, delivering, receiver, database_url, settings, eventually, waiting
):
    paths = ("/one", "/two")
    for path in paths:
        await subscribe(path)
    sent = await happens.many(60)
    await queue_all()
    environment = {
        **os.environ,
        "NOTIFICATION_DATABASE_URL": database_url,
        "NOTIFICATION_WEBHOOK_ALLOW_HTTP": "true",
        "NOTIFICATION_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
        "NOTIFICATION_WEBHOOK_KEYS": settings.webhook_keys.get_secret_value(),
        "NOTIFICATION_WEBHOOK_POLL": "0.02",
        "NOTIFICATION_WEBHOOK_TIMEOUT": "1",
        "NOTIFICATION_WEBHOOK_LEASE": "3",
    }
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _PROCESS,
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(2)
    ]
    try:
        for process in processes:
            assert (await process.stdout.readline()).strip() == b"ready"
        for process, goal in zip(processes, (15, 45), strict=True):
            process.stdin.write(b"\n")

            async def enough(goal=goal):
                return len(receiver.got) >= goal

            await eventually(enough)
            process.send_signal(signal.SIGKILL)
            await process.wait()
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def done():
        return await waiting() == 0

    async with delivering():
        await eventually(done)
    for path in paths:
        assert in_order(receiver.ids(path), sent), receiver.ids(path)


async def test_several_processes_beside_each_other_send_each_event_once_and_in_order(
    subscribe, happens, queue_all, settings, receiver, eventually, waiting
):
    paths = [f"/{number}" for number in range(4)]
    for path in paths:
        await subscribe(path)
    receiver.answers["/0"] = [500, 204, 500, 500]
    databases = [Database(settings, name=f"process-{number}") for number in range(3)]
    stop = asyncio.Event()
    working = [asyncio.create_task(Deliverer(settings, database).run(stop)) for database in databases]

    async def done():
        return await waiting() == 0

    try:
        sent = []
        for _ in range(5):
            sent += await happens.many(4)
            await queue_all()
        await eventually(done)
    finally:
        stop.set()
        await asyncio.gather(*working)
        for database in databases:
            await database.close()
    for path in paths[1:]:
        assert receiver.ids(path) == sent
    assert in_order(receiver.ids("/0"), sent)


async def test_a_process_that_lost_its_lane_while_it_waited_sends_nothing_more(
    subscribe, happens, queue_all, delivering, receiver, eventually, later, waiting
):
    await subscribe()
    sent = await happens.many(3)
    await queue_all()
    receiver.hold["/hook"] = asyncio.Event()

    async def one_came():
        return len(receiver.got) >= 1

    async def both_came():
        return len(receiver.got) >= 2

    async def done():
        return await waiting() == 0

    async with delivering() as _first:
        await eventually(one_came)
        await later(1)  # the first process was stopped for so long that its lease is over
        async with delivering() as _second:
            await eventually(both_came)
            receiver.hold.pop("/hook").set()
            await eventually(done)
    assert receiver.ids() == [sent[0], *sent]


async def test_an_event_whose_transaction_takes_long_is_not_overtaken_and_passed_over(
    subscribe, happens, send_all, queue_all, receiver, database, settings
):
    """Two consumers write at once: numbers are given before the commit, so the slow one could be missed."""
    await subscribe()
    slow_is_writing, slow_may_commit = asyncio.Event(), asyncio.Event()

    async def slow_consumer():
        async with database.transaction() as session:
            whole = WholeEvent({"id": "slow", "subject": "x"}, {"municipality": "GM0106"})
            event = Received("slow", "nl.meldstroom.handling.case-opened", "x", 1, datetime.now(UTC), "", whole)
            await on_events(settings, session, [event])
            slow_is_writing.set()
            await slow_may_commit.wait()

    async with asyncio.TaskGroup() as group:
        group.create_task(slow_consumer())
        await slow_is_writing.wait()
        fast = group.create_task(happens.status())
        await asyncio.wait([fast], timeout=0.3)
        await queue_all()
        slow_may_commit.set()
    await send_all()
    assert receiver.ids() == ["slow", fast.result()]
