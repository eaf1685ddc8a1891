"""Reads events in batches, one transaction a batch, and never gives one up without a dead letter.

Killed anywhere, it begins again behind the last committed offset; what had been done is in the inbox and is
passed over. A batch that fails is tried one by one, so that one bad event does not hold the good ones.
"""

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from commonground import patience
from commonground.database import Database
from commonground.messaging import dead_letters, envelope, inbox, removals
from commonground.messaging.errors import Kind, PermanentError, describe, kind_of
from commonground.messaging.events import IncomingData, Received, Subscription, Tier, WholeEvent
from commonground.messaging.kafka import Record
from commonground.messaging.reader import Reader
from commonground.observability import metrics, tracing
from commonground.settings import BlockSettings

log = structlog.get_logger(__name__)

BATCH = 200  # large enough to share the cost of a transaction, small enough to leave others of the process their turn
_SLICE = 20  # records that are read before others of the process get their turn
# What one report causes arrives on several topics within milliseconds: waiting this long for the rest makes one
# transaction of it in place of three.
GATHER_SECONDS = 0.02
# Between the beginnings of two batches, see ``patience.pace``.
PACE_SECONDS = 0.08
_LONGEST_PACE = 0.4
TRIES = 5  # of an event that fails for a reason that nobody knows
MOST_IN_A_ROW = 20  # buried one after the other: then something else is wrong than the events
_LONGEST_PAUSE = 30.0
_LOOK_SECONDS = 10.0  # between two looks at what waits, for the metrics


@dataclass(frozen=True)
class _Event:
    """A record whose envelope could be read."""

    record: Record
    inbox_id: UUID
    received: Received | None  # None: a tombstone or a type that the block does not read


class TooManyFailuresError(Exception):
    """Many events in a row failed: the consumer stops and the block turns not-ready."""


class StillFailsError(Exception):
    """A dead letter failed again; the message says where and at what, without its data."""


class Consumer:
    """Hears the topics of ``subscriptions`` for one block."""

    name = "consumer"

    def __init__(
        self,
        settings: BlockSettings,
        database: Database,
        block: str,
        subscriptions: Sequence[Subscription],
        *,
        group: str | None = None,
        pace: float = PACE_SECONDS,
    ) -> None:
        """Prepare; ``group`` is the Kafka consumer group, one per block unless it says otherwise.

        A block with a second group hears an event in each of them, and each is recorded as received on its own.
        ``pace`` is how many seconds at least lie between the beginnings of two batches: more of it where nobody waits.
        """
        self._pace = pace
        self._settings = settings
        self._database = database
        self._block = block
        self._group = group or f"meldstroom-{block}"
        self._second_group = group if group and group != f"meldstroom-{block}" else ""
        self._by_topic = {subscription.topic: subscription for subscription in subscriptions}
        self._models: dict[tuple[str, str], type[IncomingData]] = {
            (subscription.topic, model.event): model for subscription in subscriptions for model in subscription.models
        }
        self._failed_in_a_row = 0
        self._stalled = False
        self._oldest: int | None = None  # time of the oldest record that is being handled, milliseconds

    def hears(self, letter: Any) -> bool:
        """Tell whether a dead letter belongs to this group of the block, and is of a topic that it still hears."""
        return letter.consumer_group == self._second_group and letter.topic in self._by_topic

    def may_be_shown(self, letter: Any) -> bool:
        """Tell whether the topic of a dead letter is open to everyone; False as well when it is not known."""
        subscription = self._by_topic.get(letter.topic)
        return self.hears(letter) and subscription is not None and subscription.tier is Tier.OPEN

    def ready(self) -> bool:
        """Tell whether events are being handled; False after too many failures in a row."""
        return not self._stalled

    async def run(self, stop: asyncio.Event) -> None:
        """Handle events until ``stop`` is set."""
        reader = Reader(self._settings, self._group, self._by_topic)
        await reader.start()
        name = self._group.removeprefix("meldstroom-")
        # Asked when somebody looks, so that it grows while a batch waits for the database.
        metrics.behind_seconds.labels(name).set_function(self._behind_seconds)
        metrics.ready.labels(name).set_function(lambda: float(self.ready()))
        next_look = 0.0
        next_batch = 0.0
        try:
            while not stop.is_set() and not self._stalled:
                records = await reader.fetch(BATCH, 0.5, GATHER_SECONDS, next_batch)
                began = time.monotonic()
                self._oldest = min((record.timestamp_ms for record in records), default=None)
                if records:
                    if not await self._handle_surely(records, stop):
                        break
                    reader.done(records)
                    work = time.monotonic() - began
                    next_batch = began + patience.pace(work, self._pace, _LONGEST_PACE)
                if time.monotonic() > next_look:
                    next_look = time.monotonic() + _LOOK_SECONDS
                    for topic, count in (await reader.behind()).items():
                        metrics.behind.labels(name, topic).set(count)
                    await self._count_dead_letters()
        finally:
            await reader.close()
        if self._stalled:
            await stop.wait()

    def _behind_seconds(self) -> float:
        return max(0.0, time.time() - self._oldest / 1000) if self._oldest is not None else 0.0

    async def _count_dead_letters(self) -> None:
        with contextlib.suppress(Exception):  # a database that is away is noticed where it matters
            async with self._database.transaction() as session:
                metrics.dead_letters_open.labels(self._block).set(await dead_letters.count_unsettled(session))

    async def _handle_surely(self, records: list[Record], stop: asyncio.Event) -> bool:
        """Handle ``records`` however long the database is away; False when told to stop before it was done.

        Nothing is asked of the broker meanwhile. Partitions that are paused while they are taken away stay paused
        when they come back, and a process that kept them would keep them from those that can reach the database.
        """
        seconds = 0.1
        while True:
            try:
                await self.handle(records)
            except TooManyFailuresError:
                self._stalled = True
                log.error("consumer_stalled", block=self._block, in_a_row=self._failed_in_a_row)  # noqa: TRY400
                return False
            except Exception as error:
                if kind_of(error) is not Kind.TRANSIENT:
                    log.exception("consumer_failed", block=self._block)
                log.warning("consumer_waits", block=self._block, reason=describe(error))
                await patience.pause(stop, seconds)
                if stop.is_set():
                    return False
                seconds = min(seconds * 2, _LONGEST_PAUSE)
            else:
                return True

    async def handle(self, records: Sequence[Record]) -> None:
        """Handle ``records``: all in one transaction, or one by one when that fails.

        Raises only what will pass (the caller tries again) and ``TooManyFailuresError``.
        """
        try:
            await self._apply(await self._read_all(records))
        except Exception as error:
            if kind_of(error) is Kind.TRANSIENT:
                raise
            for record in records:
                await self._handle_one(record)
        else:
            self._failed_in_a_row = 0

    async def _handle_one(self, record: Record) -> None:
        for attempt in range(1, TRIES + 1):
            try:
                await self._apply([self._read(record)])
            except Exception as error:
                kind = kind_of(error)
                if kind is Kind.TRANSIENT:
                    raise
                if kind is Kind.UNKNOWN and attempt < TRIES:
                    await asyncio.sleep(0.05 * 2**attempt)
                    continue
                await self._bury(record, error, attempt)
                return
            else:
                self._failed_in_a_row = 0
                return

    async def retry(self, letters: Sequence[Any], actor: str = "command") -> int:
        """Handle open dead letters again, in the given order; return how many of them are settled by it.

        Those of another group of the block are left to it, those that fail again stay. Raises what passes by itself.
        """
        done = 0
        for letter in letters:
            if letter.consumer_group != self._second_group:
                continue
            with contextlib.suppress(StillFailsError):
                done += await self.retry_one(letter.id, actor)
        return done

    async def retry_one(self, letter_id: UUID, actor: str) -> bool:
        """Handle a dead letter again, by the handler itself and not through the shared topic.

        Effect, inbox and settlement are one transaction that holds the letter, so that two people who ask for it at
        the same time do it once. Returns False when there is no such open letter of this group; raises
        ``StillFailsError`` when it fails again, and what passes by itself.
        """
        try:
            started = time.time_ns()
            async with self._database.transaction() as session:
                letter = await dead_letters.lock_open(session, letter_id)
                if letter is None or letter.consumer_group != self._second_group:
                    return False
                handled = await self._apply_in(session, [self._read(dead_letters.as_record(letter))])
                await dead_letters.settle(session, letter_id, dead_letters.State.RETRIED, actor=actor)
        except Exception as error:
            if kind_of(error) is Kind.TRANSIENT:
                raise
            reason = describe(error)
            log.warning("dead_letter_stays", block=self._block, letter_id=str(letter_id), reason=reason)
            async with self._database.transaction() as session:
                await dead_letters.note_failure(session, letter_id, reason)
            raise StillFailsError(reason) from error
        self._count(handled, started)
        log.info("dead_letter_retried", block=self._block, letter_id=str(letter_id), actor=actor)
        return True

    async def _bury(self, record: Record, error: Exception, attempts: int) -> None:
        if self._failed_in_a_row >= MOST_IN_A_ROW:
            raise TooManyFailuresError from error
        event_type = next((v.decode() for k, v in record.headers if k == "ce_type" and v), "unknown")
        reason = describe(error)
        async with self._database.transaction() as session:
            await dead_letters.bury(
                session,
                self._block,
                record,
                event_type=event_type,
                error=reason,
                attempts=attempts,
                group=self._second_group,
            )
        self._failed_in_a_row += 1
        metrics.dead_lettered.labels(self._block).inc()
        log.error("event_dead_lettered", block=self._block, type=event_type, topic=record.topic, reason=reason)

    async def _read_all(self, records: Sequence[Record]) -> list[_Event]:
        events = []
        for start in range(0, len(records), _SLICE):
            events += [self._read(record) for record in records[start : start + _SLICE]]
            await asyncio.sleep(0)
        return events

    def _read(self, record: Record) -> _Event:
        values = envelope.attributes(record.headers)
        key = inbox.inbox_id(values["source"], values["id"], self._second_group)
        model = self._models.get((record.topic, values["type"]))
        whole = self._by_topic[record.topic].whole if record.topic in self._by_topic else False
        if record.value is None or not (model or whole):
            return _Event(record, key, None)
        try:
            value = orjson.loads(record.value)
            data = model.model_validate(value) if model else WholeEvent(values, value)
        except orjson.JSONDecodeError as error:
            message = "the value is not JSON"
            raise PermanentError(message) from error
        received = Received(
            id=values["id"],
            type=values["type"],
            key=record.key or "",
            sequence=_number(values.get("sequence")),
            time=_moment(values.get("time"), record.timestamp_ms),
            traceparent=tracing.child_of(values.get("traceparent")),
            data=data,
        )
        return _Event(record, key, received)

    async def _apply(self, events: Sequence[_Event]) -> None:
        started = time.time_ns()
        async with self._database.transaction() as session:
            handled = await self._apply_in(session, events)
        self._count(handled, started)

    async def _apply_in(self, session: AsyncSession, events: Sequence[_Event]) -> dict[str, list[Received]]:
        """Do what is new among ``events``; return it by topic."""
        new = await inbox.record(session, [event.inbox_id for event in events])
        by_topic: dict[str, list[Received]] = {}
        forgotten: dict[str, list[str]] = {}
        for event in events:
            if event.inbox_id not in new:
                continue
            new.discard(event.inbox_id)  # the same event twice in one batch
            topic = event.record.topic
            if event.received is not None:
                by_topic.setdefault(topic, []).append(event.received)
            elif event.record.value is None and event.record.key:
                forgotten.setdefault(topic, []).append(event.record.key)
        await self._leave_out_removed(session, by_topic)
        for topic, received in by_topic.items():
            await self._by_topic[topic].handle(session, received)
        for topic, keys in forgotten.items():
            if self._by_topic[topic].final:
                await removals.remember(session, topic, keys)
            # Letters first: a retry that is under way holds its letter, and what it adds must be there to be removed.
            await dead_letters.remove_data(session, topic, keys)
            forget = self._by_topic[topic].forget
            if forget is not None:
                await forget(session, keys)
        return by_topic

    async def _leave_out_removed(self, session: AsyncSession, by_topic: dict[str, list[Received]]) -> None:
        """Take out events of removed keys: a replay or a dead letter must not bring back what was removed."""
        final = [topic for topic in by_topic if self._by_topic[topic].final]
        if not final:
            return
        removed = await removals.among(session, (event.key for topic in final for event in by_topic[topic]))
        if not removed:
            return
        for topic in final:
            by_topic[topic] = [event for event in by_topic[topic] if (topic, event.key) not in removed]
            if not by_topic[topic]:
                del by_topic[topic]

    def _count(self, by_topic: Mapping[str, Sequence[Received]], started: int) -> None:
        for topic, received in by_topic.items():
            metrics.consumed.labels(self._block, topic).inc(len(received))
            for one in received:
                tracing.record_consumed(one.type, one.traceparent, started)


def _number(text: str | None) -> int:
    return int(text) if text and text.isdigit() else 0


def _moment(text: str | None, timestamp_ms: int) -> datetime:
    try:
        return datetime.fromisoformat(text or "")
    except ValueError:
        return datetime.fromtimestamp(max(timestamp_ms, 0) / 1000, UTC)
