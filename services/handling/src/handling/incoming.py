"""Events that handling reads, and what they cause."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from commonground import ids
from commonground.messaging import IncomingData, PermanentError, Received, Subscription, Tier, publish_removals
from handling.domain.cases import Kind
from handling.events import CASE_MESSAGES
from handling.store import cases, copies, history
from handling.use_cases import following
from handling.use_cases.draft import case_id, follow


class Point(BaseModel):
    """A GeoJSON point, longitude first."""

    coordinates: tuple[float, float]


class ReportSubmitted(IncomingData, event="intake.report-submitted"):
    """A resident has reported something."""

    report_id: UUID
    number: str
    municipality: str
    geometry: Point
    district: str | None = None
    occurred_at: datetime | None
    submitted_at: datetime
    source: str
    attachment_count: int
    has_contact: bool


class ReportTextRecorded(IncomingData, event="intake.report-text-recorded"):
    """What the resident wrote."""

    report_id: UUID
    description: str
    address: dict[str, Any] | None
    answers: list[dict[str, Any]]
    attachments: list[dict[str, Any]]
    language: str


class ReportContactRecorded(IncomingData, event="intake.report-contact-recorded"):
    """How the reporter can be reached."""

    report_id: UUID
    email: str | None
    phone: str | None
    language: str


class ReportClassified(IncomingData, event="classification.report-classified"):
    """A report has got a category."""

    report_id: UUID
    municipality: str
    category: str
    main_category: str
    origin: str
    confidence: float | None


class ClassificationExplained(IncomingData, event="classification.classification-explained"):
    """Why a report got its category."""

    report_id: UUID
    predictions: list[dict[str, Any]]


class CategoryChanged(IncomingData, event="classification.category-changed"):
    """A category has got other names."""

    municipality: str
    slug: str
    main_category: str
    name_nl: str
    name_en: str


class ReportRouted(IncomingData, event="routing.report-routed"):
    """A report has got a department and a deadline."""

    report_id: UUID
    municipality: str
    department: str
    department_name: str
    assignee: str | None
    deadline: datetime | None
    term_days: int | None
    term_kind: str | None


class DepartmentChanged(IncomingData, event="routing.department-changed"):
    """A department has got another name, or has ended."""

    municipality: str
    code: str
    name: str
    active: bool


class MessageDelivered(IncomingData, event="notification.message-delivered"):
    """A message has been handed to the reporter's mail server."""

    message_id: UUID
    report_id: UUID
    kind: str
    channel: str
    at: datetime
    attempts: int


class MessageFailed(IncomingData, event="notification.message-failed"):
    """A message could not be delivered."""

    message_id: UUID
    report_id: UUID
    kind: str
    channel: str
    at: datetime
    attempts: int


class UserChanged(IncomingData, event="gateway.user-changed"):
    """A member of staff has come, changed or gone."""

    user_id: str
    name: str
    departments: list[str]
    municipalities: list[str]
    active: bool


async def on_reports(session: AsyncSession, events: Sequence[Received]) -> None:
    """Open a case for each report."""
    await follow(session, events, following.take_in_report)


async def on_texts(session: AsyncSession, events: Sequence[Received]) -> None:
    """Keep what residents wrote."""
    rows = [
        {
            **_report(event.data.report_id),
            "text_sequence": event.sequence,
            "description": event.data.description,
            "address": event.data.address,
            "address_text": _address_text(event.data.address),
            "answers": event.data.answers,
            "attachments": event.data.attachments,
            "language": event.data.language,
        }
        for event in _newest(events, "report_id")
    ]
    await copies.merge_texts(session, rows)


async def forget_texts(session: AsyncSession, keys: Sequence[str]) -> None:
    """Remove what residents wrote, and every text in the histories of their cases, which may quote them."""
    rows = _reports(keys)
    # Somebody may be closing a case at this moment: their words are either here already and go, or come afterwards and
    # find that the text is gone.
    sequences = {row["report_id"]: row["message_sequence"] + 1 for row in await _hold_cases(session, rows)}
    new = await copies.remove_texts(session, rows)
    await history.remove_texts(session, [row["case_id"] for row in rows])
    await history.add(session, [_removal(report_id, Kind.TEXT_REMOVED) for report_id in new])
    await publish_removals(session, CASE_MESSAGES, {str(report_id): sequences.get(report_id, 0) for report_id in new})


async def on_contacts(session: AsyncSession, events: Sequence[Received]) -> None:
    """Keep how reporters can be reached."""
    rows = [
        {
            **_report(event.data.report_id),
            "contact_sequence": event.sequence,
            "email": event.data.email,
            "phone": event.data.phone,
            "contact_language": event.data.language,
        }
        for event in _newest(events, "report_id")
    ]
    await copies.merge_contacts(session, rows)


async def forget_contacts(session: AsyncSession, keys: Sequence[str]) -> None:
    """Remove how reporters could be reached."""
    new = await copies.remove_contacts(session, _reports(keys))
    await history.add(session, [_removal(report_id, Kind.CONTACT_REMOVED) for report_id in new])


async def on_classifications(session: AsyncSession, events: Sequence[Received]) -> None:
    """Take over categories."""
    await follow(session, events, following.take_over_category)


async def on_explanations(session: AsyncSession, events: Sequence[Received]) -> None:
    """Keep why reports got their categories."""
    rows = [
        {
            **_report(event.data.report_id),
            "explanation_sequence": event.sequence,
            "predictions": event.data.predictions,
        }
        for event in _newest(events, "report_id")
    ]
    await copies.merge_explanations(session, rows)


async def forget_explanations(session: AsyncSession, keys: Sequence[str]) -> None:
    """Remove the deciding words."""
    await copies.remove_explanations(session, [row["report_id"] for row in _reports(keys)])


async def on_categories(session: AsyncSession, events: Sequence[Received]) -> None:
    """Keep the names of categories."""
    rows = [
        {
            **event.data.model_dump(include={"municipality", "slug", "main_category", "name_nl", "name_en"}),
            "sequence": event.sequence,
        }
        for event in _newest(events, "municipality", "slug")
    ]
    await copies.merge_categories(session, rows)


async def on_routings(session: AsyncSession, events: Sequence[Received]) -> None:
    """Take over departments and deadlines."""
    await follow(session, events, following.take_over_routing)


async def on_departments(session: AsyncSession, events: Sequence[Received]) -> None:
    """Keep the names of departments."""
    rows = [
        {**event.data.model_dump(include={"municipality", "code", "name", "active"}), "sequence": event.sequence}
        for event in _newest(events, "municipality", "code")
    ]
    await copies.merge_departments(session, rows)


async def on_deliveries(session: AsyncSession, events: Sequence[Received]) -> None:
    """Write in the history what became of messages."""
    entries = [
        {
            "id": ids.derived(case_id(event.data.report_id), event.id),
            "case_id": case_id(event.data.report_id),
            "at": event.data.at,
            "kind": Kind.MESSAGE_DELIVERED if isinstance(event.data, MessageDelivered) else Kind.MESSAGE_FAILED,
            "actor": None,
            "before": None,
            "after": None,
            "details": {
                "messageId": str(event.data.message_id),
                "kind": event.data.kind,
                "channel": event.data.channel,
                "attempts": event.data.attempts,
            },
            "version": None,
        }
        for event in events
    ]
    await history.add(session, entries)


async def on_users(session: AsyncSession, events: Sequence[Received]) -> None:
    """Keep who works here."""
    rows = [
        {
            **event.data.model_dump(include={"user_id", "name", "departments", "municipalities", "active"}),
            "sequence": event.sequence,
        }
        for event in _newest(events, "user_id")
    ]
    await copies.merge_staff(session, rows)


async def forget_users(session: AsyncSession, keys: Sequence[str]) -> None:
    """Remove the names of people."""
    await copies.remove_staff(session, keys)


def _newest(events: Sequence[Received], *keys: str) -> Iterable[Received]:
    """Return the newest event per key: an upsert can take each row once."""
    newest: dict[tuple[Any, ...], Received] = {}
    for event in events:
        key = tuple(getattr(event.data, name) for name in keys)
        if key not in newest or event.sequence > newest[key].sequence:
            newest[key] = event
    return newest.values()


def _report(report_id: UUID) -> dict[str, Any]:
    return {"report_id": report_id, "case_id": case_id(report_id)}


def _reports(keys: Sequence[str]) -> list[dict[str, Any]]:
    try:
        return [_report(report_id) for report_id in sorted({UUID(key) for key in keys})]
    except ValueError as error:
        message = "the key is no report id"
        raise PermanentError(message) from error


async def _hold_cases(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> Iterable[Mapping[str, Any]]:
    return (await cases.lock(session, [row["case_id"] for row in rows])).values()


def _removal(report_id: UUID, kind: Kind) -> dict[str, Any]:
    return {
        "id": ids.derived(report_id, kind),
        "case_id": case_id(report_id),
        "at": datetime.now(UTC),
        "kind": kind,
        "actor": None,
        "before": None,
        "after": None,
        "details": {},
        "version": None,
    }


def _address_text(address: dict[str, Any] | None) -> str | None:
    """Return an address as people type it, for searching."""
    if not address:
        return None
    house = "".join(str(address.get(name) or "") for name in ("houseNumber", "houseLetter"))
    parts = (address.get("street"), house, address.get("houseNumberAddition"), address.get("postalCode"))
    return " ".join(str(part) for part in (*parts, address.get("city")) if part) or None


SUBSCRIPTIONS = (
    Subscription("meldstroom.intake.reports.v1", (ReportSubmitted,), on_reports, tier=Tier.OPEN),
    Subscription("meldstroom.intake.report-texts.v1", (ReportTextRecorded,), on_texts, forget_texts),
    Subscription("meldstroom.intake.report-contacts.v1", (ReportContactRecorded,), on_contacts, forget_contacts),
    Subscription(
        "meldstroom.classification.classifications.v1", (ReportClassified,), on_classifications, tier=Tier.OPEN
    ),
    Subscription(
        "meldstroom.classification.explanations.v1", (ClassificationExplained,), on_explanations, forget_explanations
    ),
    Subscription("meldstroom.classification.categories.v1", (CategoryChanged,), on_categories, tier=Tier.OPEN),
    Subscription("meldstroom.routing.routings.v1", (ReportRouted,), on_routings, tier=Tier.OPEN),
    Subscription("meldstroom.routing.departments.v1", (DepartmentChanged,), on_departments, tier=Tier.OPEN),
    Subscription(
        "meldstroom.notification.deliveries.v1", (MessageDelivered, MessageFailed), on_deliveries, tier=Tier.OPEN
    ),
    Subscription("meldstroom.gateway.users.v1", (UserChanged,), on_users, forget_users),
)
