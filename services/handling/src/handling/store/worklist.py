"""The list of cases: the statements that must stay fast however many cases there are.

Each page is read from an index that has the wanted order behind the equality of what narrows the list. An index
gives that order only for one value, so several departments are several short reads, merged: a handler of two
departments costs twice a page, and never a sort of all their cases.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncSession

from handling.domain import worklist
from handling.domain.cases import Scope
from handling.domain.statuses import CLOSED, Status
from handling.domain.worklist import NONE, Filters, Number, Sort
from handling.tables import cases, categories, departments, reports, staff

SUMMARY_LENGTH = 140
# More matches than this, and looking at each case in the order of the list finds a page sooner than sorting all.
RARE_MATCHES = 10_000
# Above this, reading every part of the list costs more than one read that filters.
_MOST_PARTS = 16
_OPEN = frozenset(Status) - CLOSED

_SHOWN = (
    cases.c.id,
    cases.c.report_id,
    cases.c.number,
    cases.c.municipality,
    cases.c.status,
    cases.c.category,
    cases.c.main_category,
    cases.c.department,
    cases.c.department_name,
    cases.c.assignee,
    cases.c.priority,
    cases.c.deadline,
    cases.c.submitted_at,
    cases.c.changed_at,
    cases.c.longitude,
    cases.c.latitude,
    cases.c.attachment_count,
    cases.c.version,
    # What the list may be in the order of.
    cases.c.due,
    cases.c.urgency,
    cases.c.number_value,
)

Condition = sa.ColumnElement[bool]


@dataclass(frozen=True)
class Matches:
    """How a search is done: ``rare`` when the words are in few reports."""

    q: str
    rare: bool


def _query(q: str) -> sa.ColumnElement[Any]:
    return sa.func.websearch_to_tsquery(sa.literal_column("'pg_catalog.dutch'"), sa.literal(q, sa.Text))


async def plan_for_values(session: AsyncSession) -> None:
    """Let PostgreSQL plan the next statements for their values; for some of them a plan for any value is slow."""
    await session.execute(_custom_plans)


_custom_plans = sa.text("SET LOCAL plan_cache_mode = force_custom_plan")


async def look_for(session: AsyncSession, q: str) -> Matches:
    """Return how to search for words, after counting their matches up to a limit."""
    found = sa.select(sa.literal(1)).where(reports.c.search.op("@@")(_query(q))).limit(RARE_MATCHES + 1)
    number = (await session.execute(sa.select(sa.func.count()).select_from(found.subquery()))).scalar_one()
    return Matches(q, rare=number <= RARE_MATCHES)


async def page(
    session: AsyncSession,
    scope: Scope,
    filters: Filters,
    *,
    order: Sort,
    after: tuple[Any, ...] | None,
    limit: int,
    matches: Matches | None = None,
) -> list[dict[str, Any]]:
    """Return at most ``limit`` cases behind the position ``after``, with the names that a list shows."""
    parts = _parts(scope, filters)
    if not parts:
        return []
    conditions = _conditions(filters, matches)
    columns = [cases.c[column.name] for column in order.columns]
    if after is not None:
        conditions.append(_behind(columns, after, descending=order.descending))
    selects = [
        sa.select(*_SHOWN).where(*part, *conditions).order_by(*_direction(columns, order)).limit(limit)
        for part in parts
    ]
    if len(selects) == 1:
        found = selects[0].subquery("page")
    else:
        union = sa.union_all(*(sa.select(each.subquery()) for each in selects)).subquery()
        wanted = [union.c[column.name] for column in order.columns]
        found = sa.select(union).order_by(*_direction(wanted, order)).limit(limit).subquery("page")
    ordered = [found.c[column.name] for column in order.columns]
    statement = _with_names(found).order_by(*_direction(ordered, order))
    return [dict(row) for row in (await session.execute(statement)).mappings()]


async def count(
    session: AsyncSession, scope: Scope, filters: Filters, *, limit: int, matches: Matches | None = None
) -> int:
    """Return how many cases there are, at most ``limit``."""
    parts = _parts(scope, filters)
    if not parts:
        return 0
    conditions = _conditions(filters, matches)
    selects = [sa.select(sa.literal(1).label("one")).where(*part, *conditions).limit(limit) for part in parts]
    union = sa.union_all(*(sa.select(each.subquery()) for each in selects)).subquery()
    capped = sa.select(union.c.one).limit(limit).subquery()
    return int((await session.execute(sa.select(sa.func.count()).select_from(capped))).scalar_one())


async def by_number(session: AsyncSession, scope: Scope, number: Number) -> list[dict[str, Any]]:
    """Return the case with a number, among those that the caller may see; an empty list when there is none."""
    parts = _parts(scope, Filters())
    if not parts:
        return []
    statement = sa.select(*_SHOWN).where(
        sa.or_(*(sa.and_(*part) for part in parts)), cases.c.submitted_at.is_not(None), *_number(number)
    )
    rows = (await session.execute(_with_names(statement.limit(2).subquery("page")))).mappings()
    return [dict(row) for row in rows]


def _parts(scope: Scope, filters: Filters) -> list[list[Condition]]:
    """Return the parts of the list that the caller may see and asks for, each by equality of its first columns."""
    places = sorted(scope.municipalities)
    if filters.municipality is not None:
        places = [place for place in places if place == filters.municipality]
    units: Sequence[str | None]
    if scope.departments is None:
        units = [None if unit == NONE else unit for unit in filters.departments]
    else:
        wanted = set(filters.departments) or scope.departments
        units = sorted(scope.departments & wanted)
        if not units:
            return []
    if not units:
        return [[cases.c.municipality == place] for place in places]
    if len(places) * len(units) > _MOST_PARTS:
        codes = [unit for unit in units if unit is not None]
        some = cases.c.department == sa.func.any(sa.literal(codes, pg.ARRAY(sa.Text)))
        every = sa.or_(some, cases.c.department.is_(None)) if None in units else some
        return [[cases.c.municipality == place, every] for place in places]
    return [[cases.c.municipality == place, _is(cases.c.department, unit)] for place, unit in product(places, units)]


def _is(column: sa.ColumnElement[Any], value: Any) -> Condition:
    return column.is_(None) if value is None else column == value


def _one_of(column: sa.Column[Any], values: Sequence[Any]) -> Condition:
    """Return equality for one value, since that is what gives an index its order."""
    return column == values[0] if len(values) == 1 else column == sa.func.any(sa.literal(list(values), _array(column)))


def _array(column: sa.Column[Any]) -> "pg.ARRAY[Any]":
    return pg.ARRAY(column.type)


def _conditions(filters: Filters, matches: Matches | None) -> list[Condition]:
    found: list[Condition] = [cases.c.submitted_at.is_not(None)]
    if filters.statuses:
        found.append(_one_of(cases.c.status, filters.statuses))
        if _OPEN.issuperset(filters.statuses):
            found.append(cases.c.open)  # says what PostgreSQL cannot derive: the index of open cases will do
    if filters.categories:
        found.append(_one_of(cases.c.category, filters.categories))
    if filters.main_category is not None:
        found.append(cases.c.main_category == filters.main_category)
    if filters.assignee is not None:
        found.append(_is(cases.c.assignee, None if filters.assignee == NONE else filters.assignee))
    if filters.number is not None:
        number = worklist.number(filters.number)
        found += _number(number) if number else [sa.false()]
    if filters.priorities:
        found.append(_one_of(cases.c.priority, filters.priorities))
    if filters.late is not None:
        now = sa.func.now()
        found += [cases.c.open, cases.c.due < now] if filters.late else [cases.c.due >= now]
    if filters.submitted_from is not None:
        found.append(cases.c.submitted_at >= filters.submitted_from)
    if filters.submitted_to is not None:
        found.append(cases.c.submitted_at < filters.submitted_to)
    if filters.box is not None:
        found.append(cases.c.longitude.between(filters.box.west, filters.box.east))
        found.append(cases.c.latitude.between(filters.box.south, filters.box.north))
    if matches is not None:
        found.append(_matching(matches))
    return found


def _number(number: Number) -> list[Condition]:
    found: list[Condition] = [cases.c.number_value == number.digits]
    if number.prefix:
        letters = sa.func.regexp_replace(cases.c.number, "[^A-Za-z]", "", "g")
        found.append(sa.func.upper(letters) == number.prefix)
    return found


def _matching(matches: Matches) -> Condition:
    if matches.rare:
        ids = sa.select(reports.c.case_id).where(reports.c.search.op("@@")(_query(matches.q)))
        return cases.c.id.in_(ids)
    # One look at a report per case, on purpose: a scalar subquery is not turned into a join of everything.
    text_of_case = reports.c.report_id == cases.c.report_id
    looked = sa.select(reports.c.search.op("@@")(_query(matches.q))).where(text_of_case).correlate(cases)
    return looked.scalar_subquery().is_(True)


def _behind(columns: Sequence[sa.Column[Any]], after: tuple[Any, ...], *, descending: bool) -> Condition:
    values = sa.tuple_(
        *(sa.literal(value, column.type) for column, value in zip(columns, after, strict=True)),
        types=[column.type for column in columns],
    )
    here = sa.tuple_(*columns)
    return here < values if descending else here > values


def _direction(columns: Sequence[sa.ColumnElement[Any]], order: Sort) -> list[sa.ColumnElement[Any]]:
    return [column.desc() if order.descending else column.asc() for column in columns]


def _with_names(found: sa.Subquery) -> sa.Select[Any]:
    """Add to a page, and only to a page, what a list shows from other tables."""
    return (
        sa.select(
            found,
            sa.func.left(reports.c.description, SUMMARY_LENGTH).label("summary"),
            reports.c.address,
            categories.c.name_nl,
            categories.c.name_en,
            sa.func.coalesce(departments.c.name, found.c.department_name).label("department_label"),
            staff.c.name.label("assignee_name"),
        )
        .select_from(found)
        .outerjoin(reports, reports.c.report_id == found.c.report_id)
        .outerjoin(
            categories,
            sa.and_(categories.c.municipality == found.c.municipality, categories.c.slug == found.c.category),
        )
        .outerjoin(
            departments,
            sa.and_(departments.c.municipality == found.c.municipality, departments.c.code == found.c.department),
        )
        .outerjoin(staff, staff.c.user_id == found.c.assignee)
    )
