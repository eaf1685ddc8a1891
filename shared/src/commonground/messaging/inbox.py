"""Which events were received, written in the transaction of their effect.

Kept for ever, some 80 bytes an event: compacted topics keep their newest events for ever, and ``rebuild`` asks here
which of them the block has handled.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from commonground import ids
from commonground.messaging.tables import inbox

_incoming = select(func.unnest(bindparam("event_ids", type_=pg.ARRAY(pg.UUID))), func.now())
_record = (
    insert(inbox)
    .from_select(["event_id", "received_at"], _incoming)
    .on_conflict_do_nothing(index_elements=["event_id"])
    .returning(inbox.c.event_id)
)
_NAMESPACE = UUID("6b0d2c0c-7d3c-5c52-9a0c-0a3f5a7f2a11")


def inbox_id(source: str, event_id: str, group: str = "") -> UUID:
    """Return the key of an event: ``source`` and ``id`` together are unique, says CloudEvents.

    ``group`` names a second consumer of the same block, which must not miss what the first one has received.
    """
    return ids.derived(_NAMESPACE, f"{group}\n{source}\n{event_id}" if group else f"{source}\n{event_id}")


async def record(session: AsyncSession, keys: Sequence[UUID]) -> set[UUID]:
    """Record ``keys`` as received; return those that were new.

    Sorted, so that two consumers that meet the same events wait for each other in place of a deadlock.
    """
    if not keys:
        return set()
    found = await session.execute(_record, {"event_ids": sorted(set(keys))})
    return set(found.scalars())


async def among(session: AsyncSession, keys: Sequence[UUID]) -> set[UUID]:
    """Return which of ``keys`` were received."""
    wanted = func.any(bindparam("event_ids", type_=pg.ARRAY(pg.UUID)))
    found = await session.execute(select(inbox.c.event_id).where(inbox.c.event_id == wanted), {"event_ids": list(keys)})
    return set(found.scalars())
