"""Requests and answers of routing's API."""

import re
from datetime import datetime, time
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic.alias_generators import to_camel

from commonground.moments import WRITTEN_OUT
from commonground.problems import SafeValueError
from routing.domain.rules import LONGEST_ANSWER

# Control characters that no text needs; NUL cannot be stored by PostgreSQL at all.
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _plain(value: str) -> str:
    if _CONTROL.search(value):
        message = "The text holds control characters"
        raise SafeValueError(message)
    if not value.strip():
        message = "The text is empty"
        raise SafeValueError(message)
    return value.strip()


def _once(values: list[Any]) -> list[Any]:
    if len(set(values)) != len(values):
        message = "A value occurs twice"
        raise SafeValueError(message)
    return values


def _text(value: Any) -> Any:
    """Refuse numbers, which pydantic would take for seconds since midnight or since 1970."""
    if value is not None and not isinstance(value, str):
        message = "Write a time as text, after RFC 3339"
        raise SafeValueError(message)
    return value


def _naive(value: time) -> time:
    if value.tzinfo is not None:
        message = "Give a local time without a time zone"
        raise SafeValueError(message)
    return value.replace(microsecond=0)


Name = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_plain)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2,10}$"), Field(examples=["VRL"])]
AreaCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,30}$"), Field(examples=["WK010600"])]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=100)]
Source = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]
Municipality = Annotated[str, StringConstraints(pattern=r"^GM[0-9]{4}$"), Field(examples=["GM0106"])]
LocalTime = Annotated[time, BeforeValidator(_text), AfterValidator(_naive), Field(examples=["08:00:00"])]
Moment = Annotated[AwareDatetime, WRITTEN_OUT]
TermDays = Annotated[int, Field(ge=0, le=365, strict=True)]
Kind = Literal["working", "calendar"]


class Request(BaseModel):
    """Base of requests: unknown fields are refused, since a misspelt one would be lost."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class Answer(BaseModel):
    """Base of answers."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True)


class DepartmentRequest(Request):
    """What a department is called, and whether it can be given work."""

    name: Name
    active: bool = True
    municipality: Municipality | None = None


class DepartmentAnswer(Answer):
    """A department."""

    municipality: str
    code: str = Field(examples=["VRL"])
    name: str = Field(examples=["Openbare verlichting"])
    active: bool


class Departments(Answer):
    """Departments by code."""

    items: list[DepartmentAnswer]
    next_cursor: str | None


class TermRequest(Request):
    """Who handles a category when no rule decides, and within how many days."""

    department: Code
    term_days: TermDays
    term_kind: Kind
    municipality: Municipality | None = None


class TermAnswer(Answer):
    """The handling term and the default department of a category."""

    municipality: str
    category: str = Field(examples=["lantaarnpaal-straatverlichting"])
    main_category: str
    active: bool = Field(description="Whether the category is in use")
    department: str = Field(description="Department when no rule decides")
    department_name: str
    term_days: int
    term_kind: Kind
    is_default: bool = Field(description="True when nobody has decided: the fallback department and the default term")


class Terms(Answer):
    """Terms by main category and category."""

    items: list[TermAnswer]
    next_cursor: str | None


class AnswerCondition(Request):
    """An answer that a report must have; the same key several times means one of these values."""

    key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,100}$")]
    value: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_ANSWER), AfterValidator(_plain)]


class ConditionsBody(Request):
    """What a rule asks; every part that is filled must hold. Categories and main categories are one part."""

    categories: Annotated[list[Slug], Field(max_length=200), AfterValidator(_once)] = Field(default_factory=list)
    main_categories: Annotated[list[Slug], Field(max_length=100), AfterValidator(_once)] = Field(default_factory=list)
    areas: Annotated[list[AreaCode], Field(max_length=500), AfterValidator(_once)] = Field(default_factory=list)
    sources: Annotated[list[Source], Field(max_length=50), AfterValidator(_once)] = Field(default_factory=list)
    answers: Annotated[list[AnswerCondition], Field(max_length=50)] = Field(default_factory=list)
    weekdays: Annotated[
        list[Annotated[int, Field(ge=1, le=7, strict=True)]],
        Field(max_length=7, description="Monday is 1, by the local time of submission"),
        AfterValidator(_once),
    ] = Field(default_factory=list)
    from_time: LocalTime | None = Field(default=None, description="Local time of submission from which the rule holds")
    until_time: LocalTime | None = Field(
        default=None, description="Local time until which it holds; before `fromTime` means through midnight"
    )


class RuleRequest(Request):
    """A rule: the first in the order that matches a report decides."""

    name: Name = Field(examples=["Verlichting in het centrum"])
    conditions: ConditionsBody
    department: Code
    assignee: UUID | None = Field(default=None, description="User to whom the work is given at once")
    active: bool = True
    valid_from: Moment | None = Field(default=None, description="For reports submitted from then on")
    valid_until: Moment | None = Field(default=None, description="For reports submitted before then")

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "RuleRequest":
        if self.valid_from and self.valid_until and self.valid_until <= self.valid_from:
            message = "The rule ends before it begins"
            raise SafeValueError(message)
        return self

    def to_stored(self) -> dict[str, Any]:
        """Return the columns of the rule."""
        return {
            "name": self.name,
            "conditions": self.conditions.model_dump(mode="json", exclude_defaults=True),
            "department": self.department,
            "assignee": self.assignee,
            "active": self.active,
            "valid_from": self.valid_from,
            "valid_until": self.valid_until,
        }


class NewRule(RuleRequest):
    """A new rule, which comes behind the others."""

    municipality: Municipality | None = None


class ReplacedRule(RuleRequest):
    """Another content for a rule."""

    expected_version: int | None = Field(default=None, description="Refuse when the rule has another version by now")


class RuleOrder(Request):
    """All rules of a municipality in the order in which they are tried."""

    rules: Annotated[list[UUID], Field(max_length=2000), AfterValidator(_once)]
    municipality: Municipality | None = None


class FaultAnswer(Answer):
    """A reference to what does not exist or is not in use."""

    kind: str = Field(examples=["unknown-area"])
    reference: str = Field(examples=["WK010699"])


class AnswerConditionAnswer(Answer):
    """An answer that a report must have."""

    key: str
    value: str


class ConditionsAnswer(Answer):
    """What a rule asks."""

    categories: list[str]
    main_categories: list[str]
    areas: list[str]
    sources: list[str]
    answers: list[AnswerConditionAnswer]
    weekdays: list[int]
    from_time: time | None
    until_time: time | None


class RuleAnswer(Answer):
    """A rule, its place in the order and whether it can do its work."""

    id: UUID
    municipality: str
    position: int
    name: str
    conditions: ConditionsAnswer
    department: str
    assignee: UUID | None
    active: bool
    valid_from: datetime | None
    valid_until: datetime | None
    broken: list[FaultAnswer] = Field(description="Why the rule cannot do its work; empty when it can")
    version: int
    changed_at: datetime
    changed_by: str


class Rules(Answer):
    """Rules in the order in which they are tried."""

    items: list[RuleAnswer]
    next_cursor: str | None


class PassedOverAnswer(Answer):
    """A broken rule that could have decided about the report."""

    rule: UUID
    name: str
    faults: list[FaultAnswer]


class RoutingRequest(Request):
    """A department chosen by hand."""

    department: Code


class RoutingAnswer(Answer):
    """Where a report went, why, and until when the department has."""

    sequence: int
    category: str
    department: str
    department_name: str
    assignee: UUID | None
    deadline: datetime
    term_days: int
    term_kind: Kind
    areas: list[str]
    origin: Literal["rule", "category", "fallback", "manual"]
    rule: UUID | None
    rule_name: str | None = Field(description="Name of the rule when it decided")
    passed_over: list[PassedOverAnswer]
    actor: str | None = Field(description="Who chose the department by hand")
    routed_at: datetime


class Routings(Answer):
    """All routings of a report, oldest first; the last one stands."""

    items: list[RoutingAnswer]
    next_cursor: str | None


class AreaProperties(Answer):
    """What is known of an area."""

    municipality: str
    code: str
    kind: Literal["district", "neighbourhood"]
    name: str


class AreaGeometry(Answer):
    """A GeoJSON geometry in longitude and latitude (WGS 84)."""

    type: Literal["Polygon", "MultiPolygon"]
    coordinates: list[Any]


class AreaFeature(Answer):
    """An area as a GeoJSON feature."""

    type: Literal["Feature"]
    id: str
    geometry: AreaGeometry
    properties: AreaProperties


class Areas(Answer):
    """Areas as a GeoJSON feature collection."""

    type: Literal["FeatureCollection"]
    features: list[AreaFeature]
