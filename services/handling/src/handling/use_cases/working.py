"""What people do with a case: change its status, assign it, give it a priority, write a note."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from commonground import idempotency, ids
from commonground.auth import Principal
from handling import events
from handling.domain import statuses
from handling.domain.cases import CaseNotFoundError, Kind, Priority, Scope, VersionConflictError, check_assignee
from handling.domain.statuses import MessageKind, StatusChange
from handling.store import cases, copies, history
from handling.use_cases.draft import Draft, save

log = structlog.get_logger(__name__)

_REMEMBERED = idempotency.Answer(201, {})  # repeats get the case as it is by then: no text is kept a second time


@dataclass(frozen=True)
class Request:
    """Who asks for a change of which case, and how often they may have asked before."""

    principal: Principal
    case_id: UUID
    now: datetime
    expected_version: int | None = None
    key: str | None = None
    content: dict[str, Any] = field(default_factory=dict)


async def change_status(
    session: AsyncSession, request: Request, change: StatusChange, *, targets: frozenset[str]
) -> None:
    """Move a case through the workflow; the reporter hears of it when the change says so."""
    draft = await _take(session, request, "status-changes")
    if draft is None:
        return
    asks_mail = change.status is statuses.Status.REACTION_REQUESTED
    has_email = asks_mail and await cases.reporter_has_email(session, draft.report_id)
    before = draft.status
    message = statuses.decide(before, change, reporter_has_email=has_email, targets=targets)
    if message and await copies.text_is_removed(session, draft.report_id):
        message = None  # the report was destroyed: nobody is left to tell, and nothing may be told any more
    message_id = ids.new() if message else None
    draft.change(status=change.status.value, status_changed_at=request.now)
    draft.enter(
        Kind.STATUS,
        at=request.now,
        actor=request.principal.subject,
        before=before,
        after=change.status,
        text=change.text,
        details={"messageId": str(message_id) if message_id else None, "target": change.target},
    )
    draft.tell(events.CaseStatusChanged(**draft.state(), previous_status=before, changed_at=request.now))
    if message and message_id and change.text:
        _tell_reporter(draft, change, message, message_id, request.now)
    await save(session, [draft])
    log.info("case_status_changed", case_id=str(draft.id), status=change.status, before=before)


def _tell_reporter(draft: Draft, change: StatusChange, kind: MessageKind, message_id: UUID, now: datetime) -> None:
    draft.tell_reporter(
        events.ReporterMessageRequested(
            message_id=message_id,
            case_id=draft.id,
            report_id=draft.report_id,
            number=draft.values["number"],
            municipality=draft.values["municipality"],
            kind=kind,
            status=change.status,
            text=change.text or "",
            requested_at=now,
        ),
        message_id,
    )


async def assign(session: AsyncSession, request: Request, assignee: str | None) -> None:
    """Give a case to a member of its department, or to nobody."""
    draft = await _take(session, request, "assignments")
    if draft is None:
        return
    before = draft.values["assignee"]
    if assignee is not None:
        found = await copies.colleague(session, assignee)
        check_assignee(
            department=draft.values["department"],
            municipality=draft.values["municipality"],
            active=found is not None and found.active,
            departments=found.departments if found else (),
            places=found.municipalities if found else (),
        )
    if assignee == before:
        return
    draft.change(assignee=assignee)
    draft.enter(Kind.ASSIGNMENT, at=request.now, actor=request.principal.subject, before=before, after=assignee)
    draft.tell(events.CaseAssigned(**draft.state(), changed_at=request.now))
    await save(session, [draft])
    log.info("case_assigned", case_id=str(draft.id))


async def prioritise(session: AsyncSession, request: Request, priority: Priority) -> None:
    """Say how urgent a case is."""
    draft = await _take(session, request, "priorities")
    if draft is None:
        return
    before = Priority(draft.values["priority"])
    if priority is before:
        return
    draft.change(priority=int(priority))
    draft.enter(Kind.PRIORITY, at=request.now, actor=request.principal.subject, before=before.code, after=priority.code)
    draft.tell(events.CasePrioritised(**draft.state(), changed_at=request.now))
    await save(session, [draft])
    log.info("case_prioritised", case_id=str(draft.id))


async def add_note(session: AsyncSession, request: Request, text: str) -> None:
    """Write a note, which nobody can change afterwards."""
    draft = await _take(session, request, "notes")
    if draft is None:
        return
    draft.enter(Kind.NOTE, at=request.now, actor=request.principal.subject, text=text)
    await save(session, [draft])
    log.info("case_note_added", case_id=str(draft.id))


async def _take(session: AsyncSession, request: Request, what: str) -> Draft | None:
    """Lock the case for a change that the caller may make; None when the request is a repeat.

    The case is looked at before the key, so that a repeat does not tell about a case that the caller may no
    longer see.
    """
    row = (await cases.lock(session, [request.case_id])).get(request.case_id)
    if row is None or row["submitted_at"] is None:
        raise CaseNotFoundError
    Scope.of(request.principal).admit(row["municipality"], row["department"])
    if request.key is not None:
        scope = f"{what}:{request.principal.subject}"
        digest = idempotency.fingerprint(request.case_id, request.content)
        if await idempotency.claim(session, scope, request.key, digest, _REMEMBERED) is not None:
            return None
    expected = request.expected_version
    if expected is not None and expected != row["version"]:
        raise VersionConflictError(row["version"], await history.changed_since(session, request.case_id, expected))
    return Draft(row)
