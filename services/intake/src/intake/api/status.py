"""The reporter's own view of a report, by an unguessable address."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Response

from commonground.web import DatabaseDep
from intake import use_cases
from intake.api.dependencies import PhotoStoreDep
from intake.api.presentation import attachment_links, place
from intake.clients import Variant
from intake.domain import reporter_status
from intake.schemas import CategoryName, ReporterMessage, ReportStatus

router = APIRouter()

Token = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{22}$")]


@router.get("/status/{token}", responses={404: {"description": "There is no such report"}})
async def follow_report(token: Token, database: DatabaseDep) -> ReportStatus:
    """Return what the reporter may see."""
    async with database.transaction() as session:
        report, photos, messages = await use_cases.follow_report(session, token)
    return ReportStatus(
        number=report.number,
        status=reporter_status(report.case_status),
        submitted_at=report.submitted_at,
        description=report.description,
        location=place(report),
        category=_category(report),
        attachments=attachment_links(photos, f"/v1/status/{token}"),
        messages=[ReporterMessage(at=row.at, kind=row.kind, text=row.text) for row in messages],
    )


def _category(report: Any) -> CategoryName | None:
    if report.category is None or report.name_nl is None:
        return None
    return CategoryName(slug=report.category, name_nl=report.name_nl, name_en=report.name_en)


@router.get(
    "/status/{token}/attachments/{attachmentId}/{variant}",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}, 404: {"description": "There is no such photo"}},
)
async def read_own_photo(
    token: Token,
    attachmentId: UUID,  # noqa: N803 - path parameters are camelCase in the API
    variant: Variant,
    database: DatabaseDep,
    photo_store: PhotoStoreDep,
) -> Response:
    """Return a photo of the report to its reporter."""
    async with database.transaction() as session:
        report, _photos, _messages = await use_cases.follow_report(session, token)
        image = await use_cases.read_photo(session, photo_store, report.id, attachmentId, variant)
    return Response(image, media_type="image/jpeg")
