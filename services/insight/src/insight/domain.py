"""Rules of insight without any input or output: what the map tells, boxes, periods, and counts."""

import enum
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from commonground import ids
from commonground.problems import InvalidInputError

DECIMALS = 5  # of a degree: about one metre
LONGEST_PERIOD = 3660  # days
_LONGEST = 180  # degrees of longitude
_HIGHEST = 90  # degrees of latitude


class PublicStatus(enum.StrEnum):
    """What the map tells about a case."""

    OPEN = "open"
    CLOSED = "closed"


class Grouping(enum.StrEnum):
    """By what reports are counted."""

    DAY = "day"
    CATEGORY = "category"
    DEPARTMENT = "department"
    DISTRICT = "district"


class AnotherMunicipalityError(Exception):
    """The caller, or this deployment, does not serve that municipality."""


@dataclass(frozen=True)
class BoundingBox:
    """A box in degrees (WGS 84)."""

    west: float
    south: float
    east: float
    north: float

    @classmethod
    def parse(cls, text: str) -> "BoundingBox":
        """Return the box that ``west,south,east,north`` describes; raise ``InvalidInputError`` that names ``bbox``."""
        try:
            numbers = [float(part) for part in text.split(",")]
        except ValueError:
            numbers = []
        if len(numbers) != len(cls.__dataclass_fields__) or not all(math.isfinite(number) for number in numbers):
            raise _invalid("bbox", "Give four numbers: west,south,east,north", "bbox-format")
        west, south, east, north = numbers
        if max(abs(west), abs(east)) > _LONGEST or max(abs(south), abs(north)) > _HIGHEST:
            raise _invalid("bbox", "Longitude lies between -180 and 180, latitude between -90 and 90", "bbox-range")
        if west >= east or south >= north:
            raise _invalid("bbox", "West lies before east and south before north", "bbox-order")
        return cls(west, south, east, north)


@dataclass(frozen=True)
class Period:
    """Days from ``first`` until and with ``last``."""

    first: date
    last: date

    @classmethod
    def checked(cls, first: date | None, last: date | None, today: date) -> "Period":
        """Return the period that is asked for: by default the last thirty days."""
        last = last or max(today, first or today)
        first = first or last - timedelta(days=29)
        if first > last:
            raise _invalid("to", "The period ends before it begins", "period-order")
        if (last - first).days >= LONGEST_PERIOD:
            raise _invalid("from", f"The period is longer than {LONGEST_PERIOD} days", "period-length")
        return cls(first, last)

    def days(self) -> Iterable[date]:
        """Return every day."""
        return (self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1))


def _invalid(field: str, message: str, code: str) -> InvalidInputError:
    return InvalidInputError((f"query.{field}", message, code))


@dataclass(frozen=True)
class Count:
    """How many reports came and went; ``key`` is None for what is not known yet."""

    key: str | None
    name: Mapping[str, str] | None
    received: int
    closed: int


def joined(
    received: Mapping[str | None, int],
    closed: Mapping[str | None, int],
    names: Mapping[str | None, Mapping[str, str]],
    keys: Sequence[str] | None = None,
) -> list[Count]:
    """Return counts by key, the largest first, or in the order of ``keys`` with zeros for what is missing."""
    if keys is not None:
        return [Count(key, names.get(key), received.get(key, 0), closed.get(key, 0)) for key in keys]
    found = {key: (received.get(key, 0), closed.get(key, 0)) for key in received.keys() | closed.keys()}
    order = sorted(found, key=lambda key: (-sum(found[key]), key is None, key or ""))
    return [Count(key, names.get(key), *found[key]) for key in order]


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    """Return the day on which something happened, as the people there call it."""
    return moment.astimezone(zone).date()


def case_of(report_id: UUID) -> UUID:
    """Return the case that a report has as long as it is joined to no other one."""
    return ids.derived(report_id, "case")


def feature_head(report_id: UUID, longitude: float, latitude: float, submitted_on: date) -> str:
    """Return the beginning of a report's GeoJSON feature, until its status.

    Head, status and tail together are one feature; there is nothing in it but identity, place, day, category and
    status.
    """
    case = str(case_of(report_id))
    feature = {
        "type": "Feature",
        "id": case,
        "geometry": {"type": "Point", "coordinates": [round(longitude, DECIMALS), round(latitude, DECIMALS)]},
        "properties": {"id": case, "submittedAt": submitted_on.isoformat()},
    }
    return orjson.dumps(feature).decode().removesuffix("}}") + ',"status":"'


def feature_tail(slug: str, name_nl: str, name_en: str) -> str:
    """Return the end of the GeoJSON feature of a report of a category, from behind its status."""
    rest = {"category": slug, "name": {"nl": name_nl, "en": name_en}}
    return '",' + orjson.dumps(rest).decode().removeprefix("{") + "}"


@dataclass(frozen=True)
class CaseMoment:
    """What is known of a report's case at one moment."""

    case_id: UUID
    sequence: int
    changed_at: datetime

    def newer_than(self, other: "CaseMoment") -> bool:
        """Tell whether this came after ``other``: by sequence within a case, by time between cases.

        A report can be joined to another case and taken out again; sequences of different cases say nothing about
        each other.
        """
        if self.case_id == other.case_id:
            return self.sequence > other.sequence
        return self.changed_at > other.changed_at
