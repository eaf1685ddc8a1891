"""The decision: rule, category, fallback or by hand."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from routing.domain.areas import Area
from routing.domain.decisions import (
    Category,
    Configuration,
    Department,
    Origin,
    ReportFacts,
    manual_choice_stands,
    route,
)
from routing.domain.rules import Conditions, Rule
from routing.domain.terms import Calendar, Term, TermKind

SQUARE = {"type": "Polygon", "coordinates": [[[6, 52], [7, 52], [7, 53], [6, 53], [6, 52]]]}
SUBMITTED = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def configuration(*rules: Rule, vrl_active: bool = True) -> Configuration:
    departments = [
        Department("VRL", "Openbare verlichting", vrl_active),
        Department("STW", "Stadswerken", True),
        Department("MLD", "Meldpunt", True),
    ]
    categories = [
        Category("lamp", "wegen", department="VRL", term=Term(21, TermKind.WORKING)),
        Category("new", "wegen"),
    ]
    return Configuration(
        departments={one.code: one for one in departments},
        categories={one.slug: one for one in categories},
        areas=[Area("WK1", "district", "Centrum", SQUARE)],
        rules=rules,
        calendar=Calendar("Europe/Amsterdam"),
        fallback_department="MLD",
        default_term=Term(5, TermKind.WORKING),
    )


def facts(category: str = "lamp") -> ReportFacts:
    return ReportFacts(
        municipality="GM0106",
        longitude=6.5,
        latitude=52.5,
        source="web",
        submitted_at=SUBMITTED,
        category=category,
        main_category="wegen",
        answers={},
    )


def test_without_a_rule_the_category_decides():
    routing = route(facts(), configuration())

    assert (routing.department, routing.department_name) == ("VRL", "Openbare verlichting")
    assert (routing.origin, routing.rule, routing.assignee) == (Origin.CATEGORY, None, None)
    assert routing.areas == ["WK1"]
    assert routing.term == Term(21, TermKind.WORKING)


def test_a_rule_decides_before_the_category_and_may_name_a_person():
    person = uuid4()
    rule = Rule(uuid4(), "centre", Conditions(areas=frozenset({"WK1"})), "STW", assignee=person)

    routing = route(facts(), configuration(rule))

    assert (routing.department, routing.assignee, routing.rule) == ("STW", person, rule)
    assert routing.origin is Origin.RULE
    assert routing.term.days == 21  # the term stays that of the category


@pytest.mark.parametrize("category", ["new", "never-heard-of"])
def test_what_nobody_decided_about_goes_to_the_fallback_within_the_default_term(category):
    routing = route(facts(category), configuration())

    assert (routing.department, routing.origin) == ("MLD", Origin.FALLBACK)
    assert routing.term == Term(5, TermKind.WORKING)


def test_a_department_out_of_use_is_replaced_by_the_fallback():
    assert route(facts(), configuration(vrl_active=False)).department == "MLD"


def test_a_choice_by_hand_decides_before_everything():
    rule = Rule(uuid4(), "all", Conditions(), "STW")

    routing = route(facts(), configuration(rule), manual_department="VRL")

    assert (routing.department, routing.origin, routing.rule) == ("VRL", Origin.MANUAL, None)


def test_equal_routings_have_equal_outcomes_and_different_ones_different():
    rule = Rule(uuid4(), "all", Conditions(), "VRL")

    assert route(facts(), configuration()).outcome() == route(facts(), configuration()).outcome()
    assert route(facts(), configuration()).outcome() != route(facts("new"), configuration()).outcome()
    assert route(facts(), configuration()).outcome() != route(facts(), configuration(rule)).outcome()


def test_only_a_person_who_corrects_the_category_afterwards_undoes_a_choice_by_hand():
    chosen_at = SUBMITTED
    later, earlier = chosen_at + timedelta(seconds=1), chosen_at - timedelta(seconds=1)

    assert not manual_choice_stands(chosen_at, later, "handler")
    assert manual_choice_stands(chosen_at, earlier, "handler")
    assert manual_choice_stands(chosen_at, later, "model")
    assert manual_choice_stands(chosen_at, later, "reporter")


def test_a_configuration_knows_its_broken_rules_and_whether_it_needs_answers():
    broken = Rule(uuid4(), "broken", Conditions(categories=frozenset({"gone"})), "STW")
    asks = Rule(uuid4(), "asks", Conditions(answers={"kind": frozenset({"oak"})}), "STW")

    assert [rule for rule, _ in configuration(broken, asks).broken()] == [broken]
    assert configuration(asks).looks_at_answers
    assert not configuration(broken).looks_at_answers
