"""Where a report went and why, and sending it elsewhere by hand."""

from typing import Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Response

from commonground import idempotency
from commonground.idempotency import Answer
from commonground.web import DatabaseDep
from routing import use_cases
from routing.api.dependencies import Assigner, ConfigurationsDep, IdempotencyKey, Reader
from routing.schemas import RoutingAnswer, RoutingRequest, Routings

router = APIRouter()

_NOT_MINE: dict[int | str, dict[str, Any]] = {
    403: {"description": "The report belongs to another department"},
    404: {"description": "There is no such report"},
}


@router.get("/reports/{reportId}/routings", responses=_NOT_MINE)
async def list_routings(
    reportId: UUID,  # noqa: N803 - path parameters are camelCase in the API
    database: DatabaseDep,
    configurations: ConfigurationsDep,
    principal: Reader,
) -> Routings:
    """Return all routings of a report with their reasons, oldest first; none while it waits for its category."""
    async with database.transaction() as session:
        rows = await use_cases.history_of(session, configurations, principal, reportId)
    return Routings(items=[RoutingAnswer.model_validate(row) for row in rows], next_cursor=None)


@router.post(
    "/reports/{reportId}/routings",
    status_code=201,
    response_model=RoutingAnswer,
    responses={**_NOT_MINE, 409: {"description": "The report has no category yet, or the key was used before"}},
)
async def route_by_hand(
    reportId: UUID,  # noqa: N803 - path parameters are camelCase in the API
    body: RoutingRequest,
    database: DatabaseDep,
    configurations: ConfigurationsDep,
    principal: Assigner,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Give a report to a department by hand; that stands until a person corrects the category."""
    scope = f"routings:{principal.subject}"
    digest = idempotency.fingerprint(str(reportId), body.model_dump(mode="json"))
    async with database.transaction() as session:
        if idempotency_key is not None:
            earlier = await idempotency.claim(session, scope, idempotency_key, digest, Answer(201, {}))
            if earlier is not None:
                return Response(orjson.dumps(earlier.body), status_code=201, media_type="application/json")
        row = await use_cases.route_by_hand(session, configurations, principal, reportId, body.department)
        answer = RoutingAnswer.model_validate(row).model_dump(mode="json", by_alias=True)
        if idempotency_key is not None:
            await idempotency.store_answer(session, scope, idempotency_key, answer)
    return Response(orjson.dumps(answer), status_code=201, media_type="application/json")
