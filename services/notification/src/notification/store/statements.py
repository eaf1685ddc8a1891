"""How statements that are written as SQL get the types of their parameters."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

UUIDS = pg.ARRAY(pg.UUID)
TEXTS = pg.ARRAY(sa.Text)
MOMENTS = pg.ARRAY(sa.DateTime(timezone=True))
FLOATS = pg.ARRAY(sa.Double)


def statement(sql: str, **types: Any) -> sa.TextClause:
    """Return a statement whose parameters have these types."""
    return sa.text(sql).bindparams(*(sa.bindparam(name, type_=type_) for name, type_ in types.items()))
