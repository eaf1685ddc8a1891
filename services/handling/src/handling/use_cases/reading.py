"""What people read: the list, its count, one case, its history."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from commonground.auth import Principal
from handling.domain.cases import CaseNotFoundError, Scope
from handling.domain.worklist import COUNT_LIMIT, Filters, Sort, capped, cursor, number, position
from handling.store import cases, copies, history, worklist


async def list_cases(
    session: AsyncSession,
    principal: Principal,
    filters: Filters,
    *,
    order: Sort,
    limit: int,
    after: str | None,
) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page of the cases that the caller may see, and where the next one begins.

    A search for a number finds that case alone and ignores every filter: whoever types a number has that case
    in hand.
    """
    behind = position(order, after) if after is not None else None
    scope = Scope.of(principal)
    await worklist.plan_for_values(session)
    if alone := await _the_one(session, scope, filters):
        return alone, None
    rows = await worklist.page(session, scope, filters, order=order, after=behind, limit=limit + 1)
    return rows[:limit], cursor(order, rows[limit - 1]) if len(rows) > limit else None


async def count_cases(session: AsyncSession, principal: Principal, filters: Filters) -> dict[str, Any]:
    """Return how many cases there are, exactly up to a limit: people need no more, and counting all takes long."""
    scope = Scope.of(principal)
    await worklist.plan_for_values(session)
    if await _the_one(session, scope, filters):
        return capped(1)
    return capped(await worklist.count(session, scope, filters, limit=COUNT_LIMIT + 1))


async def _the_one(session: AsyncSession, scope: Scope, filters: Filters) -> list[dict[str, Any]]:
    asked = number(filters.q) if filters.q else None
    return await worklist.by_number(session, scope, asked) if asked else []


async def read_case(session: AsyncSession, principal: Principal, case_id: UUID) -> tuple[dict[str, Any], Sequence[Any]]:
    """Return a case with all that belongs to it, and its history."""
    case = await cases.detail(session, case_id)
    if case is None:
        raise CaseNotFoundError
    Scope.of(principal).admit(case["municipality"], case["department"])
    return case, await history.entries(session, case_id)


async def list_assignees(session: AsyncSession, principal: Principal, department: str | None) -> Sequence[Any]:
    """Return who can be given a case."""
    return await copies.colleagues(session, sorted(principal.municipalities), department)
