"""Events that notification reads, and what they cause.

They come from several topics, so a routing may arrive before the contact, and a message before both.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator
from sqlalchemy.ext.asyncio import AsyncSession

from commonground.messaging import IncomingData, Received, Subscription, Tier
from notification.settings import Settings
from notification.store import reports
from notification.use_cases import mailing


def _storable(value: str) -> str:
    return value.replace("\0", "")  # PostgreSQL cannot keep it, and no reader would miss it


Text = Annotated[str, AfterValidator(_storable)]


class ReportContactRecorded(IncomingData, event="intake.report-contact-recorded"):
    """How the reporter can be reached; nothing is mailed when there is no address."""

    report_id: UUID
    number: Text
    municipality: str
    email: Text | None
    language: str
    status_url: Text


class Address(IncomingData, event=""):
    """A Dutch address, as far as it is known."""

    street: Text | None = None
    house_number: int | None = None
    house_letter: Text | None = None
    house_number_addition: Text | None = None
    postal_code: Text | None = None
    city: Text | None = None


class ReportTextRecorded(IncomingData, event="intake.report-text-recorded"):
    """What the resident wrote."""

    report_id: UUID
    municipality: str
    description: Text
    address: Address | None = None


class ReportClassified(IncomingData, event="classification.report-classified"):
    """A report has got a category."""

    report_id: UUID
    municipality: str
    category: str


class CategoryChanged(IncomingData, event="classification.category-changed"):
    """A category has got other names."""

    municipality: str
    slug: str
    public_name_nl: Text
    public_name_en: Text


class ReportRouted(IncomingData, event="routing.report-routed"):
    """A report has got a department and a term."""

    report_id: UUID
    municipality: str
    department_name: Text
    deadline: datetime
    term_days: int
    term_kind: Literal["working", "calendar"]


class CaseOpened(IncomingData, event="handling.case-opened"):
    """Work on a report has been taken in."""

    case_id: UUID
    report_ids: list[UUID]
    municipality: str
    status: str


class CaseStatusChanged(IncomingData, event="handling.case-status-changed"):
    """The status of the work has changed."""

    case_id: UUID
    report_ids: list[UUID]
    municipality: str
    status: str


class ReporterMessageRequested(IncomingData, event="handling.reporter-message-requested"):
    """A handler tells the reporter something."""

    message_id: UUID
    case_id: UUID
    report_id: UUID
    municipality: str
    kind: Literal["closing", "update", "question"]
    text: Text
    requested_at: datetime


def _newest(events: Iterable[Received], key: Callable[[Received], Any]) -> list[Received]:
    """Return per key the event with the highest sequence, in an order that all processes share."""
    found: dict[Any, Received] = {}
    for event in events:
        known = found.get(key(event))
        if known is None or event.sequence > known.sequence:
            found[key(event)] = event
    return [found[name] for name in sorted(found, key=str)]


def _report(event: Received) -> UUID:
    report_id: UUID = event.data.report_id
    return report_id


async def on_contacts(settings: Settings, session: AsyncSession, events: Sequence[Received]) -> None:
    """Keep the contacts, confirm what can be confirmed, and let go what waited for an address."""
    first: dict[UUID, datetime] = {}
    for event in events:
        first[_report(event)] = min(first.get(_report(event), event.time), event.time)
    newest = _newest(events, _report)
    rows = [
        {
            "id": event.data.report_id,
            "municipality": event.data.municipality,
            "number": event.data.number,
            "email": event.data.email or None,
            "language": "en" if event.data.language.lower().startswith("en") else "nl",
            "status_url": event.data.status_url,
            # The time at which the first contact was recorded is that of the submission.
            "submitted_at": first[event.data.report_id],
            "contact_sequence": event.sequence,
        }
        for event in newest
    ]
    await reports.merge_contacts(session, rows)
    await mailing.confirm_reports(session, _causes(newest), settings)
    await mailing.let_go(session, [event.data.report_id for event in newest], settings)


async def on_texts(session: AsyncSession, events: Sequence[Received]) -> None:
    """Keep what residents wrote, to quote it."""
    rows = [
        {
            "id": event.data.report_id,
            "municipality": event.data.municipality,
            "description": event.data.description,
            "address": event.data.address.model_dump(by_alias=True, exclude_none=True) if event.data.address else None,
            "text_sequence": event.sequence,
        }
        for event in _newest(events, _report)
    ]
    await reports.merge(session, rows, "text_sequence")


async def on_classifications(session: AsyncSession, events: Sequence[Received]) -> None:
    """Keep the category."""
    rows = [
        {
            "id": event.data.report_id,
            "municipality": event.data.municipality,
            "category": event.data.category,
            "classification_sequence": event.sequence,
        }
        for event in _newest(events, _report)
    ]
    await reports.merge(session, rows, "classification_sequence")


async def on_categories(session: AsyncSession, events: Sequence[Received]) -> None:
    """Keep the names of categories."""
    rows = [
        {
            "municipality": event.data.municipality,
            "slug": event.data.slug,
            "name_nl": event.data.public_name_nl,
            "name_en": event.data.public_name_en,
            "sequence": event.sequence,
        }
        for event in _newest(events, lambda event: (event.data.municipality, event.data.slug))
    ]
    await reports.merge_categories(session, rows)


async def on_routings(settings: Settings, session: AsyncSession, events: Sequence[Received]) -> None:
    """Keep department and term; now the confirmation can name them."""
    newest = _newest(events, _report)
    rows = [
        {
            "id": event.data.report_id,
            "municipality": event.data.municipality,
            "department": event.data.department_name,
            "deadline": event.data.deadline,
            "term_days": event.data.term_days,
            "term_kind": event.data.term_kind,
            "routing_sequence": event.sequence,
        }
        for event in newest
    ]
    await reports.merge(session, rows, "routing_sequence")
    await mailing.confirm_reports(session, _causes(newest), settings)


async def on_cases(session: AsyncSession, events: Sequence[Received]) -> None:
    """Keep the case of each report and its status."""
    newest: dict[UUID, tuple[int, dict[str, Any]]] = {}
    for event in events:
        for report_id in event.data.report_ids:
            if report_id not in newest or event.sequence > newest[report_id][0]:
                row = {
                    "id": report_id,
                    "municipality": event.data.municipality,
                    "case_id": event.data.case_id,
                    "status": event.data.status,
                    "status_sequence": event.sequence,
                }
                newest[report_id] = (event.sequence, row)
    rows = [newest[report_id][1] for report_id in sorted(newest, key=str)]
    await reports.merge(session, rows, "status_sequence")


async def on_case_messages(settings: Settings, session: AsyncSession, events: Sequence[Received]) -> None:
    """Take in what handlers tell reporters."""
    requests = [
        mailing.MessageRequest(
            id=event.data.message_id,
            report_id=event.data.report_id,
            municipality=event.data.municipality,
            case_id=event.data.case_id,
            kind=event.data.kind,
            text=event.data.text,
            requested_at=event.data.requested_at,
            traceparent=event.traceparent,
        )
        for event in events
    ]
    await mailing.request_messages(session, requests, settings)


def _causes(events: Sequence[Received]) -> dict[UUID, str]:
    return {event.data.report_id: event.traceparent for event in events}


async def forget_contacts(session: AsyncSession, keys: Sequence[str]) -> None:
    """Remove addresses, and everything that was written to them."""
    await mailing.forget_contacts(session, _ids(keys))


async def forget_texts(session: AsyncSession, keys: Sequence[str]) -> None:
    """Remove what residents wrote, also where a mail quotes it."""
    await mailing.forget_texts(session, _ids(keys))


async def forget_case_messages(session: AsyncSession, keys: Sequence[str]) -> None:
    """Remove what handlers wrote, and the mails that say it."""
    await mailing.forget_requests(session, _ids(keys))


def _ids(keys: Sequence[str]) -> list[UUID]:
    return sorted({UUID(key) for key in keys})


def subscriptions(settings: Settings) -> list[Subscription]:
    """Return what notification hears."""
    return [
        Subscription(
            "meldstroom.intake.report-contacts.v1",
            (ReportContactRecorded,),
            partial(on_contacts, settings),
            forget_contacts,
        ),
        Subscription("meldstroom.intake.report-texts.v1", (ReportTextRecorded,), on_texts, forget_texts),
        Subscription(
            "meldstroom.classification.classifications.v1", (ReportClassified,), on_classifications, tier=Tier.OPEN
        ),
        Subscription("meldstroom.classification.categories.v1", (CategoryChanged,), on_categories, tier=Tier.OPEN),
        Subscription("meldstroom.routing.routings.v1", (ReportRouted,), partial(on_routings, settings), tier=Tier.OPEN),
        Subscription("meldstroom.handling.cases.v1", (CaseOpened, CaseStatusChanged), on_cases, tier=Tier.OPEN),
        Subscription(
            "meldstroom.handling.case-messages.v1",
            (ReporterMessageRequested,),
            partial(on_case_messages, settings),
            forget_case_messages,
        ),
    ]
