"""The reporter's own view of a report, by an unguessable address."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Response

from intake.api.dependencies import ResourcesDep
from intake.api.presentation import attachment_links, place
from intake.clients import Variant
from intake.domain import reporter_status
from intake.schemas import CategoryName, ReporterMessage, ReportStatus
from intake.use_cases import reading

router = APIRouter()

Token = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{22}$")]


@router.get("/status/{token}", responses={404: {"description": "There is no such report"}})
async def follow_report(token: Token, resources: ResourcesDep) -> ReportStatus:
    """Return what the reporter may see."""
    async with resources.database.transaction() as session:
        report, photos, messages = await reading.follow_report(session, token)
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
    resources: ResourcesDep,
) -> Response:
    """Return a photo of the report to its reporter."""
    async with resources.database.transaction() as session:
        report, _photos, _messages = await reading.follow_report(session, token)
        image = await reading.read_photo(session, resources.photo_store, report.id, attachmentId, variant)
    return Response(image, media_type="image/jpeg")
