"""What reporters and staff look at."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake import store
from intake.clients import PhotoStore, Variant
from intake.domain import AttachmentNotFoundError, ReportNotFoundError


async def follow_report(session: AsyncSession, token: str) -> tuple[Any, list[Any], list[Any]]:
    """Return report, photos and messages for the reporter's status page."""
    report = await store.report_by_token(session, token)
    if report is None:
        raise ReportNotFoundError
    return report, list(await store.attachments(session, report.id)), list(await store.messages(session, report.id))


async def read_report(session: AsyncSession, report_id: UUID, municipalities: frozenset[str]) -> tuple[Any, list[Any]]:
    """Return a report and its photos for staff of one of ``municipalities``."""
    report = await store.report(session, report_id)
    if report is None or report.municipality not in municipalities or report.destroyed_at is not None:
        raise ReportNotFoundError
    return report, list(await store.attachments(session, report_id))


async def read_photo(
    session: AsyncSession, photo_store: PhotoStore, report_id: UUID, upload_id: UUID, variant: Variant
) -> bytes:
    """Return a photo of a report as JPEG."""
    if upload_id not in {row.id for row in await store.attachments(session, report_id)}:
        raise AttachmentNotFoundError
    try:
        return await photo_store.get(upload_id, variant)
    except FileNotFoundError as error:
        raise AttachmentNotFoundError from error
