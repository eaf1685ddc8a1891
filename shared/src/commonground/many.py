"""Many rows in one statement: an array per column, so that it is one statement for any number of rows.

SQLAlchemy's own ways cost more. A statement with a list of values is another one for each length, compiled and planned
anew; ``executemany`` has the server run the statement once a row.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, Insert, insert

Rows = Sequence[Mapping[str, Any]]

_PREFIX = "new_"  # SQLAlchemy keeps the names of columns for itself


def incoming(table: sa.Table, names: Sequence[str]) -> sa.Subquery:
    """Return the rows that ``arrays`` gives as a table, in their order; no column may be an array itself."""
    return sa.select(*_unnested(table, names)).subquery("incoming")


@lru_cache(maxsize=200)
def inserted(table: sa.Table, names: tuple[str, ...]) -> Insert:
    """Return an insert of the rows that ``arrays`` gives, in their order; conflict clauses may be added to it."""
    return insert(table).from_select(list(names), sa.select(*_unnested(table, names)))


def newer(
    statement: Insert, table: sa.Table, names: Iterable[str], sequence: str, *, unless: str | None = None
) -> Insert:
    """Return an insert as an upsert by primary key, in which only a greater ``sequence`` (a column) changes a row.

    Events may come late or twice: what is newer stays. Of ``names``, those outside of the key are changed. ``unless``
    is a column that, once set, keeps the row as it is: what was removed stays removed, whatever a replay brings.
    """
    keys = [column.name for column in table.primary_key]
    known = table.c[sequence]
    condition = statement.excluded[sequence] > (sa.func.coalesce(known, -1) if known.nullable else known)
    return statement.on_conflict_do_update(
        index_elements=keys,
        set_={name: statement.excluded[name] for name in names if name not in keys},
        where=sa.and_(condition, table.c[unless].is_(None)) if unless else condition,
    )


def _unnested(table: sa.Table, names: Sequence[str]) -> list[sa.ColumnElement[Any]]:
    columns: list[sa.ColumnElement[Any]] = []
    for name in names:
        kind = table.c[name].type
        if isinstance(kind, JSONB):
            columns.append(sa.func.unnest(sa.bindparam(_PREFIX + name, type_=ARRAY(sa.Text))).cast(kind).label(name))
        else:
            columns.append(sa.func.unnest(sa.bindparam(_PREFIX + name, type_=ARRAY(kind))).label(name))
    return columns


def arrays(table: sa.Table, rows: Rows) -> dict[str, list[Any]]:
    """Return ``rows``, at least one and all with the same columns, as an array per column; None stays NULL."""
    found = {}
    for name in rows[0]:
        values = [row[name] for row in rows]
        if isinstance(table.c[name].type, JSONB):
            values = [None if value is None else orjson.dumps(value).decode() for value in values]
        found[_PREFIX + name] = values
    return found
