"""Handling terms: working days, holidays, local time."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.domain.terms import Calendar, LiberationDay, Term, TermKind

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
CALENDAR = Calendar("Europe/Amsterdam")


def working(days: int) -> Term:
    return Term(days, TermKind.WORKING)


def calendar(days: int) -> Term:
    return Term(days, TermKind.CALENDAR)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM)


def last_day(submitted: str, term: Term, days: Calendar = CALENDAR) -> date:
    return days.deadline(local(submitted), term).astimezone(AMSTERDAM).date()


def test_three_working_days_from_a_friday_skip_the_weekend():
    assert last_day("2026-11-20T10:00", working(3)) == date(2026, 11, 25)


def test_a_report_in_the_weekend_counts_from_monday():
    assert last_day("2026-11-21T10:00", working(1)) == date(2026, 11, 23)
    assert last_day("2026-11-22T23:59", working(1)) == date(2026, 11, 23)


def test_calendar_days_count_weekends_and_holidays():
    assert last_day("2026-12-20T10:00", calendar(7)) == date(2026, 12, 27)


def test_the_deadline_is_the_last_second_of_the_local_day_in_utc():
    winter = CALENDAR.deadline(local("2026-11-20T10:00"), calendar(1))
    summer = CALENDAR.deadline(local("2026-07-20T10:00"), calendar(1))

    assert winter == datetime(2026, 11, 21, 22, 59, 59, tzinfo=UTC)
    assert summer == datetime(2026, 7, 21, 21, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("submitted", "term", "expected"),
    [
        pytest.param("2026-12-24T10:00", working(1), date(2026, 12, 28), id="Christmas on Friday, then a weekend"),
        pytest.param("2026-12-31T10:00", working(1), date(2027, 1, 4), id="New Year's Day and the year's end"),
        pytest.param("2026-04-02T10:00", working(1), date(2026, 4, 7), id="Good Friday to Easter Monday"),
        pytest.param("2026-05-13T10:00", working(1), date(2026, 5, 15), id="Ascension Day"),
        pytest.param("2026-05-22T10:00", working(1), date(2026, 5, 26), id="Whit Monday"),
        pytest.param("2026-04-24T10:00", working(1), date(2026, 4, 28), id="King's Day on Monday"),
        pytest.param("2025-04-25T10:00", working(1), date(2025, 4, 28), id="King's Day moved to Saturday the 26th"),
    ],
)
def test_public_holidays_are_no_working_days(submitted, term, expected):
    assert last_day(submitted, term) == expected


def test_liberation_day_is_a_day_off_once_in_five_years():
    assert not CALENDAR.is_working_day(date(2025, 5, 5))
    assert CALENDAR.is_working_day(date(2026, 5, 5))
    assert not CALENDAR.is_working_day(date(2030, 5, 6) - timedelta(days=1))


def test_liberation_day_follows_the_setting():
    always = Calendar("Europe/Amsterdam", liberation_day=LiberationDay.EVERY_YEAR)
    never = Calendar("Europe/Amsterdam", liberation_day=LiberationDay.NEVER)

    assert not always.is_working_day(date(2026, 5, 5))
    assert never.is_working_day(date(2025, 5, 5))


def test_ascension_day_on_the_fifth_of_may_stays_a_holiday_without_liberation_day():
    never = Calendar("Europe/Amsterdam", liberation_day=LiberationDay.NEVER)

    assert not never.is_working_day(date(2016, 5, 5))


def test_good_friday_and_own_days_off_follow_the_settings():
    own = Calendar("Europe/Amsterdam", good_friday=False, days_off=[date(2026, 5, 15)])

    assert own.is_working_day(date(2026, 4, 3))
    assert not own.is_working_day(date(2026, 5, 15))
    assert last_day("2026-05-13T10:00", working(1), own) == date(2026, 5, 18)


def test_the_weekday_is_that_of_the_local_time_and_not_of_utc():
    # Sunday evening in UTC is Monday in Amsterdam: the first working day after it is Tuesday.
    sunday_in_utc = datetime(2026, 7, 19, 22, 30, tzinfo=UTC)

    assert CALENDAR.deadline(sunday_in_utc, working(1)).astimezone(AMSTERDAM).date() == date(2026, 7, 21)


def test_the_days_on_which_the_clock_changes_count_as_one_day():
    assert last_day("2026-03-28T23:30", calendar(1)) == date(2026, 3, 29)
    assert last_day("2026-10-24T00:30", calendar(1)) == date(2026, 10, 25)
    assert CALENDAR.deadline(local("2026-10-24T12:00"), calendar(1)) == datetime(2026, 10, 25, 22, 59, 59, tzinfo=UTC)


def test_the_hour_that_comes_twice_gives_one_deadline():
    first = local("2026-10-25T02:30").replace(fold=0)
    second = local("2026-10-25T02:30").replace(fold=1)

    assert CALENDAR.deadline(first, working(3)) == CALENDAR.deadline(second, working(3))


def test_a_term_of_no_days_ends_on_the_same_day_or_the_next_working_day():
    assert last_day("2026-11-20T10:00", working(0)) == date(2026, 11, 20)
    assert last_day("2026-11-21T10:00", working(0)) == date(2026, 11, 23)
    assert last_day("2026-11-21T10:00", calendar(0)) == date(2026, 11, 21)


moments = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2060, 12, 31), timezones=st.just(UTC))
lengths = st.integers(min_value=0, max_value=60)


@given(moments, lengths)
def test_a_working_term_ends_on_a_working_day_with_exactly_its_number_of_working_days(moment, days):
    start = CALENDAR.local(moment).date()
    end = CALENDAR.local(CALENDAR.deadline(moment, working(days))).date()
    between = [start + timedelta(days=number) for number in range(1, (end - start).days + 1)]

    assert CALENDAR.is_working_day(end)
    counted = sum(CALENDAR.is_working_day(day) for day in between)
    assert counted == (days if days or CALENDAR.is_working_day(start) else 1)


@given(moments, lengths, st.sampled_from(TermKind))
def test_a_deadline_lies_behind_submission_at_the_end_of_a_local_day(moment, days, kind):
    deadline = CALENDAR.deadline(moment, Term(days, kind))

    assert deadline.replace(microsecond=999_999) >= moment
    assert CALENDAR.local(deadline).time() == time(23, 59, 59)
    assert deadline.utcoffset() == timedelta(0)


@given(moments, lengths, st.sampled_from(TermKind))
def test_a_longer_term_and_a_later_report_never_end_earlier(moment, days, kind):
    deadline = CALENDAR.deadline(moment, Term(days, kind))

    longer = CALENDAR.deadline(moment, Term(days + 1, kind))
    # In a weekend, a term of no days and one of one day both end on Monday.
    assert longer > deadline if days else longer >= deadline
    assert CALENDAR.deadline(moment + timedelta(hours=7), Term(days, kind)) >= deadline


@given(moments, lengths)
def test_working_days_never_end_before_calendar_days(moment, days):
    assert CALENDAR.deadline(moment, working(days)) >= CALENDAR.deadline(moment, calendar(days))


@given(st.dates(min_value=date(2000, 1, 1), max_value=date(2060, 12, 31)))
def test_weekends_are_never_working_days(day):
    if day.isoweekday() > 5:
        assert not CALENDAR.is_working_day(day)
