"""SQL about delivering webhooks: a process claims a lane, sends its events one after the other, writes how it ended.

All times are those of the database, so that the clocks of two processes never matter.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncSession

from notification.domain.webhooks import Verdict
from notification.store.statements import statement
from notification.tables import webhook_deliveries, webhook_subscriptions

_take = statement(
    """
    WITH picked AS MATERIALIZED (
        SELECT l.subscription_id, l.lane
          FROM webhook_lanes l
          JOIN webhook_subscriptions s ON s.id = l.subscription_id
         WHERE s.state = 'active' AND l.due_at <= now()
           AND EXISTS (SELECT FROM webhook_queue q WHERE q.subscription_id = l.subscription_id AND q.lane = l.lane)
         ORDER BY l.due_at LIMIT 1
           FOR UPDATE OF l SKIP LOCKED)
    UPDATE webhook_lanes l
       SET claim = :claim, due_at = now() + make_interval(secs => :lease)
      FROM picked
     WHERE l.subscription_id = picked.subscription_id AND l.lane = picked.lane
    RETURNING l.subscription_id, l.lane
    """,
    claim=pg.UUID,
    lease=sa.Double,
)


async def take(session: AsyncSession, *, claim: UUID, lease: float) -> Any | None:
    """Claim a lane that has something to send for ``lease`` seconds; None when there is none."""
    return (await session.execute(_take, {"claim": claim, "lease": lease})).one_or_none()


_renew = statement(
    """
    UPDATE webhook_lanes SET due_at = now() + make_interval(secs => :lease)
     WHERE subscription_id = :subscription AND lane = :lane AND claim = :claim
    RETURNING attempts
    """,
    subscription=pg.UUID,
    lane=sa.Text,
    claim=pg.UUID,
    lease=sa.Double,
)
_head = statement(
    """
    SELECT q.id AS queue_id, e.position, e.event_id, e.type, e.body, s.url, s.secret,
           CASE WHEN s.previous_until > now() THEN s.previous_secret END AS previous_secret
      FROM webhook_queue q
      JOIN webhook_subscriptions s ON s.id = q.subscription_id AND s.state = 'active'
      JOIN webhook_events e ON e.position = q.position
     WHERE q.subscription_id = :subscription AND q.lane = :lane
     ORDER BY q.id LIMIT 1
    """,
    subscription=pg.UUID,
    lane=sa.Text,
)


async def next_event(
    session: AsyncSession, subscription_id: UUID, lane: str, *, claim: UUID, lease: float
) -> tuple[Any, int] | None:
    """Return the first event of a lane and how often it was tried, and keep the lane for ``lease`` seconds more.

    None when there is nothing to send, when somebody paused the subscription, or when the lane is no longer ours.
    """
    place = {"subscription": subscription_id, "lane": lane}
    renewed = (await session.execute(_renew, {**place, "claim": claim, "lease": lease})).one_or_none()
    if renewed is None:
        return None
    head = (await session.execute(_head, place)).one_or_none()
    return None if head is None else (head, int(renewed.attempts))


async def log(
    session: AsyncSession,
    subscription_id: UUID,
    lane: str,
    *,
    position: int | None,
    event_id: str,
    event_type: str,
    attempt: int,
    verdict: Verdict,
) -> None:
    """Write an attempt into the delivery log."""
    row = {
        "subscription_id": subscription_id,
        "lane": lane,
        "position": position,
        "event_id": event_id,
        "type": event_type,
        "attempt": attempt,
        "outcome": verdict.outcome,
        "code": verdict.code,
        "status": verdict.status,
        "milliseconds": verdict.milliseconds,
        "answer": verdict.answer,
    }
    # Of a subscription that was deleted while the request was under way there is nothing to keep.
    await session.execute(
        sa.insert(webhook_deliveries).from_select(
            list(row),
            sa.select(*(sa.literal(value, webhook_deliveries.c[name].type) for name, value in row.items())).where(
                sa.exists().where(webhook_subscriptions.c.id == subscription_id)
            ),
        )
    )


_delivered = statement(
    """
    WITH gone AS (DELETE FROM webhook_queue WHERE id = :queue_id)
    UPDATE webhook_lanes SET attempts = 0, failing_since = NULL
     WHERE subscription_id = :subscription AND lane = :lane AND (attempts > 0 OR failing_since IS NOT NULL)
    """,
    subscription=pg.UUID,
    lane=sa.Text,
    queue_id=sa.BigInteger,
)


async def delivered(session: AsyncSession, subscription_id: UUID, lane: str, queue_id: int) -> None:
    """Take a delivered event out of the queue. It is delivered, whoever has the lane by now."""
    await session.execute(_delivered, {"subscription": subscription_id, "lane": lane, "queue_id": queue_id})


# The last attempt comes exactly at the end of the window, however long the waits have become.
_failed = statement(
    """
    UPDATE webhook_lanes l
       SET attempts = l.attempts + 1,
           failing_since = coalesce(l.failing_since, now()),
           claim = NULL,
           due_at = least(now() + make_interval(secs => :wait),
                          greatest(now(), coalesce(l.failing_since, now()) + make_interval(secs => :window)))
     WHERE l.subscription_id = :subscription AND l.lane = :lane AND l.claim = :claim
    RETURNING now() >= l.failing_since + make_interval(secs => :window) AS too_long
    """,
    subscription=pg.UUID,
    lane=sa.Text,
    claim=pg.UUID,
    wait=sa.Double,
    window=sa.Double,
)


async def failed(
    session: AsyncSession, subscription_id: UUID, lane: str, *, claim: UUID, wait: float, window: float
) -> bool:
    """Let a lane wait after a failure; tell whether it has been failing for the whole ``window`` (seconds)."""
    place = {"subscription": subscription_id, "lane": lane, "claim": claim, "wait": wait, "window": window}
    row = (await session.execute(_failed, place)).one_or_none()
    return bool(row is not None and row.too_long)


_release = statement(
    """
    UPDATE webhook_lanes SET claim = NULL, due_at = now()
     WHERE subscription_id = :subscription AND lane = :lane AND claim = :claim
    """,
    subscription=pg.UUID,
    lane=sa.Text,
    claim=pg.UUID,
)


async def release(session: AsyncSession, subscription_id: UUID, lane: str, claim: UUID) -> None:
    """Give a lane back, so that anybody can go on with it."""
    await session.execute(_release, {"subscription": subscription_id, "lane": lane, "claim": claim})


_lags = statement(
    """
    SELECT s.id, s.municipality, s.state,
           (SELECT count(*) FROM webhook_queue q WHERE q.subscription_id = s.id AND q.lane = 'live') AS events,
           coalesce((SELECT extract(epoch FROM now() - e.received_at)::float
                       FROM webhook_queue q JOIN webhook_events e ON e.position = q.position
                      WHERE q.subscription_id = s.id AND q.lane = 'live' ORDER BY q.id LIMIT 1), 0) AS seconds
      FROM webhook_subscriptions s
    """
)


async def lags(session: AsyncSession) -> Sequence[Any]:
    """Return for each subscription how many events wait, and for how many seconds the oldest one has."""
    return (await session.execute(_lags)).all()
