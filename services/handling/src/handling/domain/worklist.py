"""What can be asked of the list of cases: filters, order, and where the next page begins."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from commonground.problems import InvalidInputError

NONE = "none"  # of department and assignee: those without one
COUNT_LIMIT = 1000
# Stands for the due date of a closed case. Open cases without a deadline come before it, behind all real deadlines;
# see ``tables.DUE``.
CLOSED = datetime(9999, 12, 31, tzinfo=UTC)

_NUMBER = re.compile(r"([A-Za-z]{0,8})[-. ]?([0-9]{1,15})")


@dataclass(frozen=True)
class Box:
    """A bounding box in degrees (WGS 84)."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True)
class Filters:
    """What the list is narrowed to; empty means no narrowing."""

    statuses: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    main_category: str | None = None
    departments: tuple[str, ...] = ()
    assignee: str | None = None
    number: str | None = None
    q: str | None = None
    box: Box | None = None
    priorities: tuple[int, ...] = ()
    late: bool | None = None
    submitted_from: datetime | None = None
    submitted_to: datetime | None = None
    municipality: str | None = None


@dataclass(frozen=True)
class Column:
    """A column to sort on, with the way to read its value back from a cursor."""

    name: str
    parse: Callable[[Any], Any]


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError
    return moment.astimezone(UTC)


def _whole(value: Any) -> int:
    if type(value) is not int or abs(value) >= 2**53:
        raise ValueError
    return value


_ID = Column("id", UUID)
_SUBMITTED = Column("submitted_at", _moment)


@dataclass(frozen=True)
class Sort:
    """An order of the list; the last column is always unique."""

    name: str
    columns: tuple[Column, ...]
    descending: bool


_COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "submittedAt": (_SUBMITTED, _ID),
    "deadline": (Column("due", _moment), _ID),
    "priority": (Column("urgency", _whole), _SUBMITTED, _ID),
    "number": (Column("number_value", _whole), _ID),
    "changedAt": (Column("changed_at", _moment), _ID),
}
SORTS = tuple(f"{sign}{name}" for name in _COLUMNS for sign in ("", "-"))
DEFAULT_SORT = "-submittedAt"


def sort(text: str) -> Sort:
    """Return the order for its name in the API; ``text`` is one of ``SORTS``."""
    return Sort(text, _COLUMNS[text.removeprefix("-")], text.startswith("-"))


def cursor(order: Sort, row: Mapping[str, Any]) -> str:
    """Return where the page behind ``row`` begins, opaque to the client."""
    values = [order.name, *(row[column.name] for column in order.columns)]
    return base64.urlsafe_b64encode(orjson.dumps(values, default=str)).rstrip(b"=").decode()


def position(order: Sort, text: str) -> tuple[Any, ...]:
    """Return the values of the row behind which a page begins; raise ``InvalidInputError`` for anything else.

    A cursor holds no rights: whoever makes one up gets a page of the list that they may see anyway.
    """
    try:
        name, *values = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if name != order.name or len(values) != len(order.columns):
            raise ValueError  # noqa: TRY301 - one answer for all that can be wrong
        return tuple(column.parse(value) for column, value in zip(order.columns, values, strict=True))
    except (ValueError, TypeError, AttributeError, OverflowError, binascii.Error) as error:
        raise InvalidInputError(("query.cursor", "Not a cursor of this list and order", "invalid-cursor")) from error


@dataclass(frozen=True)
class Number:
    """A case number as people type it; ``prefix`` is empty when they left it out."""

    prefix: str
    digits: int


def number(text: str) -> Number | None:
    """Return what may be a case number: digits, maybe with letters before them. None for all else."""
    found = _NUMBER.fullmatch(text.strip())
    return Number(found[1].upper(), int(found[2])) if found else None


def capped(count: int) -> dict[str, Any]:
    """Return a count for people: exact up to the limit, then ``1000+``."""
    more = count > COUNT_LIMIT
    return {"count": min(count, COUNT_LIMIT), "capped": more, "text": f"{COUNT_LIMIT}+" if more else str(count)}


def parts(values: Sequence[str]) -> tuple[str, ...]:
    """Return the values of a filter that may be repeated or hold commas, each once."""
    return tuple(dict.fromkeys(part.strip() for value in values for part in value.split(",") if part.strip()))
