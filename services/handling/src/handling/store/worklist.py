"""The list of cases: the statements that must stay fast however many cases there are.

Each page is read from an index that has the wanted order behind the equality of what narrows the list. An index
gives that order only for one value, so several departments are several short reads, merged: a handler of two
departments costs twice a page, and never a sort of all their cases.

The statements are put together from constants; every value is a parameter. They are text and not SQLAlchemy
expressions because building the expressions took longer than PostgreSQL takes to find a page.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from handling.domain import worklist
from handling.domain.cases import Scope
from handling.domain.statuses import CLOSED, Status
from handling.domain.worklist import NONE, Filters, Number, Sort

SUMMARY_LENGTH = 140
# Above this, reading every part of the list costs more than one read that filters.
_MOST_PARTS = 16
_OPEN = frozenset(Status) - CLOSED

_SHOWN = """id, report_id, number, municipality, status, category, main_category, department, department_name, assignee,
    priority, deadline, submitted_at, changed_at, longitude, latitude, attachment_count, version, due, urgency,
    number_value"""
# What a list shows from other tables is added to a page, and only to a page.
_WITH_NAMES = f"""
    SELECT page.*, left(reports.description, {SUMMARY_LENGTH}) AS summary, reports.address,
           categories.name_nl, categories.name_en,
           coalesce(departments.name, page.department_name) AS department_label, staff.name AS assignee_name
    FROM ({{found}}) AS page
    LEFT JOIN reports ON reports.report_id = page.report_id
    LEFT JOIN categories ON categories.municipality = page.municipality AND categories.slug = page.category
    LEFT JOIN departments ON departments.municipality = page.municipality AND departments.code = page.department
    LEFT JOIN staff ON staff.user_id = page.assignee
    """  # noqa: S608 - a constant
_QUERY = "websearch_to_tsquery('pg_catalog.dutch', :q)"
_PLANNING = """
    SELECT set_config('plan_cache_mode', 'force_custom_plan', true),
           set_config('max_parallel_workers_per_gather', '0', true)
    """
_LETTERS = "upper(regexp_replace(number, '[^A-Za-z]', '', 'g'))"


class _Statement:
    """Conditions and the values of their parameters."""

    def __init__(self) -> None:
        self.conditions: list[str] = []
        self.values: dict[str, Any] = {}

    def add(self, condition: str, **values: Any) -> None:
        self.conditions.append(condition)
        self.values.update(values)

    def add_equal(self, column: str, name: str, values: Sequence[Any]) -> None:
        """Narrow to ``values``; equality for one of them, since that is what gives an index its order."""
        if len(values) == 1:
            self.add(f"{column} = :{name}", **{name: values[0]})
        elif values:
            self.add(f"{column} = ANY(:{name})", **{name: list(values)})

    @property
    def where(self) -> str:
        return " AND ".join(self.conditions)


@lru_cache(maxsize=500)
def _text(statement: str) -> sa.TextClause:
    return sa.text(statement)


async def _rows(session: AsyncSession, statement: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    result = await session.execute(_text(statement), values)
    names = tuple(result.keys())
    return [dict(zip(names, row, strict=True)) for row in result]


async def _number_of(session: AsyncSession, statement: str, values: Mapping[str, Any]) -> int:
    return int((await session.execute(_text(statement), values)).scalar_one())


async def plan_for_values(session: AsyncSession) -> None:
    """Let PostgreSQL plan the next statements for their values; for some of them a plan for any value is slow.

    For words it matters most: a rare one is looked up, a common one is looked for in each case in the order of the
    list, and the planner knows from its statistics which one it is. Starting parallel workers takes longer than
    reading a page.
    """
    await session.execute(_text(_PLANNING))


async def page(
    session: AsyncSession,
    scope: Scope,
    filters: Filters,
    *,
    order: Sort,
    after: tuple[Any, ...] | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Return at most ``limit`` cases behind the position ``after``, with the names that a list shows."""
    parts, values = _parts(scope, filters)
    if not parts:
        return []
    statement = _statement(filters, first_column=order.columns[0].name)
    if after is not None:
        columns = ", ".join(column.name for column in order.columns)
        places = ", ".join(f":after{n}" for n in range(len(after)))
        sign = "<" if order.descending else ">"
        statement.add(f"({columns}) {sign} ({places})", **{f"after{n}": value for n, value in enumerate(after)})
    ordered = ", ".join(f"{column.name} {'DESC' if order.descending else 'ASC'}" for column in order.columns)
    selects = [
        f"(SELECT {_SHOWN} FROM cases WHERE {part} AND {statement.where} ORDER BY {ordered} LIMIT :limit)"  # noqa: S608
        for part in parts
    ]
    found = " UNION ALL ".join(selects)
    if len(selects) > 1:
        found = f"SELECT * FROM ({found}) AS parts ORDER BY {ordered} LIMIT :limit"  # noqa: S608
    names = ", ".join(f"page.{column}" for column in ordered.split(", "))
    return await _rows(
        session,
        f"{_WITH_NAMES.format(found=found)} ORDER BY {names}",
        {**values, **statement.values, "limit": limit},
    )


async def count(session: AsyncSession, scope: Scope, filters: Filters, *, limit: int) -> int:
    """Return how many cases there are, at most ``limit``."""
    parts, values = _parts(scope, filters)
    if not parts:
        return 0
    statement = _statement(filters)
    selects = [
        f"(SELECT 1 FROM cases WHERE {part} AND {statement.where} LIMIT :limit)"  # noqa: S608 - constants
        for part in parts
    ]
    capped = f"SELECT count(*) FROM (SELECT 1 FROM ({' UNION ALL '.join(selects)}) AS parts LIMIT :limit) AS capped"  # noqa: S608
    return await _number_of(session, capped, {**values, **statement.values, "limit": limit})


async def by_number(session: AsyncSession, scope: Scope, number: Number) -> list[dict[str, Any]]:
    """Return the cases with a number, among those that the caller may see."""
    parts, values = _parts(scope, Filters())
    if not parts:
        return []
    statement = _Statement()
    statement.add("submitted_at IS NOT NULL")
    _add_number(statement, number)
    mine = " OR ".join(f"({part})" for part in parts)
    found = f"SELECT {_SHOWN} FROM cases WHERE ({mine}) AND {statement.where} LIMIT 2"  # noqa: S608 - constants
    return await _rows(session, _WITH_NAMES.format(found=found), {**values, **statement.values})


def _parts(scope: Scope, filters: Filters) -> tuple[list[str], dict[str, Any]]:
    """Return the parts of the list that the caller may see and asks for, each by equality of its first columns."""
    places = sorted(scope.municipalities)
    if filters.municipality is not None:
        places = [place for place in places if place == filters.municipality]
    units: Sequence[str]
    if scope.departments is None:
        units = filters.departments
    else:
        wanted = set(filters.departments) or scope.departments
        units = sorted(scope.departments & wanted)
        if not units:
            return [], {}
    values: dict[str, Any] = {f"place{n}": place for n, place in enumerate(places)}
    in_places = [f"municipality = :{name}" for name in values]
    if not units:
        return in_places, values
    if len(places) * len(units) > _MOST_PARTS:
        values["units"] = [unit for unit in units if unit != NONE]
        some = "department = ANY(:units)" + (" OR department IS NULL" if NONE in units else "")
        return [f"{place} AND ({some})" for place in in_places], values
    of_units = []
    for n, unit in enumerate(units):
        if unit == NONE:
            of_units.append("department IS NULL")
        else:
            of_units.append(f"department = :unit{n}")
            values[f"unit{n}"] = unit
    return [f"{place} AND {unit}" for place in in_places for unit in of_units], values


def _statement(filters: Filters, *, first_column: str = "") -> _Statement:
    found = _Statement()
    found.add("submitted_at IS NOT NULL")
    only_open = filters.late is True or (bool(filters.statuses) and _OPEN.issuperset(filters.statuses))
    if only_open:
        _add_open(found, filters, first_column)
    elif filters.priorities:
        found.add_equal("priority", "priorities", filters.priorities)
    if not _OPEN.issubset(filters.statuses) or not only_open:
        found.add_equal("status", "statuses", filters.statuses)
    found.add_equal("category", "categories", filters.categories)
    if filters.main_category is not None:
        found.add("main_category = :main_category", main_category=filters.main_category)
    if filters.assignee == NONE:
        found.add("assignee IS NULL")
    elif filters.assignee is not None:
        found.add("assignee = :assignee", assignee=filters.assignee)
    if filters.late is not None:
        found.add("due < now()" if filters.late else "due >= now()")
    if filters.submitted_from is not None:
        found.add("submitted_at >= :submitted_from", submitted_from=filters.submitted_from)
    if filters.submitted_to is not None:
        found.add("submitted_at < :submitted_to", submitted_to=filters.submitted_to)
    if filters.number is not None:
        number = worklist.number(filters.number)
        if number is None:
            found.add("false")
        else:
            _add_number(found, number)
    _add_place(found, filters)
    if filters.q is not None:
        found.add(f"id IN (SELECT case_id FROM reports WHERE search @@ {_QUERY})", q=filters.q)  # noqa: S608 - constants
    return found


def _add_open(found: _Statement, filters: Filters, first_column: str) -> None:
    """Narrow to open cases in the way that the index of the wanted order can use.

    PostgreSQL cannot derive from a list of statuses that these cases are open, nor that the due date and the urgency
    of closed cases lie outside a range.
    """
    if filters.priorities:
        found.add_equal("urgency", "priorities", filters.priorities)
    elif first_column == "urgency":
        found.add("urgency > 0")
    elif first_column == "due":
        found.add("due < :closed", closed=worklist.CLOSED)
    else:
        found.add("open")


def _add_number(found: _Statement, number: Number) -> None:
    found.add("number_value = :digits", digits=number.digits)
    if number.prefix:
        found.add(f"{_LETTERS} = :prefix", prefix=number.prefix)


def _add_place(found: _Statement, filters: Filters) -> None:
    if filters.box is not None:
        found.add("longitude BETWEEN :west AND :east", west=filters.box.west, east=filters.box.east)
        found.add("latitude BETWEEN :south AND :north", south=filters.box.south, north=filters.box.north)
