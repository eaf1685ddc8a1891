"""Who may see a case, and who can have it."""

import pytest

from commonground.auth import Principal
from commonground.problems import InvalidInputError, PermissionDeniedError
from handling.domain.cases import CaseNotFoundError, Priority, Scope, assignee_after_routing, check_assignee


def scope(*permissions: str, departments=("VRL",), municipalities=("GM0106",)) -> Scope:
    return Scope.of(Principal("u", "U", frozenset(permissions), frozenset(departments), frozenset(municipalities)))


def test_a_handler_sees_the_cases_of_the_own_departments():
    scope("case:read").admit("GM0106", "VRL")


def test_a_case_of_another_department_is_a_missing_right():
    for department in ("AFV", None):
        with pytest.raises(PermissionDeniedError, match="case:read-all"):
            scope("case:read").admit("GM0106", department)


def test_a_case_of_another_municipality_does_not_exist_even_for_a_coordinator():
    with pytest.raises(CaseNotFoundError):
        scope("case:read", "case:read-all").admit("GM0363", "VRL")


def test_a_coordinator_sees_all_departments_and_what_has_none_yet():
    for department in ("VRL", "AFV", None):
        scope("case:read-all", departments=()).admit("GM0106", department)


GOOD = {"department": "VRL", "municipality": "GM0106", "active": True, "departments": ["VRL"], "places": ["GM0106"]}


def test_an_active_member_of_the_department_can_have_a_case():
    check_assignee(**GOOD)


@pytest.mark.parametrize(
    "but",
    [{"department": None}, {"department": "AFV"}, {"municipality": "GM0363"}, {"active": False}, {"departments": []}],
)
def test_nobody_else_can(but):
    with pytest.raises(InvalidInputError):
        check_assignee(**{**GOOD, **but})


@pytest.mark.parametrize(
    ("current", "before", "after", "named", "then"),
    [
        (None, None, "VRL", None, None),
        (None, None, "VRL", "piet", "piet"),
        ("hanna", "VRL", "VRL", None, "hanna"),
        ("hanna", "VRL", "AFV", None, None),
        ("hanna", "VRL", "AFV", "wim", "wim"),
        ("hanna", "VRL", "VRL", "piet", "piet"),
    ],
)
def test_a_new_department_takes_the_case_from_whoever_had_it(current, before, after, named, then):
    assert assignee_after_routing(current, before=before, after=after, named=named) == then


def test_priorities_sort_by_urgency():
    assert sorted(Priority) == [Priority.LOW, Priority.NORMAL, Priority.HIGH]
    assert [priority.code for priority in Priority] == ["low", "normal", "high"]
