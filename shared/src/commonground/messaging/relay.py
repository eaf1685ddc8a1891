"""Publishes what the outbox holds, in the order in which it was written; one active relay per database.

Killed between publishing and marking, it publishes the same events again under the same ids, and the inboxes of
the readers pass them over.
"""

import asyncio
import contextlib
import time
from datetime import datetime

import structlog
from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import BigInteger

from commonground import patience
from commonground.database import Database
from commonground.messaging import envelope
from commonground.messaging.errors import Kind, TransientError, describe, kind_of
from commonground.messaging.events import Stream
from commonground.messaging.kafka import Producer, ensure_topics
from commonground.messaging.tables import outbox
from commonground.observability import metrics
from commonground.settings import BlockSettings

log = structlog.get_logger(__name__)

_LOCK = 7_301_904_111  # any number, the same in all processes of a block
_BATCH = 1000
_GATHER_SECONDS = 0.004  # after a wake-up, wait this long for more: one round for many commits
# Between the beginnings of two rounds that are not full, see ``patience.pace``.
_PACE_SECONDS = 0.03
_LONGEST_PACE = 0.2

_unpublished = select(outbox).where(outbox.c.published_at.is_(None)).order_by(outbox.c.position).limit(_BATCH)
_mark = (
    update(outbox)
    .where(outbox.c.position == func.any(bindparam("positions", type_=ARRAY(BigInteger))))
    .values(published_at=func.now())
)


class Relay:
    """Publishes a block's outbox until it is told to stop."""

    name = "relay"

    def __init__(
        self,
        settings: BlockSettings,
        database: Database,
        block: str,
        streams: tuple[Stream, ...],
        *,
        poll: float = 0.25,
    ) -> None:
        """Prepare; ``poll`` is how many seconds pass between looks when nothing wakes the relay."""
        self._settings = settings
        self._database = database
        self._source = envelope.source(settings.oin, block)
        self._streams = streams
        self._poll = poll
        self._block = block
        self._topics_ready = False

    def ready(self) -> bool:
        """Tell whether the relay can do its work; a waiting second one is ready too."""
        return True

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until ``stop`` is set; survives a broker or a database that is away for any time."""
        producer = Producer(self._settings, f"meldstroom-{self._block}")
        pause = 0.2
        try:
            while not stop.is_set():
                try:
                    await self._run_as_the_only_one(producer, stop)
                    pause = 0.2
                except Exception as error:
                    if kind_of(error) is Kind.UNKNOWN:
                        log.exception("relay_failed")
                    else:
                        log.warning("relay_waits", reason=describe(error))
                    await patience.pause(stop, pause)
                    pause = min(pause * 2, 5.0)
        finally:
            await producer.close()

    async def _run_as_the_only_one(self, producer: Producer, stop: asyncio.Event) -> None:
        async with self._database.engine.connect() as raw:
            connection = await raw.execution_options(isolation_level="AUTOCOMMIT")
            while not stop.is_set():
                if await connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _LOCK}):
                    break
                await patience.pause(stop, 1.0)
            try:
                await self._publish_until_stopped(connection, producer, stop)
            finally:
                with contextlib.suppress(Exception):
                    await connection.execute(text("SELECT pg_advisory_unlock_all()"))

    async def _publish_until_stopped(
        self, connection: AsyncConnection, producer: Producer, stop: asyncio.Event
    ) -> None:
        while not stop.is_set():
            if not self._topics_ready:
                await ensure_topics(self._settings, self._streams)
                self._topics_ready = True
            self._database.events_committed.clear()
            began = time.monotonic()
            published = await self.publish_batch(connection, producer)
            if published == 0:
                await self._wait(stop)
            elif published < _BATCH:
                work = time.monotonic() - began
                await patience.pause(stop, max(0.0, patience.pace(work, _PACE_SECONDS, _LONGEST_PACE) - work))

    async def publish_batch(self, connection: AsyncConnection, producer: Producer) -> int:
        """Publish and mark one batch; return its size. Raises ``TransientError`` when the broker refused."""
        rows = (await connection.execute(_unpublished)).all()
        metrics.outbox_age.labels(self._block).set(_age(rows[0].time) if rows else 0.0)
        if not rows:
            return 0
        records = [
            (
                row.topic,
                row.key,
                None if row.data is None else row.data.encode(),
                envelope.headers(row, self._source),
            )
            for row in rows
        ]
        acknowledged = await producer.publish(records)
        if acknowledged:
            await connection.execute(_mark, {"positions": [row.position for row in rows[:acknowledged]]})
            metrics.published.labels(self._block).inc(acknowledged)
        if acknowledged < len(rows):
            message = "not all events were acknowledged"
            raise TransientError(message)
        return acknowledged

    async def _wait(self, stop: asyncio.Event) -> None:
        waiters = [
            asyncio.ensure_future(stop.wait()),
            asyncio.ensure_future(self._database.events_committed.wait()),
        ]
        try:
            done, _ = await asyncio.wait(waiters, timeout=self._poll, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiter in waiters:
                waiter.cancel()
        if done and not stop.is_set():
            await asyncio.sleep(_GATHER_SECONDS)


def _age(moment: datetime) -> float:
    return max(0.0, time.time() - moment.timestamp())
