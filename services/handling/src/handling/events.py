"""Events that handling publishes: what happens to cases, openly, and words for reporters, restricted."""

from datetime import UTC, datetime
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


class CaseOpened(EventData, name="case-opened", stream=CASES):
    """Work on a report has been taken in."""

    case_id: UUID
    report_ids: list[UUID]
    number: str
    municipality: str
    status: str
    opened_at: datetime


class CaseStatusChanged(EventData, name="case-status-changed", stream=CASES):
    """The status of a case has changed."""

    case_id: UUID
    report_ids: list[UUID]
    number: str
    municipality: str
    status: str
    previous_status: str
    public_status: str = Field(description="`open` or `closed`", examples=["open"])
    changed_at: datetime


class CaseAssigned(EventData, name="case-assigned", stream=CASES):
    """A case has been assigned to somebody, or to nobody."""

    case_id: UUID
    report_ids: list[UUID]
    municipality: str
    department: str | None
    assignee: str | None = Field(description="User id, opaque to others")
    changed_at: datetime


class CasePrioritised(EventData, name="case-prioritised", stream=CASES):
    """The priority of a case has changed."""

    case_id: UUID
    report_ids: list[UUID]
    municipality: str
    priority: str = Field(description="`low`, `normal` or `high`")
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


def _published(example: EventData, subject: UUID = _CASE, sequence: int = 1) -> Published:
    return Published(example, key=str(_REPORT), subject=str(subject), sequence=sequence)


PUBLISHED = (
    _published(
        CaseOpened(
            case_id=_CASE,
            report_ids=[_REPORT],
            number="M-10001",
            municipality="GM0106",
            status="reported",
            opened_at=_AT,
        )
    ),
    _published(
        CaseStatusChanged(
            case_id=_CASE,
            report_ids=[_REPORT],
            number="M-10001",
            municipality="GM0106",
            status="closed",
            previous_status="in-progress",
            public_status="closed",
            changed_at=_AT,
        ),
        sequence=4,
    ),
    _published(
        CaseAssigned(
            case_id=_CASE,
            report_ids=[_REPORT],
            municipality="GM0106",
            department="VRL",
            assignee="01930f2e-0000-7000-8000-00000000000a",
            changed_at=_AT,
        ),
        sequence=2,
    ),
    _published(
        CasePrioritised(case_id=_CASE, report_ids=[_REPORT], municipality="GM0106", priority="high", changed_at=_AT),
        sequence=3,
    ),
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
