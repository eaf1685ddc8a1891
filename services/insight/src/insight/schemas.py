"""Answers of insight's API."""

import re
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from commonground.problems import SafeValueError
from insight.domain import Grouping, PublicStatus


def _written_as_day(value: Any) -> Any:
    """Refuse what pydantic would also take for a date, such as seconds since 1970."""
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        message = "Write a day as YYYY-MM-DD"
        raise SafeValueError(message)
    return value


Day = Annotated[date, BeforeValidator(_written_as_day)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=100)]
Municipality = Annotated[str, StringConstraints(pattern=r"^GM[0-9]{4}$"), Field(examples=["GM0106"])]


class Answer(BaseModel):
    """Base of answers."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True)


class Name(Answer):
    """A name in Dutch and English."""

    nl: str
    en: str


class Point(Answer):
    """A GeoJSON point: longitude, latitude (WGS 84)."""

    type: Literal["Point"]
    coordinates: list[float]


class PublicCaseProperties(Answer):
    """What everyone may know of a case."""

    id: UUID
    submitted_at: date = Field(description="Day of submission, local")
    status: PublicStatus
    category: str
    name: Name = Field(description="Name of the category in plain words")


class PublicCase(Answer):
    """A case as a GeoJSON feature."""

    type: Literal["Feature"]
    id: UUID
    geometry: Point
    properties: PublicCaseProperties


class PublicCases(Answer):
    """Cases as a GeoJSON feature collection (RFC 7946)."""

    type: Literal["FeatureCollection"]
    features: list[PublicCase]


class PublicCategory(Answer):
    """A category that can stand on the map."""

    municipality: str
    slug: str
    name: Name
    main_category: str
    main_name: Name


class PublicCategories(Answer):
    """Categories by the names of main category and category."""

    items: list[PublicCategory]
    next_cursor: str | None


class CountAnswer(Answer):
    """How many reports came and went."""

    key: str | None = Field(description="Day, or code of what is counted; empty for what is not known yet")
    name: Name | None
    received: int = Field(description="Submitted in the period")
    closed: int = Field(description="Closed in the period and still closed")


class Counts(Answer):
    """Counts of a period; days in their order and all present, other keys with the largest number first."""

    first: date = Field(alias="from")
    last: date = Field(alias="to")
    group_by: Grouping
    items: list[CountAnswer]
    next_cursor: str | None
