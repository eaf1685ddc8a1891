"""Handling terms (normtijden): from the moment of submission to the last moment of the last day.

The rule, in local time (``time_zone``, by default Europe/Amsterdam):

1. Day zero is the local date on which the report was submitted, whatever the hour.
2. A term of *n* calendar days ends on day *n*.
3. A term of *n* working days ends on the *n*-th working day after day zero. Working days are Monday to Friday
   without public holidays and without the municipality's own days off. A term of zero working days ends on day
   zero, or on the next working day when that is none.
4. The deadline is 23:59:59 local time on that last day, so a day on which the clock changes counts as one day.

Public holidays are those of the library ``holidays`` for the Netherlands: New Year's Day, Good Friday, Easter,
King's Day, Ascension Day, Pentecost, Christmas, and Liberation Day (5 May) once in five years. Good Friday is an
equated day in the General Extension of Terms Act (Algemene termijnenwet, article 3); it and Liberation Day can be
set otherwise. That Act moves the end of *statutory* terms; a handling term is a promise of service, so a term in
calendar days that ends on a Sunday ends on that Sunday.
"""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_LAST_MOMENT = time(23, 59, 59)
_SATURDAY = 5
_DAY = timedelta(days=1)


class TermKind(enum.StrEnum):
    """What kind of days a term counts."""

    WORKING = "working"
    CALENDAR = "calendar"


class LiberationDay(enum.StrEnum):
    """When 5 May is a day off."""

    EVERY_FIFTH_YEAR = "every-fifth-year"
    EVERY_YEAR = "every-year"
    NEVER = "never"


@dataclass(frozen=True)
class Term:
    """A number of days of one kind."""

    days: int
    kind: TermKind


class Calendar:
    """Working days and deadlines of one municipality."""

    def __init__(
        self,
        time_zone: str,
        *,
        liberation_day: LiberationDay = LiberationDay.EVERY_FIFTH_YEAR,
        good_friday: bool = True,
        days_off: Iterable[date] = (),
    ) -> None:
        """Take the zone by its IANA name and what is decided about days off."""
        self.zone = ZoneInfo(time_zone)
        self._liberation_day = liberation_day
        self._good_friday = good_friday
        self._days_off = frozenset(days_off)
        # One process meets few years and few terms, and each of them very often.
        self._holidays = lru_cache(maxsize=64)(self._public_holidays)
        self.last_day = lru_cache(maxsize=4096)(self._last_day)

    def local(self, moment: datetime) -> datetime:
        """Return ``moment`` as the clock on the wall shows it."""
        return moment.astimezone(self.zone)

    def is_working_day(self, day: date) -> bool:
        """Tell whether people work on ``day``."""
        return day.weekday() < _SATURDAY and day not in self._days_off and day not in self._holidays(day.year)

    def deadline(self, submitted_at: datetime, term: Term) -> datetime:
        """Return the last moment of ``term`` for what was submitted then, in UTC."""
        last = self.last_day(self.local(submitted_at).date(), term)
        return datetime.combine(last, _LAST_MOMENT, self.zone).astimezone(UTC)

    def _last_day(self, day_zero: date, term: Term) -> date:
        if term.kind is TermKind.CALENDAR:
            return day_zero + timedelta(days=term.days)
        day = day_zero
        left = term.days
        while left > 0 or not self.is_working_day(day):
            day += _DAY
            if self.is_working_day(day):
                left -= 1
        return day

    def _public_holidays(self, year: int) -> frozenset[date]:
        import holidays  # loads slowly, and only who computes a term needs it

        # The library lists 5 May as a public holiday once in five years and as an optional one in the others.
        known = holidays.country_holidays(
            "NL", years=year, categories=("public", "optional"), language="en_US", expand=False
        )
        return frozenset(day for day in known if any(self._is_off(name, year) for name in known.get_list(day)))

    def _is_off(self, name: str, year: int) -> bool:
        if name == "Good Friday":
            return self._good_friday
        if name == "Liberation Day":
            if self._liberation_day is LiberationDay.EVERY_FIFTH_YEAR:
                return year % 5 == 0
            return self._liberation_day is LiberationDay.EVERY_YEAR
        return True
