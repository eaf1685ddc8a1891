"""Rules of intake without any input or output: what a report is, where it may lie, what its reporter sees."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

MAX_DESCRIPTION = 4000
_CLOCKS_DIFFER = timedelta(minutes=5)
_LONGEST_AGO = timedelta(days=3660)


class OutsideServedAreaError(Exception):
    """The place lies outside every served municipality; ``municipality`` is where, when that is known."""

    def __init__(self, municipality: str | None) -> None:
        super().__init__(municipality)
        self.municipality = municipality


class ReportNotFoundError(Exception):
    """There is no such report, or not for this caller."""


class AttachmentNotFoundError(Exception):
    """There is no such photo, or it belongs to another report."""


class AttachmentsUnknownError(Exception):
    """One of the uploads of a report does not exist, or another report has it."""


class CategoryUnknownError(Exception):
    """The chosen category does not exist or is not in use."""


class RateLimitedError(Exception):
    """This client sends too much; ``seconds`` until it may try again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Try again in {seconds} seconds")
        self.seconds = seconds


@dataclass(frozen=True)
class NewReport:
    """What one person told, checked; ``longitude`` and ``latitude`` in degrees (WGS 84)."""

    description: str
    longitude: float
    latitude: float
    address: dict[str, Any] | None
    occurred_at: datetime | None
    email: str | None
    phone: str | None
    category: str | None
    answers: list[dict[str, Any]]
    attachments: list[UUID]
    source: str
    language: str


def plausible_moment(occurred_at: datetime, now: datetime) -> bool:
    """Tell whether something can have happened then: not in the future, not longer than ten years ago."""
    return now - _LONGEST_AGO <= occurred_at <= now + _CLOCKS_DIFFER


# What a reporter reads for each status of handling's workflow; words for residents, not for staff.
_REPORTER_STATUS: Mapping[str, str] = {
    "reported": "received",
    "awaiting-handling": "received",
    "planned": "planned",
    "reaction-requested": "question",
    "closed": "closed",
    "cancelled": "closed",
    "split": "closed",
    "reopened": "reopened",
}

# Where nobody works on a case any more, after which its time for being kept begins.
CLOSED = frozenset(status for status, shown in _REPORTER_STATUS.items() if shown == "closed")


def reporter_status(case_status: str | None) -> str:
    """Return the status that a reporter sees for a status of the case; ``received`` before there is a case."""
    if case_status is None:
        return "received"
    return _REPORTER_STATUS.get(case_status, "in-progress")
