"""What events of other blocks do to a case.

Each function changes only the columns of its own source and only for a newer sequence, so that topics may arrive in
any order and more than once. The exception is the assignee, whom people and routing both set, under the lock of the
case.
"""

from datetime import UTC, datetime
from uuid import UUID

from commonground import ids
from commonground.messaging import Received
from handling import events
from handling.domain.cases import Kind, assignee_after_routing
from handling.use_cases.draft import Draft


def take_in_report(draft: Draft, event: Received) -> None:
    """Open the case of a report: from now on people see it."""
    if event.sequence <= draft.values["submitted_sequence"]:
        return
    data = event.data
    opened = not draft.listed
    longitude, latitude = data.geometry.coordinates[:2]
    draft.change(
        submitted_sequence=event.sequence,
        number=data.number,
        submitted_at=data.submitted_at,
        occurred_at=data.occurred_at,
        longitude=longitude,
        latitude=latitude,
        district=data.district,
        source=data.source,
        attachment_count=data.attachment_count,
        has_contact=data.has_contact,
    )
    if not opened:
        return
    draft.change(status_changed_at=event.time)
    draft.enter(Kind.OPENED, at=event.time, entry_id=_entry_id(draft, event), after=draft.status)
    draft.tell(events.CaseOpened(**draft.state(), opened_at=event.time), event)
    if draft.values["assignee"] is not None:
        _tell_assignment(draft, event)


def take_over_category(draft: Draft, event: Received) -> None:
    """Give the case the category that its report got."""
    if event.sequence <= draft.values["classified_sequence"]:
        return
    data, before = event.data, draft.values["category"]
    origin_before = draft.values["category_origin"]
    draft.change(
        classified_sequence=event.sequence,
        category=data.category,
        main_category=data.main_category,
        category_origin=data.origin,
        confidence=data.confidence,
    )
    if (before, origin_before) != (data.category, data.origin):
        draft.enter(
            Kind.CATEGORY,
            at=event.time,
            entry_id=_entry_id(draft, event),
            before=before,
            after=data.category,
            details={"origin": data.origin, "confidence": data.confidence},
        )


def take_over_routing(draft: Draft, event: Received) -> None:
    """Give the case the department and deadline that its report got; a new department takes it from whoever had it."""
    if event.sequence <= draft.values["routed_sequence"]:
        return
    data, before, deadline_before = event.data, draft.values["department"], draft.values["deadline"]
    draft.change(
        routed_sequence=event.sequence,
        department=data.department,
        department_name=data.department_name,
        deadline=data.deadline,
        term_days=data.term_days,
        term_kind=data.term_kind,
    )
    if (before, deadline_before) != (data.department, data.deadline):
        draft.enter(
            Kind.DEPARTMENT,
            at=event.time,
            entry_id=_entry_id(draft, event),
            before=before,
            after=data.department,
            details={
                "deadline": _text(data.deadline),
                "termDays": data.term_days,
                "termKind": data.term_kind,
            },
        )
    had = draft.values["assignee"]
    has = assignee_after_routing(had, before=before, after=data.department, named=data.assignee)
    if has == had:
        return
    draft.change(assignee=has)
    draft.enter(Kind.ASSIGNMENT, at=event.time, entry_id=_entry_id(draft, event, "assignee"), before=had, after=has)
    if draft.listed:
        _tell_assignment(draft, event)


def _tell_assignment(draft: Draft, event: Received) -> None:
    draft.tell(events.CaseAssigned(**draft.state(), changed_at=event.time), event)


def _text(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None


def _entry_id(draft: Draft, event: Received, part: str = "") -> UUID:
    """Return the id of the entry that an event causes: the same when the event is replayed."""
    return ids.derived(draft.id, f"{event.id}{part}")
