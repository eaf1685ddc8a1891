"""Events that handling publishes: what happens to cases, openly, and words for reporters, restricted."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from commonground import ids
from commonground.contracts import Published
from commonground.messaging import EventData, Stream, Tier, dead_letters

CASES = Stream("handling", "cases", Tier.OPEN, "What happens to cases: status, assignment, priority", compacted=True)
CASE_MESSAGES = Stream(
    "handling",
    "case-messages",
    Tier.RESTRICTED,
    "What handlers want reporters to hear, with the text",
    compacted=True,
)
STREAMS = (CASES, CASE_MESSAGES, dead_letters.stream("handling"))


class CaseState(EventData):
    """Where a case stands after the event: the topic keeps the newest one of each case for ever."""

    case_id: UUID
    report_ids: list[UUID]
    number: str
    municipality: str
    status: str
    public_status: str = Field(description="`open` or `closed`", examples=["open"])
    status_changed_at: datetime = Field(description="Since when it has this status")
    department: str | None = Field(description="As handling knew it then; `routing.routings` says what it is now")
    assignee: str | None = Field(description="User id, opaque to others")
    priority: str = Field(description="`low`, `normal` or `high`")


class CaseOpened(CaseState, name="case-opened", stream=CASES):
    """Work on a report has been taken in."""

    opened_at: datetime


class CaseStatusChanged(CaseState, name="case-status-changed", stream=CASES):
    """The status of a case has changed."""

    previous_status: str
    changed_at: datetime


class CaseAssigned(CaseState, name="case-assigned", stream=CASES):
    """A case has been assigned to somebody, or to nobody."""

    changed_at: datetime


class CasePrioritised(CaseState, name="case-prioritised", stream=CASES):
    """The priority of a case has changed."""

    changed_at: datetime


class ReporterMessageRequested(EventData, name="reporter-message-requested", stream=CASE_MESSAGES):
    """A handler tells the reporter something; notification sends it."""

    message_id: UUID
    case_id: UUID
    report_id: UUID
    number: str
    municipality: str
    kind: str = Field(description="`closing`, `update` or `question`")
    status: str
    text: str
    requested_at: datetime


_REPORT = UUID("01930f2e-0000-7000-8000-000000000001")
_CASE = ids.derived(_REPORT, "case")
_MESSAGE = UUID("01930f2e-0000-7000-8000-000000000003")
_AT = datetime(2026, 11, 20, 9, 31, tzinfo=UTC)
_LATER = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)
_CLOSED = datetime(2026, 11, 21, 10, 15, tzinfo=UTC)
_WHO = "01930f2e-0000-7000-8000-00000000000a"


def _published(example: EventData, subject: UUID = _CASE, sequence: int = 1) -> Published:
    return Published(example, key=str(_REPORT), subject=str(subject), sequence=sequence)


def _state(
    *,
    status: str = "reported",
    public_status: str = "open",
    status_changed_at: datetime = _AT,
    assignee: str | None = _WHO,
    priority: str = "normal",
) -> dict[str, Any]:
    return {
        "case_id": _CASE,
        "report_ids": [_REPORT],
        "number": "M-10001",
        "municipality": "GM0106",
        "status": status,
        "public_status": public_status,
        "status_changed_at": status_changed_at,
        "department": "VRL",
        "assignee": assignee,
        "priority": priority,
    }


PUBLISHED = (
    _published(CaseOpened(**_state(assignee=None), opened_at=_AT)),
    _published(
        CaseStatusChanged(
            **_state(status="closed", public_status="closed", status_changed_at=_CLOSED, priority="high"),
            previous_status="in-progress",
            changed_at=_CLOSED,
        ),
        sequence=4,
    ),
    _published(CaseAssigned(**_state(), changed_at=_LATER), sequence=2),
    _published(CasePrioritised(**_state(priority="high"), changed_at=_LATER), sequence=3),
    _published(
        ReporterMessageRequested(
            message_id=_MESSAGE,
            case_id=_CASE,
            report_id=_REPORT,
            number="M-10001",
            municipality="GM0106",
            kind="closing",
            status="closed",
            text="De lamp is vervangen. Bedankt voor uw melding.",
            requested_at=_AT,
        ),
        subject=_MESSAGE,
    ),
)
