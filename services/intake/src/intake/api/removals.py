"""Removing people's data: anonymising a reporter, destroying a report."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from commonground.auth import Principal, require
from intake.api.dependencies import ResourcesDep
from intake.schemas import Anonymised
from intake.use_cases import removing, uploading

router = APIRouter()

Anonymiser = Annotated[Principal, Depends(require("report:anonymise"))]
Destroyer = Annotated[Principal, Depends(require("report:destroy"))]


@router.post(
    "/reports/{reportId}/anonymisations",
    status_code=201,
    responses={404: {"description": "There is no such report"}},
)
async def anonymise_reporter(
    reportId: UUID,  # noqa: N803 - path parameters are camelCase in the API
    resources: ResourcesDep,
    principal: Anonymiser,
) -> Anonymised:
    """Remove how the reporter can be reached, here and at all who have a copy; a repeat changes nothing."""
    async with resources.database.transaction() as session:
        moment = await removing.anonymise_reporter(session, reportId, principal)
    return Anonymised(report_id=reportId, anonymised_at=moment)


@router.delete(
    "/reports/{reportId}",
    status_code=204,
    responses={404: {"description": "There is no such report"}},
)
async def destroy_report(
    reportId: UUID,  # noqa: N803 - path parameters are camelCase in the API
    resources: ResourcesDep,
    principal: Destroyer,
) -> Response:
    """Remove all that the reporter wrote, sent and was told, here and at all who have a copy; a repeat changes nothing.

    Number, place, category and times stay, so that counts and histories keep their sense.
    """
    async with resources.database.transaction() as session:
        photos = await removing.destroy_report(session, reportId, principal)
    await uploading.delete_uploads(resources.database, resources.photo_store, photos)
    return Response(status_code=204)
