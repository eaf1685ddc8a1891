"""Events that could not be handled, kept with all that is needed to handle them later, and told to others.

The row keeps the record itself, in the block's own database under its own access rules; the event on the topic
says only which, where and what kind of error.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert as plain_insert
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from commonground import ids
from commonground.messaging.events import EventData, Stream, Tier
from commonground.messaging.kafka import Record
from commonground.messaging.tables import dead_letters, outbox
from commonground.observability import tracing

_GROUP = "meldstroom-group"


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
        "headers": [[name, (value or b"").decode("utf-8", "replace")] for name, value in record.headers]
        + ([[_GROUP, group]] if group else []),
        "data": record.value,
        "error": error,
        "attempts": attempts,
        "failed_at": now,
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


async def unsettled(session: AsyncSession, limit: int = 100) -> list[Any]:
    """Return the oldest dead letters that nobody has dealt with yet."""
    query = select(dead_letters).where(dead_letters.c.settled_at.is_(None)).order_by(dead_letters.c.failed_at)
    return list((await session.execute(query.limit(limit))).all())


def as_record(row: Any) -> Record:
    """Return the record that a dead letter holds."""
    headers = [(name, value.encode()) for name, value in row.headers]
    return Record(row.topic, row.partition, row.offset, row.key, row.data, headers, 0)


def group_of(row: Any) -> str:
    """Return the second consumer group that a dead letter belongs to; empty for the block's own group."""
    return next((value for name, value in row.headers if name == _GROUP), "")


async def settle(session: AsyncSession, letter_id: UUID, settlement: str) -> None:
    """Mark a dead letter as ``retried`` or ``discarded``."""
    await session.execute(
        update(dead_letters)
        .where(dead_letters.c.id == letter_id)
        .values(settled_at=datetime.now(UTC), settlement=settlement)
    )
