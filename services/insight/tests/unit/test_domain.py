"""What the map tells, boxes, periods and counts."""

import json
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.problems import InvalidInputError
from insight.domain import (
    BoundingBox,
    CaseMoment,
    Count,
    Period,
    case_of,
    feature_head,
    feature_tail,
    joined,
    local_day,
)

TODAY = date(2026, 11, 22)
REPORT = UUID("01930f2e-0000-7000-8000-000000000001")


def test_head_status_and_tail_together_are_one_feature_with_nothing_else_in_it():
    head = feature_head(REPORT, 6.562_512_34, 52.996_745_67, TODAY)
    tail = feature_tail("boom", "Boom", "Tree")

    assert json.loads(head + "open" + tail) == {
        "type": "Feature",
        "id": str(case_of(REPORT)),
        "geometry": {"type": "Point", "coordinates": [6.56251, 52.99675]},
        "properties": {
            "id": str(case_of(REPORT)),
            "submittedAt": "2026-11-22",
            "status": "open",
            "category": "boom",
            "name": {"nl": "Boom", "en": "Tree"},
        },
    }


@given(st.text(), st.text(), st.floats(-180, 180), st.floats(-90, 90))
def test_a_feature_is_valid_json_whatever_a_category_is_called(name_nl, name_en, longitude, latitude):
    tail = feature_tail("boom", name_nl, name_en)
    feature = json.loads(feature_head(REPORT, longitude, latitude, TODAY) + "closed" + tail)

    assert feature["properties"]["name"] == {"nl": name_nl, "en": name_en}
    assert feature["geometry"]["coordinates"] == [round(longitude, 5), round(latitude, 5)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bbox-format"),
        ("1,2,3", "bbox-format"),
        ("1,2,3,4,5", "bbox-format"),
        ("1,2,3,x", "bbox-format"),
        ("nan,0,1,1", "bbox-format"),
        ("0,0,inf,1", "bbox-format"),
        ("-181,0,1,1", "bbox-range"),
        ("0,-91,1,1", "bbox-range"),
        ("2,0,1,1", "bbox-order"),
        ("0,1,1,1", "bbox-order"),
    ],
)
def test_a_box_that_is_none_is_refused_with_its_reason(text, code):
    with pytest.raises(InvalidInputError) as refused:
        BoundingBox.parse(text)

    assert [(error.field, error.code) for error in refused.value.errors] == [("query.bbox", code)]


def test_a_box_is_read_in_the_order_of_geojson():
    assert BoundingBox.parse("6.5, 52.9,6.6,53.1") == BoundingBox(6.5, 52.9, 6.6, 53.1)


def test_without_dates_a_period_is_the_last_thirty_days():
    period = Period.checked(None, None, TODAY)

    assert (period.last, len(list(period.days()))) == (TODAY, 30)


def test_a_period_may_begin_in_the_future_and_is_then_one_day():
    later = TODAY + timedelta(days=5)

    assert Period.checked(later, None, TODAY) == Period(later, later)


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [(TODAY, TODAY - timedelta(days=1), "query.to"), (date(2000, 1, 1), TODAY, "query.from")],
)
def test_a_period_that_cannot_be_is_refused(first, last, field):
    with pytest.raises(InvalidInputError) as refused:
        Period.checked(first, last, TODAY)

    assert refused.value.errors[0].field == field


def test_days_are_all_present_and_in_order():
    counts = joined({"2026-01-02": 3}, {"2026-01-01": 1}, {}, ["2026-01-01", "2026-01-02", "2026-01-03"])

    assert [(one.key, one.received, one.closed) for one in counts] == [
        ("2026-01-01", 0, 1),
        ("2026-01-02", 3, 0),
        ("2026-01-03", 0, 0),
    ]


def test_other_counts_begin_with_the_largest_and_keep_what_is_unknown():
    counts = joined({"a": 1, None: 2, "b": 1}, {"b": 4}, {"b": {"nl": "B", "en": "B"}})

    assert counts == [
        Count("b", {"nl": "B", "en": "B"}, 1, 4),
        Count(None, None, 2, 0),
        Count("a", None, 1, 0),
    ]


def test_a_day_is_the_local_one():
    zone = ZoneInfo("Europe/Amsterdam")

    assert local_day(datetime(2026, 12, 31, 23, 30, tzinfo=UTC), zone) == date(2027, 1, 1)


def test_within_a_case_the_sequence_decides_and_between_cases_the_time():
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    one, other = uuid4(), uuid4()

    assert CaseMoment(one, 2, moment - timedelta(hours=1)).newer_than(CaseMoment(one, 1, moment))
    assert not CaseMoment(one, 2, moment).newer_than(CaseMoment(one, 2, moment))
    assert CaseMoment(other, 1, moment + timedelta(hours=1)).newer_than(CaseMoment(one, 9, moment))
    assert not CaseMoment(other, 9, moment - timedelta(hours=1)).newer_than(CaseMoment(one, 1, moment))


def test_the_newest_moment_is_the_same_in_every_order():
    start = datetime(2026, 11, 20, tzinfo=UTC)
    one, other = uuid4(), uuid4()
    moments = [
        CaseMoment(one, 1, start),
        CaseMoment(other, 5, start + timedelta(hours=1)),
        CaseMoment(one, 2, start + timedelta(hours=2)),
    ]

    for order in permutations(moments):
        newest = order[0]
        for moment in order[1:]:
            newest = moment if moment.newer_than(newest) else newest
        assert newest == moments[2]
