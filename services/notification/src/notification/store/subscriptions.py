"""SQL about webhook subscriptions: who wants what, and how far they are."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from notification.store.statements import statement
from notification.tables import webhook_deliveries, webhook_events, webhook_lanes, webhook_queue, webhook_redeliveries
from notification.tables import webhook_subscriptions as subscriptions

_LANES = ("live", "redelivery")
_Changes = Mapping[str, Any]


async def add(session: AsyncSession, row: _Changes) -> bool:
    """Add a subscription with its lanes; False when another one of the municipality has its name."""
    added = await session.execute(
        insert(subscriptions)
        .values(dict(row))
        .on_conflict_do_nothing(constraint="uq_webhook_subscriptions_name")
        .returning(subscriptions.c.id)
    )
    if added.scalar_one_or_none() is None:
        return False
    await session.execute(sa.insert(webhook_lanes), [{"subscription_id": row["id"], "lane": lane} for lane in _LANES])
    return True


async def count(session: AsyncSession, municipality: str) -> int:
    """Return how many subscriptions a municipality has."""
    query = sa.select(sa.func.count()).where(subscriptions.c.municipality == municipality)
    return int((await session.execute(query)).scalar_one())


async def name_is_taken(session: AsyncSession, municipality: str, name: str, *, but: UUID) -> bool:
    """Tell whether another subscription of the municipality has this name."""
    query = sa.select(subscriptions.c.id).where(
        subscriptions.c.municipality == municipality, subscriptions.c.name == name, subscriptions.c.id != but
    )
    return (await session.execute(query)).first() is not None


async def lock(session: AsyncSession, subscription_id: UUID) -> Any | None:
    """Return a subscription and hold it until the transaction ends."""
    query = sa.select(subscriptions).where(subscriptions.c.id == subscription_id).with_for_update(key_share=True)
    return (await session.execute(query)).one_or_none()


async def change(session: AsyncSession, subscription_id: UUID, values: _Changes) -> None:
    """Change a subscription; its version goes up."""
    await session.execute(
        sa.update(subscriptions)
        .where(subscriptions.c.id == subscription_id)
        .values(**values, version=subscriptions.c.version + 1, changed_at=sa.func.now())
    )


async def set_state(session: AsyncSession, subscription_id: UUID, state: str, reason: str | None) -> None:
    """Let events go out, or not."""
    await session.execute(
        sa.update(subscriptions)
        .where(subscriptions.c.id == subscription_id)
        .values(state=state, reason=reason, state_since=sa.func.now(), version=subscriptions.c.version + 1)
    )


async def restart_lanes(session: AsyncSession, subscription_id: UUID) -> None:
    """Forget earlier failures; a lane in which a request is under way stays with who sends it."""
    await session.execute(
        sa.update(webhook_lanes)
        .where(webhook_lanes.c.subscription_id == subscription_id)
        .values(
            attempts=0,
            failing_since=None,
            due_at=sa.case((webhook_lanes.c.claim.is_(None), sa.func.now()), else_=webhook_lanes.c.due_at),
        )
    )


async def delete(session: AsyncSession, subscription_id: UUID) -> None:
    """Delete a subscription with its queues and its log."""
    await session.execute(sa.delete(subscriptions).where(subscriptions.c.id == subscription_id))


# Not plain FOR UPDATE: a delivery that is being logged holds the key of its subscription, and need not be waited for.
_behind = statement(
    """
    SELECT s.id, s.municipality, s.filter, s.examined
      FROM webhook_subscriptions s
     WHERE EXISTS (SELECT FROM webhook_events e WHERE e.municipality = s.municipality AND e.position > s.examined)
     ORDER BY s.id
       FOR NO KEY UPDATE SKIP LOCKED
    """
).columns(filter=pg.JSONB)


async def lock_behind(session: AsyncSession) -> Sequence[Any]:
    """Return the subscriptions that have not met the newest events, and hold them."""
    return (await session.execute(_behind)).all()


async def examined(session: AsyncSession, subscription_id: UUID, position: int) -> None:
    """Note up to where events have met the filter; nothing that anybody reads has changed."""
    await session.execute(
        sa.update(subscriptions).where(subscriptions.c.id == subscription_id).values(examined=position)
    )


# --- Looking ---


def _waiting(lane: str) -> sa.ScalarSelect[int]:
    queued = sa.select(sa.func.count()).select_from(webhook_queue)
    return queued.where(
        webhook_queue.c.subscription_id == subscriptions.c.id, webhook_queue.c.lane == lane
    ).scalar_subquery()


_OLDEST = (
    sa.select(sa.cast(sa.extract("epoch", sa.func.now() - webhook_events.c.received_at), sa.Double))
    .join(webhook_queue, webhook_queue.c.position == webhook_events.c.position)
    .where(webhook_queue.c.subscription_id == subscriptions.c.id, webhook_queue.c.lane == "live")
    .order_by(webhook_queue.c.id)
    .limit(1)
    .scalar_subquery()
)
_WALKS = (
    sa.select(sa.func.count())
    .select_from(webhook_redeliveries)
    .where(webhook_redeliveries.c.subscription_id == subscriptions.c.id, webhook_redeliveries.c.done_at.is_(None))
    .scalar_subquery()
)
_LISTED = sa.select(
    *(column for column in subscriptions.c if column.name not in {"secret", "previous_secret"}),
    webhook_lanes.c.attempts,
    webhook_lanes.c.failing_since,
    webhook_lanes.c.due_at,
    _waiting("live").label("waiting"),
    sa.func.coalesce(_OLDEST, 0.0).label("oldest_seconds"),
    _waiting("redelivery").label("redelivering"),
    _WALKS.label("redelivery_requests"),
).join(webhook_lanes, sa.and_(webhook_lanes.c.subscription_id == subscriptions.c.id, webhook_lanes.c.lane == "live"))


async def listed(
    session: AsyncSession, municipalities: Sequence[str], *, behind: tuple[str, UUID] | None, limit: int
) -> Sequence[Any]:
    """Return subscriptions by name, behind ``behind`` (name and id of the last one seen), without their secrets."""
    query = _LISTED.where(subscriptions.c.municipality.in_(municipalities))
    if behind is not None:
        query = query.where(sa.tuple_(subscriptions.c.name, subscriptions.c.id) > sa.tuple_(*behind))
    return (await session.execute(query.order_by(subscriptions.c.name, subscriptions.c.id).limit(limit))).all()


async def read(session: AsyncSession, subscription_id: UUID) -> Any | None:
    """Return one subscription as the list shows it."""
    return (await session.execute(_LISTED.where(subscriptions.c.id == subscription_id))).one_or_none()


async def deliveries(
    session: AsyncSession,
    subscription_id: UUID,
    *,
    outcome: str | None,
    event_id: str | None,
    since: datetime | None,
    before: int | None,
    limit: int,
) -> Sequence[Any]:
    """Return the delivery log, newest first, behind ``before`` (id of the last one seen)."""
    table = webhook_deliveries
    query = sa.select(table).where(table.c.subscription_id == subscription_id)
    for column, value in ((table.c.outcome, outcome), (table.c.event_id, event_id)):
        if value is not None:
            query = query.where(column == value)
    if since is not None:
        query = query.where(table.c.at >= since)
    if before is not None:
        query = query.where(table.c.id < before)
    return (await session.execute(query.order_by(table.c.id.desc()).limit(limit))).all()
