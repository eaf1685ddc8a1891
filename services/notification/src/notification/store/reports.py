"""SQL about what others told of reports and categories.

Rows of reports are always changed in the order of their ids, and before the reports' messages, so that two processes
wait for each other in place of a deadlock.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from commonground import many
from notification.tables import categories, reports

Rows = Sequence[Mapping[str, Any]]


async def merge_contacts(session: AsyncSession, rows: Rows) -> None:
    """Keep the newest contact of each report, and the earliest time as that of its submission."""
    await session.execute(_merge_contacts(tuple(rows[0])), many.arrays(reports, rows))


@lru_cache
def _merge_contacts(given: tuple[str, ...]) -> Any:
    new = many.inserted(reports, given)
    names = ("number", "email", "language", "status_url", "contact_sequence")
    newer = new.excluded.contact_sequence > reports.c.contact_sequence
    changed: dict[str, sa.ColumnElement[Any]] = {
        name: sa.case((newer, new.excluded[name]), else_=reports.c[name]) for name in names
    }
    changed["submitted_at"] = sa.func.least(new.excluded.submitted_at, reports.c.submitted_at)
    return new.on_conflict_do_update(index_elements=["id"], set_=changed)


async def merge(session: AsyncSession, rows: Rows, sequence: str) -> None:
    """Keep what one source tells of each report when its ``sequence`` (a column) is newer; each report once."""
    if not rows:
        return
    await session.execute(_merge(tuple(rows[0]), sequence), many.arrays(reports, rows))


@lru_cache
def _merge(given: tuple[str, ...], sequence: str) -> Any:
    return many.newer(many.inserted(reports, given), reports, given, sequence)


async def lock(session: AsyncSession, rows: Rows) -> None:
    """Make sure that a row exists for each report, and hold it until the transaction ends."""
    new = insert(reports)
    statement = new.on_conflict_do_update(index_elements=["id"], set_={"municipality": reports.c.municipality})
    await session.execute(statement, list(rows))


async def merge_categories(session: AsyncSession, rows: Rows) -> None:
    """Keep the newest names of each category."""
    statement = many.newer(insert(categories), categories, ("name_nl", "name_en", "sequence"), "sequence")
    await session.execute(statement, list(rows))


async def forget_contacts(session: AsyncSession, report_ids: Sequence[UUID]) -> None:
    """Remove addresses and the links that open the reporters' own pages."""
    await session.execute(sa.update(reports).where(reports.c.id.in_(report_ids)).values(email=None, status_url=None))


async def forget_texts(session: AsyncSession, report_ids: Sequence[UUID]) -> None:
    """Remove what residents wrote, and where exactly it was."""
    await session.execute(sa.update(reports).where(reports.c.id.in_(report_ids)).values(description=None, address=None))


async def report(session: AsyncSession, report_id: UUID) -> Any | None:
    """Return what is known of a report, with the names of its category."""
    query = (
        sa.select(reports, categories.c.name_nl.label("category_nl"), categories.c.name_en.label("category_en"))
        .outerjoin(
            categories,
            sa.and_(categories.c.municipality == reports.c.municipality, categories.c.slug == reports.c.category),
        )
        .where(reports.c.id == report_id)
    )
    return (await session.execute(query)).one_or_none()
