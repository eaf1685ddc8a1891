"""Administrators decide on departments, terms and rules; classification tells which categories there are."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from commonground import ids
from commonground.auth import Principal
from commonground.messaging import Outgoing, publish_all
from commonground.problems import InvalidInputError
from routing import store
from routing.domain import errors
from routing.domain.areas import BoundingBox
from routing.domain.terms import Term
from routing.events import DepartmentChanged
from routing.settings import Settings


def mine(principal: Principal, settings: Settings, municipality: str | None) -> list[str]:
    """Return the municipalities that a caller means: the named one, or all that both sides serve."""
    allowed = sorted(principal.municipalities & settings.served)
    if municipality is None:
        return allowed
    if municipality not in allowed:
        raise errors.AnotherMunicipalityError
    return [municipality]


def only_mine(principal: Principal, settings: Settings, municipality: str | None) -> str:
    """Return the one municipality that a change is for; it must be named when the caller has several."""
    found = mine(principal, settings, municipality)
    if not found:
        raise errors.AnotherMunicipalityError
    if len(found) > 1:
        raise InvalidInputError(("municipality", "Say which municipality", "missing"))
    return found[0]


async def list_departments(session: AsyncSession, municipalities: Sequence[str]) -> list[Any]:
    """Return the departments of these municipalities."""
    return [row for one in municipalities for row in await store.departments(session, one)]


async def list_areas(
    session: AsyncSession, municipalities: Sequence[str], *, kind: str | None, box: BoundingBox | None
) -> list[Any]:
    """Return the areas of these municipalities, of one kind, that touch ``box``."""
    found = [row for one in municipalities for row in await store.areas(session, one)]
    return [
        row
        for row in found
        if (kind is None or row.kind == kind) and (box is None or box.touches(row.geometry["coordinates"]))
    ]


def department_events(rows: Sequence[Any]) -> list[Outgoing]:
    """Return the events that tell about departments."""
    events = []
    for row in rows:
        data = DepartmentChanged(municipality=row.municipality, code=row.code, name=row.name, active=row.active)
        key = f"{row.municipality}:{row.code}"
        events.append(Outgoing(data, key=key, subject=key, sequence=row.version))
    return events


async def change_department(
    session: AsyncSession, settings: Settings, municipality: str, code: str, name: str, *, active: bool
) -> Any:
    """Add, rename, activate or deactivate a department; return it.

    The fallback stays active, since every report must end somewhere. Rules and categories that name a department
    out of use stay as they are and show it.
    """
    if code == settings.fallback_department and not active:
        raise errors.DepartmentNeededError
    await store.touch(session, municipality)
    row = await store.save_department(session, municipality, code, name, active=active)
    await publish_all(session, department_events([row]))
    return row


async def record_categories(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Keep which categories there are."""
    for municipality in await store.save_categories(session, rows):
        await store.touch(session, municipality)


async def change_category_term(session: AsyncSession, municipality: str, slug: str, department: str, term: Term) -> Any:
    """Decide which department handles a category when no rule does, and within which term; return the category.

    Reports that have been routed keep the deadline that they were promised.
    """
    await store.touch(session, municipality)
    await _demand_department(session, municipality, department)
    row = await store.change_category(session, municipality, slug, department, term)
    if row is None:
        raise errors.CategoryNotFoundError
    return row


async def add_rule(session: AsyncSession, principal: Principal, municipality: str, values: Mapping[str, Any]) -> Any:
    """Add a rule behind the others; return it.

    What it refers to need not exist: the rule is then kept and shown as broken.
    """
    await store.touch(session, municipality)
    changed = {"changed_at": datetime.now(UTC), "changed_by": principal.subject}
    return await store.insert_rule(session, {**values, **changed, "id": ids.new(), "municipality": municipality})


async def replace_rule(
    session: AsyncSession,
    principal: Principal,
    settings: Settings,
    rule_id: UUID,
    values: Mapping[str, Any],
    expected_version: int | None,
) -> Any:
    """Give a rule another content at the same place in the order; return it."""
    row = await _own_rule(session, principal, settings, rule_id)
    if expected_version is not None and expected_version != row.version:
        raise errors.RuleChangedError
    return await _save_rule(session, principal, row, values)


async def set_rule_activity(
    session: AsyncSession, principal: Principal, settings: Settings, rule_id: UUID, *, active: bool
) -> Any:
    """Switch a rule on or off; return it."""
    row = await _own_rule(session, principal, settings, rule_id)
    return await _save_rule(session, principal, row, {"active": active})


async def reorder_rules(session: AsyncSession, municipality: str, order: Sequence[UUID]) -> list[Any]:
    """Put the rules in another order; return them.

    ``order`` must name every rule once, so that a rule that somebody else has just added is not moved unseen.
    """
    await store.touch(session, municipality)
    rows = await store.rules(session, municipality)
    if len(order) != len(rows) or {row.id for row in rows} != set(order):
        raise errors.RuleOrderChangedError
    await store.save_rule_order(session, order)
    return await store.rules(session, municipality)


async def _own_rule(session: AsyncSession, principal: Principal, settings: Settings, rule_id: UUID) -> Any:
    row = await store.rule(session, rule_id)
    if row is None or row.municipality not in mine(principal, settings, None):
        raise errors.RuleNotFoundError
    return row


async def _save_rule(session: AsyncSession, principal: Principal, row: Any, values: Mapping[str, Any]) -> Any:
    await store.touch(session, row.municipality)
    changed = {"changed_at": datetime.now(UTC), "changed_by": principal.subject}
    return await store.save_rule(session, row.id, {**values, **changed})


async def _demand_department(session: AsyncSession, municipality: str, code: str) -> None:
    known = {row.code: row.active for row in await store.departments(session, municipality)}
    if not known.get(code, False):
        raise InvalidInputError(("body.department", "There is no such department in use", "unknown-department"))
