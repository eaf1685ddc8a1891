"""SQL about what staff read: messages, the attempts to send them, and who sent them again."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from notification.tables import deliveries, messages, reports, resends

_LAST = (
    sa.select(deliveries.c.outcome, deliveries.c.reason, deliveries.c.code, deliveries.c.answer)
    .where(deliveries.c.message_id == messages.c.id)
    .order_by(deliveries.c.id.desc())
    .limit(1)
    .lateral("last")
)
_LISTED = (
    sa.select(
        *(column for column in messages.c if column.name not in {"body", "facts", "request"}),
        reports.c.number,
        _LAST.c.outcome.label("last_outcome"),
        _LAST.c.reason.label("last_reason"),
        _LAST.c.code.label("last_code"),
        _LAST.c.answer.label("last_answer"),
    )
    .join(reports, reports.c.id == messages.c.report_id)
    .outerjoin(_LAST, sa.true())
)


async def listed(
    session: AsyncSession,
    *,
    municipalities: frozenset[str],
    report_id: UUID | None,
    state: str | None,
    kind: str | None,
    before: tuple[Any, UUID] | None,
    limit: int,
) -> Sequence[Any]:
    """Return messages, newest request first, behind ``before`` (time and id of the last one seen)."""
    query = _LISTED.where(messages.c.municipality.in_(sorted(municipalities)))
    if report_id is not None:
        query = query.where(messages.c.report_id == report_id)
    if state is not None:
        query = query.where(messages.c.state == state)
    if kind is not None:
        query = query.where(messages.c.kind == kind)
    if before is not None:
        query = query.where(sa.tuple_(messages.c.requested_at, messages.c.id) < sa.tuple_(*before))
    query = query.order_by(messages.c.requested_at.desc(), messages.c.id.desc()).limit(limit)
    return (await session.execute(query)).all()


async def message(session: AsyncSession, message_id: UUID) -> Any | None:
    """Return a message with the words that were sent."""
    query = _LISTED.add_columns(messages.c.body, messages.c["facts"], messages.c.request)
    return (await session.execute(query.where(messages.c.id == message_id))).one_or_none()


async def log(session: AsyncSession, message_id: UUID) -> Sequence[Any]:
    """Return the attempts to send a message, oldest first."""
    query = sa.select(deliveries).where(deliveries.c.message_id == message_id)
    return (await session.execute(query.order_by(deliveries.c.id))).all()


async def resends_of(session: AsyncSession, message_id: UUID) -> Sequence[Any]:
    """Return who sent a message again, oldest first."""
    query = sa.select(resends).where(resends.c.message_id == message_id)
    return (await session.execute(query.order_by(resends.c.round))).all()
