"""Every SQL statement of classification; functions take the session first."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from classification.domain import Tree
from classification.tables import categories, classifications, main_categories, reports
from commonground import many


async def trees(session: AsyncSession, municipalities: set[str]) -> dict[str, Tree]:
    """Return the active categories of each of ``municipalities``."""
    query = (
        sa.select(
            categories.c.municipality, categories.c.slug, categories.c.main_category, main_categories.c.rest_category
        )
        .join(
            main_categories,
            sa.and_(
                main_categories.c.municipality == categories.c.municipality,
                main_categories.c.slug == categories.c.main_category,
            ),
        )
        .where(categories.c.municipality.in_(municipalities), categories.c.active)
    )
    main_of: dict[str, dict[str, str]] = {code: {} for code in municipalities}
    rest_of: dict[str, dict[str, str]] = {code: {} for code in municipalities}
    for row in await session.execute(query):
        main_of[row.municipality][row.slug] = row.main_category
        if row.rest_category is not None:
            rest_of[row.municipality][row.main_category] = row.rest_category
    return {code: Tree(main_of[code], rest_of[code]) for code in municipalities}


async def category_rows(session: AsyncSession, municipality: str) -> Sequence[Any]:
    """Return the active categories of a municipality with the names of their main categories, in order."""
    query = (
        sa.select(
            categories,
            main_categories.c.name_nl.label("main_name_nl"),
            main_categories.c.name_en.label("main_name_en"),
        )
        .join(
            main_categories,
            sa.and_(
                main_categories.c.municipality == categories.c.municipality,
                main_categories.c.slug == categories.c.main_category,
            ),
        )
        .where(categories.c.municipality == municipality, categories.c.active)
        .order_by(main_categories.c.position, categories.c.position, categories.c.slug)
    )
    return (await session.execute(query)).all()


async def put_main_categories(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> list[str]:
    """Insert or update main categories; return the slugs of those that are new or have changed."""
    statement = insert(main_categories).values(list(rows))
    changing = [name for name in rows[0] if name not in {"municipality", "slug"}]
    result = await session.execute(
        statement.on_conflict_do_update(
            index_elements=["municipality", "slug"],
            set_={name: statement.excluded[name] for name in changing},
            where=sa.or_(*(main_categories.c[name].is_distinct_from(statement.excluded[name]) for name in changing)),
        ).returning(main_categories.c.slug)
    )
    return list(result.scalars())


async def put_categories(
    session: AsyncSession, rows: Sequence[dict[str, Any]], renamed_mains: Sequence[str]
) -> Sequence[Any]:
    """Insert or update categories; return slug and version of those that are new or have changed.

    A category whose main category has changed counts as changed: its event holds the main category's names.
    """
    statement = insert(categories).values([{**row, "version": 1} for row in rows])
    changing = [name for name in rows[0] if name not in {"municipality", "slug"}]
    result = await session.execute(
        statement.on_conflict_do_update(
            index_elements=["municipality", "slug"],
            set_={
                **{name: statement.excluded[name] for name in changing},
                "version": categories.c.version + 1,
            },
            where=sa.or_(
                statement.excluded.main_category.in_(renamed_mains),
                *(categories.c[name].is_distinct_from(statement.excluded[name]) for name in changing),
            ),
        ).returning(categories.c.slug, categories.c.version)
    )
    return list(result.all())


async def merge_submissions(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> Sequence[Any]:
    """Merge what the reports topic tells; return the merged rows, locked. Older news than known is passed over."""
    return await _merge(session, rows, "submitted_sequence")


async def merge_predictions(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> Sequence[Any]:
    """Merge what follows from the texts topic; return the merged rows, locked. Older news is passed over."""
    return await _merge(session, rows, "text_sequence")


async def _merge(session: AsyncSession, rows: Sequence[dict[str, Any]], sequence: str) -> Sequence[Any]:
    # Sorted, so that two consumers that meet the same reports wait for each other in place of a deadlock.
    ordered = sorted(rows, key=lambda row: str(row["report_id"]))
    result = await session.execute(_merged(sequence, tuple(ordered[0])), many.arrays(reports, ordered))
    return list(result.all())


@lru_cache
def _merged(sequence: str, names: tuple[str, ...]) -> Any:
    return many.newer(many.inserted(reports, names), reports, names, sequence).returning(reports)


_newest = many.incoming(reports, ("report_id", "version"))
_renew = sa.update(reports).where(reports.c.report_id == _newest.c.report_id).values(version=_newest.c.version)


async def add_classifications(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Insert classifications and make each the newest of its report; the reports' rows must be locked."""
    if not rows:
        return
    await session.execute(many.inserted(classifications, tuple(rows[0])), many.arrays(classifications, rows))
    newest = [{"report_id": row["report_id"], "version": row["version"]} for row in rows]
    await session.execute(_renew, many.arrays(reports, newest))


async def report(session: AsyncSession, report_id: UUID, *, lock: bool = False) -> Any | None:
    """Return what is known of a report; ``lock`` keeps it from changing until the transaction ends."""
    query = sa.select(reports).where(reports.c.report_id == report_id)
    return (await session.execute(query.with_for_update() if lock else query)).one_or_none()


async def history(session: AsyncSession, report_id: UUID) -> Sequence[Any]:
    """Return the classifications of a report, newest first."""
    query = sa.select(classifications).where(classifications.c.report_id == report_id)
    return (await session.execute(query.order_by(classifications.c.version.desc()))).all()


async def forget_predictions(session: AsyncSession, report_ids: Sequence[UUID]) -> Sequence[Any]:
    """Remove the words of reports; return id and text sequence of those that had any."""
    found = await session.execute(
        sa.update(reports)
        .where(reports.c.report_id.in_(report_ids), reports.c.predictions.is_not(None))
        .values(predictions=None)
        .returning(reports.c.report_id, reports.c.text_sequence)
    )
    rows: Sequence[Any] = found.all()
    return rows
