"""Rules of messages: kinds, states, who can be reached, when a failed mail is tried again."""

import enum
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email


class MessageNotFoundError(Exception):
    """There is no such message, or not for this caller."""


class ReportNotFoundError(Exception):
    """Nothing is known of this report, or not for this caller."""


class MessageUnderWayError(Exception):
    """The message is still to be sent; sending it again would make a double."""


class NoAddressError(Exception):
    """The reporter cannot be reached by e-mail, or no longer."""


class WordsRemovedError(Exception):
    """What the message said has been removed, so it cannot be sent again."""


class InvalidAddressError(Exception):
    """Nothing can be delivered to what was given as an e-mail address."""


class Kind(enum.StrEnum):
    """What a message is for."""

    CONFIRMATION = "confirmation"  # ontvangstbevestiging
    CLOSING = "closing"  # afhandelbericht
    UPDATE = "update"  # tussenbericht
    QUESTION = "question"  # vraag aan de melder


class State(enum.StrEnum):
    """How far a message is."""

    WAITING = "waiting"  # how the reporter can be reached is not known yet
    DUE = "due"  # to be sent, for the first time or again
    DELIVERED = "delivered"  # the mail server has taken it over
    FAILED = "failed"  # refused for good, or tried for long enough
    SKIPPED = "skipped"  # there is nobody to send it to


class Outcome(enum.StrEnum):
    """How one attempt ended."""

    DELIVERED = "delivered"
    DEFERRED = "deferred"  # try again later
    REFUSED = "refused"  # will never work
    RELEASED = "released"  # not tried at all: somebody else may


class Step(enum.StrEnum):
    """Where in the conversation with a mail server (RFC 5321) an answer came."""

    SENDER = "sender"
    RECIPIENT = "recipient"
    CONTENT = "content"


_PERMANENT = range(500, 600)


def outcome_of(step: Step, code: int) -> Outcome:
    """Return what a refusal with reply ``code`` at ``step`` means for the message.

    A refused *sender* is a fault of our own set-up, not of this message: somebody will mend it, so it waits.
    """
    return Outcome.REFUSED if code in _PERMANENT and step is not Step.SENDER else Outcome.DEFERRED


def retry_delay(attempt: int, *, first: float, longest: float, chance: float) -> float:
    """Return how many seconds to wait after failed ``attempt`` (from 1).

    Doubles each time up to ``longest``; ``chance`` (0 to 1) spreads it by a quarter to both sides, so that what
    failed together does not come back together.
    """
    return float(min(longest, first * 2.0 ** min(attempt - 1, 30)) * (0.75 + 0.5 * chance))


@dataclass(frozen=True)
class Recipient:
    """An address that can be given to a mail server."""

    address: str
    needs_utf8: bool  # letters outside ASCII before the @: only servers with SMTPUTF8 (RFC 6531) take it


def recipient(address: str) -> Recipient:
    """Return where to deliver mail for ``address``; raise ``InvalidAddressError`` when nobody could.

    A domain with letters outside ASCII is written as every server understands it (``xn--…``).
    """
    try:
        valid = validate_email(address, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise InvalidAddressError from error
    if valid.ascii_email is not None:
        return Recipient(valid.ascii_email, needs_utf8=False)
    return Recipient(f"{valid.local_part}@{valid.ascii_domain}", needs_utf8=True)
