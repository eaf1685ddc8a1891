"""Events that insight reads, each with only what it needs: open topics only, no person and no text."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from commonground.messaging import IncomingData, Received, Subscription, Tier
from insight import domain, store
from insight.domain import CaseMoment
from insight.settings import Settings


class Point(BaseModel):
    """A GeoJSON point: longitude, latitude."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    coordinates: Annotated[tuple[float, ...], Field(min_length=2, max_length=3)]


class ReportSubmitted(IncomingData, event="intake.report-submitted"):
    """Where and when it was reported."""

    report_id: UUID
    municipality: str
    geometry: Point
    submitted_at: datetime


class ReportClassified(IncomingData, event="classification.report-classified"):
    """The category."""

    report_id: UUID
    municipality: str
    category: str


class ReportRouted(IncomingData, event="routing.report-routed"):
    """The department, and the district as the first of the areas."""

    report_id: UUID
    municipality: str
    department: str
    areas: list[str]


class CaseOpened(IncomingData, event="handling.case-opened"):
    """Work has begun."""

    case_id: UUID
    report_ids: list[UUID]
    municipality: str
    status: str
    opened_at: datetime


class CaseStatusChanged(IncomingData, event="handling.case-status-changed"):
    """The status, and what everyone may know of it."""

    case_id: UUID
    report_ids: list[UUID]
    municipality: str
    status: str
    public_status: str
    changed_at: datetime


class CaseAssigned(IncomingData, event="handling.case-assigned"):
    """Where the case stands: on a compacted topic, the newest event of a case may be all that is left of it.

    Earlier versions of handling did not tell the status with it; such an event is passed over.
    """

    case_id: UUID
    report_ids: list[UUID]
    municipality: str
    status: str | None = None
    public_status: str | None = None
    status_changed_at: datetime | None = None
    changed_at: datetime


class CasePrioritised(CaseAssigned, event="handling.case-prioritised"):
    """The same, when the priority was what changed."""


class CategoryChanged(IncomingData, event="classification.category-changed"):
    """What a category is called, and whether it may stand on the map."""

    municipality: str
    slug: str
    main_category: str
    public_name_nl: str
    public_name_en: str
    main_name_nl: str
    main_name_en: str
    public: bool
    active: bool


class DepartmentChanged(IncomingData, event="routing.department-changed"):
    """What a department is called."""

    municipality: str
    code: str
    name: str


INCOMING: tuple[type[IncomingData], ...] = (
    ReportSubmitted,
    ReportClassified,
    ReportRouted,
    CaseOpened,
    CaseStatusChanged,
    CaseAssigned,
    CasePrioritised,
    CategoryChanged,
    DepartmentChanged,
)

ToRow = Callable[[Received], dict[str, Any]]


def subscriptions(settings: Settings) -> list[Subscription]:
    """Return what insight hears; each source fills its own columns, so any order gives the same rows."""
    zone = ZoneInfo(settings.time_zone)

    async def cases(session: AsyncSession, events: Sequence[Received]) -> None:
        await store.save(session, "case_sequence", case_rows(events, zone))

    return [
        Subscription(
            "meldstroom.intake.reports.v1",
            (ReportSubmitted,),
            _projected("intake_sequence", lambda event: submission_row(event, zone)),
            tier=Tier.OPEN,
        ),
        Subscription(
            "meldstroom.classification.classifications.v1",
            (ReportClassified,),
            _projected("classification_sequence", _classification_row),
            tier=Tier.OPEN,
        ),
        Subscription(
            "meldstroom.routing.routings.v1",
            (ReportRouted,),
            _projected("routing_sequence", _routing_row),
            tier=Tier.OPEN,
        ),
        Subscription(
            "meldstroom.handling.cases.v1",
            (CaseOpened, CaseStatusChanged, CaseAssigned, CasePrioritised),
            cases,
            tier=Tier.OPEN,
        ),
        Subscription(
            "meldstroom.classification.categories.v1",
            (CategoryChanged,),
            _kept("category_sequence", _category_row, lambda data: (data.municipality, data.slug)),
            forget=_forget_categories,
            tier=Tier.OPEN,
        ),
        Subscription(
            "meldstroom.routing.departments.v1",
            (DepartmentChanged,),
            _kept("department_sequence", _department_row, lambda data: (data.municipality, data.code)),
            tier=Tier.OPEN,
        ),
    ]


def _by_sequence(event: Received) -> int:
    return event.sequence


def _projected(source: str, to_row: ToRow) -> Callable[[AsyncSession, Sequence[Received]], Any]:
    """Return a handler that keeps the newest event of each report.

    Sorted by report, so that two workers that meet the same reports lock them in the same order.
    """

    async def handle(session: AsyncSession, events: Sequence[Received]) -> None:
        newest = {event.data.report_id: event for event in sorted(events, key=_by_sequence)}
        await store.save(session, source, [to_row(newest[report]) for report in sorted(newest)])

    return handle


def _kept(
    sequence: str, to_row: ToRow, key_of: Callable[[Any], tuple[str, str]]
) -> Callable[[AsyncSession, Sequence[Received]], Any]:
    """Return a handler that keeps the newest event of each category or department."""

    async def handle(session: AsyncSession, events: Sequence[Received]) -> None:
        newest = {key_of(event.data): event for event in sorted(events, key=_by_sequence)}
        await store.save_reference(session, sequence, [to_row(newest[key]) for key in sorted(newest)])

    return handle


async def _forget_categories(session: AsyncSession, keys: Sequence[str]) -> None:
    parts = [key.partition(":") for key in keys]
    await store.forget_categories(session, [(municipality, slug) for municipality, _, slug in parts])


def submission_row(event: Received, zone: ZoneInfo) -> dict[str, Any]:
    """Return the columns that report-submitted fills."""
    data: ReportSubmitted = event.data
    longitude, latitude = data.geometry.coordinates[:2]
    day = domain.local_day(data.submitted_at, zone)
    return {
        "report_id": data.report_id,
        "municipality": data.municipality,
        "intake_sequence": event.sequence,
        "longitude": longitude,
        "latitude": latitude,
        "submitted_on": day,
        "feature_head": domain.feature_head(data.report_id, longitude, latitude, day),
    }


def _classification_row(event: Received) -> dict[str, Any]:
    data: ReportClassified = event.data
    return {
        "report_id": data.report_id,
        "municipality": data.municipality,
        "classification_sequence": event.sequence,
        "category": data.category,
    }


def _routing_row(event: Received) -> dict[str, Any]:
    data: ReportRouted = event.data
    return {
        "report_id": data.report_id,
        "municipality": data.municipality,
        "routing_sequence": event.sequence,
        "department": data.department,
        "district": data.areas[0] if data.areas else None,
    }


def case_rows(events: Iterable[Received], zone: ZoneInfo) -> list[dict[str, Any]]:
    """Return the columns that cases fill, for each report only what is newest, sorted by report."""
    newest: dict[UUID, tuple[CaseMoment, dict[str, Any]]] = {}
    for event in events:
        data: CaseOpened | CaseStatusChanged | CaseAssigned = event.data
        if data.status is None:
            continue
        changed_at, since, closed = _standing(data)
        moment = CaseMoment(data.case_id, event.sequence, changed_at)
        for report_id in data.report_ids:
            known = newest.get(report_id)
            if known is not None and not moment.newer_than(known[0]):
                continue
            row = {
                "report_id": report_id,
                "municipality": data.municipality,
                "case_id": data.case_id,
                "case_sequence": event.sequence,
                "case_changed_at": changed_at,
                "case_status": data.status,
                "closed_on": domain.local_day(since, zone) if closed else None,
                "leads": data.case_id == domain.case_of(report_id),
            }
            newest[report_id] = (moment, row)
    return [newest[report_id][1] for report_id in sorted(newest)]


def _standing(data: CaseOpened | CaseStatusChanged | CaseAssigned) -> tuple[datetime, datetime, bool]:
    """Return when a case changed, since when it has its status, and whether that means closed."""
    if isinstance(data, CaseOpened):
        return data.opened_at, data.opened_at, False
    since = data.status_changed_at if isinstance(data, CaseAssigned) else None
    return data.changed_at, since or data.changed_at, data.public_status == domain.PublicStatus.CLOSED


def _category_row(event: Received) -> dict[str, Any]:
    data: CategoryChanged = event.data
    return {
        "municipality": data.municipality,
        "slug": data.slug,
        "category_sequence": event.sequence,
        "main_category": data.main_category,
        "name_nl": data.public_name_nl,
        "name_en": data.public_name_en,
        "main_name_nl": data.main_name_nl,
        "main_name_en": data.main_name_en,
        "public": data.public,
        "active": data.active,
        "feature_tail": domain.feature_tail(data.slug, data.public_name_nl, data.public_name_en),
    }


def _department_row(event: Received) -> dict[str, Any]:
    data: DepartmentChanged = event.data
    return {
        "municipality": data.municipality,
        "code": data.code,
        "department_sequence": event.sequence,
        "name": data.name,
    }
