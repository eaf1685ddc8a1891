"""Reports: submitting one, and reading one by staff."""

from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Header, Response

from commonground import idempotency
from commonground.auth import Principal, require
from commonground.problems import InvalidInputError
from commonground.web import DatabaseDep
from intake import use_cases
from intake.api.dependencies import BordersDep, ClientDep, LimitDep, PhotoStoreDep, SettingsDep
from intake.api.presentation import attachment_links, place
from intake.clients import Variant
from intake.domain import AttachmentsUnknownError, CategoryUnknownError, OutsideServedAreaError
from intake.schemas import ContactAnswer, ReportAccepted, ReportDetail, ReportRequest

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
    database: DatabaseDep,
    borders: BordersDep,
    settings: SettingsDep,
    limit: LimitDep,
    client: ClientDep,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Accept a report from anyone; nobody needs an account."""
    await limit.count("report", client)
    if len(body.attachments) > settings.max_photos:
        raise InvalidInputError(("body.attachments", f"At most {settings.max_photos} photos", "too_long"))
    digest = idempotency.fingerprint(body.model_dump(mode="json")) if idempotency_key else ""
    try:
        async with database.transaction() as session:
            answer = await use_cases.submit_report(
                session,
                body.to_domain(),
                borders=borders,
                settings=settings,
                idempotency_key=idempotency_key,
                fingerprint=digest,
            )
    except use_cases.RepeatedRequestError as repeat:
        answer = repeat.answer.body
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
    location = f"{settings.base_url}/api/intake/v1/reports/{answer['id']}"
    return Response(
        orjson.dumps(answer), status_code=201, media_type="application/json", headers={"Location": location}
    )


@router.get("/reports/{reportId}", responses={404: {"description": "There is no such report"}})
async def read_report(
    reportId: UUID,  # noqa: N803 - path parameters are camelCase in the API
    database: DatabaseDep,
    principal: ReportReader,
) -> ReportDetail:
    """Return a report to staff or a machine client of its municipality."""
    async with database.transaction() as session:
        report, photos = await use_cases.read_report(session, reportId, principal.municipalities)
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
    database: DatabaseDep,
    photo_store: PhotoStoreDep,
    principal: CaseReader,
) -> Response:
    """Return a photo of a report to staff of its municipality."""
    async with database.transaction() as session:
        await use_cases.read_report(session, reportId, principal.municipalities)
        image = await use_cases.read_photo(session, photo_store, reportId, attachmentId, variant)
    return Response(image, media_type="image/jpeg")
