"""Rules of webhooks: what a subscription lets through, how a delivery is signed, what an answer means."""

import base64
import enum
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

# Everything that the open topics carry, by block; a contract test compares it with contracts/asyncapi.yaml.
EventType = Literal[
    "nl.meldstroom.intake.report-submitted",
    "nl.meldstroom.intake.report-anonymised",
    "nl.meldstroom.intake.report-destroyed",
    "nl.meldstroom.classification.report-classified",
    "nl.meldstroom.classification.category-changed",
    "nl.meldstroom.routing.report-routed",
    "nl.meldstroom.routing.department-changed",
    "nl.meldstroom.handling.case-opened",
    "nl.meldstroom.handling.case-status-changed",
    "nl.meldstroom.handling.case-assigned",
    "nl.meldstroom.handling.case-prioritised",
    "nl.meldstroom.notification.message-delivered",
    "nl.meldstroom.notification.message-failed",
]
EVENT_TYPES: tuple[str, ...] = get_args(EventType)
TEST_TYPE = "nl.meldstroom.notification.webhook-tested"

CONTENT_TYPE = "application/cloudevents+json"
LONGEST_ANSWER = 1000  # characters of a receiver's answer that are kept
_SECRET_BYTES = 32
_SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix that Standard Webhooks asks for

OK = range(200, 300)
_REDIRECTS = range(300, 400)
_GONE = 410
_TOO_MANY = 429
_SERVER_ERROR = 500


class SubscriptionNotFoundError(Exception):
    """There is no such subscription, or not for this caller."""


class SubscriptionOutdatedError(Exception):
    """Somebody else has changed the subscription in the meantime."""


class SubscriptionExistsError(Exception):
    """Another subscription of this municipality has this name."""


class TooManySubscriptionsError(Exception):
    """The municipality has as many subscriptions as it may have."""


class State(enum.StrEnum):
    """Whether events go out."""

    ACTIVE = "active"
    PAUSED = "paused"  # by somebody
    FAILED = "failed"  # by itself: the target failed for too long, or is gone


class Lane(enum.StrEnum):
    """The two queues of a subscription, and deliveries outside of both. Lanes never wait for each other."""

    LIVE = "live"
    REDELIVERY = "redelivery"
    TEST = "test"


class Outcome(enum.StrEnum):
    """How one attempt ended."""

    DELIVERED = "delivered"
    FAILED = "failed"


class Match(enum.Enum):
    """Whether a filter lets an event through."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"  # what the filter asks about is not known yet


# --- Filters ---


@dataclass(frozen=True)
class Facts:
    """What a filter may look at; None where nothing is known."""

    type: str
    about_report: bool
    category: str | None = None
    department: str | None = None
    place: tuple[float, float] | None = None  # longitude, latitude


@dataclass(frozen=True)
class Filter:
    """What a subscription is about. An empty list lets everything through; all that are given must fit."""

    types: Sequence[str] = ()
    categories: Sequence[str] = ()
    departments: Sequence[str] = ()
    bbox: Sequence[float] | None = None  # west, south, east, north
    area: dict[str, Any] | None = None  # GeoJSON Polygon or MultiPolygon

    def match(self, facts: Facts) -> Match:
        """Tell whether an event passes."""
        if self.types and facts.type not in self.types:
            return Match.NO
        found = [_among(facts.category, self.categories, facts), _among(facts.department, self.departments, facts)]
        if self.bbox is not None or self.area is not None:
            if facts.place is None:
                found.append(_not_known(facts))
            else:
                found.append(Match.YES if self._contains(*facts.place) else Match.NO)
        for worst in (Match.NO, Match.UNKNOWN):
            if worst in found:
                return worst
        return Match.YES

    def _contains(self, longitude: float, latitude: float) -> bool:
        if self.bbox is not None:
            west, south, east, north = self.bbox
            return west <= longitude <= east and south <= latitude <= north
        from shapely import intersects_xy

        return bool(intersects_xy(self._polygon, longitude, latitude))

    @cached_property
    def _polygon(self) -> Any:
        # Loaded here: only who filters by a polygon needs it.
        from shapely import prepare
        from shapely.geometry import shape

        made = shape(self.area or {})
        prepare(made)
        return made


def _among(value: str | None, wanted: Sequence[str], facts: Facts) -> Match:
    if not wanted:
        return Match.YES
    if value is None:
        return _not_known(facts)
    return Match.YES if value in wanted else Match.NO


def _not_known(facts: Facts) -> Match:
    """Return what a missing fact means: of a report it may still come, of anything else it never will."""
    return Match.UNKNOWN if facts.about_report else Match.NO


def is_valid_area(area: dict[str, Any]) -> bool:
    """Tell whether a GeoJSON polygon encloses something: its lines do not cross."""
    from shapely.errors import ShapelyError
    from shapely.geometry import shape

    try:
        made = shape(area)
        return bool(made.is_valid) and made.area > 0
    except (ShapelyError, ValueError, TypeError):
        return False


# --- Signatures: Standard Webhooks 1.0.0, symmetric scheme ---


def new_secret() -> str:
    """Return a new signing secret in its usual form: ``whsec_`` and 256 random bits in base64."""
    return _SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def signature(signing_secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> str:
    """Return the header ``webhook-signature``: one signature per secret, so that a secret can be changed in peace."""
    content = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(f"v1,{_hmac(secret, content)}" for secret in signing_secrets)


def _hmac(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(_SECRET_PREFIX))
    return base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()


_PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")


def webhook_id(event_id: str) -> str:
    """Return the ``webhook-id`` of an event: its own id; a digest of it when it could not stand in a header."""
    return event_id if _PLAIN_ID.fullmatch(event_id) else hashlib.sha256(event_id.encode()).hexdigest()


def headers(signing_secrets: Sequence[str], message_id: str, timestamp: int, body: bytes, lane: Lane) -> dict[str, str]:
    """Return the headers of a delivery."""
    found = {
        "Content-Type": CONTENT_TYPE,
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(signing_secrets, message_id, timestamp, body),
    }
    if lane is Lane.REDELIVERY:
        found["webhook-redelivery"] = "true"
    return found


# --- What a receiver answered ---


@dataclass(frozen=True)
class Verdict:
    """What became of one attempt; ``code`` is a word for logs and people, ``answer`` the receiver's own words."""

    outcome: Outcome
    code: str | None = None
    status: int | None = None
    milliseconds: int = 0
    answer: str | None = None
    retry_after: float = 0.0

    @property
    def gone(self) -> bool:
        """Tell whether the target wants nothing any more."""
        return self.status == _GONE


def verdict_of(status: int, *, milliseconds: int, answer: bytes, retry_after: str | None) -> Verdict:
    """Return what a receiver's answer means: any 2xx is a delivery, everything else is not."""
    if status in OK:
        return Verdict(Outcome.DELIVERED, None, status, milliseconds)
    if status in _REDIRECTS:
        code = "redirected"
    elif status == _GONE:
        code = "gone"
    elif status == _TOO_MANY:
        code = "too-many-requests"
    else:
        code = "server-error" if status >= _SERVER_ERROR else "refused"
    seconds = float(retry_after) if retry_after and retry_after.isascii() and retry_after.isdigit() else 0.0
    return Verdict(Outcome.FAILED, code, status, milliseconds, readable(answer) or None, seconds)


_SIGNED = re.compile(r"(whsec_|whsk_|v1a?,)[A-Za-z0-9+/=_-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ufffd\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def readable(answer: bytes) -> str:
    """Return a receiver's answer as one line without signatures, for the delivery log."""
    text = _CONTROL.sub(" ", answer.decode("utf-8", "replace"))
    return " ".join(_SIGNED.sub(r"\1…", text).split())[:LONGEST_ANSWER]


def retry_wait(attempt: int, *, first: float, longest: float, retry_after: float, chance: float) -> float:
    """Return how many seconds to wait after failed ``attempt`` (from 1): doubling, spread by a quarter.

    ``retry_after`` is what the receiver asks for; it is heeded as far as ``longest``.
    """
    doubled = min(longest, first * 2.0 ** min(attempt - 1, 30)) * (0.75 + 0.5 * chance)
    return float(max(doubled, min(retry_after, longest)))
