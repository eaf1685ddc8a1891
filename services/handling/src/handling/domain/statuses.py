"""The workflow of a case: its statuses, what may follow what, and what a change asks for."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from commonground.problems import InvalidInputError

MAX_TEXT = 3000
MAX_QUESTION = 1000  # a reporter answers one question, not a letter


class Status(enum.StrEnum):
    """Where a case stands; the Dutch names are in ``LABELS``."""

    REPORTED = "reported"
    AWAITING_HANDLING = "awaiting-handling"
    IN_PROGRESS = "in-progress"
    PLANNED = "planned"
    ON_HOLD = "on-hold"
    EXTERNAL_TO_SEND = "external-to-send"
    EXTERNAL_SENT = "external-sent"
    EXTERNAL_FAILED = "external-failed"
    EXTERNAL_DONE = "external-done"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    REOPENED = "reopened"
    SPLIT = "split"
    CLOSURE_REQUESTED = "closure-requested"
    REOPEN_REQUESTED = "reopen-requested"
    REACTION_REQUESTED = "reaction-requested"
    REACTION_RECEIVED = "reaction-received"
    FORWARDED = "forwarded"


class MessageKind(enum.StrEnum):
    """What a message to the reporter is about."""

    CLOSING = "closing"
    UPDATE = "update"
    QUESTION = "question"


class TransitionNotAllowedError(Exception):
    """The case cannot go from its status to the asked one."""

    def __init__(self, current: Status, allowed: list[Status]) -> None:
        names = ", ".join(allowed) or "nothing"
        super().__init__(f"From {current} a case can go to: {names}")
        self.current = current
        self.allowed = allowed


LABELS: Mapping[Status, tuple[str, str]] = {  # Dutch, English
    Status.REPORTED: ("Gemeld", "Reported"),
    Status.AWAITING_HANDLING: ("In afwachting van behandeling", "Awaiting handling"),
    Status.IN_PROGRESS: ("In behandeling", "In progress"),
    Status.PLANNED: ("Ingepland", "Planned"),
    Status.ON_HOLD: ("On hold", "On hold"),
    Status.EXTERNAL_TO_SEND: ("Extern: te verzenden", "External: to be sent"),
    Status.EXTERNAL_SENT: ("Extern: verzonden", "External: sent"),
    Status.EXTERNAL_FAILED: ("Extern: mislukt", "External: failed"),
    Status.EXTERNAL_DONE: ("Extern: afgehandeld", "External: done"),
    Status.CLOSED: ("Afgehandeld", "Closed"),
    Status.CANCELLED: ("Geannuleerd", "Cancelled"),
    Status.REOPENED: ("Heropend", "Reopened"),
    Status.SPLIT: ("Gesplitst", "Split"),
    Status.CLOSURE_REQUESTED: ("Verzoek tot afhandeling", "Closure requested"),
    Status.REOPEN_REQUESTED: ("Verzoek tot heropenen", "Reopening requested"),
    Status.REACTION_REQUESTED: ("Reactie gevraagd", "Reaction requested"),
    Status.REACTION_RECEIVED: ("Reactie ontvangen", "Reaction received"),
    Status.FORWARDED: ("Doorgezet naar extern", "Forwarded to an external party"),
}

_S = Status
_OFTEN = frozenset({_S.REPORTED, _S.AWAITING_HANDLING, _S.IN_PROGRESS, _S.PLANNED, _S.CLOSED, _S.CANCELLED})

# A status may follow itself where a handler sends the reporter another word without anything else changing.
# On hold and split are no longer entered: they exist for cases that come from another system.
TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    _S.REPORTED: _OFTEN | {_S.EXTERNAL_TO_SEND, _S.REACTION_REQUESTED, _S.FORWARDED},
    _S.AWAITING_HANDLING: _OFTEN | {_S.EXTERNAL_TO_SEND, _S.CLOSURE_REQUESTED, _S.REACTION_REQUESTED, _S.FORWARDED},
    _S.IN_PROGRESS: _OFTEN - {_S.AWAITING_HANDLING}
    | {_S.EXTERNAL_TO_SEND, _S.CLOSURE_REQUESTED, _S.REACTION_REQUESTED, _S.FORWARDED},
    _S.PLANNED: _OFTEN - {_S.AWAITING_HANDLING} | {_S.CLOSURE_REQUESTED, _S.REACTION_REQUESTED, _S.FORWARDED},
    _S.ON_HOLD: frozenset({_S.PLANNED, _S.CANCELLED}),
    _S.EXTERNAL_TO_SEND: frozenset({_S.EXTERNAL_SENT, _S.EXTERNAL_FAILED, _S.CANCELLED}),
    _S.EXTERNAL_SENT: frozenset({_S.EXTERNAL_DONE, _S.CANCELLED}),
    _S.EXTERNAL_FAILED: frozenset({_S.REPORTED, _S.EXTERNAL_TO_SEND, _S.CANCELLED}),
    _S.EXTERNAL_DONE: frozenset({_S.CLOSED, _S.CANCELLED, _S.IN_PROGRESS}),
    _S.CLOSED: frozenset({_S.REOPENED, _S.REOPEN_REQUESTED}),
    _S.CANCELLED: frozenset({_S.CANCELLED, _S.REOPENED, _S.IN_PROGRESS}),
    _S.REOPENED: frozenset(
        {
            _S.REOPENED,
            _S.REPORTED,
            _S.IN_PROGRESS,
            _S.CLOSED,
            _S.CANCELLED,
            _S.EXTERNAL_TO_SEND,
            _S.REACTION_REQUESTED,
            _S.FORWARDED,
        }
    ),
    _S.SPLIT: frozenset(),
    _S.CLOSURE_REQUESTED: _OFTEN - {_S.PLANNED} | {_S.CLOSURE_REQUESTED, _S.FORWARDED},
    _S.REOPEN_REQUESTED: frozenset({_S.CLOSED, _S.REOPENED, _S.CANCELLED}),
    _S.REACTION_REQUESTED: _OFTEN | {_S.REACTION_REQUESTED, _S.REACTION_RECEIVED, _S.EXTERNAL_TO_SEND, _S.FORWARDED},
    _S.REACTION_RECEIVED: _OFTEN | {_S.REACTION_REQUESTED, _S.EXTERNAL_TO_SEND, _S.FORWARDED},
    _S.FORWARDED: _OFTEN
    | {_S.CLOSURE_REQUESTED, _S.FORWARDED, _S.REACTION_REQUESTED, _S.REACTION_RECEIVED, _S.EXTERNAL_TO_SEND},
}

# What only the application sets, because only it knows: an external system answered, a reporter was not satisfied.
APPLICATION_ONLY = frozenset({_S.EXTERNAL_SENT, _S.EXTERNAL_FAILED, _S.EXTERNAL_DONE, _S.REOPEN_REQUESTED})
CLOSED = frozenset({_S.CLOSED, _S.CANCELLED, _S.SPLIT})
TEXT_REQUIRED = frozenset({_S.CLOSED, _S.REOPENED, _S.REACTION_REQUESTED, _S.FORWARDED})
# Reporters are told of these unless the handler says otherwise; a question makes no sense unless it is sent.
TOLD_BY_DEFAULT = frozenset({_S.CLOSED, _S.REOPENED, _S.REACTION_REQUESTED})
_NEVER_TOLD = frozenset({_S.EXTERNAL_TO_SEND, _S.EXTERNAL_SENT, _S.EXTERNAL_FAILED, _S.EXTERNAL_DONE, _S.SPLIT})


@dataclass(frozen=True)
class StatusChange:
    """A change that somebody asks for; ``notify_reporter`` None leaves the choice to the status."""

    status: Status
    text: str | None = None
    notify_reporter: bool | None = None
    target: str | None = None


def is_open(status: Status) -> bool:
    """Tell whether there is work left; the public sees only this."""
    return status not in CLOSED


def public_status(status: Status) -> str:
    """Return what the public sees of a status: ``open`` or ``closed``."""
    return "open" if is_open(status) else "closed"


def choices(current: Status, *, targets: frozenset[str]) -> list[Status]:
    """Return what a person can choose as the next status, in the order of the workflow."""
    hidden = APPLICATION_ONLY if targets else APPLICATION_ONLY | {Status.EXTERNAL_TO_SEND}
    return [status for status in Status if status in TRANSITIONS[current] - hidden]


def decide(
    current: Status,
    change: StatusChange,
    *,
    reporter_has_email: bool,
    targets: frozenset[str] = frozenset(),
    by_application: bool = False,
) -> MessageKind | None:
    """Allow a change of status; return the kind of message that the reporter gets, None for none.

    Raises ``TransitionNotAllowedError`` when the workflow does not know the step, and ``InvalidInputError`` with
    every field that is wrong. Rules after the behaviour of Signalen's workflow.
    """
    if change.status in APPLICATION_ONLY and not by_application:
        raise InvalidInputError(("body.status", "Only the application sets this status", "application-only"))
    if change.status not in TRANSITIONS[current]:
        raise TransitionNotAllowedError(current, choices(current, targets=targets))
    told = change.status in TOLD_BY_DEFAULT if change.notify_reporter is None else change.notify_reporter
    errors = [
        *_text_errors(change, told=told),
        *_target_errors(change, targets),
        *_reporter_errors(change, told=told, reporter_has_email=reporter_has_email),
    ]
    if errors:
        raise InvalidInputError(*errors)
    if not told:
        return None
    if change.status is Status.REACTION_REQUESTED:
        return MessageKind.QUESTION
    return MessageKind.UPDATE if is_open(change.status) else MessageKind.CLOSING


_Errors = list[tuple[str, str, str]]


def _text_errors(change: StatusChange, *, told: bool) -> _Errors:
    if change.text is None:
        if change.status in TEXT_REQUIRED:
            return [("body.text", "This status needs a text", "missing")]
        return [("body.text", "A message to the reporter needs a text", "missing")] if told else []
    longest = MAX_QUESTION if change.status is Status.REACTION_REQUESTED else MAX_TEXT
    if len(change.text) > longest:
        return [("body.text", f"At most {longest} characters", "too-long")]
    return []


def _target_errors(change: StatusChange, targets: frozenset[str]) -> _Errors:
    if change.status is not Status.EXTERNAL_TO_SEND:
        return [("body.target", "Only external-to-send takes a target", "not-allowed")] if change.target else []
    if change.target is None:
        return [("body.target", "Name the external system", "missing")]
    if change.target not in targets:
        return [("body.target", "There is no such external system", "unknown-target")]
    return []


def _reporter_errors(change: StatusChange, *, told: bool, reporter_has_email: bool) -> _Errors:
    if told and change.status in _NEVER_TOLD:
        return [("body.notifyReporter", "Reporters are not told of this status", "not-allowed")]
    if change.status is not Status.REACTION_REQUESTED:
        return []
    if not told:
        return [("body.notifyReporter", "A question is always sent", "not-allowed")]
    return [] if reporter_has_email else [("body.status", "The reporter has no e-mail address", "no-email")]
