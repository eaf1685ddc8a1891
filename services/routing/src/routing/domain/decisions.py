"""The decision where a report goes, and until when the department has."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from routing.domain import rules
from routing.domain.areas import Area, AreaIndex
from routing.domain.rules import Facts, Fault, Known, PassedOver, Rule
from routing.domain.terms import Calendar, Term


class Origin(enum.StrEnum):
    """What decided about the department."""

    RULE = "rule"
    CATEGORY = "category"
    FALLBACK = "fallback"
    MANUAL = "manual"


@dataclass(frozen=True)
class Department:
    """Who can be given work."""

    code: str
    name: str
    active: bool
    version: int = 1


@dataclass(frozen=True)
class Category:
    """A category with what routing decided about it; empty when nobody decided yet."""

    slug: str
    main_category: str
    active: bool = True
    department: str | None = None
    term: Term | None = None


@dataclass(frozen=True)
class Configuration:
    """Everything that decides in one municipality; ``rules`` in their order."""

    departments: Mapping[str, Department]
    categories: Mapping[str, Category]
    areas: Sequence[Area]
    rules: Sequence[Rule]
    calendar: Calendar
    fallback_department: str
    default_term: Term
    index: AreaIndex = field(init=False)
    known: Known = field(init=False)

    def __post_init__(self) -> None:
        """Derive what every decision needs."""
        known = Known(
            categories=frozenset(self.categories),
            main_categories=frozenset(category.main_category for category in self.categories.values()),
            areas=frozenset(area.code for area in self.areas),
            departments={code: department.active for code, department in self.departments.items()},
        )
        object.__setattr__(self, "known", known)
        object.__setattr__(self, "index", AreaIndex(self.areas))

    @property
    def looks_at_answers(self) -> bool:
        """Tell whether a report must wait for its answers before it can be routed for good."""
        return any(rule.active and rule.conditions.answers for rule in self.rules)

    def broken(self) -> list[tuple[Rule, list[Fault]]]:
        """Return the active rules that refer to what does not exist."""
        faults = [(rule, rules.faults_of(rule, self.known)) for rule in self.rules if rule.active]
        return [(rule, found) for rule, found in faults if found]

    def name_of(self, department: str) -> str:
        """Return the name of a department, its code when it has none."""
        found = self.departments.get(department)
        return found.name if found else department

    def term_of(self, category: str) -> Term:
        """Return the handling term of a category."""
        found = self.categories.get(category)
        return found.term if found and found.term else self.default_term


@dataclass(frozen=True)
class ReportFacts:
    """What is known of a report when it is routed; ``answers`` by key, comparable."""

    municipality: str
    longitude: float
    latitude: float
    source: str
    submitted_at: datetime
    category: str
    main_category: str
    answers: Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Routing:
    """Where a report goes and why."""

    category: str
    department: str
    department_name: str
    assignee: UUID | None
    deadline: datetime
    term: Term
    areas: Sequence[str]
    origin: Origin
    rule: Rule | None = None
    passed_over: Sequence[PassedOver] = ()

    def outcome(self) -> str:
        """Return what readers of the event would notice, so that an equal routing is not told twice."""
        parts: tuple[Any, ...] = (
            self.category,
            self.department,
            self.assignee or "",
            self.deadline.isoformat(),
            f"{self.term.days} {self.term.kind}",
            ",".join(self.areas),
            self.origin,
            self.rule.id if self.rule else "",
        )
        return "|".join(str(part) for part in parts)


def route(facts: ReportFacts, configuration: Configuration, manual_department: str | None = None) -> Routing:
    """Decide where a report goes: by hand, by the first rule, by its category, or to the fallback.

    The term counts from submission and belongs to the category, whoever does the work.
    """
    areas = configuration.index.codes_at(facts.longitude, facts.latitude)
    term = configuration.term_of(facts.category)
    deadline = configuration.calendar.deadline(facts.submitted_at, term)
    rule: Rule | None = None
    passed: list[PassedOver] = []
    if manual_department is None:
        rule, passed = rules.first_match(configuration.rules, _seen(facts, areas, configuration), configuration.known)
    department, origin = _department(facts.category, configuration, rule, manual_department)
    return Routing(
        category=facts.category,
        department=department,
        department_name=configuration.name_of(department),
        assignee=rule.assignee if rule else None,
        deadline=deadline,
        term=term,
        areas=areas,
        origin=origin,
        rule=rule,
        passed_over=passed,
    )


def _seen(facts: ReportFacts, areas: Sequence[str], configuration: Configuration) -> Facts:
    return Facts(
        category=facts.category,
        main_category=facts.main_category,
        areas=frozenset(areas),
        source=facts.source,
        answers=facts.answers,
        submitted_at=configuration.calendar.local(facts.submitted_at),
    )


def _department(
    category: str, configuration: Configuration, rule: Rule | None, manual_department: str | None
) -> tuple[str, Origin]:
    if manual_department is not None:
        return manual_department, Origin.MANUAL
    if rule is not None:
        return rule.department, Origin.RULE
    known = configuration.categories.get(category)
    by_category = configuration.departments.get(known.department) if known and known.department else None
    if by_category is not None and by_category.active:
        return by_category.code, Origin.CATEGORY
    return configuration.fallback_department, Origin.FALLBACK


def manual_choice_stands(manual_at: datetime, classified_at: datetime, classified_by: str) -> bool:
    """Tell whether a department chosen by hand still stands.

    Only a person who corrects the category afterwards undoes it, since the choice was made for the earlier
    category; what the model says later about the same report does not.
    """
    return not (classified_by == "handler" and classified_at > manual_at)
