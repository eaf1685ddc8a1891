"""Removing the data of a key for good: at the block that owns them, and at every block that holds a copy.

The owner empties what its outbox holds of the key and publishes a tombstone. A block that hears it removes its copies
and remembers the key, so that no replay and no dead letter brings back what was removed.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import bindparam, func, select, update
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Text

from commonground import ids
from commonground.database import HAS_EVENTS
from commonground.messaging.events import Stream
from commonground.messaging.tables import outbox, removed_keys
from commonground.observability import tracing

_among = select(removed_keys.c.topic, removed_keys.c.key).where(
    removed_keys.c.key == func.any(bindparam("keys", type_=ARRAY(Text)))
)


async def publish_removals(session: AsyncSession, stream: Stream, removed: Mapping[str, int]) -> None:
    """Remove keys, each with its new sequence, from a compacted stream; their aggregates' rows must be locked.

    What the outbox holds of them loses its data, so that a replay publishes removals and nothing else. Rows stay where
    they are: one that is not published yet still goes out before the tombstone.
    """
    if not removed:
        return
    of_keys = (outbox.c.topic == stream.topic) & outbox.c.key.in_(removed) & outbox.c.data.is_not(None)
    await session.execute(update(outbox).where(of_keys).values(data=None))
    now, trace = datetime.now(UTC), tracing.current_traceparent()
    tombstones = [
        {
            "event_id": ids.new(),
            "topic": stream.topic,
            "key": key,
            "type": "tombstone",
            "subject": key,
            "sequence": sequence,
            "time": now,
            "traceparent": trace,
            "data": None,
        }
        for key, sequence in removed.items()
    ]
    await session.execute(plain_insert(outbox), tombstones)
    session.sync_session.info[HAS_EVENTS] = True


async def remember(session: AsyncSession, topic: str, keys: Sequence[str]) -> None:
    """Remember that a tombstone removed ``keys`` from ``topic``."""
    rows = [{"topic": topic, "key": key} for key in sorted(set(keys))]
    await session.execute(insert(removed_keys).on_conflict_do_nothing(index_elements=["topic", "key"]), rows)


async def among(session: AsyncSession, keys: Iterable[str]) -> set[tuple[str, str]]:
    """Return in which topics which of ``keys`` were removed, as ``(topic, key)``."""
    found = await session.execute(_among, {"keys": sorted(set(keys))})
    return {(row.topic, row.key) for row in found}
