"""What a reporter sees, and what can have happened when."""

from datetime import UTC, datetime, timedelta

import pytest

from intake.domain import plausible_moment, reporter_status

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "seen"),
    [
        (None, "received"),
        ("reported", "received"),
        ("in-progress", "in-progress"),
        ("forwarded", "in-progress"),
        ("reaction-requested", "question"),
        ("cancelled", "closed"),
        ("reopened", "reopened"),
        ("a status of a later version", "in-progress"),
    ],
)
def test_a_reporter_sees_one_of_six_words(status, seen):
    assert reporter_status(status) == seen


@pytest.mark.parametrize(
    ("ago", "possible"),
    [(timedelta(0), True), (timedelta(days=3650), True), (timedelta(days=3700), False), (timedelta(hours=-1), False)],
)
def test_a_report_is_about_the_last_ten_years(ago, possible):
    assert plausible_moment(NOW - ago, NOW) is possible
