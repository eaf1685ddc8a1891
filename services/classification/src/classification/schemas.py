"""Requests and answers of classification's API."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from classification.domain import MAX_TEXT, Origin
from commonground.problems import SafeValueError


def _not_blank(value: str) -> str:
    if not value.strip():
        message = "The text is empty"
        raise SafeValueError(message)
    return value


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=100)]
MunicipalityCode = Annotated[str, StringConstraints(pattern=r"^GM[0-9]{4}$")]


class Request(BaseModel):
    """Base of requests: unknown fields are refused, since a misspelt one would be lost."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class Answer(BaseModel):
    """Base of answers."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, from_attributes=True, protected_namespaces=()
    )


class PredictionRequest(Request):
    """A text of which somebody wants to know the category; it is not stored."""

    text: Annotated[
        str,
        StringConstraints(min_length=1, max_length=MAX_TEXT),
        AfterValidator(_not_blank),
        Field(examples=["De lantaarnpaal voor nummer 12 doet het niet"]),
    ]
    municipality: MunicipalityCode | None = Field(
        default=None, description="Whose categories; the first served municipality when absent"
    )


class PredictionAnswer(Answer):
    """A category that the text may belong to."""

    category: str
    main_category: str
    confidence: float = Field(ge=0, le=1, description="Calibrated: of all with 0.8, about 80% are right")
    words: list[str] = Field(description="Words of the text that spoke for this category, strongest first")


class ChosenAnswer(Answer):
    """The category that a report with this text gets."""

    category: str
    main_category: str
    confidence: float = Field(ge=0, le=1)


class PredictionsAnswer(Answer):
    """What the model thinks of a text."""

    predictions: list[PredictionAnswer] = Field(description="The three most probable categories, best first")
    chosen: ChosenAnswer
    model_version: str


class CategoryAnswer(Answer):
    """A category."""

    slug: str
    name_nl: str
    name_en: str
    public_name_nl: str = Field(description="For residents")
    public_name_en: str = Field(description="For residents")
    description_nl: str
    description_en: str
    public: bool = Field(description="Whether reports of this category may be shown on a public map")


class MainCategoryAnswer(Answer):
    """A main category with the categories below it."""

    slug: str
    name_nl: str
    name_en: str
    public: bool = Field(description="Whether any category below it is public")
    subcategories: list[CategoryAnswer]


class CategoriesAnswer(Answer):
    """The category tree of a municipality, without categories that are no longer used."""

    items: list[MainCategoryAnswer]


class CorrectionRequest(Request):
    """The category that a report should have had."""

    category: Slug = Field(examples=["lantaarnpaal-straatverlichting"])


class ClassificationAnswer(Answer):
    """A category that a report got."""

    report_id: UUID
    version: int = Field(description="Counts from 1; the highest holds")
    category: str
    main_category: str
    origin: Origin
    confidence: float | None = Field(description="How sure the model was; empty when people decided")
    model_version: str | None
    actor: str | None = Field(description="Who corrected")
    classified_at: datetime


class ClassificationsAnswer(Answer):
    """What a report was and is classified as, newest first, and what the model thought of its text."""

    items: list[ClassificationAnswer]
    predictions: list[PredictionAnswer] = Field(description="The model's three best guesses; empty without a text")
    model_version: str | None
