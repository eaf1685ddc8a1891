"""Events that could not be handled, kept with all that is needed to handle them later, and told to others.

The row keeps the record itself, in the block's own database under its own access rules; the event on the topic
says only which, where and what kind of error. A letter is open until it is handled again or discarded; when a
tombstone removes the data of its key, the letter holds none any more either.
"""

import enum
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from commonground import ids
from commonground.messaging.events import EventData, Stream, Tier
from commonground.messaging.kafka import Record
from commonground.messaging.tables import dead_letters, outbox
from commonground.observability import tracing

REMOVED = "The data were removed at the source"


class State(enum.StrEnum):
    """How far somebody is with a dead letter."""

    OPEN = "open"
    RETRIED = "retried"
    DISCARDED = "discarded"


def stream(block: str) -> Stream:
    """Return the stream of a block's dead letters."""
    return Stream(block, "dead-letters", Tier.OPEN, "Events that this block could not handle")


class DeadLettered(EventData, name="event-dead-lettered"):
    """An event could not be handled; without its data."""

    dead_letter_id: UUID
    topic: str
    partition: int
    offset: int
    failed_type: str
    error: str
    attempts: int
    failed_at: datetime


async def bury(
    session: AsyncSession,
    block: str,
    record: Record,
    *,
    event_type: str,
    error: str,
    attempts: int,
    group: str = "",
) -> None:
    """Keep ``record`` as a dead letter and tell it on the block's topic, once per place in the log.

    ``group`` is the block's second consumer group that could not handle it, if it was not the block's own.
    """
    now = datetime.now(UTC)
    row = {
        "id": ids.new(),
        "event_id": _header(record, "ce_id"),
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": record.key,
        "type": event_type,
        "headers": [[name, (value or b"").decode("utf-8", "replace")] for name, value in record.headers],
        "data": record.value,
        "error": error,
        "attempts": attempts,
        "failed_at": now,
        "consumer_group": group,
    }
    buried = await session.execute(
        insert(dead_letters)
        .values(row)
        .on_conflict_do_nothing(constraint="uq_dead_letters_place")
        .returning(dead_letters.c.id)
    )
    if buried.scalar_one_or_none() is None:
        return
    told = DeadLettered(
        dead_letter_id=row["id"],
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        failed_type=event_type,
        error=error,
        attempts=attempts,
        failed_at=now,
    )
    await session.execute(plain_insert(outbox), [_outbox_row(block, told, record.key or str(row["id"]), now)])


def _outbox_row(block: str, told: DeadLettered, key: str, now: datetime) -> dict[str, Any]:
    return {
        "event_id": ids.new(),
        "topic": stream(block).topic,
        "key": key,
        "type": f"nl.meldstroom.{block}.event-dead-lettered",
        "subject": str(told.dead_letter_id),
        "sequence": 1,
        "time": now,
        "traceparent": tracing.current_traceparent(),
        "data": told.model_dump_json(by_alias=True),
    }


def _header(record: Record, name: str) -> str:
    return next(((value or b"").decode("utf-8", "replace") for key, value in record.headers if key == name), "")


def state_of(row: Any) -> State:
    """Return how far somebody is with a dead letter."""
    return State(row.settlement) if row.settlement else State.OPEN


async def page(session: AsyncSession, state: State | None, limit: int, before: UUID | None = None) -> list[Any]:
    """Return dead letters, newest first, without their data; ``before`` is the last one of the page before."""
    query = select(*(column for column in dead_letters.c if column.name not in {"data", "headers"}))
    if state is State.OPEN:
        query = query.where(dead_letters.c.settled_at.is_(None))
    elif state is not None:
        query = query.where(dead_letters.c.settlement == state.value)
    if before is not None:
        query = query.where(dead_letters.c.id < before)  # ids sort by the time they were made
    return list((await session.execute(query.order_by(dead_letters.c.id.desc()).limit(limit))).all())


async def unsettled(session: AsyncSession, limit: int = 100, after: UUID | None = None) -> list[Any]:
    """Return the oldest dead letters that nobody has dealt with yet, from behind ``after``."""
    query = select(dead_letters).where(dead_letters.c.settled_at.is_(None)).order_by(dead_letters.c.id)
    if after is not None:
        query = query.where(dead_letters.c.id > after)
    return list((await session.execute(query.limit(limit))).all())


async def count_unsettled(session: AsyncSession, among: Sequence[UUID] | None = None) -> int:
    """Return how many dead letters, of all or of some, nobody has dealt with yet."""
    query = select(func.count()).select_from(dead_letters).where(dead_letters.c.settled_at.is_(None))
    if among is not None:
        query = query.where(dead_letters.c.id.in_(among))
    return int((await session.execute(query)).scalar_one())


async def find(session: AsyncSession, letter_id: UUID) -> Any:
    """Return one dead letter, or None."""
    return (await session.execute(select(dead_letters).where(dead_letters.c.id == letter_id))).one_or_none()


async def lock_open(session: AsyncSession, letter_id: UUID) -> Any:
    """Return an open dead letter and hold it until the transaction ends; None when somebody has dealt with it.

    Of two who want it at the same time, the second one waits here and then finds it settled.
    """
    query = select(dead_letters).where(dead_letters.c.id == letter_id, dead_letters.c.settled_at.is_(None))
    return (await session.execute(query.with_for_update())).one_or_none()


def as_record(row: Any) -> Record:
    """Return the record that a dead letter holds."""
    headers = [(name, value.encode()) for name, value in row.headers]
    return Record(row.topic, row.partition, row.offset, row.key, row.data, headers, 0)


async def settle(session: AsyncSession, letter_id: UUID, state: State, *, actor: str, reason: str = "") -> None:
    """Mark a dead letter as retried or discarded, by whom and why."""
    await session.execute(
        update(dead_letters)
        .where(dead_letters.c.id == letter_id)
        .values(settled_at=datetime.now(UTC), settlement=state.value, settled_by=actor, reason=reason or None)
    )


async def note_failure(session: AsyncSession, letter_id: UUID, error: str) -> None:
    """Write down that an open dead letter failed again, and at what."""
    await session.execute(
        update(dead_letters)
        .where(dead_letters.c.id == letter_id, dead_letters.c.settled_at.is_(None))
        .values(error=error, attempts=dead_letters.c.attempts + 1)
    )


async def remove_data(session: AsyncSession, topic: str, keys: Sequence[str]) -> None:
    """Empty the letters of removed keys, also those that are settled; open ones are discarded: nothing is left to do.

    All letters of the key, whatever their place: a broker that lost its disk counts its places anew.
    """
    of_keys = (dead_letters.c.topic == topic) & dead_letters.c.key.in_(keys) & dead_letters.c.data.is_not(None)
    await session.execute(
        update(dead_letters)
        .where(of_keys & dead_letters.c.settled_at.is_(None))
        .values(settled_at=datetime.now(UTC), settlement=State.DISCARDED.value, settled_by="tombstone", reason=REMOVED)
    )
    await session.execute(update(dead_letters).where(of_keys).values(data=None))
