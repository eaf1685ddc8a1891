"""Events that webhooks pass on: everything on the open topics, kept as it came.

A consumer group of its own hears them, so that mail and webhooks never wait for each other. Restricted and personal
topics are not heard here: what is not here cannot leave by a webhook.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from commonground.messaging import Received, Subscription, Tier, WholeEvent
from notification.settings import Settings
from notification.store import webhook_events

GROUP = "meldstroom-notification-webhooks"
TOPICS = (
    "meldstroom.intake.reports.v1",
    "meldstroom.intake.removals.v1",
    "meldstroom.classification.classifications.v1",
    "meldstroom.classification.categories.v1",
    "meldstroom.routing.routings.v1",
    "meldstroom.routing.departments.v1",
    "meldstroom.handling.cases.v1",
    "meldstroom.notification.deliveries.v1",
)

# Which field of an event says what filters ask about.
_CATEGORY = {
    "intake.report-submitted": "chosenCategory",
    "classification.report-classified": "category",
    "classification.category-changed": "slug",
    "routing.report-routed": "category",
}
_DEPARTMENT = {
    "routing.report-routed": "department",
    "routing.department-changed": "code",
    "handling.case-assigned": "department",
}
_NAMESPACE = "nl.meldstroom."


async def on_events(settings: Settings, session: AsyncSession, events: Sequence[Received]) -> None:
    """Keep events for delivery, and what they tell about reports."""
    kept = [(event, row) for event in events if (row := _row(event, settings)) is not None]
    if not kept:
        return
    await webhook_events.lock_writers(session)
    await _learn(session, kept)
    await webhook_events.add(session, [row for _event, row in kept])


def _row(event: Received, settings: Settings) -> dict[str, Any] | None:
    """Return an event as it is kept; None when it belongs to no municipality that is served here."""
    whole: WholeEvent = event.data
    data = whole.data if isinstance(whole.data, Mapping) else {}
    municipality = data.get("municipality")
    if municipality not in settings.served:
        return None
    name = event.type.removeprefix(_NAMESPACE)
    body = {**whole.attributes, "datacontenttype": "application/json", "data": whole.data}
    return {
        "event_id": event.id,
        "type": event.type,
        "subject": whole.attributes.get("subject"),
        "municipality": municipality,
        "report_id": _report(data),
        "category": _text(data.get(_CATEGORY.get(name, ""))),
        "department": _text(data.get(_DEPARTMENT.get(name, ""))),
        "time": event.time if event.time.tzinfo else event.time.replace(tzinfo=UTC),
        "body": orjson.dumps(body).decode(),
    }


async def _learn(session: AsyncSession, kept: Sequence[tuple[Received, dict[str, Any]]]) -> None:
    """Keep the latest category, department and place of each report."""
    categories: dict[UUID, dict[str, Any]] = {}
    departments: dict[UUID, dict[str, Any]] = {}
    places: dict[UUID, dict[str, Any]] = {}
    for event, row in kept:
        report = row["report_id"]
        name = event.type.removeprefix(_NAMESPACE)
        if report is None:
            continue
        if name == "classification.report-classified" and row["category"]:
            _keep_newer(categories, "category", event, row)
        elif name == "routing.report-routed" and row["department"]:
            _keep_newer(departments, "department", event, row)
        elif name == "intake.report-submitted" and (place := _place(event.data.data)) is not None:
            places[report] = {"id": report, "longitude": place[0], "latitude": place[1]}
    for fact, found in (("category", categories), ("department", departments)):
        if found:
            await webhook_events.merge_fact(session, fact, [found[key] for key in sorted(found)])
    if places:
        await webhook_events.merge_places(session, [places[key] for key in sorted(places)])


def _keep_newer(found: dict[UUID, dict[str, Any]], fact: str, event: Received, row: dict[str, Any]) -> None:
    report, sequence = row["report_id"], f"{fact}_sequence"
    if report not in found or event.sequence > found[report][sequence]:
        found[report] = {"id": report, fact: row[fact], sequence: event.sequence}


def _report(data: Mapping[str, Any]) -> UUID | None:
    """Return the report that an event is about; the first one of a case with several."""
    several = data.get("reportIds")
    found = data.get("reportId") or (several[0] if isinstance(several, list) and several else None)
    try:
        return UUID(str(found)) if found else None
    except ValueError:
        return None


def _text(value: Any) -> str | None:
    return value.replace("\0", "") if isinstance(value, str) else None


def _place(data: Mapping[str, Any]) -> tuple[float, float] | None:
    try:
        longitude, latitude = (float(number) for number in data["geometry"]["coordinates"][:2])
    except (KeyError, TypeError, ValueError):
        return None
    return (longitude, latitude) if math.isfinite(longitude) and math.isfinite(latitude) else None


def webhook_subscriptions(settings: Settings) -> list[Subscription]:
    """Return what the webhooks' own consumer group hears."""
    return [Subscription(topic, (), partial(on_events, settings), whole=True, tier=Tier.OPEN) for topic in TOPICS]
