"""Cases: the list, its count, one case, its history."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AfterValidator

from commonground.auth import Principal
from commonground.moments import WRITTEN_OUT
from commonground.problems import InvalidInputError
from commonground.web import DatabaseDep
from handling.api import presentation
from handling.api.dependencies import Reader, SettingsDep, json_answer
from handling.domain.cases import Priority
from handling.domain.statuses import Status
from handling.domain.worklist import DEFAULT_SORT, SORTS, Box, Filters, parts, sort
from handling.schemas import CaseCount, CaseDetail, CasePage, History, plain
from handling.settings import Settings
from handling.store.worklist import SUMMARY_LENGTH
from handling.use_cases import reading

router = APIRouter()

_MAX_VALUES = 50
_BOX = r"^-?\d{1,3}(\.\d{1,15})?(,-?\d{1,3}(\.\d{1,15})?){3}$"
_YEARS = range(1900, 2200)  # what can be asked of a list; PostgreSQL's own limits lie further out
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such case"}}

Word = Annotated[str, AfterValidator(plain)]
Values = Annotated[list[Word] | None, Query(max_length=_MAX_VALUES, description="May be repeated, or hold commas")]
Statuses = Annotated[list[str] | None, Query(max_length=_MAX_VALUES, description="Status; repeated or with commas")]
Moment = Annotated[datetime | None, WRITTEN_OUT, Query(description="UTC when without an offset")]


async def filters(
    principal: Reader,
    status: Statuses = None,
    category: Values = None,
    mainCategory: Annotated[Word | None, Query(max_length=100)] = None,  # noqa: N803 - camelCase in the API
    department: Values = None,
    assignee: Annotated[Word | None, Query(max_length=100, description="User id, `me` or `none`")] = None,
    number: Annotated[Word | None, Query(max_length=40)] = None,
    q: Annotated[Word | None, Query(max_length=200, description="Words, or a number: then that case alone")] = None,
    bbox: Annotated[str | None, Query(pattern=_BOX, description="west,south,east,north in degrees")] = None,
    priority: Values = None,
    late: Annotated[bool | None, Query(description="Open and behind its deadline")] = None,
    submittedFrom: Moment = None,  # noqa: N803
    submittedTo: Annotated[Moment, Query(description="Exclusive; UTC when without an offset")] = None,  # noqa: N803
    municipality: Annotated[Word | None, Query(max_length=20)] = None,
) -> Filters:
    """Return what the query asks for; a FastAPI dependency of the list and of its count."""
    return Filters(
        statuses=_known("status", status, {code.value for code in Status}),
        categories=parts(category or ()),
        main_category=mainCategory,
        departments=parts(department or ()),
        assignee=principal.subject if assignee == "me" else assignee,
        number=number,
        q=q if q and q.strip() else None,
        box=_box(bbox) if bbox else None,
        priorities=tuple(Priority[code.upper()] for code in _known("priority", priority, _PRIORITIES)),
        late=late,
        submitted_from=_moment("submittedFrom", submittedFrom),
        submitted_to=_moment("submittedTo", submittedTo),
        municipality=municipality,
    )


_PRIORITIES = {priority.code for priority in Priority}
FiltersDep = Annotated[Filters, Depends(filters)]


def _known(field: str, values: list[str] | None, known: set[str]) -> tuple[str, ...]:
    found = parts(values or ())
    if not known.issuperset(found):
        raise InvalidInputError((f"query.{field}", f"One of: {', '.join(sorted(known))}", "unknown-value"))
    return found


def _box(text: str) -> Box:
    box = Box(*map(float, text.split(",")))
    if box.west > box.east or box.south > box.north:
        raise InvalidInputError(("query.bbox", "West lies before east, and south before north", "invalid-box"))
    return box


def _moment(field: str, value: datetime | None) -> datetime | None:
    if value is None:
        return None
    if value.year not in _YEARS:
        raise InvalidInputError((f"query.{field}", "A year between 1900 and 2199", "out-of-range"))
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


@router.get("/cases", response_model=CasePage)
async def list_cases(
    database: DatabaseDep,
    principal: Reader,
    asked: FiltersDep,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    sort_by: Annotated[
        str, Query(alias="sort", pattern=f"^({'|'.join(map(re.escape, SORTS))})$", description=", ".join(SORTS))
    ] = DEFAULT_SORT,
    cursor: Annotated[str | None, Query(max_length=500, description="`nextCursor` of the page before")] = None,
) -> Response:
    """Return a page of the cases that the caller may see."""
    async with database.transaction() as session:
        rows, next_cursor = await reading.list_cases(
            session, principal, asked, order=sort(sort_by), limit=limit, after=cursor
        )
    now = datetime.now(UTC)
    return json_answer({"items": [presentation.item(row, now) for row in rows], "nextCursor": next_cursor})


@router.get("/cases/count", response_model=CaseCount)
async def count_cases(database: DatabaseDep, principal: Reader, asked: FiltersDep) -> Response:
    """Return how many cases a filter finds; exact up to 1000."""
    async with database.transaction() as session:
        return json_answer(await reading.count_cases(session, principal, asked))


@router.get("/cases/{caseId}", response_model=CaseDetail, responses=NOT_FOUND)
async def read_case(
    caseId: UUID,  # noqa: N803 - path parameters are camelCase in the API
    database: DatabaseDep,
    settings: SettingsDep,
    principal: Reader,
) -> Response:
    """Return a case with all that belongs to it."""
    async with database.transaction() as session:
        row, entries = await reading.read_case(session, principal, caseId)
    return json_answer(present(row, entries, principal, settings))


@router.get("/cases/{caseId}/history", response_model=History, responses=NOT_FOUND)
async def read_history(
    caseId: UUID,  # noqa: N803
    database: DatabaseDep,
    principal: Reader,
) -> Response:
    """Return who did what when, oldest first."""
    async with database.transaction() as session:
        _row, entries = await reading.read_case(session, principal, caseId)
    return json_answer({"items": presentation.history(entries), "nextCursor": None})


def present(row: Any, entries: Any, principal: Principal, settings: Settings) -> dict[str, Any]:
    """Return a case for one caller."""
    return presentation.detail(
        row,
        entries,
        principal,
        now=datetime.now(UTC),
        targets=settings.targets,
        summary_length=SUMMARY_LENGTH,
    )
