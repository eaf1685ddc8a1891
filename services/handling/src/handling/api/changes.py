"""What people do with a case; every change answers with the case as it then is."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from sqlalchemy.ext.asyncio import AsyncSession

from commonground.auth import Principal, require
from commonground.database import Database
from commonground.web import DatabaseDep
from handling import schemas
from handling.api.cases import NOT_FOUND, present
from handling.api.dependencies import IdempotencyKey, SettingsDep, json_answer
from handling.domain.cases import Priority
from handling.domain.statuses import StatusChange
from handling.schemas import CaseDetail
from handling.settings import Settings
from handling.use_cases import reading, working

router = APIRouter(prefix="/cases/{caseId}")

_ANSWERS: dict[int | str, dict[str, Any]] = {
    201: {"headers": {"Location": {"description": "The case", "schema": {"type": "string"}}}},
    **NOT_FOUND,
    409: {"description": "Not possible for the case as it is now"},
}


@dataclass(frozen=True)
class Door:
    """What each change needs besides its body."""

    case_id: UUID
    database: Database
    settings: Settings
    key: str | None

    async def pass_on(
        self,
        principal: Principal,
        body: schemas.Request,
        work: Callable[[AsyncSession, working.Request], Awaitable[None]],
    ) -> Response:
        """Do ``work`` and read the case in one transaction; answer when that has been committed."""
        request = working.Request(
            principal=principal,
            case_id=self.case_id,
            now=datetime.now(UTC),
            expected_version=getattr(body, "expected_version", None),
            key=self.key,
            content=body.model_dump(mode="json") if self.key else {},
        )
        async with self.database.transaction() as session:
            await work(session, request)
            row, entries = await reading.read_case(session, principal, self.case_id)
        location = f"{self.settings.base_url}/api/handling/v1/cases/{self.case_id}"
        return json_answer(present(row, entries, principal, self.settings), 201, Location=location)


async def _door(
    caseId: UUID,  # noqa: N803 - path parameters are camelCase in the API
    database: DatabaseDep,
    settings: SettingsDep,
    idempotency_key: IdempotencyKey = None,
) -> Door:
    return Door(caseId, database, settings, idempotency_key)


DoorDep = Annotated[Door, Depends(_door)]
StatusChanger = Annotated[Principal, Depends(require("case:change-status"))]
Assigner = Annotated[Principal, Depends(require("case:assign"))]
Noter = Annotated[Principal, Depends(require("case:note"))]
Prioritiser = Annotated[Principal, Depends(require("case:prioritise"))]


@router.post("/status-changes", status_code=201, response_model=CaseDetail, responses=_ANSWERS)
async def change_status(body: schemas.StatusChangeRequest, principal: StatusChanger, door: DoorDep) -> Response:
    """Move a case through the workflow."""
    change = StatusChange(body.status, body.text, body.notify_reporter, body.target)

    async def work(session: AsyncSession, request: working.Request) -> None:
        await working.change_status(session, request, change, targets=door.settings.targets)

    return await door.pass_on(principal, body, work)


@router.post("/assignments", status_code=201, response_model=CaseDetail, responses=_ANSWERS)
async def assign(body: schemas.AssignmentRequest, principal: Assigner, door: DoorDep) -> Response:
    """Give a case to a member of its department, or to nobody."""

    async def work(session: AsyncSession, request: working.Request) -> None:
        await working.assign(session, request, body.assignee)

    return await door.pass_on(principal, body, work)


@router.post("/notes", status_code=201, response_model=CaseDetail, responses=_ANSWERS)
async def add_note(body: schemas.NoteRequest, principal: Noter, door: DoorDep) -> Response:
    """Write a note."""

    async def work(session: AsyncSession, request: working.Request) -> None:
        await working.add_note(session, request, body.text)

    return await door.pass_on(principal, body, work)


@router.post("/priorities", status_code=201, response_model=CaseDetail, responses=_ANSWERS)
async def prioritise(body: schemas.PriorityRequest, principal: Prioritiser, door: DoorDep) -> Response:
    """Say how urgent a case is."""

    async def work(session: AsyncSession, request: working.Request) -> None:
        await working.prioritise(session, request, Priority[body.priority.upper()])

    return await door.pass_on(principal, body, work)
