"""Statements on copies of what other blocks own: reports, categories, departments, staff."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncSession

from commonground import many
from commonground.messaging.tables import removed_keys
from handling.tables import categories, departments, reports, staff

_EXPLANATIONS = "meldstroom.classification.explanations.v1"
_USERS = "meldstroom.gateway.users.v1"

Rows = Sequence[Mapping[str, Any]]


def _merge(table: sa.Table, columns: Iterable[str]) -> pg.Insert:
    """Return an upsert of one row, which only a newer sequence may change."""
    return many.newer(pg.insert(table), table, [*columns, "sequence"], "sequence")


def _merge_reports(columns: Sequence[str], sequence: str, unless: str) -> pg.Insert:
    """Return an upsert of many reports' columns of one source; those that were removed stay as they are."""
    names = ("report_id", "case_id", *columns, sequence)
    return many.newer(many.inserted(reports, names), reports, (*columns, sequence), sequence, unless=unless)


_TEXT = ("description", "address", "address_text", "answers", "attachments", "language")
_CONTACT = ("email", "phone", "contact_language")
_merge_texts = _merge_reports(_TEXT, "text_sequence", unless="text_removed_at")
_merge_contacts = _merge_reports(_CONTACT, "contact_sequence", unless="contact_removed_at")
_merge_explanations = _merge_reports(["predictions"], "explanation_sequence", unless="text_removed_at")
_merge_categories = _merge(categories, ["main_category", "name_nl", "name_en"])
_merge_departments = _merge(departments, ["name", "active"])
_merge_staff = _merge(staff, ["name", "departments", "municipalities", "active"])


async def merge_texts(session: AsyncSession, rows: Rows) -> None:
    """Keep the newest text of each report."""
    await session.execute(_merge_texts, many.arrays(reports, _in_order(rows)))


async def merge_contacts(session: AsyncSession, rows: Rows) -> None:
    """Keep the newest contact data of each report."""
    await session.execute(_merge_contacts, many.arrays(reports, _in_order(rows)))


async def merge_explanations(session: AsyncSession, rows: Rows) -> None:
    """Keep the newest predictions of each report."""
    await session.execute(_merge_explanations, many.arrays(reports, _in_order(rows)))


def _in_order(rows: Rows) -> list[Mapping[str, Any]]:
    return sorted(rows, key=lambda row: row["report_id"])


async def remove_texts(session: AsyncSession, rows: Rows) -> set[UUID]:
    """Remove what residents wrote, for good; return the reports where something was new to remove.

    ``rows`` hold report and case id: a removal may arrive before what it removes.
    """
    gone = dict.fromkeys(("description", "address", "address_text", "answers", "attachments", "predictions"))
    return await _remove(session, rows, gone, "text_removed_at")


async def remove_contacts(session: AsyncSession, rows: Rows) -> set[UUID]:
    """Remove contact data, for good; return the reports where something was new to remove."""
    return await _remove(session, rows, dict.fromkeys(("email", "phone")), "contact_removed_at")


async def remove_explanations(session: AsyncSession, report_ids: Sequence[UUID]) -> None:
    """Remove predictions."""
    statement = sa.update(reports).where(reports.c.report_id.in_(report_ids))
    await session.execute(statement.values(predictions=None))


async def _remove(session: AsyncSession, rows: Rows, gone: Mapping[str, None], marker: str) -> set[UUID]:
    statement = pg.insert(reports).values(**{marker: sa.func.now()})
    statement = statement.on_conflict_do_update(
        index_elements=["report_id"],
        set_={**gone, marker: sa.func.now()},
        where=reports.c[marker].is_(None),
    )
    return set((await session.execute(statement.returning(reports.c.report_id), _in_order(rows))).scalars())


async def text_is_removed(session: AsyncSession, report_id: UUID) -> bool:
    """Tell whether what the resident wrote was removed."""
    query = sa.select(reports.c.text_removed_at).where(reports.c.report_id == report_id)
    return (await session.execute(query)).scalar_one_or_none() is not None


async def carry_removals(session: AsyncSession, serving: str) -> None:
    """Bring over what was removed for good from the tables of the schema ``serving``: topics forget it after a week.

    Nothing else comes along: only that it was removed, and how far each source had told.
    """
    old = reports.to_metadata(sa.MetaData(), schema=serving)
    text_gone, contact_gone = old.c.text_removed_at.is_not(None), old.c.contact_removed_at.is_not(None)
    explanation_gone = sa.or_(text_gone, _removed(_EXPLANATIONS, sa.cast(old.c.report_id, sa.Text)))
    carried = {
        old.c.report_id: None,
        old.c.case_id: None,
        old.c.text_removed_at: None,
        old.c.text_sequence: text_gone,
        old.c.language: text_gone,
        old.c.contact_removed_at: None,
        old.c.contact_sequence: contact_gone,
        old.c.contact_language: contact_gone,
        old.c.explanation_sequence: explanation_gone,
    }
    values = [
        column if gone is None else sa.case((gone, column), else_=0 if column.name.endswith("_sequence") else None)
        for column, gone in carried.items()
    ]
    rows = sa.select(*values).where(sa.or_(text_gone, contact_gone, explanation_gone))
    await session.execute(pg.insert(reports).from_select([column.name for column in carried], rows))
    people = staff.to_metadata(sa.MetaData(), schema=serving)
    await session.execute(
        pg.insert(staff).from_select(list(staff.c.keys()), sa.select(people).where(_removed(_USERS, people.c.user_id)))
    )


def _removed(topic: str, key: Any) -> Any:
    return sa.exists().where(removed_keys.c.topic == topic, removed_keys.c.key == key)


async def merge_categories(session: AsyncSession, rows: Rows) -> None:
    """Keep the newest names of each category."""
    await session.execute(_merge_categories, list(rows))


async def merge_departments(session: AsyncSession, rows: Rows) -> None:
    """Keep the newest name of each department."""
    await session.execute(_merge_departments, list(rows))


async def merge_staff(session: AsyncSession, rows: Rows) -> None:
    """Keep what is newest about each member of staff."""
    await session.execute(_merge_staff, list(rows))


async def remove_staff(session: AsyncSession, user_ids: Sequence[str]) -> None:
    """Remove the names of people; their ids stay in histories."""
    statement = sa.update(staff).where(staff.c.user_id.in_(user_ids))
    await session.execute(statement.values(name=None, active=False, departments=[], municipalities=[]))


async def colleague(session: AsyncSession, user_id: str) -> Any | None:
    """Return a member of staff."""
    return (await session.execute(sa.select(staff).where(staff.c.user_id == user_id))).one_or_none()


async def colleagues(session: AsyncSession, municipalities: Sequence[str], department: str | None) -> Sequence[Any]:
    """Return active staff of these municipalities, of one department when given, by name."""
    query = sa.select(staff).where(staff.c.active, staff.c.municipalities.overlap(list(municipalities)))
    if department is not None:
        query = query.where(staff.c.departments.contains([department]))
    return (await session.execute(query.order_by(staff.c.name, staff.c.user_id))).all()
