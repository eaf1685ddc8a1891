"""SQL about the texts of mails."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from notification.tables import templates


async def newest(session: AsyncSession, municipalities: Sequence[str]) -> Sequence[Any]:
    """Return the texts in use that municipalities have of their own."""
    query = (
        sa.select(templates)
        .ext(distinct_on(templates.c.municipality, templates.c.kind, templates.c.language))
        .where(templates.c.municipality.in_(municipalities))
        .order_by(templates.c.municipality, templates.c.kind, templates.c.language, templates.c.version.desc())
    )
    return (await session.execute(query)).all()


async def versions(session: AsyncSession, municipality: str, kind: str, language: str, *, limit: int) -> Sequence[Any]:
    """Return the versions of a text, newest first."""
    query = sa.select(templates).where(
        templates.c.municipality == municipality, templates.c.kind == kind, templates.c.language == language
    )
    return (await session.execute(query.order_by(templates.c.version.desc()).limit(limit))).all()


async def add(session: AsyncSession, values: Mapping[str, Any]) -> Any | None:
    """Add a version of a text; None when that version exists already."""
    statement = (
        insert(templates).values(values).on_conflict_do_nothing(constraint="uq_templates_version").returning(templates)
    )
    return (await session.execute(statement)).one_or_none()
