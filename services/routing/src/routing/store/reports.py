"""Statements on what is known of reports and on their routings."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from commonground import many
from routing.tables import reports, routings

Row = Any  # a row of one of the tables, with its columns as attributes


def _upsert(sequence: str, columns: Sequence[str]) -> Any:
    """Return the statement that takes over ``columns`` from a source, unless what is there is newer.

    Gives the rows that changed, whole and locked until the end of the transaction.
    """
    names = ("report_id", "municipality", sequence, *columns)
    return many.newer(many.inserted(reports, names), reports, names, sequence).returning(reports)


_SUBMISSION = ("longitude", "latitude", "source", "submitted_at")
_CLASSIFICATION = ("category", "main_category", "classified_by", "classified_at")
_upsert_submissions = _upsert("intake_sequence", _SUBMISSION)
_upsert_answers = _upsert("texts_sequence", ("answers",))
_upsert_classifications = _upsert("classification_sequence", _CLASSIFICATION)


async def save_submissions(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> list[Row]:
    """Keep where and when reports were submitted; return the reports for which that is new."""
    return list((await session.execute(_upsert_submissions, many.arrays(reports, rows))).all())


async def save_answers(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> list[Row]:
    """Keep answers, comparable, by key; return the reports for which they are new."""
    return list((await session.execute(_upsert_answers, many.arrays(reports, rows))).all())


async def save_classifications(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> list[Row]:
    """Keep categories; return the reports for which they are new."""
    return list((await session.execute(_upsert_classifications, many.arrays(reports, rows))).all())


async def forget_answers(session: AsyncSession, report_ids: Sequence[UUID]) -> None:
    """Remove the answers of reports for good."""
    await session.execute(
        sa.update(reports)
        .where(reports.c.report_id.in_(report_ids))
        .values(answers=None, texts_sequence=sa.func.greatest(reports.c.texts_sequence, 1))
    )


async def report(session: AsyncSession, report_id: UUID) -> Row | None:
    """Return what is known of a report."""
    return (await session.execute(sa.select(reports).where(reports.c.report_id == report_id))).one_or_none()


async def lock_report(session: AsyncSession, report_id: UUID) -> Row | None:
    """Return what is known of a report, locked until the end of the transaction."""
    query = sa.select(reports).where(reports.c.report_id == report_id).with_for_update()
    return (await session.execute(query)).one_or_none()


async def lock_waiting(session: AsyncSession, since: datetime, limit: int) -> list[Row]:
    """Return reports that have waited for their answers since before ``since``; none that another process has."""
    query = (
        sa.select(reports)
        .where(
            reports.c.routing_sequence == 0,
            reports.c.intake_sequence > 0,
            reports.c.classification_sequence > 0,
            reports.c.heard_at < since,
        )
        .order_by(reports.c.heard_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list((await session.execute(query)).all())


_stand = (
    sa.select(
        sa.func.unnest(sa.bindparam("report_ids", type_=ARRAY(sa.Uuid))).label("report_id"),
        sa.func.unnest(sa.bindparam("sequences", type_=ARRAY(sa.BigInteger))).label("sequence"),
        sa.func.unnest(sa.bindparam("departments", type_=ARRAY(sa.Text))).label("department"),
        sa.func.unnest(sa.bindparam("outcomes", type_=ARRAY(sa.Text))).label("outcome"),
        sa.func.unnest(sa.bindparam("manual_departments", type_=ARRAY(sa.Text))).label("manual_department"),
        sa.func.unnest(sa.bindparam("manual_ats", type_=ARRAY(sa.DateTime(timezone=True)))).label("manual_at"),
    )
).subquery()
_update_reports = (
    sa.update(reports)
    .where(reports.c.report_id == _stand.c.report_id)
    .values(
        routing_sequence=_stand.c.sequence,
        department=_stand.c.department,
        outcome=_stand.c.outcome,
        manual_department=_stand.c.manual_department,
        manual_at=_stand.c.manual_at,
    )
)


async def save_routings(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Add routings to the history and let them stand; each row also has ``outcome`` and the manual choice."""
    if not rows:
        return
    columns = set(routings.c.keys())
    await session.execute(
        sa.insert(routings), [{name: value for name, value in row.items() if name in columns} for row in rows]
    )
    await session.execute(
        _update_reports,
        {
            "report_ids": [row["report_id"] for row in rows],
            "sequences": [row["sequence"] for row in rows],
            "departments": [row["department"] for row in rows],
            "outcomes": [row["outcome"] for row in rows],
            "manual_departments": [row["manual_department"] for row in rows],
            "manual_ats": [row["manual_at"] for row in rows],
        },
    )


async def routings_of(session: AsyncSession, report_id: UUID) -> list[Row]:
    """Return all routings of a report, oldest first."""
    query = sa.select(routings).where(routings.c.report_id == report_id).order_by(routings.c.sequence)
    return list((await session.execute(query)).all())
