"""Reports are routed: when enough is known of them, again when that changes, and by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from commonground.auth import Principal
from commonground.messaging import Outgoing, Received, publish_all
from commonground.problems import InvalidInputError
from routing import store
from routing.configuration import Configurations
from routing.domain import decisions, errors
from routing.domain.decisions import ReportFacts, Routing
from routing.events import ReportRouted

log = structlog.get_logger(__name__)

Causes = Mapping[UUID, Received]


async def record_submissions(
    session: AsyncSession, configurations: Configurations, rows: Sequence[dict[str, Any]], causes: Causes
) -> None:
    """Keep where and when reports were submitted, and route those of which that was missing."""
    await _route(session, configurations, await store.save_submissions(session, rows), causes)


async def record_answers(
    session: AsyncSession, configurations: Configurations, rows: Sequence[dict[str, Any]], causes: Causes
) -> None:
    """Keep answers, and route the reports that waited for them or that they change."""
    await _route(session, configurations, await store.save_answers(session, rows), causes)


async def record_classifications(
    session: AsyncSession, configurations: Configurations, rows: Sequence[dict[str, Any]], causes: Causes
) -> None:
    """Keep categories, and route the reports, again when they had been routed."""
    await _route(session, configurations, await store.save_classifications(session, rows), causes)


async def forget_answers(session: AsyncSession, keys: Sequence[str]) -> None:
    """Remove every copy of the answers of these reports; routings hold none."""
    await store.forget_answers(session, [UUID(key) for key in keys])


async def route_waiting(session: AsyncSession, configurations: Configurations, since: datetime) -> bool:
    """Route reports whose answers did not come, without them; tell whether there may be more."""
    limit = 200
    rows = await store.lock_waiting(session, since, limit)
    await _route(session, configurations, rows, {}, patient=False)
    if rows:
        log.warning("reports_routed_without_answers", number=len(rows))
    return len(rows) == limit


async def route_by_hand(
    session: AsyncSession, configurations: Configurations, principal: Principal, report_id: UUID, department: str
) -> Any:
    """Give a report to a department by hand; return the new routing.

    The choice stands until a person corrects the category; see ``decisions.manual_choice_stands``.
    """
    row = await store.lock_report(session, report_id)
    _check_access(row, principal, configurations.settings.served)
    assert row is not None  # noqa: S101 - checked just now, for the type checker
    if row.routing_sequence == 0:
        raise errors.ReportNotRoutedYetError
    configuration = await configurations.current(session, row.municipality)
    chosen = configuration.departments.get(department)
    if chosen is None or not chosen.active:
        raise InvalidInputError(("body.department", "There is no such department in use", "unknown-department"))
    now = datetime.now(UTC)
    routing = decisions.route(_facts(row), configuration, manual_department=department)
    change = _Change(row, routing, now, actor=principal.subject, manual=(department, now))
    await _save(session, [change])
    return (await store.routings_of(session, report_id))[-1]


async def history_of(
    session: AsyncSession, configurations: Configurations, principal: Principal, report_id: UUID
) -> list[Any]:
    """Return all routings of a report with their reasons, oldest first; empty while it waits."""
    _check_access(await store.report(session, report_id), principal, configurations.settings.served)
    return await store.routings_of(session, report_id)


def _check_access(row: Any, principal: Principal, served: frozenset[str]) -> None:
    if row is None or row.municipality not in principal.municipalities & served:
        raise errors.ReportNotFoundError
    if not principal.may("case:read-all") and row.department not in principal.departments:
        raise errors.AnotherDepartmentError


@dataclass(frozen=True)
class _Change:
    """A routing that becomes the current one of a report."""

    row: Any
    routing: Routing
    at: datetime
    actor: str | None = None
    manual: tuple[str, datetime] | None = None
    cause: Received | None = None

    @property
    def sequence(self) -> int:
        return int(self.row.routing_sequence) + 1

    def stored(self) -> dict[str, Any]:
        department, at = self.manual or (None, None)
        routing = self.routing
        return {
            "report_id": self.row.report_id,
            "sequence": self.sequence,
            "municipality": self.row.municipality,
            "category": routing.category,
            "department": routing.department,
            "department_name": routing.department_name,
            "assignee": routing.assignee,
            "deadline": routing.deadline,
            "term_days": routing.term.days,
            "term_kind": routing.term.kind.value,
            "areas": list(routing.areas),
            "origin": routing.origin.value,
            "rule": routing.rule.id if routing.rule else None,
            "rule_name": routing.rule.name if routing.rule else None,
            "passed_over": [
                {
                    "rule": str(passed.rule.id),
                    "name": passed.rule.name,
                    "faults": [{"kind": fault.kind.value, "reference": fault.reference} for fault in passed.faults],
                }
                for passed in routing.passed_over
            ],
            "actor": self.actor,
            "routed_at": self.at,
            "outcome": routing.outcome(),
            "manual_department": department,
            "manual_at": at,
        }

    def event(self) -> Outgoing:
        routing = self.routing
        report_id: UUID = self.row.report_id
        data = ReportRouted(
            report_id=report_id,
            municipality=self.row.municipality,
            category=routing.category,
            department=routing.department,
            department_name=routing.department_name,
            assignee=routing.assignee,
            deadline=routing.deadline,
            term_days=routing.term.days,
            term_kind=routing.term.kind.value,
            rule=routing.rule.id if routing.rule else None,
            areas=list(routing.areas),
            origin=routing.origin.value,
            actor=self.actor,
            routed_at=self.at,
        )
        return Outgoing(data, key=str(report_id), subject=str(report_id), sequence=self.sequence, cause=self.cause)


async def _route(
    session: AsyncSession,
    configurations: Configurations,
    rows: Sequence[Any],
    causes: Causes,
    *,
    patient: bool = True,
) -> None:
    """Route the reports of ``rows``, which are locked, as far as enough is known of them.

    Of the same facts always comes the same routing, in whatever order they arrived; one that says nothing new is
    not told again. ``patient`` reports wait for their answers while a rule looks at answers.
    """
    changes: list[_Change] = []
    now = datetime.now(UTC)
    for row in rows:
        if not row.intake_sequence or not row.classification_sequence:
            continue
        configuration = await configurations.current(session, row.municipality)
        waits = patient and not row.texts_sequence and not row.routing_sequence and configuration.looks_at_answers
        if waits:
            continue
        manual = _standing_choice(row)
        routing = decisions.route(_facts(row), configuration, manual_department=manual[0] if manual else None)
        if routing.outcome() == row.outcome:
            continue
        changes.append(_Change(row, routing, now, manual=manual, cause=causes.get(row.report_id)))
        if routing.passed_over:
            log.warning(
                "broken_rule_passed_over",
                report_id=str(row.report_id),
                rules=[str(passed.rule.id) for passed in routing.passed_over],
            )
    await _save(session, changes)


def _standing_choice(row: Any) -> tuple[str, datetime] | None:
    if row.manual_department is None:
        return None
    stands = decisions.manual_choice_stands(row.manual_at, row.classified_at, row.classified_by)
    return (row.manual_department, row.manual_at) if stands else None


async def _save(session: AsyncSession, changes: Sequence[_Change]) -> None:
    await store.save_routings(session, [change.stored() for change in changes])
    await publish_all(session, [change.event() for change in changes])


def _facts(row: Any) -> ReportFacts:
    return ReportFacts(
        municipality=row.municipality,
        longitude=row.longitude,
        latitude=row.latitude,
        source=row.source,
        submitted_at=row.submitted_at,
        category=row.category,
        main_category=row.main_category,
        answers={key: frozenset(values) for key, values in (row.answers or {}).items()},
    )
