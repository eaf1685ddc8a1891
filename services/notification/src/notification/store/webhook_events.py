"""SQL about the events that webhooks send, and about the queues they go through.

A reader that walks by position must never meet a higher position before a lower one. PostgreSQL gives numbers before
it commits, so writers take one lock and keep it until they commit: positions become visible in their own order.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncSession

from commonground import many
from notification.store.statements import TEXTS, statement
from notification.tables import webhook_events, webhook_queue, webhook_redeliveries, webhook_reports

_WRITERS = 5_240_117_903  # any number, the same in all processes of this block
_Rows = Sequence[Mapping[str, Any]]


async def lock_writers(session: AsyncSession) -> None:
    """Wait until no other transaction writes events; others wait for this one until it ends."""
    await session.execute(sa.select(sa.func.pg_advisory_xact_lock(_WRITERS)))


async def add(session: AsyncSession, rows: _Rows) -> None:
    """Keep events in this order; ``lock_writers`` first."""
    await session.execute(many.inserted(webhook_events, tuple(rows[0])), many.arrays(webhook_events, rows))


async def merge_fact(session: AsyncSession, fact: str, rows: _Rows) -> None:
    """Keep the newest ``category`` or ``department`` of each report; each report once in ``rows``."""
    await session.execute(_merge_fact(fact), many.arrays(webhook_reports, rows))


@lru_cache
def _merge_fact(fact: str) -> Any:
    sequence = f"{fact}_sequence"
    names = ("id", fact, sequence)
    return many.newer(many.inserted(webhook_reports, names), webhook_reports, names, sequence)


async def merge_places(session: AsyncSession, rows: _Rows) -> None:
    """Keep where reports are."""
    await session.execute(_merge_places, many.arrays(webhook_reports, rows))


_new_places = many.inserted(webhook_reports, ("id", "longitude", "latitude"))
_merge_places = _new_places.on_conflict_do_update(
    index_elements=["id"], set_={name: _new_places.excluded[name] for name in ("longitude", "latitude")}
)


async def last_position(session: AsyncSession) -> int:
    """Return the position of the newest event, 0 when there is none."""
    return int(
        (await session.execute(sa.select(sa.func.coalesce(sa.func.max(webhook_events.c.position), 0)))).scalar_one()
    )


_stretch = statement(
    """
    SELECT e.position, e.type, e.report_id, coalesce(e.category, r.category) AS category,
           coalesce(e.department, r.department) AS department, r.longitude, r.latitude,
           e.received_at > now() - make_interval(secs => :settle) AS fresh
      FROM webhook_events e
      LEFT JOIN webhook_reports r ON r.id = e.report_id
     WHERE e.municipality = :municipality AND e.position > :behind AND e.position <= :last
       AND (:time_from IS NULL OR e.time >= :time_from) AND (:time_until IS NULL OR e.time < :time_until)
     ORDER BY e.position
     LIMIT :most
    """,
    municipality=sa.Text,
    behind=sa.BigInteger,
    last=sa.BigInteger,
    time_from=sa.DateTime(timezone=True),
    time_until=sa.DateTime(timezone=True),
    settle=sa.Double,
    most=sa.Integer,
)


async def stretch(
    session: AsyncSession,
    *,
    municipality: str,
    behind: int,
    last: int,
    settle: float,
    most: int,
    times: tuple[datetime | None, datetime | None] = (None, None),
) -> Sequence[Any]:
    """Return what filters ask about the events behind a position, in order, with all that is known by now."""
    return (
        await session.execute(
            _stretch,
            {
                "municipality": municipality,
                "behind": behind,
                "last": last,
                "time_from": times[0],
                "time_until": times[1],
                "settle": settle,
                "most": most,
            },
        )
    ).all()


async def enqueue(session: AsyncSession, subscription_id: UUID, lane: str, positions: Sequence[int]) -> None:
    """Put events at the end of a queue."""
    if positions:
        rows = [{"subscription_id": subscription_id, "lane": lane, "position": position} for position in positions]
        await session.execute(sa.insert(webhook_queue), rows)


_positions = statement(
    """
    SELECT asked.event_id, min(e.position) AS position
      FROM unnest(:event_ids) AS asked (event_id)
      JOIN webhook_events e ON e.event_id = asked.event_id AND e.municipality = :municipality
     GROUP BY asked.event_id
    """,
    event_ids=TEXTS,
    municipality=sa.Text,
)


async def positions(session: AsyncSession, municipality: str, event_ids: Sequence[str]) -> dict[str, int]:
    """Return where the events with these ids are, as far as they are still kept."""
    rows = await session.execute(_positions, {"event_ids": list(event_ids), "municipality": municipality})
    return {row.event_id: row.position for row in rows}


# --- Redeliveries ---


async def add_redelivery(session: AsyncSession, row: Mapping[str, Any]) -> None:
    """Keep a request to deliver a stretch of events again."""
    await session.execute(sa.insert(webhook_redeliveries).values(dict(row)))


_open_redeliveries = statement(
    """
    SELECT r.id, r.subscription_id, r.examined, r.last, r.time_from, r.time_until, r.queued, s.municipality, s.filter
      FROM webhook_redeliveries r
      JOIN webhook_subscriptions s ON s.id = r.subscription_id
     WHERE r.done_at IS NULL
       AND NOT EXISTS (SELECT FROM webhook_redeliveries o
                        WHERE o.subscription_id = r.subscription_id AND o.done_at IS NULL
                          AND (o.requested_at, o.id) < (r.requested_at, r.id))
     ORDER BY r.requested_at LIMIT :most
       FOR UPDATE OF r SKIP LOCKED
    """,
    most=sa.Integer,
).columns(filter=pg.JSONB)


async def lock_redeliveries(session: AsyncSession, *, most: int) -> Sequence[Any]:
    """Return requests that are not in the queue yet, the oldest of each subscription, and hold them."""
    return (await session.execute(_open_redeliveries, {"most": most})).all()


async def advance_redelivery(
    session: AsyncSession, redelivery_id: UUID, *, examined: int, added: int, done: bool
) -> None:
    """Note how far a request has been put into the queue."""
    table = webhook_redeliveries
    await session.execute(
        sa.update(table)
        .where(table.c.id == redelivery_id)
        .values(examined=examined, queued=table.c.queued + added, done_at=sa.func.now() if done else sa.null())
    )


# --- Keeping for a while ---

_drop_waiting = statement(
    """
    WITH old AS (
        SELECT position, type, report_id FROM webhook_events
         WHERE received_at < :before ORDER BY position LIMIT :most),
    forgotten AS (
        DELETE FROM webhook_reports r USING old
         WHERE r.id = old.report_id AND old.type = 'nl.meldstroom.intake.report-destroyed'),
    gone AS (
        DELETE FROM webhook_queue q USING old WHERE q.position = old.position
        RETURNING q.subscription_id, q.lane),
    counted AS (SELECT subscription_id, count(*) AS number FROM gone WHERE lane = 'live' GROUP BY subscription_id),
    told AS (
        UPDATE webhook_subscriptions s SET dropped = s.dropped + counted.number
          FROM counted WHERE s.id = counted.subscription_id RETURNING s.id)
    DELETE FROM webhook_events e USING old WHERE e.position = old.position RETURNING e.position
    """,
    before=sa.DateTime(timezone=True),
    most=sa.Integer,
)
_forget_log = statement("DELETE FROM webhook_deliveries WHERE at < :before", before=sa.DateTime(timezone=True))
_forget_redeliveries = statement(
    "DELETE FROM webhook_redeliveries WHERE done_at < :before", before=sa.DateTime(timezone=True)
)


async def forget_before(session: AsyncSession, moment: datetime, *, most: int) -> int:
    """Delete up to ``most`` events received before ``moment``; return how many.

    A subscription that still waited for one counts it as dropped. What was kept of a report for the filters goes with
    the event that told that the report was destroyed, since that event has to meet the filters too.
    """
    return len((await session.execute(_drop_waiting, {"before": moment, "most": most})).all())


async def forget_log_before(session: AsyncSession, moment: datetime) -> None:
    """Delete what was delivered, and asked for again, before ``moment``."""
    await session.execute(_forget_log, {"before": moment})
    await session.execute(_forget_redeliveries, {"before": moment})
