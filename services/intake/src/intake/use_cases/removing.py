"""Taking people's data away: anonymising a reporter, destroying a report, and doing both when their time is over.

What is removed here is removed everywhere: the same transaction publishes tombstones, and every block that holds a copy
removes it. A destroyed report leaves its id, number, place, category and times, so that counts and histories keep their
sense.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from commonground.auth import Principal
from commonground.database import Database
from commonground.messaging import Outgoing, publish_all, publish_removals
from intake import events, store
from intake.clients import PhotoStore
from intake.domain import ReportNotFoundError
from intake.use_cases import uploading

log = structlog.get_logger(__name__)

_AT_ONCE = 100  # reports in one transaction of the retention


async def anonymise_reporter(session: AsyncSession, report_id: UUID, principal: Principal) -> datetime:
    """Remove how the reporter can be reached; the report stays. Return when that was done, also when it was before.

    Raises ``ReportNotFoundError`` when there is no such report, or not for this caller.
    """
    row = await _take(session, report_id, principal)
    if row.destroyed_at is not None:
        raise ReportNotFoundError
    if row.anonymised_at is not None:
        moment: datetime = row.anonymised_at
        return moment
    now = datetime.now(UTC)
    await _anonymise(session, [row], now, principal.subject)
    return now


async def destroy_report(session: AsyncSession, report_id: UUID, principal: Principal) -> list[UUID]:
    """Remove all that the reporter wrote, sent and was told; return the photos whose files are still to be deleted.

    A report that is destroyed already stays so. Raises ``ReportNotFoundError`` when there is no such report, or not
    for this caller.
    """
    row = await _take(session, report_id, principal)
    if row.destroyed_at is not None:
        return []
    return await _destroy(session, [row], datetime.now(UTC), principal.subject)


async def _take(session: AsyncSession, report_id: UUID, principal: Principal) -> Any:
    row = await store.lock_report(session, report_id)
    if row is None or row.municipality not in principal.municipalities:
        raise ReportNotFoundError
    return row


async def _anonymise(session: AsyncSession, rows: Sequence[Any], now: datetime, actor: str | None) -> None:
    await store.anonymise(session, [row.id for row in rows], now, actor)
    await publish_removals(session, events.REPORT_CONTACTS, {str(row.id): row.sequence + 1 for row in rows})
    await _tell(session, rows, events.ReportAnonymised, now, actor)


async def _destroy(session: AsyncSession, rows: Sequence[Any], now: datetime, actor: str | None) -> list[UUID]:
    photos = await store.destroy(session, [row.id for row in rows], now, actor)
    removed = {str(row.id): row.sequence + 1 for row in rows}
    await publish_removals(session, events.REPORT_CONTACTS, removed)
    await publish_removals(session, events.REPORT_TEXTS, removed)
    await _tell(session, rows, events.ReportDestroyed, now, actor)
    return photos


async def _tell(
    session: AsyncSession,
    rows: Sequence[Any],
    event: type[events.ReportAnonymised | events.ReportDestroyed],
    now: datetime,
    actor: str | None,
) -> None:
    told = [
        Outgoing(
            event(report_id=row.id, number=row.number, municipality=row.municipality, removed_at=now, removed_by=actor),
            str(row.id),
            str(row.id),
            row.sequence + 1,
        )
        for row in rows
    ]
    await publish_all(session, told)
    for row in rows:
        log.info(event.event_name.replace("-", "_"), report_id=str(row.id), by_hand=actor is not None)


async def anonymise_old_reporters(database: Database, *, days: int) -> int:
    """Anonymise the reporters of some reports that were closed ``days`` ago; return how many, 0 when none is left.

    Each call is one transaction: killed at any moment, the next call goes on with what is left.
    """
    now = datetime.now(UTC)
    async with database.transaction() as session:
        rows = await store.lock_closed_before(session, now - timedelta(days=days), _AT_ONCE, reachable=True)
        if rows:
            await _anonymise(session, rows, now, None)
    return len(rows)


async def destroy_old_reports(database: Database, photo_store: PhotoStore, *, days: int) -> int:
    """Destroy some reports that were closed ``days`` ago; return how many, 0 when none is left.

    Each call is one transaction, and then the files; files that a killed process left behind are deleted by the
    cleaning of loose uploads.
    """
    now = datetime.now(UTC)
    async with database.transaction() as session:
        rows = await store.lock_closed_before(session, now - timedelta(days=days), _AT_ONCE, reachable=False)
        photos = await _destroy(session, rows, now, None) if rows else []
    await uploading.delete_uploads(database, photo_store, photos)
    return len(rows)
