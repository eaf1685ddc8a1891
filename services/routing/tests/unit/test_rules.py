"""Rules: what matches, what is broken, what is passed over."""

from dataclasses import replace
from datetime import UTC, datetime, time
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.domain.rules import (
    Conditions,
    Facts,
    Fault,
    FaultKind,
    Known,
    Rule,
    Verdict,
    comparable,
    faults_of,
    first_match,
    judge,
)

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
KNOWN = Known(
    categories=frozenset({"boom", "snoeien", "huisafval"}),
    main_categories=frozenset({"openbaar-groen-en-water", "afval"}),
    areas=frozenset({"WK010600", "WK010601", "BU01060000"}),
    departments={"STW": True, "AFV": True, "OLD": False},
)
FACTS = Facts(
    category="boom",
    main_category="openbaar-groen-en-water",
    areas=frozenset({"WK010600", "BU01060000"}),
    source="web",
    answers={"kind": frozenset({"oak"})},
    submitted_at=datetime(2026, 11, 20, 10, 30, tzinfo=AMSTERDAM),  # a Friday
)


def rule(department: str = "STW", *, active: bool = True, **conditions) -> Rule:
    given_ = {
        name: value if name in {"answers", "from_time", "until_time"} else frozenset(value)
        for name, value in conditions.items()
    }
    return Rule(id=uuid4(), name="rule", conditions=Conditions(**given_), department=department, active=active)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, Verdict.MATCHES),
        ({"categories": ["boom", "snoeien"]}, Verdict.MATCHES),
        ({"categories": ["snoeien"]}, Verdict.DOES_NOT_MATCH),
        ({"main_categories": ["openbaar-groen-en-water"]}, Verdict.MATCHES),
        ({"main_categories": ["afval"]}, Verdict.DOES_NOT_MATCH),
        ({"categories": ["huisafval"], "main_categories": ["openbaar-groen-en-water"]}, Verdict.MATCHES),
        ({"areas": ["WK010601", "BU01060000"]}, Verdict.MATCHES),
        ({"areas": ["WK010601"]}, Verdict.DOES_NOT_MATCH),
        ({"sources": ["web", "app"]}, Verdict.MATCHES),
        ({"sources": ["phone"]}, Verdict.DOES_NOT_MATCH),
        ({"answers": {"kind": frozenset({"oak", "elm"})}}, Verdict.MATCHES),
        ({"answers": {"kind": frozenset({"oak"}), "size": frozenset({"big"})}}, Verdict.DOES_NOT_MATCH),
        ({"weekdays": [5]}, Verdict.MATCHES),
        ({"weekdays": [1, 2, 3, 4]}, Verdict.DOES_NOT_MATCH),
        ({"from_time": time(10, 30), "until_time": time(11)}, Verdict.MATCHES),
        ({"from_time": time(9), "until_time": time(10, 30)}, Verdict.DOES_NOT_MATCH),
        ({"from_time": time(10, 31)}, Verdict.DOES_NOT_MATCH),
        ({"until_time": time(10, 31)}, Verdict.MATCHES),
        ({"categories": ["boom"], "areas": ["WK010601"]}, Verdict.DOES_NOT_MATCH),
    ],
)
def test_every_filled_part_of_a_rule_must_hold(conditions, expected):
    assert judge(rule(**conditions), FACTS, KNOWN) is expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-20T21:59", Verdict.DOES_NOT_MATCH),
        ("2026-11-20T22:00", Verdict.MATCHES),
        ("2026-11-21T05:59", Verdict.MATCHES),  # Saturday early belongs to Friday's night
        ("2026-11-21T06:00", Verdict.DOES_NOT_MATCH),
        ("2026-11-21T22:00", Verdict.DOES_NOT_MATCH),
        ("2026-11-20T05:00", Verdict.DOES_NOT_MATCH),  # Friday early belongs to Thursday's night
    ],
)
def test_a_window_through_midnight_belongs_to_the_day_on_which_it_begins(moment, expected):
    night = rule(weekdays=[5], from_time=time(22), until_time=time(6))
    facts = replace(FACTS, submitted_at=datetime.fromisoformat(moment).replace(tzinfo=AMSTERDAM))

    assert judge(night, facts, KNOWN) is expected


def test_the_first_rule_that_matches_decides():
    first, second = rule("STW", categories=["boom"]), rule("AFV")

    assert first_match([first, second], FACTS, KNOWN) == (first, [])
    assert first_match([second, first], FACTS, KNOWN) == (second, [])


def test_inactive_rules_do_not_count():
    assert first_match([rule(active=False)], FACTS, KNOWN) == (None, [])


def test_a_rule_is_valid_from_its_first_moment_until_before_its_last():
    start, end = datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)
    dated = replace(rule(), valid_from=start, valid_until=end)

    assert not dated.valid_for(datetime(2026, 11, 19, 23, 59, 59, tzinfo=UTC))
    assert dated.valid_for(start)
    assert not dated.valid_for(end)


def test_a_rule_tells_everything_that_is_missing():
    broken = rule("XXX", categories=["boom", "gone"], main_categories=["lost"], areas=["WK9"])

    assert set(faults_of(broken, KNOWN)) == {
        Fault(FaultKind.UNKNOWN_CATEGORY, "gone"),
        Fault(FaultKind.UNKNOWN_MAIN_CATEGORY, "lost"),
        Fault(FaultKind.UNKNOWN_AREA, "WK9"),
        Fault(FaultKind.UNKNOWN_DEPARTMENT, "XXX"),
    }
    assert faults_of(rule("OLD"), KNOWN) == [Fault(FaultKind.INACTIVE_DEPARTMENT, "OLD")]


def test_a_broken_rule_still_works_where_nothing_is_missing():
    half = rule(categories=["boom", "gone"])

    assert first_match([half], FACTS, KNOWN) == (half, [])


def test_a_rule_that_only_a_missing_reference_keeps_from_matching_is_passed_over_and_told():
    broken, next_one = rule(areas=["WK9"]), rule("AFV")

    found, passed = first_match([broken, next_one], FACTS, KNOWN)

    assert found == next_one
    assert [(one.rule, list(one.faults)) for one in passed] == [(broken, [Fault(FaultKind.UNKNOWN_AREA, "WK9")])]


def test_a_rule_to_a_department_out_of_use_is_passed_over_and_told():
    found, passed = first_match([rule("OLD")], FACTS, KNOWN)

    assert found is None
    assert [fault.reference for one in passed for fault in one.faults] == ["OLD"]


def test_a_broken_rule_about_other_reports_is_not_mentioned():
    assert first_match([rule("OLD", categories=["huisafval"])], FACTS, KNOWN) == (None, [])
    assert first_match([rule(areas=["WK9"], sources=["phone"])], FACTS, KNOWN) == (None, [])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("  Ja ", {"ja"}),
        ("", set()),
        (None, set()),
        (True, {"true"}),
        (3, {"3"}),
        (2.5, {"2.5"}),
        (["Rood", "groen"], {"rood", "groen"}),
        ({"id": "12", "label": "Lantaarnpaal"}, {"12", "lantaarnpaal"}),
        ([{"id": "a", "label": "A"}, None], {"a"}),
        ("x" * 500, {"x" * 200}),
    ],
)
def test_answers_of_any_shape_can_be_compared(value, expected):
    assert comparable(value) == expected


slugs = st.frozensets(st.sampled_from(["boom", "snoeien", "gone"]), max_size=3)
codes = st.frozensets(st.sampled_from(["WK010600", "WK010601", "WK9"]), max_size=3)


@given(slugs, codes, st.sampled_from(["STW", "OLD", "XXX"]))
def test_only_a_broken_rule_is_ever_passed_over_and_a_sound_one_is_always_decided(categories, areas, department):
    one = Rule(UUID(int=1), "rule", Conditions(categories=categories, areas=areas), department)
    found, passed = first_match([one], FACTS, KNOWN)

    assert not (found and passed)
    if not faults_of(one, KNOWN):
        assert passed == []
    if found:
        assert KNOWN.departments[found.department]
