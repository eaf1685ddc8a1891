"""Every SQL statement of intake; functions take the session first."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from commonground import many
from commonground.idempotency import keys as idempotency_keys
from intake.domain import CLOSED
from intake.tables import categories, report_states, reporter_messages, reports, uploads

_draw_numbers = sa.text("SELECT nextval('report_numbers') FROM generate_series(1, :number)")


async def draw_numbers(session: AsyncSession, number: int, *, prefix: str) -> list[str]:
    """Return so many new report numbers."""
    if not number:
        return []
    return [f"{prefix}{drawn}" for drawn in (await session.execute(_draw_numbers, {"number": number})).scalars()]


async def add_reports(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert reports."""
    if rows:
        await session.execute(many.inserted(reports, tuple(rows[0])), many.arrays(reports, rows))


async def lock_loose_uploads(session: AsyncSession, upload_ids: Collection[UUID]) -> set[UUID]:
    """Return which of the uploads are stored and no report's yet, locked until the transaction ends."""
    query = sa.select(uploads.c.id).where(uploads.c.id.in_(upload_ids), uploads.c.report_id.is_(None), uploads.c.stored)
    return set((await session.execute(query.order_by(uploads.c.id).with_for_update())).scalars())


async def attach(session: AsyncSession, report_id: UUID, upload_ids: Sequence[UUID]) -> None:
    """Give uploads to a report in this order."""
    if not upload_ids:
        return
    order = sa.values(sa.column("id", sa.Uuid), sa.column("position", sa.SmallInteger), name="wanted").data(
        [(upload_id, position) for position, upload_id in enumerate(upload_ids)]
    )
    statement = sa.update(uploads).where(uploads.c.id == order.c.id)
    await session.execute(statement.values(report_id=report_id, position=order.c.position))


async def unknown_categories(session: AsyncSession, chosen: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return which ``(municipality, slug)`` may not be chosen; none where no category at all has been heard of."""
    municipalities = {municipality for municipality, _slug in chosen}
    query = sa.select(categories.c.municipality, categories.c.slug, categories.c.active)
    rows = (await session.execute(query.where(categories.c.municipality.in_(municipalities)))).all()
    informed = {row.municipality for row in rows}
    known = {(row.municipality, row.slug) for row in rows if row.active}
    return {one for one in chosen if one[0] in informed and one not in known}


async def report(session: AsyncSession, report_id: UUID) -> Any | None:
    """Return a report by its id."""
    return (await session.execute(sa.select(reports).where(reports.c.id == report_id))).one_or_none()


async def report_by_token(session: AsyncSession, token: str) -> Any | None:
    """Return a report with its state and category names, by the token of its status page."""
    query = (
        sa.select(
            reports, report_states.c.case_status, report_states.c.category, categories.c.name_nl, categories.c.name_en
        )
        .outerjoin(report_states, report_states.c.report_id == reports.c.id)
        .outerjoin(
            categories,
            sa.and_(categories.c.municipality == reports.c.municipality, categories.c.slug == report_states.c.category),
        )
        .where(reports.c.status_token == token)
    )
    return (await session.execute(query)).one_or_none()


async def attachments(session: AsyncSession, report_id: UUID) -> Sequence[Any]:
    """Return the photos of a report in the reporter's order."""
    query = sa.select(uploads).where(uploads.c.report_id == report_id).order_by(uploads.c.position)
    return (await session.execute(query)).all()


async def messages(session: AsyncSession, report_id: UUID) -> Sequence[Any]:
    """Return what was sent to the reporter, oldest first."""
    query = sa.select(reporter_messages).where(reporter_messages.c.report_id == report_id)
    return (await session.execute(query.order_by(reporter_messages.c.at))).all()


async def add_upload(session: AsyncSession, upload_id: UUID) -> None:
    """Note an upload before its files are written, so that cleaning finds the files of a crash."""
    await session.execute(sa.insert(uploads).values(id=upload_id))


async def upload_stored(session: AsyncSession, upload_id: UUID, *, width: int, height: int, size: int) -> None:
    """Mark an upload as completely stored."""
    statement = sa.update(uploads).where(uploads.c.id == upload_id)
    await session.execute(statement.values(stored=True, width=width, height=height, size=size))


async def take_loose_uploads(session: AsyncSession, before: datetime, limit: int) -> list[UUID]:
    """Return loose uploads from before a moment, locked: no report can take them until the transaction ends."""
    query = (
        sa.select(uploads.c.id)
        .where(uploads.c.report_id.is_(None), uploads.c.created_at < before)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list((await session.execute(query)).scalars())


async def withdraw_uploads(session: AsyncSession, upload_ids: Sequence[UUID]) -> None:
    """Mark uploads as not stored, so that no report can take them any more."""
    await session.execute(sa.update(uploads).where(uploads.c.id.in_(upload_ids)).values(stored=False))


async def delete_uploads(session: AsyncSession, upload_ids: Sequence[UUID]) -> None:
    """Delete uploads."""
    await session.execute(sa.delete(uploads).where(uploads.c.id.in_(upload_ids)))


async def merge_case_states(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep the newest status of each report's case; ``rows`` hold each report once."""
    await _merge(session, rows, "case_sequence")


async def merge_classifications(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep the newest category of each report; ``rows`` hold each report once."""
    await _merge(session, rows, "classification_sequence")


async def _merge(session: AsyncSession, rows: Sequence[Mapping[str, Any]], sequence: str) -> None:
    ordered = sorted(rows, key=lambda row: str(row["report_id"]))
    await session.execute(_merged(tuple(ordered[0]), sequence), many.arrays(report_states, ordered))


@lru_cache
def _merged(names: tuple[str, ...], sequence: str) -> Any:
    return many.newer(many.inserted(report_states, names), report_states, names, sequence)


async def merge_categories(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep the newest names of each category."""
    names = ("name_nl", "name_en", "active", "sequence")
    await session.execute(many.newer(insert(categories), categories, names, "sequence"), list(rows))


async def add_messages(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep what was sent to reporters, each message once."""
    await session.execute(insert(reporter_messages).on_conflict_do_nothing(index_elements=["id"]), list(rows))


async def forget_messages(session: AsyncSession, report_ids: Sequence[UUID]) -> None:
    """Remove the words that were sent to the reporters of these reports."""
    statement = sa.update(reporter_messages).where(reporter_messages.c.report_id.in_(report_ids))
    await session.execute(statement.values(text=None))


# --- Removing ---

# Long ago, so that the cleaning of loose uploads finds at once what a killed process left behind.
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


async def lock_report(session: AsyncSession, report_id: UUID) -> Any | None:
    """Return a report, locked until the transaction ends."""
    return (await session.execute(sa.select(reports).where(reports.c.id == report_id).with_for_update())).one_or_none()


async def lock_closed_before(session: AsyncSession, moment: datetime, limit: int, *, reachable: bool) -> Sequence[Any]:
    """Return reports whose cases were closed before a moment, locked; none that another process has.

    With ``reachable`` those with contact data, else those that are not destroyed.
    """
    left = sa.or_(reports.c.email.is_not(None), reports.c.phone.is_not(None))
    query = (
        sa.select(reports.c.id, reports.c.number, reports.c.municipality, reports.c.sequence)
        .join(report_states, report_states.c.report_id == reports.c.id)
        .where(
            reports.c.submitted_at < moment,
            left if reachable else reports.c.destroyed_at.is_(None),
            report_states.c.case_status.in_(CLOSED),
            sa.func.coalesce(report_states.c.case_changed_at, reports.c.submitted_at) < moment,
        )
        .order_by(reports.c.submitted_at)
        .limit(limit)
        .with_for_update(of=reports, skip_locked=True)
    )
    return (await session.execute(query)).all()


async def anonymise(session: AsyncSession, report_ids: Sequence[UUID], moment: datetime, actor: str | None) -> None:
    """Remove how the reporters of these reports can be reached, for good."""
    await session.execute(
        sa.update(reports)
        .where(reports.c.id.in_(report_ids))
        .values(email=None, phone=None, sequence=reports.c.sequence + 1, anonymised_at=moment, anonymised_by=actor)
    )
    await _forget_requests(session, report_ids)


async def destroy(session: AsyncSession, report_ids: Sequence[UUID], moment: datetime, actor: str | None) -> list[UUID]:
    """Remove all but the bare facts of these reports, for good; return their photos, which are nobody's now."""
    await session.execute(
        sa.update(reports)
        .where(reports.c.id.in_(report_ids))
        .values(
            description=None,
            address=None,
            answers=[],
            email=None,
            phone=None,
            status_token=None,
            sequence=reports.c.sequence + 1,
            destroyed_at=moment,
            destroyed_by=actor,
        )
    )
    await session.execute(sa.delete(reporter_messages).where(reporter_messages.c.report_id.in_(report_ids)))
    await _forget_requests(session, report_ids)
    loosened = await session.execute(
        sa.update(uploads)
        .where(uploads.c.report_id.in_(report_ids))
        .values(report_id=None, stored=False, created_at=_LONG_AGO)
        .returning(uploads.c.id)
    )
    return list(loosened.scalars())


async def _forget_requests(session: AsyncSession, report_ids: Sequence[UUID]) -> None:
    """Delete the remembered requests: a digest of few unknowns can be guessed, and an answer holds a secret address."""
    of_reports = idempotency_keys.c.answer["id"].astext.in_([str(report_id) for report_id in report_ids])
    await session.execute(sa.delete(idempotency_keys).where(idempotency_keys.c.scope == "reports", of_reports))
