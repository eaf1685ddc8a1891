"""Events that classification publishes: what a report is about is open, why the model thinks so is not."""

from datetime import UTC, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from classification.domain import Origin
from commonground.contracts import Published
from commonground.messaging import EventData, Stream, Tier, dead_letters

CLASSIFICATIONS = Stream("classification", "classifications", Tier.OPEN, "Which category a report has", compacted=True)
EXPLANATIONS = Stream(
    "classification",
    "explanations",
    Tier.RESTRICTED,
    "The model's best guesses with the words of the report that decided",
    compacted=True,
)
CATEGORIES = Stream("classification", "categories", Tier.OPEN, "The category tree of each municipality", compacted=True)
STREAMS = (CLASSIFICATIONS, EXPLANATIONS, CATEGORIES, dead_letters.stream("classification"))


class Part(BaseModel):
    """Base of what stands inside an event."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class ReportClassified(EventData, name="report-classified", stream=CLASSIFICATIONS):
    """A report has got a category; the one with the highest sequence holds."""

    report_id: UUID
    municipality: str = Field(description="CBS code, for instance GM0106")
    category: str = Field(description="Slug of the category")
    main_category: str = Field(description="Slug of the main category")
    origin: Origin = Field(description="Who decided")
    confidence: float | None = Field(ge=0, le=1, description="How sure the model is; empty when people decided")
    model_version: str | None = Field(description="Version of the model; empty when people decided")
    classified_at: datetime


class Prediction(Part):
    """A category that the report may have."""

    category: str
    main_category: str
    confidence: float = Field(ge=0, le=1)
    words: list[str] = Field(description="Words of the report that spoke for this category, strongest first")


class ClassificationExplained(EventData, name="classification-explained", stream=EXPLANATIONS):
    """Why the model thinks so."""

    report_id: UUID
    municipality: str
    predictions: list[Prediction] = Field(description="The three most probable categories, best first")


class CategoryChanged(EventData, name="category-changed", stream=CATEGORIES):
    """A category is new or has changed; key `municipality:slug`."""

    municipality: str
    slug: str
    main_category: str
    name_nl: str
    name_en: str
    public_name_nl: str = Field(description="For residents")
    public_name_en: str = Field(description="For residents")
    main_name_nl: str
    main_name_en: str
    public: bool = Field(description="Whether reports of this category may be shown on a public map")
    active: bool = Field(description="Whether the category may be chosen")


_REPORT = UUID("01930f2e-0000-7000-8000-000000000001")
_KEY = str(_REPORT)
_LAMP = "lantaarnpaal-straatverlichting"
_ROADS = "wegen-verkeer-straatmeubilair"
PUBLISHED = (
    Published(
        ReportClassified(
            report_id=_REPORT,
            municipality="GM0106",
            category=_LAMP,
            main_category=_ROADS,
            origin=Origin.MODEL,
            confidence=0.93,
            model_version="3f2a9c41d07b",
            classified_at=datetime(2026, 11, 20, 9, 30, 1, tzinfo=UTC),
        ),
        key=_KEY,
        subject=_KEY,
    ),
    Published(
        ClassificationExplained(
            report_id=_REPORT,
            municipality="GM0106",
            predictions=[
                Prediction(category=_LAMP, main_category=_ROADS, confidence=0.93, words=["lantaarnpaal", "lamp"]),
                Prediction(category="klok", main_category=_ROADS, confidence=0.01, words=["week"]),
                Prediction(category="verkeerslicht", main_category=_ROADS, confidence=0.01, words=["lamp"]),
            ],
        ),
        key=_KEY,
        subject=_KEY,
    ),
    Published(
        CategoryChanged(
            municipality="GM0106",
            slug=_LAMP,
            main_category=_ROADS,
            name_nl="Lantaarnpaal / straatverlichting",
            name_en="Lamp post / street lighting",
            public_name_nl="Straatverlichting",
            public_name_en="Street lighting",
            main_name_nl="Wegen, verkeer, straatmeubilair",
            main_name_en="Roads, traffic, street furniture",
            public=True,
            active=True,
        ),
        key=f"GM0106:{_LAMP}",
        subject=f"GM0106:{_LAMP}",
    ),
)
