"""Reports: submitting one, and reading one by staff."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
import structlog
from fastapi import APIRouter, Depends, Header, Request, Response

from commonground import idempotency
from commonground.auth import Principal, require
from commonground.observability import tracing
from commonground.problems import InvalidInputError
from intake.api.dependencies import ResourcesDep
from intake.api.presentation import attachment_links, place
from intake.clients import Variant
from intake.domain import AttachmentsUnknownError, CategoryUnknownError, OutsideServedAreaError
from intake.schemas import ContactAnswer, ReportAccepted, ReportDetail, ReportRequest
from intake.use_cases import reading
from intake.use_cases.submitting import Submission

log = structlog.get_logger(__name__)
router = APIRouter()

ReportReader = Annotated[Principal, Depends(require("report:read"))]
CaseReader = Annotated[Principal, Depends(require("case:read"))]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=idempotency.MAX_KEY_LENGTH,
        pattern=r"^[\x21-\x7e]+$",
        description="Makes a repeat harmless: the same key and body give the first answer again",
    ),
]


@router.post(
    "/reports",
    status_code=201,
    response_model=ReportAccepted,
    responses={
        201: {"headers": {"Location": {"description": "The report", "schema": {"type": "string"}}}},
        409: {"description": "The key was used for another request"},
        429: {"description": "Too many reports from this client"},
    },
)
async def submit_report(
    body: ReportRequest,
    request: Request,
    resources: ResourcesDep,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Accept a report from anyone; nobody needs an account."""
    await resources.count("report", request)
    settings = resources.settings
    if len(body.attachments) > settings.max_photos:
        raise InvalidInputError(("body.attachments", f"At most {settings.max_photos} photos", "too_long"))
    report = body.to_domain()
    try:
        submission = Submission(
            report,
            municipality=resources.borders.locate(report.longitude, report.latitude),
            submitted_at=datetime.now(UTC),
            key=idempotency_key,
            fingerprint=idempotency.fingerprint(body.model_dump(mode="json")) if idempotency_key else "",
            traceparent=tracing.current_traceparent(),
        )
        answer = await resources.acceptance.submit(submission)
    except OutsideServedAreaError as error:
        where = f" This place is in {error.municipality}." if error.municipality else ""
        raise InvalidInputError(
            ("body.location.geometry", f"The place lies outside the served municipality.{where}", "outside-area")
        ) from error
    except CategoryUnknownError as error:
        raise InvalidInputError(("body.category", "There is no such category", "unknown-category")) from error
    except AttachmentsUnknownError as error:
        raise InvalidInputError(
            ("body.attachments", "An upload does not exist or is used already", "unknown-attachment")
        ) from error
    log.info("report_submitted", report_id=answer["id"], source=report.source)
    location = f"{settings.base_url}/api/intake/v1/reports/{answer['id']}"
    return Response(
        orjson.dumps(answer), status_code=201, media_type="application/json", headers={"Location": location}
    )


@router.get("/reports/{reportId}", responses={404: {"description": "There is no such report"}})
async def read_report(
    reportId: UUID,  # noqa: N803 - path parameters are camelCase in the API
    resources: ResourcesDep,
    principal: ReportReader,
) -> ReportDetail:
    """Return a report to staff or a machine client of its municipality."""
    async with resources.database.transaction() as session:
        report, photos = await reading.read_report(session, reportId, principal.municipalities)
    values: dict[str, Any] = {name: getattr(report, name) for name in _PLAIN}
    contact = ContactAnswer(email=report.email, phone=report.phone) if principal.may("contact:read") else None
    links = attachment_links(photos, f"/v1/reports/{reportId}")
    return ReportDetail(**values, location=place(report), attachments=links, contact=contact)


_PLAIN = (
    "id",
    "number",
    "municipality",
    "description",
    "occurred_at",
    "submitted_at",
    "source",
    "language",
    "answers",
)


@router.get(
    "/reports/{reportId}/attachments/{attachmentId}/{variant}",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}, 404: {"description": "There is no such photo"}},
)
async def read_photo(
    reportId: UUID,  # noqa: N803 - path parameters are camelCase in the API
    attachmentId: UUID,  # noqa: N803
    variant: Variant,
    resources: ResourcesDep,
    principal: CaseReader,
) -> Response:
    """Return a photo of a report to staff of its municipality."""
    async with resources.database.transaction() as session:
        await reading.read_report(session, reportId, principal.municipalities)
        image = await reading.read_photo(session, resources.photo_store, reportId, attachmentId, variant)
    return Response(image, media_type="image/jpeg")
