"""Events written in the same transaction as the change that caused them.

Order holds per key: call ``publish`` after the row of the aggregate has been locked or inserted, so that of two
transactions on one report the second one's events also stand behind the first one's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from commonground import ids, many
from commonground.database import HAS_EVENTS
from commonground.messaging.events import EventData, Received
from commonground.messaging.tables import outbox
from commonground.observability import tracing


@dataclass(frozen=True)
class Outgoing:
    """An event to publish: ``key`` orders and compacts, ``subject`` is what it is about."""

    data: EventData
    key: str
    subject: str
    sequence: int
    cause: Received | None = None
    traceparent: str = ""  # of the request, for those that are published outside of it


def _row(outgoing: Outgoing, now: datetime) -> dict[str, Any]:
    return {
        "event_id": ids.new(),
        "topic": outgoing.data.stream.topic,
        "key": outgoing.key,
        "type": outgoing.data.event_type(),
        "subject": outgoing.subject,
        "sequence": outgoing.sequence,
        "time": now,
        "traceparent": _trace(outgoing),
        "data": outgoing.data.model_dump_json(by_alias=True),
    }


def _trace(outgoing: Outgoing) -> str:
    if outgoing.cause is not None:
        return outgoing.cause.traceparent
    return outgoing.traceparent or tracing.current_traceparent()


async def publish_all(session: AsyncSession, events: Sequence[Outgoing]) -> None:
    """Write ``events`` to the outbox with one statement."""
    if not events:
        return
    now = datetime.now(UTC)
    rows = [_row(outgoing, now) for outgoing in events]
    await session.execute(many.inserted(outbox, tuple(rows[0])), many.arrays(outbox, rows))
    session.sync_session.info[HAS_EVENTS] = True


async def publish(
    session: AsyncSession,
    data: EventData,
    *,
    key: str,
    subject: str,
    sequence: int,
    cause: Received | None = None,
) -> None:
    """Write one event to the outbox; ``cause`` is the event that led to it, for the trace."""
    await publish_all(session, [Outgoing(data, key, subject, sequence, cause)])
