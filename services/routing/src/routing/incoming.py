"""Events that routing reads, each with only what it needs, and what they cause."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from commonground.messaging import IncomingData, Received, Subscription, Tier
from routing import use_cases
from routing.configuration import Configurations
from routing.domain import rules
from routing.settings import Settings


class Point(BaseModel):
    """A GeoJSON point: longitude, latitude."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    coordinates: Annotated[tuple[float, ...], Field(min_length=2, max_length=3)]


class ReportSubmitted(IncomingData, event="intake.report-submitted"):
    """Where, when and how it was reported."""

    report_id: UUID
    municipality: str
    geometry: Point
    submitted_at: datetime
    source: str


class Answer(BaseModel):
    """An answer to an extra question."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    key: str
    value: Any = None


class ReportTextRecorded(IncomingData, event="intake.report-text-recorded"):
    """What was answered; the description is not read."""

    report_id: UUID
    municipality: str
    answers: list[Answer]


class ReportClassified(IncomingData, event="classification.report-classified"):
    """The category, and who chose it."""

    report_id: UUID
    municipality: str
    category: str
    main_category: str
    origin: str
    classified_at: datetime


class CategoryChanged(IncomingData, event="classification.category-changed"):
    """A category exists, so that rules and terms may refer to it."""

    municipality: str
    slug: str
    main_category: str
    active: bool


INCOMING: tuple[type[IncomingData], ...] = (ReportSubmitted, ReportTextRecorded, ReportClassified, CategoryChanged)


def subscriptions(settings: Settings, configurations: Configurations | None = None) -> list[Subscription]:
    """Return what routing hears."""
    kept = configurations or Configurations(settings)

    async def submitted(session: AsyncSession, events: Sequence[Received]) -> None:
        newest = _newest(events)
        rows = [_submission(event) for event in newest.values()]
        await use_cases.record_submissions(session, kept, rows, newest)

    async def answered(session: AsyncSession, events: Sequence[Received]) -> None:
        newest = _newest(events)
        rows = [_answers(event) for event in newest.values()]
        await use_cases.record_answers(session, kept, rows, newest)

    async def classified(session: AsyncSession, events: Sequence[Received]) -> None:
        newest = _newest(events)
        rows = [_classification(event) for event in newest.values()]
        await use_cases.record_classifications(session, kept, rows, newest)

    async def categories_changed(session: AsyncSession, events: Sequence[Received]) -> None:
        newest = {(event.data.municipality, event.data.slug): event for event in sorted(events, key=_by_sequence)}
        await use_cases.record_categories(session, [_category(newest[key]) for key in sorted(newest)])

    return [
        Subscription("meldstroom.intake.reports.v1", (ReportSubmitted,), submitted, tier=Tier.OPEN),
        Subscription(
            "meldstroom.intake.report-texts.v1", (ReportTextRecorded,), answered, forget=use_cases.forget_answers
        ),
        Subscription("meldstroom.classification.classifications.v1", (ReportClassified,), classified, tier=Tier.OPEN),
        Subscription("meldstroom.classification.categories.v1", (CategoryChanged,), categories_changed, tier=Tier.OPEN),
    ]


def _by_sequence(event: Received) -> int:
    return event.sequence


def _newest(events: Sequence[Received]) -> dict[UUID, Received]:
    """Return the newest event of each report, sorted by report.

    A statement can touch a row only once; and two workers that meet the same reports lock them in the same order.
    """
    newest = {event.data.report_id: event for event in sorted(events, key=_by_sequence)}
    return {report: newest[report] for report in sorted(newest)}


def _submission(event: Received) -> dict[str, Any]:
    data: ReportSubmitted = event.data
    return {
        "report_id": data.report_id,
        "municipality": data.municipality,
        "intake_sequence": event.sequence,
        "longitude": data.geometry.coordinates[0],
        "latitude": data.geometry.coordinates[1],
        "source": data.source,
        "submitted_at": data.submitted_at,
    }


def _answers(event: Received) -> dict[str, Any]:
    data: ReportTextRecorded = event.data
    return {
        "report_id": data.report_id,
        "municipality": data.municipality,
        "texts_sequence": event.sequence,
        "answers": {answer.key: sorted(rules.comparable(answer.value)) for answer in data.answers},
    }


def _classification(event: Received) -> dict[str, Any]:
    data: ReportClassified = event.data
    return {
        "report_id": data.report_id,
        "municipality": data.municipality,
        "classification_sequence": event.sequence,
        "category": data.category,
        "main_category": data.main_category,
        "classified_by": data.origin,
        "classified_at": data.classified_at,
    }


def _category(event: Received) -> dict[str, Any]:
    data: CategoryChanged = event.data
    return {
        "municipality": data.municipality,
        "slug": data.slug,
        "main_category": data.main_category,
        "active": data.active,
        "category_sequence": event.sequence,
    }
