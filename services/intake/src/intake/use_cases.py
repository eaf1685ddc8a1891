"""What somebody can do with intake, one function each."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from commonground import idempotency, ids
from commonground.database import Database
from commonground.messaging import Outgoing, publish_all
from intake import events, photos, store
from intake.borders import Borders
from intake.clients import PhotoStore, Variant
from intake.domain import (
    AttachmentNotFoundError,
    AttachmentsUnknownError,
    CategoryUnknownError,
    NewReport,
    OutsideServedAreaError,
    ReportNotFoundError,
)
from intake.settings import Settings

log = structlog.get_logger(__name__)


class RepeatedRequestError(Exception):
    """Not an error for the client: the request was a repeat, and this is the first answer."""

    def __init__(self, answer: idempotency.Answer) -> None:
        super().__init__("repeat")
        self.answer = answer


async def submit_report(
    session: AsyncSession,
    new: NewReport,
    *,
    borders: Borders,
    settings: Settings,
    idempotency_key: str | None = None,
    fingerprint: str = "",
    submitted_at: datetime | None = None,
) -> dict[str, Any]:
    """Accept a report and tell the others; return id, number, statusUrl and submittedAt.

    Report, events and idempotency key are one transaction, and nobody else is asked. Raises
    ``OutsideServedAreaError``, ``CategoryUnknownError``, ``AttachmentsUnknownError`` and ``RepeatedRequestError``
    (roll back, then answer as the first time).
    """
    municipality = borders.municipality(new.longitude, new.latitude)
    if municipality is None:
        raise OutsideServedAreaError(borders.name_of_neighbour(new.longitude, new.latitude))
    if new.category and not await store.category_is_known(session, municipality, new.category):
        raise CategoryUnknownError
    report_id, token = ids.new(), ids.secret_token()
    moment = submitted_at or datetime.now(UTC)
    number = await store.add_report(
        session,
        {
            "id": report_id,
            "municipality": municipality,
            "status_token": token,
            "description": new.description,
            "longitude": new.longitude,
            "latitude": new.latitude,
            "address": new.address,
            "answers": new.answers,
            "occurred_at": new.occurred_at,
            "submitted_at": moment,
            "source": new.source,
            "language": new.language,
            "chosen_category": new.category,
            "email": new.email,
            "phone": new.phone,
        },
        prefix=settings.number_prefix,
    )
    answer = {
        "id": str(report_id),
        "number": number,
        "statusUrl": f"{settings.base_url}/melding/{token}",
        "submittedAt": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    if idempotency_key:
        # Last, because the answer holds the number; a repeat rolls all of this back.
        first = await idempotency.claim(
            session, "reports", idempotency_key, fingerprint, idempotency.Answer(201, answer)
        )
        if first is not None:
            raise RepeatedRequestError(first)
    if new.attachments and await store.attach(session, report_id, new.attachments) != len(new.attachments):
        raise AttachmentsUnknownError
    await publish_all(session, _events(new, report_id, number, municipality, moment, answer["statusUrl"]))
    log.info("report_submitted", report_id=answer["id"], source=new.source)
    return answer


def _events(
    new: NewReport, report_id: UUID, number: str, municipality: str, moment: datetime, status_url: str
) -> list[Outgoing]:
    key = str(report_id)
    submitted = events.ReportSubmitted(
        report_id=report_id,
        number=number,
        municipality=municipality,
        geometry=events.Point(coordinates=(new.longitude, new.latitude)),
        occurred_at=new.occurred_at,
        submitted_at=moment,
        source=new.source,
        chosen_category=new.category,
        attachment_count=len(new.attachments),
        has_contact=bool(new.email or new.phone),
    )
    text = events.ReportTextRecorded(
        report_id=report_id,
        municipality=municipality,
        description=new.description,
        address=events.Address(**new.address) if new.address else None,
        answers=[events.Answer(**answer) for answer in new.answers],
        attachments=[
            events.Attachment(id=upload_id, content_type=photos.CONTENT_TYPE) for upload_id in new.attachments
        ],
        language=new.language,
    )
    contact = events.ReportContactRecorded(
        report_id=report_id,
        number=number,
        municipality=municipality,
        email=new.email,
        phone=new.phone,
        language=new.language,
        status_url=status_url,
    )
    return [Outgoing(data, key, key, 1) for data in (submitted, text, contact)]


async def upload_photo(database: Database, photo_store: PhotoStore, photo: photos.Photo) -> UUID:
    """Store a cleaned photo; return its id.

    The row is written first: when the process dies between the two, cleaning finds row and files after a day.
    """
    upload_id = ids.new()
    async with database.transaction() as session:
        await store.add_upload(session, upload_id)
    await photo_store.put(upload_id, "image", photo.image)
    await photo_store.put(upload_id, "thumbnail", photo.thumbnail)
    async with database.transaction() as session:
        await store.upload_stored(session, upload_id, width=photo.width, height=photo.height, size=len(photo.image))
    return upload_id


async def follow_report(session: AsyncSession, token: str) -> tuple[Any, list[Any], list[Any]]:
    """Return report, photos and messages for the reporter's status page."""
    report = await store.report_by_token(session, token)
    if report is None:
        raise ReportNotFoundError
    return report, list(await store.attachments(session, report.id)), list(await store.messages(session, report.id))


async def read_report(session: AsyncSession, report_id: UUID, municipalities: frozenset[str]) -> tuple[Any, list[Any]]:
    """Return a report and its photos for staff of one of ``municipalities``."""
    report = await store.report(session, report_id)
    if report is None or report.municipality not in municipalities:
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


async def delete_loose_uploads(database: Database, photo_store: PhotoStore, *, hours: int) -> bool:
    """Delete photos that no report took within ``hours``; return whether there may be more.

    They are withdrawn first: killed before the rows are gone, no report can take a photo whose files are, and the
    next round finds the rows again.
    """
    limit = 100
    async with database.transaction() as session:
        loose = await store.take_loose_uploads(session, datetime.now(UTC) - timedelta(hours=hours), limit)
        await store.withdraw_uploads(session, loose)
    for upload_id in loose:
        await photo_store.delete(upload_id)
    async with database.transaction() as session:
        await store.delete_uploads(session, loose)
    return len(loose) == limit
