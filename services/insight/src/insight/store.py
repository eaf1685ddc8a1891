"""Every SQL statement of insight."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from commonground import many
from insight.domain import BoundingBox, Grouping, Period, PublicStatus
from insight.tables import categories, departments, reports


def _by_sequence(sequence: str, *columns: str) -> Any:
    """Return the statement that takes over the columns of one source, unless what is there is newer."""
    names = ("report_id", "municipality", sequence, *columns)
    return many.newer(many.inserted(reports, names), reports, names, sequence)


def _by_case(*columns: str) -> Any:
    """Return the same for cases, in the order of ``domain.CaseMoment.newer_than``."""
    names = ("report_id", "municipality", *columns)
    statement = many.inserted(reports, names)
    new = statement.excluded
    same = reports.c.case_id == new.case_id
    newer = sa.or_(
        reports.c.case_id.is_(None),
        sa.and_(same, reports.c.case_sequence < new.case_sequence),
        sa.and_(sa.not_(same), reports.c.case_changed_at < new.case_changed_at),
    )
    set_ = {name: new[name] for name in names[1:]}
    return statement.on_conflict_do_update(index_elements=["report_id"], set_=set_, where=newer)


_STATEMENTS = {
    "intake_sequence": _by_sequence("intake_sequence", "longitude", "latitude", "submitted_on", "feature_head"),
    "classification_sequence": _by_sequence("classification_sequence", "category"),
    "routing_sequence": _by_sequence("routing_sequence", "department", "district"),
    "case_sequence": _by_case("case_id", "case_sequence", "case_changed_at", "case_status", "closed_on", "leads"),
}


async def save(session: AsyncSession, source: str, rows: Sequence[dict[str, Any]]) -> None:
    """Take over what one source told; ``source`` is the name of its sequence column.

    At most one row per report, sorted by report.
    """
    if rows:
        await session.execute(_STATEMENTS[source], many.arrays(reports, rows))


async def add_whole(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Add reports of which everything is known at once, at least one."""
    await session.execute(many.inserted(reports, tuple(rows[0])), many.arrays(reports, rows))


async def number_of_reports(session: AsyncSession) -> int:
    """Return how many reports there are."""
    return int((await session.execute(sa.select(sa.func.count()).select_from(reports))).scalar_one())


_REFERENCE = {"category_sequence": categories, "department_sequence": departments}


async def save_reference(session: AsyncSession, sequence: str, rows: Sequence[dict[str, Any]]) -> None:
    """Keep categories or departments, unless what is there is newer; at most one row each."""
    table = _REFERENCE[sequence]
    await session.execute(many.newer(insert(table).values(list(rows)), table, rows[0], sequence))


async def forget_categories(session: AsyncSession, keys: Sequence[tuple[str, str]]) -> None:
    """Remove categories by municipality and slug."""
    await session.execute(
        sa.delete(categories).where(sa.tuple_(categories.c.municipality, categories.c.slug).in_(keys))
    )


_place = sa.func.point(reports.c.longitude, reports.c.latitude)


async def public_features(
    session: AsyncSession,
    municipalities: Sequence[str],
    *,
    box: BoundingBox | None,
    closed_since: date,
    category: str | None,
    status: PublicStatus | None,
) -> bytes:
    """Return the GeoJSON features of public cases, joined by commas.

    PostgreSQL joins the prepared texts, so that not a single row travels or becomes an object; open cases are found by
    the index on their place, closed ones by their day.
    """
    parts = []
    if status is not PublicStatus.CLOSED:
        parts.append(_points(PublicStatus.OPEN, reports.c.closed_on.is_(None), municipalities, box, category))
    if status is not PublicStatus.OPEN:
        recently = reports.c.closed_on >= closed_since
        parts.append(_points(PublicStatus.CLOSED, recently, municipalities, box, category))
    shown = sa.union_all(*parts).subquery()
    text = sa.func.string_agg(shown.c.feature_head + shown.c.status + categories.c.feature_tail, ",")
    query = sa.select(sa.func.convert_to(text, "UTF8")).select_from(
        shown.join(
            categories,
            sa.and_(
                categories.c.municipality == shown.c.municipality,
                categories.c.slug == shown.c.category,
                categories.c.public,
            ),
        )
    )
    return (await session.execute(query)).scalar_one() or b""


def _points(
    status: PublicStatus, which: Any, municipalities: Sequence[str], box: BoundingBox | None, category: str | None
) -> sa.Select[Any]:
    query = sa.select(
        reports.c.municipality,
        reports.c.category,
        reports.c.feature_head,
        sa.literal_column(f"'{status.value}'", sa.Text).label("status"),
    ).where(which, reports.c.leads, reports.c.municipality.in_(municipalities), reports.c.feature_head.is_not(None))
    if box is not None:
        corners = sa.func.box(sa.func.point(box.west, box.south), sa.func.point(box.east, box.north))
        query = query.where(_place.op("<@", is_comparison=True)(corners))
    return query if category is None else query.where(reports.c.category == category)


async def public_categories(session: AsyncSession, municipalities: Sequence[str]) -> list[Any]:
    """Return the categories that can stand on the map, by main category and name."""
    query = (
        sa.select(categories)
        .where(categories.c.municipality.in_(municipalities), categories.c.public, categories.c.active)
        .order_by(categories.c.municipality, categories.c.main_name_nl, categories.c.name_nl)
    )
    return list((await session.execute(query)).all())


_KEYS: dict[Grouping, Any] = {
    Grouping.CATEGORY: reports.c.category,
    Grouping.DEPARTMENT: reports.c.department,
    Grouping.DISTRICT: reports.c.district,
}


async def count(
    session: AsyncSession, municipalities: Sequence[str], period: Period, grouping: Grouping, day: Any
) -> dict[str | None, int]:
    """Return the number of reports per key of those whose ``day`` (a column) lies in the period."""
    key = _KEYS.get(grouping, sa.cast(day, sa.Text))
    query = (
        sa.select(key, sa.func.count())
        .where(reports.c.municipality.in_(municipalities), day.between(period.first, period.last))
        .group_by(key)
    )
    return {row[0]: row[1] for row in (await session.execute(query)).all()}


async def count_received(
    session: AsyncSession, municipalities: Sequence[str], period: Period, grouping: Grouping
) -> dict[str | None, int]:
    """Return how many reports came in."""
    return await count(session, municipalities, period, grouping, reports.c.submitted_on)


async def count_closed(
    session: AsyncSession, municipalities: Sequence[str], period: Period, grouping: Grouping
) -> dict[str | None, int]:
    """Return how many reports were closed, and still are."""
    return await count(session, municipalities, period, grouping, reports.c.closed_on)


async def names(
    session: AsyncSession, municipalities: Sequence[str], grouping: Grouping
) -> dict[str | None, dict[str, str]]:
    """Return the names of keys in Dutch and English, as far as they have any."""
    if grouping is Grouping.CATEGORY:
        query = sa.select(categories.c.slug, categories.c.name_nl, categories.c.name_en)
        query = query.where(categories.c.municipality.in_(municipalities))
    elif grouping is Grouping.DEPARTMENT:
        query = sa.select(departments.c.code, departments.c.name, departments.c.name)
        query = query.where(departments.c.municipality.in_(municipalities))
    else:
        return {}
    return {row[0]: {"nl": row[1], "en": row[2]} for row in (await session.execute(query)).all()}


async def public_slugs(session: AsyncSession, municipality: str) -> list[str]:
    """Return the slugs of the public categories of a municipality."""
    query = sa.select(categories.c.slug).where(categories.c.municipality == municipality, categories.c.public)
    return list((await session.execute(query.order_by(categories.c.slug))).scalars())


async def analyze(session: AsyncSession) -> None:
    """Let PostgreSQL look at rows that came in large numbers."""
    await session.execute(sa.text("ANALYZE reports"))
