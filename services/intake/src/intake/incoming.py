"""Events that intake reads, for the reporter's status page, and what they cause."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from commonground.messaging import IncomingData, Received, Subscription, Tier
from intake import store


class CaseOpened(IncomingData, event="handling.case-opened"):
    """Work on a report has been taken in."""

    report_ids: list[UUID]
    status: str
    opened_at: datetime | None = None


class CaseStatusChanged(IncomingData, event="handling.case-status-changed"):
    """The status of the work has changed."""

    report_ids: list[UUID]
    status: str
    changed_at: datetime | None = None


class ReporterMessageRequested(IncomingData, event="handling.reporter-message-requested"):
    """A handler tells the reporter something."""

    message_id: UUID
    report_id: UUID
    kind: str
    text: str
    requested_at: datetime


class ReportClassified(IncomingData, event="classification.report-classified"):
    """A report has got a category."""

    report_id: UUID
    category: str


class CategoryChanged(IncomingData, event="classification.category-changed"):
    """A category has got other names, or is no longer used."""

    municipality: str
    slug: str
    public_name_nl: str
    public_name_en: str
    active: bool


async def on_cases(session: AsyncSession, events: Sequence[Received]) -> None:
    """Keep the status that a reporter sees."""
    newest: dict[UUID, dict[str, Any]] = {}
    for event in events:
        for report_id in event.data.report_ids:
            known = newest.get(report_id)
            if known is None or event.sequence > known["case_sequence"]:
                newest[report_id] = {
                    "report_id": report_id,
                    "case_status": event.data.status,
                    "case_changed_at": _moment(event),
                    "case_sequence": event.sequence,
                }
    if newest:
        await store.merge_case_states(session, list(newest.values()))


def _moment(event: Received) -> datetime:
    told: datetime | None = event.data.opened_at if isinstance(event.data, CaseOpened) else event.data.changed_at
    return told or event.time


async def on_case_messages(session: AsyncSession, events: Sequence[Received]) -> None:
    """Keep what was sent to the reporter."""
    rows = [
        {
            "id": event.data.message_id,
            "report_id": event.data.report_id,
            "kind": event.data.kind,
            "text": event.data.text,
            "at": event.data.requested_at,
        }
        for event in events
    ]
    await store.add_messages(session, rows)


async def forget_case_messages(session: AsyncSession, keys: Sequence[str]) -> None:
    """Remove the words of removed reports."""
    await store.forget_messages(session, [UUID(key) for key in keys])


async def on_classifications(session: AsyncSession, events: Sequence[Received]) -> None:
    """Keep the category."""
    newest: dict[UUID, dict[str, Any]] = {}
    for event in events:
        known = newest.get(event.data.report_id)
        if known is None or event.sequence > known["classification_sequence"]:
            newest[event.data.report_id] = {
                "report_id": event.data.report_id,
                "category": event.data.category,
                "classification_sequence": event.sequence,
            }
    await store.merge_classifications(session, list(newest.values()))


async def on_categories(session: AsyncSession, events: Sequence[Received]) -> None:
    """Keep the names of categories and which may be chosen."""
    newest = {(event.data.municipality, event.data.slug): event for event in sorted(events, key=lambda e: e.sequence)}
    rows = [
        {
            "municipality": event.data.municipality,
            "slug": event.data.slug,
            "name_nl": event.data.public_name_nl,
            "name_en": event.data.public_name_en,
            "active": event.data.active,
            "sequence": event.sequence,
        }
        for event in newest.values()
    ]
    await store.merge_categories(session, rows)


SUBSCRIPTIONS = (
    Subscription("meldstroom.handling.cases.v1", (CaseOpened, CaseStatusChanged), on_cases, tier=Tier.OPEN),
    Subscription(
        "meldstroom.handling.case-messages.v1", (ReporterMessageRequested,), on_case_messages, forget_case_messages
    ),
    Subscription(
        "meldstroom.classification.classifications.v1", (ReportClassified,), on_classifications, tier=Tier.OPEN
    ),
    Subscription("meldstroom.classification.categories.v1", (CategoryChanged,), on_categories, tier=Tier.OPEN),
)
