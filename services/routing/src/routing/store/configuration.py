"""Statements on departments, categories, areas and rules."""

from collections.abc import Mapping, Sequence
from datetime import time
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession

from routing import tables
from routing.domain.areas import Area
from routing.domain.decisions import Category, Department
from routing.domain.rules import Conditions, Rule, comparable
from routing.domain.terms import Term, TermKind

Row = Any  # a row of one of the tables, with its columns as attributes


async def configuration_token(session: AsyncSession, municipality: str) -> UUID | None:
    """Return the token that differs after every change; None when nothing was ever set."""
    query = sa.select(tables.configurations.c.token).where(tables.configurations.c.municipality == municipality)
    token: UUID | None = (await session.execute(query)).scalar_one_or_none()
    return token


async def touch(session: AsyncSession, municipality: str) -> None:
    """Tell every process that the configuration has changed; makes changes wait for each other."""
    statement = insert(tables.configurations).values(municipality=municipality, token=uuid4())
    await session.execute(
        statement.on_conflict_do_update(index_elements=["municipality"], set_={"token": statement.excluded.token})
    )


async def departments(session: AsyncSession, municipality: str) -> list[Row]:
    """Return the departments of a municipality by code."""
    table = tables.departments
    query = sa.select(table).where(table.c.municipality == municipality).order_by(table.c.code)
    return list((await session.execute(query)).all())


async def save_department(session: AsyncSession, municipality: str, code: str, name: str, *, active: bool) -> Row:
    """Add or change a department; return it with its version."""
    statement = insert(tables.departments).values(
        municipality=municipality, code=code, name=name, active=active, version=1
    )
    statement = statement.on_conflict_do_update(
        index_elements=["municipality", "code"],
        set_={"name": name, "active": active, "version": tables.departments.c.version + 1},
    )
    return (await session.execute(statement.returning(tables.departments))).one()


async def seed_departments(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> list[Row]:
    """Add departments that do not exist yet; return those."""
    statement = insert(tables.departments).on_conflict_do_nothing(index_elements=["municipality", "code"])
    found: list[Row] = []
    for row in rows:
        found += (await session.execute(statement.values(row).returning(tables.departments))).all()
    return found


async def categories(session: AsyncSession, municipality: str) -> list[Row]:
    """Return the categories of a municipality by main category and slug."""
    table = tables.categories
    query = sa.select(table).where(table.c.municipality == municipality).order_by(table.c.main_category, table.c.slug)
    return list((await session.execute(query)).all())


async def save_categories(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> list[str]:
    """Take over categories from classification; return the municipalities in which that changed something."""
    table = tables.categories
    statement = insert(table)
    owned = ("main_category", "active", "category_sequence")
    statement = statement.values(list(rows)).on_conflict_do_update(
        index_elements=["municipality", "slug"],
        set_={name: statement.excluded[name] for name in owned},
        where=table.c.category_sequence < statement.excluded.category_sequence,
    )
    return sorted(set((await session.execute(statement.returning(table.c.municipality))).scalars()))


async def seed_categories(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> int:
    """Give department and term to categories for which nobody has decided on them yet; return how many."""
    table = tables.categories
    statement = insert(table)
    owned = ("department", "term_days", "term_kind")
    statement = statement.values(list(rows)).on_conflict_do_update(
        index_elements=["municipality", "slug"],
        set_={name: statement.excluded[name] for name in owned},
        where=table.c.department.is_(None) & table.c.term_days.is_(None),
    )
    return len((await session.execute(statement.returning(table.c.slug))).all())


async def change_category(
    session: AsyncSession, municipality: str, slug: str, department: str, term: Term
) -> Row | None:
    """Decide on department and term of a category; return it, None when there is none."""
    table = tables.categories
    statement = (
        sa.update(table)
        .where(table.c.municipality == municipality, table.c.slug == slug)
        .values(department=department, term_days=term.days, term_kind=term.kind.value)
        .returning(table)
    )
    return (await session.execute(statement)).one_or_none()


async def areas(session: AsyncSession, municipality: str) -> list[Row]:
    """Return the areas of a municipality by kind and code."""
    table = tables.areas
    query = sa.select(table).where(table.c.municipality == municipality).order_by(table.c.kind, table.c.code)
    return list((await session.execute(query)).all())


async def seed_areas(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> int:
    """Add areas, and change those that differ; return how many."""
    table = tables.areas
    statement = insert(table)
    owned = ("kind", "name", "geometry")
    statement = statement.values(list(rows)).on_conflict_do_update(
        index_elements=["municipality", "code"],
        set_={name: statement.excluded[name] for name in owned},
        where=sa.or_(*(table.c[name] != statement.excluded[name] for name in owned)),
    )
    return len((await session.execute(statement.returning(table.c.code))).all())


async def rules(session: AsyncSession, municipality: str) -> list[Row]:
    """Return the rules of a municipality in their order."""
    table = tables.rules
    query = sa.select(table).where(table.c.municipality == municipality).order_by(table.c.position)
    return list((await session.execute(query)).all())


async def rule(session: AsyncSession, rule_id: UUID) -> Row | None:
    """Return a rule, locked until the end of the transaction."""
    query = sa.select(tables.rules).where(tables.rules.c.id == rule_id).with_for_update()
    return (await session.execute(query)).one_or_none()


async def insert_rule(session: AsyncSession, values: Mapping[str, Any]) -> Row:
    """Add a rule behind the others of its municipality; the configuration must be locked."""
    table = tables.rules
    behind = (
        sa.select(sa.func.coalesce(sa.func.max(table.c.position), 0) + 1)
        .where(table.c.municipality == values["municipality"])
        .scalar_subquery()
    )
    statement = sa.insert(table).values(**values, position=behind, version=1).returning(table)
    return (await session.execute(statement)).one()


async def save_rule(session: AsyncSession, rule_id: UUID, values: Mapping[str, Any]) -> Row:
    """Change a rule that is locked."""
    table = tables.rules
    statement = (
        sa.update(table).where(table.c.id == rule_id).values(**values, version=table.c.version + 1).returning(table)
    )
    return (await session.execute(statement)).one()


_order = sa.select(
    sa.func.unnest(sa.bindparam("ids", type_=ARRAY(sa.Uuid))).label("id"),
    sa.func.unnest(sa.bindparam("positions", type_=ARRAY(sa.Integer))).label("position"),
).subquery()
_save_order = sa.update(tables.rules).where(tables.rules.c.id == _order.c.id).values(position=_order.c.position)


async def save_rule_order(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """Number rules in the given order, from 1."""
    await session.execute(_save_order, {"ids": list(ids), "positions": list(range(1, len(ids) + 1))})


def to_department(row: Row) -> Department:
    """Return the department of a row."""
    return Department(code=row.code, name=row.name, active=row.active, version=row.version)


def to_category(row: Row) -> Category:
    """Return the category of a row."""
    term = None if row.term_days is None else Term(row.term_days, TermKind(row.term_kind))
    return Category(row.slug, row.main_category, row.active, row.department, term)


def to_area(row: Row) -> Area:
    """Return the area of a row."""
    return Area(code=row.code, kind=row.kind, name=row.name, geometry=row.geometry)


def to_rule(row: Row) -> Rule:
    """Return the rule of a row."""
    return Rule(
        id=row.id,
        name=row.name,
        conditions=_conditions(row.conditions),
        department=row.department,
        assignee=row.assignee,
        active=row.active,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
    )


def _conditions(stored: Mapping[str, Any]) -> Conditions:
    answers: dict[str, frozenset[str]] = {}
    for answer in stored.get("answers", ()):
        answers[answer["key"]] = answers.get(answer["key"], frozenset()) | comparable(answer["value"])
    return Conditions(
        categories=frozenset(stored.get("categories", ())),
        main_categories=frozenset(stored.get("main_categories", ())),
        areas=frozenset(stored.get("areas", ())),
        sources=frozenset(stored.get("sources", ())),
        answers=answers,
        weekdays=frozenset(stored.get("weekdays", ())),
        from_time=_time(stored.get("from_time")),
        until_time=_time(stored.get("until_time")),
    )


def _time(value: str | None) -> time | None:
    return None if value is None else time.fromisoformat(value)
