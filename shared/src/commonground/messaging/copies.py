"""Statements that compare a block's tables with those of a rebuild, and take over what differs."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncSession

_REMOVED_KEYS = "removed_keys"


@dataclass(frozen=True)
class Comparison:
    """How a serving table (before) and a rebuilt one (after) compare: digests, numbers of rows, what differs."""

    table: str
    before: str
    after: str
    rows_before: int
    rows_after: int
    new: int
    gone: int
    changed: int


async def drop(session: AsyncSession, schema: str) -> None:
    """Drop a schema with all that is in it."""
    await session.execute(sa.text(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE'))


async def create_like(session: AsyncSession, schema: str, serving: str) -> None:
    """Create ``schema`` with an empty table like each of ``serving``; what was removed for good is known there too.

    All tables, so that a handler that writes more than the copies finds a place for it that is thrown away. Not
    logged: after a crash of the server the next run begins anew.
    """
    await session.execute(sa.text(f'CREATE SCHEMA "{schema}"'))
    query = sa.text("SELECT tablename FROM pg_tables WHERE schemaname = :serving ORDER BY tablename")
    names = list((await session.execute(query, {"serving": serving})).scalars())
    for name in names:
        statement = f'CREATE UNLOGGED TABLE "{schema}"."{name}" (LIKE "{serving}"."{name}" INCLUDING ALL)'
        await session.execute(sa.text(statement))
    if _REMOVED_KEYS in names:
        statement = f'INSERT INTO "{schema}".{_REMOVED_KEYS} SELECT * FROM "{serving}".{_REMOVED_KEYS}'  # noqa: S608 - names
        await session.execute(sa.text(statement))


async def compare(session: AsyncSession, schema: str, table: sa.Table, moments: Iterable[str] = ()) -> Comparison:
    """Compare a table with its rebuilt one in ``schema``; ``moments`` count only as given or not given."""
    made = _beside(table, schema)
    rows_before, before = await _digest(session, table, moments)
    rows_after, after = await _digest(session, made, moments)
    joined = table.join(made, _same_row(table, made), full=True)
    old, new = (one.c[next(iter(table.primary_key)).name] for one in (table, made))
    differs = sa.and_(old.is_not(None), new.is_not(None), _differs(table, made, moments))
    counts = sa.select(
        sa.func.count().filter(old.is_(None)), sa.func.count().filter(new.is_(None)), sa.func.count().filter(differs)
    )
    found = (await session.execute(counts.select_from(joined))).one()
    return Comparison(table.name, before, after, rows_before, rows_after, found[0], found[1], found[2])


async def take_over(session: AsyncSession, schema: str, table: sa.Table, moments: Iterable[str] = ()) -> None:
    """Make a table equal to its rebuilt one in ``schema``, by the rows that differ and no others."""
    made = _beside(table, schema)
    rebuilt = sa.select(made).where(_same_row(table, made))
    await session.execute(sa.delete(table).where(~rebuilt.exists()))
    names = [column.name for column in _written(table)]
    as_it_is = sa.select(table).where(_same_row(table, made), ~_differs(table, made, moments))
    statement = pg.insert(table).from_select(names, sa.select(*_written(made)).where(~as_it_is.exists()))
    keys = [column.name for column in table.primary_key]
    taken = {
        name: sa.case(
            (statement.excluded[name].is_(None), None), else_=sa.func.coalesce(table.c[name], statement.excluded[name])
        )
        if f"{table.name}.{name}" in moments
        else statement.excluded[name]
        for name in names
        if name not in keys
    }
    await session.execute(statement.on_conflict_do_update(index_elements=keys, set_=taken))


def _beside(table: sa.Table, schema: str) -> Any:
    # Under another name, since two tables of one name in one statement confuse SQLAlchemy.
    return table.to_metadata(sa.MetaData(), schema=schema).alias("made")


def _written(table: Any) -> list[sa.Column[Any]]:
    """Return the columns that PostgreSQL does not compute from the others."""
    real = getattr(table, "element", table)
    return [table.c[column.name] for column in real.c if column.computed is None]


def _same_row(table: sa.Table, made: Any) -> Any:
    return sa.and_(*(column == made.c[column.name] for column in table.primary_key))


def _values(table: Any, moments: Iterable[str]) -> list[Any]:
    given = set(moments)
    return [
        column.is_not(None) if f"{getattr(table, 'element', table).name}.{column.name}" in given else column
        for column in _written(table)
    ]


def _differs(table: sa.Table, made: Any, moments: Iterable[str]) -> Any:
    pairs = zip(_values(table, moments), _values(made, moments), strict=True)
    return sa.or_(*(old.is_distinct_from(new) for old, new in pairs))


async def _digest(session: AsyncSession, table: Any, moments: Iterable[str]) -> tuple[int, str]:
    """Return the number of rows and a digest of them that does not depend on their order."""
    row = sa.cast(sa.func.row(*_values(table, moments)), sa.Text)
    total = sa.func.sum(sa.cast(sa.func.hashtextextended(row, 0), sa.Numeric))
    found = (await session.execute(sa.select(sa.func.count(), total).select_from(table))).one()
    return found[0], f"{int(found[1] or 0) % 2**64:016x}"
