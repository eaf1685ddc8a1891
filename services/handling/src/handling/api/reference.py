"""What a screen needs beside the cases: the workflow and the people."""

from typing import Annotated

from fastapi import APIRouter, Query

from commonground.web import DatabaseDep
from handling.api.cases import Word
from handling.api.dependencies import Reader, SettingsDep
from handling.domain import statuses
from handling.domain.statuses import Status
from handling.schemas import Assignee, AssigneeList, Label, StatusItem, StatusList
from handling.use_cases import reading

router = APIRouter()


@router.get("/statuses")
async def list_statuses(_principal: Reader, settings: SettingsDep) -> StatusList:
    """Return the workflow: every status with its names and what people can choose next."""
    items = [
        StatusItem(
            code=status,
            label=Label(nl=statuses.LABELS[status][0], en=statuses.LABELS[status][1]),
            open=statuses.is_open(status),
            application_only=status in statuses.APPLICATION_ONLY,
            text_required=status in statuses.TEXT_REQUIRED,
            told_by_default=status in statuses.TOLD_BY_DEFAULT,
            next=statuses.choices(status, targets=settings.targets),
        )
        for status in Status
    ]
    return StatusList(items=items, next_cursor=None)


@router.get("/assignees")
async def list_assignees(
    database: DatabaseDep,
    principal: Reader,
    department: Annotated[Word | None, Query(max_length=100, description="Only members of this one")] = None,
) -> AssigneeList:
    """Return who can be given a case: active colleagues in the caller's municipalities."""
    async with database.transaction() as session:
        people = await reading.list_assignees(session, principal, department)
    items = [Assignee(id=row.user_id, name=row.name, departments=row.departments) for row in people]
    return AssigneeList(items=items, next_cursor=None)
