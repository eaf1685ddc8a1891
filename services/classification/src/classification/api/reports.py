"""Classifications of reports: looking at them and correcting them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header

from classification import use_cases
from classification.domain import CategoryUnknownError
from classification.schemas import ClassificationAnswer, ClassificationsAnswer, CorrectionRequest
from commonground import idempotency
from commonground.auth import Principal, require
from commonground.problems import InvalidInputError
from commonground.web import DatabaseDep

router = APIRouter()

Reader = Annotated[Principal, Depends(require("case:read"))]
Corrector = Annotated[Principal, Depends(require("category:correct"))]
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


@router.get(
    "/reports/{reportId}/classifications",
    operation_id="listClassifications",
    responses={404: {"description": "There is no such report"}},
)
async def list_classifications(
    reportId: UUID,  # noqa: N803 - the name in the path
    principal: Reader,
    database: DatabaseDep,
) -> ClassificationsAnswer:
    """Return what a report was and is classified as, newest first, and what the model thought of its text."""
    async with database.transaction() as session:
        report, history = await use_cases.show_classifications(session, principal, reportId)
    return ClassificationsAnswer(
        items=[ClassificationAnswer.model_validate(row) for row in history],
        predictions=report.predictions or [],
        model_version=report.model_version,
    )


@router.post(
    "/reports/{reportId}/corrections",
    status_code=201,
    response_model=ClassificationAnswer,
    operation_id="correctClassification",
    responses={
        404: {"description": "There is no such report"},
        409: {"description": "The key was used for another request"},
    },
)
async def correct_classification(
    reportId: UUID,  # noqa: N803 - the name in the path
    body: CorrectionRequest,
    principal: Corrector,
    database: DatabaseDep,
    key: IdempotencyKey = None,
) -> Any:
    """Give a report another category; others hear of it, and a next model may learn from it."""
    digest = idempotency.fingerprint(principal.subject, reportId, body.category)
    try:
        async with database.transaction() as session:
            if key:
                # Claimed first: a repeat that comes at the same time waits here until the first one is done.
                first = await idempotency.claim(session, "corrections", key, digest, idempotency.Answer(201, {}))
                if first is not None:
                    return first.body
            row = await use_cases.correct_classification(session, principal, reportId, body.category)
            answer = ClassificationAnswer.model_validate(row).model_dump(mode="json", by_alias=True)
            if key:
                await idempotency.store_answer(session, "corrections", key, answer)
    except CategoryUnknownError as error:
        wrong = ("body.category", "This category does not exist or is not in use", "category_unknown")
        raise InvalidInputError(wrong) from error
    return answer
