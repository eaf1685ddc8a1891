"""Numbers, cursors and counts."""

import base64
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.problems import InvalidInputError
from handling.domain import worklist
from handling.domain.worklist import SORTS, Number, capped, cursor, parts, position, sort

ROWS = st.fixed_dictionaries(
    {
        "id": st.uuids(),
        "submitted_at": st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
        "changed_at": st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
        "due": st.sampled_from([worklist.CLOSED, datetime(2026, 11, 1, tzinfo=UTC)]),
        "urgency": st.integers(0, 3),
        "number_value": st.integers(0, 10**15 - 1),
    }
)


@given(ROWS, st.sampled_from(SORTS))
def test_a_cursor_leads_back_to_the_row_it_was_made_of(row, name):
    order = sort(name)
    assert position(order, cursor(order, row)) == tuple(row[column.name] for column in order.columns)


@given(st.text(max_size=60), st.sampled_from(SORTS))
def test_whatever_is_no_cursor_is_refused_and_nothing_else_happens(text, name):
    with pytest.raises(InvalidInputError):
        position(sort(name), text)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=6))
def test_a_made_up_cursor_is_refused(value):
    text = base64.urlsafe_b64encode(str(value).encode()).decode()
    with pytest.raises(InvalidInputError):
        position(sort("-submittedAt"), text)


@pytest.mark.parametrize("moment", ["2026-11-20", "2026-11-20T10:00:00", "0001-01-01T00:00:00+14:00", 5, None, True])
def test_a_cursor_with_an_impossible_moment_is_refused(moment):
    text = base64.urlsafe_b64encode(orjson.dumps(["-submittedAt", moment, str(uuid4())])).decode()
    with pytest.raises(InvalidInputError):
        position(sort("-submittedAt"), text)


def test_a_cursor_of_another_order_is_refused():
    row = {"submitted_at": datetime.now(UTC), "id": uuid4()}
    with pytest.raises(InvalidInputError):
        position(sort("submittedAt"), cursor(sort("-submittedAt"), row))


def test_every_order_ends_with_something_unique():
    assert all(sort(name).columns[-1].name == "id" for name in SORTS)
    assert sort("-priority").descending
    assert not sort("priority").descending


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("10001", Number("", 10001)),
        (" M-10001 ", Number("M", 10001)),
        ("m-10001", Number("M", 10001)),
        ("SIG 12", Number("SIG", 12)),
        ("M10001", Number("M", 10001)),
        ("lamp", None),
        ("Vaart 12", Number("VAART", 12)),
        ("lamp 12 kapot", None),
        ("9401GK", None),
        ("١٢", None),
        ("1" * 16, None),
        ("", None),
    ],
)
def test_what_people_type_for_a_number(text, number):
    assert worklist.number(text) == number


@pytest.mark.parametrize(
    ("count", "text", "more"), [(0, "0", False), (999, "999", False), (1000, "1000", False), (1001, "1000+", True)]
)
def test_counting_stops_at_a_thousand(count, text, more):
    assert capped(count) == {"count": min(count, 1000), "capped": more, "text": text}


def test_a_filter_may_be_repeated_or_hold_commas():
    assert parts(["a,b", "b", " c ,,"]) == ("a", "b", "c")
    assert parts([]) == ()


def test_a_moment_in_a_cursor_is_read_in_utc():
    order = sort("-submittedAt")
    moment = datetime(2026, 11, 20, 12, tzinfo=UTC) + timedelta(hours=1)
    local = "2026-11-20T14:00:00+01:00"
    text = base64.urlsafe_b64encode(orjson.dumps([order.name, local, str(UUID(int=1))])).decode()
    assert position(order, text) == (moment, UUID(int=1))
