"""Requests and answers of handling's API."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from commonground.problems import SafeValueError
from handling.domain.statuses import MAX_TEXT, Status

# Control characters that no text needs; NUL cannot be stored by PostgreSQL at all.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def plain(value: str) -> str:
    """Refuse control characters; everything else is kept exactly."""
    if _CONTROL.search(value):
        message = "The text holds control characters"
        raise SafeValueError(message)
    return value


def _not_blank(value: str) -> str:
    if not value.strip():
        message = "Write something"
        raise SafeValueError(message)
    return value


Text = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_TEXT), AfterValidator(plain), AfterValidator(_not_blank)
]
Code = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(plain)]
Version = Annotated[
    int | None,
    Field(ge=0, lt=2**31, description="Version that the caller saw; 409 when the case has changed since"),
]
PriorityCode = Literal["low", "normal", "high"]


class Request(BaseModel):
    """Base of requests: unknown fields are refused, since a misspelt one would be lost."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class StatusChangeRequest(Request):
    """A step in the workflow."""

    status: Status
    text: Text | None = Field(default=None, description="For the history, and for the reporter when told")
    notify_reporter: bool | None = Field(
        default=None, description="Absent: told when closed, reopened or asked something"
    )
    target: Code | None = Field(default=None, description="External system, with external-to-send")
    expected_version: Version = None


class AssignmentRequest(Request):
    """Who gets the case; null takes it from whoever had it."""

    assignee: Code | None
    expected_version: Version = None


class NoteRequest(Request):
    """A note, which nobody can change afterwards."""

    text: Text


class PriorityRequest(Request):
    """How urgent the case is."""

    priority: PriorityCode
    expected_version: Version = None


class Answer(BaseModel):
    """Base of answers: no defaults, since an answer that lacks something is a mistake."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class Label(Answer):
    """A name in two languages."""

    nl: str
    en: str


class Point(Answer):
    """A GeoJSON point: longitude, latitude in degrees (WGS 84)."""

    type: Literal["Point"]
    coordinates: list[float]


class CaseItem(Answer):
    """A case in a list."""

    id: UUID
    report_id: UUID
    number: str
    municipality: str
    status: Status
    category: str | None
    category_name: Label | None
    main_category: str | None
    department: str | None
    department_name: str | None
    assignee: str | None
    assignee_name: str | None
    priority: PriorityCode
    deadline: datetime | None
    submitted_at: datetime
    changed_at: datetime
    late: bool
    geometry: Point
    address: dict[str, Any] | None
    summary: str | None = Field(description="Beginning of what the reporter wrote")
    attachment_count: int
    version: int


class CasePage(Answer):
    """A page of cases."""

    items: list[CaseItem]
    next_cursor: str | None


class CaseCount(Answer):
    """How many cases there are; exact up to 1000."""

    count: int
    capped: bool
    text: str = Field(examples=["1000+"])


class Contact(Answer):
    """How the reporter can be reached."""

    email: str | None
    phone: str | None
    language: str | None


class Person(Answer):
    """A member of staff."""

    id: str
    name: str | None


class HistoryEntry(Answer):
    """What happened to a case; ``actor`` is null when nobody did it by hand."""

    id: UUID
    at: datetime
    kind: str
    actor: Person | None
    before: str | None = Field(alias="from")
    before_name: Label | None = Field(alias="fromName")
    after: str | None = Field(alias="to")
    after_name: Label | None = Field(alias="toName")
    text: str | None
    text_removed: bool
    details: dict[str, Any]
    version: int | None


class History(Answer):
    """The whole history of a case, oldest first."""

    items: list[HistoryEntry]
    next_cursor: str | None


class Note(Answer):
    """A note of a colleague."""

    id: UUID
    at: datetime
    author: Person | None
    text: str | None
    removed: bool


class Delivery(Answer):
    """What became of a message to the reporter."""

    message_id: UUID
    kind: str
    channel: str
    state: Literal["delivered", "failed"]
    at: datetime
    attempts: int


class Explanation(Answer):
    """Why the case has its category."""

    origin: str | None
    confidence: float | None
    predictions: list[dict[str, Any]]


class CaseDetail(CaseItem):
    """A case with all that belongs to it."""

    description: str | None
    text_removed: bool
    language: str | None
    occurred_at: datetime | None
    district: str | None
    source: str
    answers: list[dict[str, Any]]
    attachments: list[dict[str, Any]]
    contact: Contact | None
    contact_hidden: bool = Field(description="True when the caller may not see contact data")
    has_contact: bool
    term_days: int | None
    term_kind: str | None
    explanation: Explanation | None
    notes: list[Note]
    history: list[HistoryEntry]
    deliveries: list[Delivery]
    allowed_statuses: list[Status]


class StatusItem(Answer):
    """A status of the workflow."""

    code: Status
    label: Label
    open: bool
    application_only: bool
    text_required: bool
    told_by_default: bool
    next: list[Status] = Field(description="What people can choose as the next status")


class StatusList(Answer):
    """The workflow."""

    items: list[StatusItem]
    next_cursor: str | None


class Assignee(Answer):
    """Somebody who can be given a case."""

    id: str
    name: str | None
    departments: list[str]


class AssigneeList(Answer):
    """Who can be given a case."""

    items: list[Assignee]
    next_cursor: str | None
