"""Routing rules (routeerregels): ordered, the first that matches decides.

A rule may refer to a category, an area or a department that does not exist (any more). Such a rule is broken: it is
shown with the reasons and keeps its place. A report that only a missing reference keeps from matching, or that the
rule would send to a missing department, passes that rule over, and its history says so.
"""

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any
from uuid import UUID

LONGEST_ANSWER = 200  # characters of an answer that can be compared


@dataclass(frozen=True)
class Conditions:
    """What a rule asks of a report; every part that is filled must hold, a part holds when one of its values does.

    ``categories`` and ``main_categories`` are one part: a report matches by either. Of ``answers`` every key must
    have one of its values. A window from 22:00 until 06:00 runs through midnight; ``until`` is exclusive.
    """

    categories: frozenset[str] = frozenset()
    main_categories: frozenset[str] = frozenset()
    areas: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    answers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    weekdays: frozenset[int] = frozenset()  # ISO 8601: Monday is 1
    from_time: time | None = None
    until_time: time | None = None


@dataclass(frozen=True)
class Rule:
    """One rule; valid for reports submitted from ``valid_from`` until before ``valid_until``."""

    id: UUID
    name: str
    conditions: Conditions
    department: str
    assignee: UUID | None = None
    active: bool = True
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    def valid_for(self, submitted_at: datetime) -> bool:
        """Tell whether the rule speaks about a report submitted then."""
        return (
            self.active
            and (self.valid_from is None or self.valid_from <= submitted_at)
            and (self.valid_until is None or submitted_at < self.valid_until)
        )


@dataclass(frozen=True)
class Facts:
    """What rules look at; ``submitted_at`` is in local time."""

    category: str
    main_category: str
    areas: frozenset[str]
    source: str
    answers: Mapping[str, frozenset[str]]
    submitted_at: datetime


@dataclass(frozen=True)
class Known:
    """What a municipality has, to judge what rules refer to; ``departments`` maps codes to whether they are active."""

    categories: frozenset[str]
    main_categories: frozenset[str]
    areas: frozenset[str]
    departments: Mapping[str, bool]


class FaultKind(enum.StrEnum):
    """What is wrong with a reference of a rule."""

    UNKNOWN_CATEGORY = "unknown-category"
    UNKNOWN_MAIN_CATEGORY = "unknown-main-category"
    UNKNOWN_AREA = "unknown-area"
    UNKNOWN_DEPARTMENT = "unknown-department"
    INACTIVE_DEPARTMENT = "inactive-department"


@dataclass(frozen=True, order=True)
class Fault:
    """A reference of a rule to what does not exist or is not in use."""

    kind: FaultKind
    reference: str


def faults_of(rule: Rule, known: Known) -> list[Fault]:
    """Return everything that is wrong with ``rule``; none for a rule that can do its work."""
    asked = rule.conditions
    found = [Fault(FaultKind.UNKNOWN_CATEGORY, slug) for slug in asked.categories - known.categories]
    found += [Fault(FaultKind.UNKNOWN_MAIN_CATEGORY, slug) for slug in asked.main_categories - known.main_categories]
    found += [Fault(FaultKind.UNKNOWN_AREA, code) for code in asked.areas - known.areas]
    if rule.department not in known.departments:
        found.append(Fault(FaultKind.UNKNOWN_DEPARTMENT, rule.department))
    elif not known.departments[rule.department]:
        found.append(Fault(FaultKind.INACTIVE_DEPARTMENT, rule.department))
    return sorted(found)


class Verdict(enum.Enum):
    """What a rule says about a report."""

    MATCHES = enum.auto()
    DOES_NOT_MATCH = enum.auto()
    UNDECIDED = enum.auto()  # a missing reference keeps it from matching


def judge(rule: Rule, facts: Facts, known: Known) -> Verdict:
    """Return whether ``rule`` matches, as far as what it refers to exists."""
    asked = rule.conditions
    if not (
        (not asked.sources or facts.source in asked.sources)
        and _in_window(asked, facts.submitted_at)
        and all(facts.answers.get(key, frozenset()) & values for key, values in asked.answers.items())
    ):
        return Verdict.DOES_NOT_MATCH
    category = _part(
        asked=bool(asked.categories or asked.main_categories),
        holds=facts.category in asked.categories or facts.main_category in asked.main_categories,
        complete=asked.categories <= known.categories and asked.main_categories <= known.main_categories,
    )
    area = _part(asked=bool(asked.areas), holds=bool(facts.areas & asked.areas), complete=asked.areas <= known.areas)
    if Verdict.DOES_NOT_MATCH in {category, area}:
        return Verdict.DOES_NOT_MATCH
    return Verdict.UNDECIDED if Verdict.UNDECIDED in {category, area} else Verdict.MATCHES


def _part(*, asked: bool, holds: bool, complete: bool) -> Verdict:
    if not asked or holds:
        return Verdict.MATCHES
    return Verdict.DOES_NOT_MATCH if complete else Verdict.UNDECIDED


def _in_window(asked: Conditions, moment: datetime) -> bool:
    """Tell whether ``moment`` lies on the days and in the hours; after midnight the day before still counts."""
    clock = moment.time()
    day = moment.isoweekday()
    start, end = asked.from_time, asked.until_time
    if start is not None and end is not None and start > end:
        if start > clock >= end:
            return False
        if clock < end:
            day = day - 1 or 7
    elif (start is not None and clock < start) or (end is not None and clock >= end):
        return False
    return not asked.weekdays or day in asked.weekdays


def comparable(value: Any) -> frozenset[str]:
    """Return the texts by which an answer of any shape can be compared, without case and outer space."""
    if value is None:
        return frozenset()
    if isinstance(value, bool):
        return frozenset({"true" if value else "false"})
    if isinstance(value, Mapping):
        # A choice comes as {"id": …, "label": …}, an object on the map likewise.
        return frozenset().union(*(comparable(item) for item in value.values()))
    if isinstance(value, str):
        text = value.strip().casefold()[:LONGEST_ANSWER]
        return frozenset({text}) if text else frozenset()
    if isinstance(value, Iterable):
        return frozenset().union(*(comparable(item) for item in value))
    return frozenset({str(value)})


@dataclass(frozen=True)
class PassedOver:
    """A broken rule that could have decided about a report."""

    rule: Rule
    faults: Sequence[Fault]


def first_match(rules: Sequence[Rule], facts: Facts, known: Known) -> tuple[Rule | None, list[PassedOver]]:
    """Return the rule that decides, None when no rule does, and the broken rules that were passed over before it."""
    passed: list[PassedOver] = []
    for rule in rules:
        if not rule.valid_for(facts.submitted_at):
            continue
        verdict = judge(rule, facts, known)
        if verdict is Verdict.DOES_NOT_MATCH:
            continue
        if verdict is Verdict.MATCHES and known.departments.get(rule.department, False):
            return rule, passed
        passed.append(PassedOver(rule, faults_of(rule, known)))
    return None, passed
