"""Statements on the history of cases and the texts in it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncSession

from commonground import many
from handling.domain.cases import Kind
from handling.tables import cases, categories, departments, entry_texts, history, staff

_COLUMNS = ("id", "case_id", "at", "kind", "actor", "before", "after", "details", "version")
_insert = many.inserted(history, _COLUMNS).on_conflict_do_nothing(index_elements=["id"])
_insert_text = pg.insert(entry_texts).on_conflict_do_nothing(index_elements=["entry_id"])


def _entries() -> sa.Select[Any]:
    """Return the statement for a history; what an entry's values refer to depends on its kind."""
    actor = staff.alias("actor")
    joined: sa.FromClause = (
        sa.join(history, cases, cases.c.id == history.c.case_id)
        .outerjoin(entry_texts, entry_texts.c.entry_id == history.c.id)
        .outerjoin(actor, actor.c.user_id == history.c.actor)
    )
    columns: list[Any] = [*history.c, entry_texts.c.text, entry_texts.c.removed_at, actor.c.name.label("actor_name")]
    here = cases.c.municipality
    for value in (history.c.before, history.c.after):
        people, units, subjects = (
            table.alias(f"{value.name}_{table.name}") for table in (staff, departments, categories)
        )
        of_person = sa.and_(history.c.kind == Kind.ASSIGNMENT, people.c.user_id == value)
        of_unit = sa.and_(history.c.kind == Kind.DEPARTMENT, units.c.municipality == here, units.c.code == value)
        of_subject = sa.and_(history.c.kind == Kind.CATEGORY, subjects.c.municipality == here, subjects.c.slug == value)
        joined = joined.outerjoin(people, of_person).outerjoin(units, of_unit).outerjoin(subjects, of_subject)
        columns += [
            sa.func.coalesce(people.c.name, units.c.name, subjects.c.name_nl).label(f"{value.name}_name_nl"),
            sa.func.coalesce(people.c.name, units.c.name, subjects.c.name_en).label(f"{value.name}_name_en"),
        ]
    mine = sa.select(*columns).select_from(joined).where(history.c.case_id == sa.bindparam("case_id"))
    return mine.order_by(history.c.at, history.c.id)


_all = _entries()
_changed_since = (
    sa.select(history.c.kind)
    .where(history.c.case_id == sa.bindparam("case_id"), history.c.version > sa.bindparam("version"))
    .order_by(history.c.version)
)


async def add(session: AsyncSession, entries: Sequence[Mapping[str, Any]]) -> None:
    """Append to histories; an entry that is there already stays as it is."""
    if not entries:
        return
    rows = [{name: entry[name] for name in _COLUMNS} for entry in entries]
    await session.execute(_insert, many.arrays(history, rows))
    texts = [
        {"entry_id": entry["id"], "case_id": entry["case_id"], "text": entry["text"]}
        for entry in entries
        if entry.get("text") is not None
    ]
    if texts:
        await session.execute(_insert_text, texts)


async def entries(session: AsyncSession, case_id: UUID) -> Sequence[Any]:
    """Return the history of a case, oldest first, with texts and names."""
    found: Sequence[Any] = (await session.execute(_all, {"case_id": case_id})).all()
    return found


async def changed_since(session: AsyncSession, case_id: UUID, version: int) -> list[str]:
    """Return what has changed since a version of the case, each kind once."""
    kinds = (await session.execute(_changed_since, {"case_id": case_id, "version": version})).scalars()
    return list(dict.fromkeys(kinds))


async def remove_texts(session: AsyncSession, case_ids: Sequence[UUID]) -> None:
    """Remove every text in the histories of these cases."""
    statement = sa.update(entry_texts).where(entry_texts.c.case_id.in_(case_ids))
    await session.execute(statement.values(text=None, removed_at=sa.func.now()))
