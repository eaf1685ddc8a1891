"""Requests and answers about webhook subscriptions."""

import math
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from geojson_pydantic import MultiPolygon, Polygon
from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic.types import AwareDatetime

from commonground.moments import WRITTEN_OUT
from commonground.problems import SafeValueError
from notification.domain.targets import LONGEST_URL
from notification.domain.webhooks import EventType, Lane, Outcome, State
from notification.schemas import Answer, Municipality, Request

_MOST = 200  # entries of a filter
_MOST_POINTS = 10_000  # corners of an area
_MOST_EVENTS = 1000  # events asked for again by id
_ONE_LINE = r"^[^\x00-\x1f\x7f]*$"
_LONGITUDES, _LATITUDES = (-180.0, 180.0), (-90.0, 90.0)


def _bounded(value: list[float]) -> list[float]:
    west, south, east, north = value
    if not all(math.isfinite(number) for number in value):
        message = "The bounding box holds something that is no number"
        raise SafeValueError(message)
    if not (_LONGITUDES[0] <= west < east <= _LONGITUDES[1] and _LATITUDES[0] <= south < north <= _LATITUDES[1]):
        message = "The bounding box is west, south, east, north, in degrees"
        raise SafeValueError(message)
    return value


def _single(value: list[Any]) -> list[Any]:
    return list(dict.fromkeys(value))


Box = Annotated[list[float], Field(min_length=4, max_length=4), AfterValidator(_bounded)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=_ONE_LINE)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=100)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=50)]


class WebhookFilter(Request):
    """What a subscription is about; an empty list lets everything through, and all that are given must fit."""

    types: Annotated[list[EventType], AfterValidator(_single)] = Field(
        default_factory=list,
        max_length=_MOST,
        description="Types of events",
        examples=[["nl.meldstroom.handling.case-opened"]],
    )
    categories: Annotated[list[Slug], AfterValidator(_single)] = Field(
        default_factory=list, max_length=_MOST, description="Categories of reports, by slug"
    )
    departments: Annotated[list[Code], AfterValidator(_single)] = Field(
        default_factory=list, max_length=_MOST, description="Departments, by code", examples=[["VRL"]]
    )
    bbox: Box | None = Field(
        default=None, description="West, south, east, north, in degrees", examples=[[6.5, 52.9, 6.6, 53.1]]
    )
    area: Polygon | MultiPolygon | None = Field(default=None, description="A GeoJSON polygon, in place of `bbox`")

    @model_validator(mode="after")
    def _one_area(self) -> Self:
        if self.bbox is not None and self.area is not None:
            message = "Give bbox or area, not both"
            raise SafeValueError(message)
        if self.area is not None:
            points = list(_points(self.area))
            if len(points) > _MOST_POINTS:
                message = "The area has too many points"
                raise SafeValueError(message)
            if not all(_is_place(point[0], point[1]) for point in points):
                message = "The area holds a point that is not on earth"
                raise SafeValueError(message)
        return self

    def kept(self) -> dict[str, Any]:
        """Return the filter as it is kept."""
        area = (
            {"type": self.area.type, "coordinates": self.area.model_dump(mode="json")["coordinates"]}
            if self.area
            else None
        )
        return {
            "types": list(self.types),
            "categories": self.categories,
            "departments": self.departments,
            "bbox": self.bbox,
            "area": area,
        }


def _points(area: Polygon | MultiPolygon) -> Any:
    polygons = [area.coordinates] if isinstance(area, Polygon) else area.coordinates
    return (point for polygon in polygons for ring in polygon for point in ring)


def _is_place(longitude: float, latitude: float) -> bool:
    # Comparisons with what is no number are false.
    return _LONGITUDES[0] <= longitude <= _LONGITUDES[1] and _LATITUDES[0] <= latitude <= _LATITUDES[1]


class _SubscriptionWish(Request):
    """What creating and changing have in common."""

    name: Name = Field(examples=["Afvalbedrijf"])
    target_url: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_URL)] = Field(
        description="Where events are sent, `https://` unless the deployment says otherwise",
        examples=["https://receiver.example.org/meldstroom"],
    )
    filter: WebhookFilter = Field(default_factory=WebhookFilter)


class SubscriptionRequest(_SubscriptionWish):
    """A new subscription."""

    municipality: Municipality | None = Field(default=None, description="Needed only by those who work for several")


class SubscriptionChange(_SubscriptionWish):
    """A subscription as it is to be from now on."""

    expected_version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(
        default=None, description="The version that this one replaces; another one in the meantime is refused"
    )


class WebhookFilterAnswer(Answer):
    """What a subscription is about."""

    types: list[str]
    categories: list[str]
    departments: list[str]
    bbox: list[float] | None
    area: dict[str, Any] | None


class Lag(Answer):
    """How far a subscription is behind."""

    events: int = Field(description="Events that fit and are not delivered yet")
    seconds: float = Field(description="For how long the oldest of them has waited")


class Failure(Answer):
    """What a subscription is struggling with."""

    since: datetime
    attempts: int
    next_attempt_at: datetime | None = Field(description="Empty while nothing is sent")


class PendingRedelivery(Answer):
    """What was asked for again and is not delivered yet."""

    events: int = Field(description="In the queue")
    requests: int = Field(description="Requests of which not everything is in the queue yet")


class SubscriptionAnswer(Answer):
    """A webhook subscription and how far it is."""

    id: UUID
    municipality: str = Field(examples=["GM0106"])
    name: str
    target_url: str
    filter: WebhookFilterAnswer
    state: State
    reason: Literal["failed-for-too-long", "target-gone"] | None = Field(description="Why it stopped by itself")
    state_since: datetime
    lag: Lag
    failure: Failure | None
    redelivery: PendingRedelivery
    dropped_events: int = Field(description="Events that could not be delivered while they were kept")
    previous_secret_until: datetime | None = Field(description="While the secret before the current one signs too")
    version: int
    created_at: datetime
    created_by: str = Field(description="Id of the user")
    created_by_name: str
    changed_at: datetime


class SubscriptionPage(Answer):
    """One page of subscriptions, by name."""

    items: list[SubscriptionAnswer]
    next_cursor: str | None


class NewSubscription(SubscriptionAnswer):
    """A subscription that was just made; its secret is shown here and never again."""

    secret: str = Field(examples=["whsec_…"])


class NewSecret(Answer):
    """A signing secret, shown here and never again."""

    secret: str = Field(examples=["whsec_…"])
    previous_secret_until: datetime = Field(description="Until then the secret before signs too")


class DeliveryItem(Answer):
    """One attempt to deliver one event."""

    id: int
    at: datetime
    event_id: str
    event_type: str
    position: int | None = Field(description="Place of the event in the order of events; empty for a test")
    lane: Lane
    attempt: int
    outcome: Outcome
    status: int | None = Field(description="HTTP status of the receiver", examples=[503])
    milliseconds: int
    error: str | None = Field(description="A code", examples=["timeout"])
    answer: str | None = Field(description="The beginning of what a receiver answered to a delivery that failed")


class DeliveryPage(Answer):
    """One page of the delivery log, newest first."""

    items: list[DeliveryItem]
    next_cursor: str | None


class TestAnswer(Answer):
    """How a test delivery ended."""

    event_id: str
    outcome: Outcome
    status: int | None
    milliseconds: int
    error: str | None
    answer: str | None


Moment = Annotated[AwareDatetime, WRITTEN_OUT]
Position = Annotated[int, Field(ge=1, le=2**63 - 1)]
EventId = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_ONE_LINE)]


class PositionRange(Request):
    """Events by their positions, both included."""

    first: Position
    last: Position

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.first > self.last:
            message = "The first position lies behind the last one"
            raise SafeValueError(message)
        return self


class TimeRange(Request):
    """Events by their times: from the first moment on, up to and without the second."""

    first: Moment = Field(alias="from")
    until: Moment

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.first >= self.until:
            message = "The first moment lies behind the second one"
            raise SafeValueError(message)
        return self


class RedeliveryRequest(Request):
    """What to deliver again: exactly one of the four."""

    event_ids: Annotated[list[EventId], Field(min_length=1, max_length=_MOST_EVENTS)] | None = Field(
        default=None, description="Single events, whatever the filter is now"
    )
    positions: PositionRange | None = Field(default=None, description="What fits the filter between two positions")
    times: TimeRange | None = Field(default=None, description="What fits the filter between two moments")
    since: Moment | None = Field(default=None, description="What fits the filter from a moment until now")

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [one for one in (self.event_ids, self.positions, self.times, self.since) if one is not None]
        if len(given) != 1:
            message = "Give exactly one of eventIds, positions, times and since"
            raise SafeValueError(message)
        return self


class RedeliveryAnswer(Answer):
    """A request to deliver events again."""

    id: UUID | None = Field(description="Of a stretch, which is put into the queue piece by piece")
    queued: int | None = Field(description="How many events; empty while that is being found out")
