"""Outbox, relay, inbox and consumer, with the process dying at any await: whatever the order, one effect each.

A real PostgreSQL; the broker is a list, since what it does when it is killed is in ``test_kafka.py`` and the chaos
tests. Hypothesis draws who does what and at which await the process dies.
"""

import asyncio
import contextlib
import gc
import types
import warnings

import asyncpg
import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from sqlalchemy import text

from commonground.database import Database
from commonground.messaging import Consumer, Relay, publish
from commonground.messaging.kafka import Record

KEYS = ("a", "b")
AT_AWAIT = st.integers(0, 30)  # 0: it lives


class DiedError(Exception):
    """The process was killed; holds the work where it stopped, so that not a line of it runs any more."""


@types.coroutine
def dying(work, at_await):
    """Run ``work`` and kill it at its n-th wait."""
    steps = work.__await__()
    waits = 0
    while True:
        try:
            waiting = next(steps)
        except StopIteration as end:
            return end.value
        waits += 1
        if waits == at_await:
            raise DiedError(steps)
        yield waiting


class Broker:
    """Keeps records in order; may be left before or after it has taken a batch."""

    def __init__(self):
        self.records = []
        self.read = {0: 0}  # committed offset, per partition

    async def publish(self, batch):
        await asyncio.sleep(0)
        for topic, key, value, headers in batch:
            self.records.append(Record(topic, 0, len(self.records), key, value, list(headers), 0))
        await asyncio.sleep(0)
        return len(batch)


class Crashes(RuleBasedStateMachine):
    """One block that counts, tells, hears itself and writes down what it heard."""

    def __init__(self):
        super().__init__()
        self.runner = asyncio.Runner()
        self.broker = Broker()
        self.dead = []
        self.submitted = 0
        self.surely = set()
        self.open()
        self.runner.run(self.empty())

    def open(self):
        self.database = Database(self.given["settings"], name="crashes")
        self.consumer = Consumer(self.given["settings"], self.database, "sample", [self.given["subscription"]])
        self.relay = Relay(self.given["settings"], self.database, self.given["counts"].block, (self.given["counts"],))

    async def empty(self):
        async with self.database.transaction() as session:
            await session.execute(text("CREATE TABLE IF NOT EXISTS counted (key text, number int)"))
            await session.execute(text("TRUNCATE counted, effects, outbox, inbox, dead_letters"))

    def do(self, work, at_await):
        """Do ``work``; tell whether the process survived it."""

        async def run():
            return await dying(work, at_await)

        try:
            self.runner.run(run())
        except DiedError as death:
            self.dead.append((death.args, self.database))
            self.runner.run(self.server_notices())
            self.open()  # the next process
            return False
        return True

    async def server_notices(self):
        """End the sessions of the dead process, as the server does when their sockets are gone."""
        url = self.given["settings"].database_url.get_secret_value()
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        mine = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'crashes'"
        try:
            await connection.execute(f"SELECT pg_terminate_backend(pid) {mine}")
            while await connection.fetchval(f"SELECT count(*) {mine}"):
                await asyncio.sleep(0.01)
        finally:
            await connection.close()

    @rule(key=st.sampled_from(KEYS), at_await=AT_AWAIT)
    def count(self, key, at_await):
        self.submitted += 1
        if self.do(self.submit(key, self.submitted), at_await):
            self.surely.add(self.submitted)

    async def submit(self, key, number):
        async with self.database.transaction() as session:
            await session.execute(
                text("INSERT INTO counted (key, number) VALUES (:key, :number)"), {"key": key, "number": number}
            )
            told = self.given["event"](number=number)
            await publish(session, told, key=key, subject=key, sequence=number)

    @rule(at_await=AT_AWAIT)
    def relay_a_batch(self, at_await):
        self.do(self.publish(), at_await)

    async def publish(self):
        async with self.database.engine.connect() as raw:
            connection = await raw.execution_options(isolation_level="AUTOCOMMIT")
            return await self.relay.publish_batch(connection, self.broker)

    @precondition(lambda self: self.broker.read[0] < len(self.broker.records))
    @rule(most=st.integers(1, 4), at_await=AT_AWAIT, commits=st.booleans())
    def hear_a_batch(self, most, at_await, commits):
        begin = self.broker.read[0]
        batch = self.broker.records[begin : begin + most]
        if self.do(self.consumer.handle(batch), at_await) and commits:
            self.broker.read[0] = begin + len(batch)

    def teardown(self):
        """Let everything settle without another death, and look."""
        self.do(self.settle(), 0)
        counted, effects = self.runner.run(self.look())
        assert set(counted) == set(effects), "an effect without its cause, or a cause without its effect"
        assert self.surely <= {number for _key, number in counted}, "something was confirmed and is gone"
        assert len(effects) == len(set(effects)), "an effect came twice"
        for key in KEYS:
            numbers = [number for its_key, number in effects if its_key == key]
            assert numbers == sorted(numbers), "effects of one key came out of order"
        self.runner.run(self.database.close())
        self.clear_away_the_dead()
        self.runner.close()

    def clear_away_the_dead(self):
        """Let Python complain here about what never came to an end, and not when pytest has had its last word."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for (steps,), _database in self.dead:
                with contextlib.suppress(BaseException):
                    steps.close()
            self.dead.clear()
            gc.collect()

    async def settle(self):
        while await self.publish():
            pass
        await self.consumer.handle(self.broker.records[self.broker.read[0] :])

    async def look(self):
        async with self.database.transaction() as session:
            counted = (await session.execute(text("SELECT key, number FROM counted"))).all()
            effects = (await session.execute(text("SELECT key, number FROM effects ORDER BY ctid"))).all()
            buried = (await session.execute(text("SELECT count(*) FROM dead_letters"))).scalar_one()
        assert buried == 0, "a death made a dead letter"
        return [tuple(row) for row in counted], [tuple(row) for row in effects]


@pytest.mark.timeout(300)
def test_dying_at_any_await_loses_nothing_and_doubles_nothing(settings, effects, counts, counted_number):
    given = {
        "settings": settings,
        "subscription": effects.subscription(),
        "counts": counts,
        "event": counted_number,
    }
    machine = type("GivenCrashes", (Crashes,), {"given": given})
    run_state_machine_as_test(
        machine, settings=hypothesis_settings(max_examples=25, stateful_step_count=15, deadline=None, print_blob=True)
    )
