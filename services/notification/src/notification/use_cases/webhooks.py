"""What somebody can do with webhook subscriptions."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from commonground import ids
from commonground.auth import Principal
from commonground.messaging import envelope
from commonground.observability import tracing
from commonground.problems import InvalidInputError
from notification.clients.webhooks import WebhookClient
from notification.domain.sealing import UnreadableSecretError
from notification.domain.targets import HostUnknownError, TargetRefusedError
from notification.domain.webhooks import (
    TEST_TYPE,
    Lane,
    Outcome,
    State,
    SubscriptionExistsError,
    SubscriptionNotFoundError,
    SubscriptionOutdatedError,
    TooManySubscriptionsError,
    Verdict,
    is_valid_area,
    new_secret,
)
from notification.settings import Settings
from notification.store import subscriptions, webhook_events, webhook_lanes
from notification.use_cases.webhook_delivery import sealer, signed_headers

log = structlog.get_logger(__name__)

_TEST_SECONDS = 10.0  # somebody waits for the answer


@dataclass(frozen=True)
class Wish:
    """A subscription as somebody describes it; ``filter`` as it is kept."""

    name: str
    url: str
    filter: dict[str, Any]


async def check_wish(wish: Wish, client: WebhookClient) -> None:
    """Raise ``InvalidInputError`` when nothing could be sent to the target, or its area encloses nothing."""
    wrong = []
    try:
        await client.check(wish.url)
    except TargetRefusedError as error:
        wrong.append(("body.targetUrl", error.message, error.code))
    except HostUnknownError:
        wrong.append(("body.targetUrl", "The host of the URL is not known", "host-unknown"))
    area = wish.filter.get("area")
    if area is not None and not is_valid_area(area):
        wrong.append(
            ("body.filter.area", "The area must enclose something, and its lines must not cross", "invalid-area")
        )
    if wrong:
        raise InvalidInputError(*wrong)


async def subscribe(
    session: AsyncSession, wish: Wish, municipality: str, principal: Principal, settings: Settings
) -> tuple[UUID, str]:
    """Add a subscription to everything that comes from now on; return its id and its secret.

    Raises ``SubscriptionExistsError`` and ``TooManySubscriptionsError``.
    """
    if await subscriptions.count(session, municipality) >= settings.webhook_subscriptions_most:
        raise TooManySubscriptionsError
    secret, subscription_id = new_secret(), ids.new()
    row = {
        "id": subscription_id,
        "municipality": municipality,
        "name": wish.name,
        "url": wish.url,
        "secret": sealer(settings).seal(secret),
        "filter": wish.filter,
        "state": State.ACTIVE,
        "examined": await webhook_events.last_position(session),
        "created_by": principal.subject,
        "created_by_name": principal.name,
    }
    if not await subscriptions.add(session, row):
        raise SubscriptionExistsError
    log.info("webhook_subscription_added", subscription_id=str(subscription_id), by=principal.subject)
    return subscription_id, secret


async def read(session: AsyncSession, subscription_id: UUID, municipalities: Sequence[str]) -> Any:
    """Return a subscription; raise ``SubscriptionNotFoundError`` when the caller has no such one."""
    row = await subscriptions.read(session, subscription_id)
    if row is None or row.municipality not in municipalities:
        raise SubscriptionNotFoundError
    return row


async def _lock(session: AsyncSession, subscription_id: UUID, municipalities: Sequence[str]) -> Any:
    row = await subscriptions.lock(session, subscription_id)
    if row is None or row.municipality not in municipalities:
        raise SubscriptionNotFoundError
    return row


async def change(
    session: AsyncSession,
    subscription_id: UUID,
    wish: Wish,
    *,
    expected_version: int | None,
    municipalities: Sequence[str],
    principal: Principal,
) -> None:
    """Change a subscription. Another filter counts for what comes from now on; another target for all that waits.

    Raises ``SubscriptionNotFoundError``, ``SubscriptionOutdatedError`` and ``SubscriptionExistsError``.
    """
    row = await _lock(session, subscription_id, municipalities)
    if expected_version is not None and expected_version != row.version:
        raise SubscriptionOutdatedError
    if await subscriptions.name_is_taken(session, row.municipality, wish.name, but=subscription_id):
        raise SubscriptionExistsError
    await subscriptions.change(session, subscription_id, {"name": wish.name, "url": wish.url, "filter": wish.filter})
    log.info("webhook_subscription_changed", subscription_id=str(subscription_id), by=principal.subject)


async def pause(
    session: AsyncSession, subscription_id: UUID, municipalities: Sequence[str], principal: Principal
) -> None:
    """Send nothing until somebody resumes it; events go on to wait. A repeat changes nothing."""
    row = await _lock(session, subscription_id, municipalities)
    if row.state == State.ACTIVE:
        await subscriptions.set_state(session, subscription_id, State.PAUSED, None)
        log.info("webhook_subscription_paused", subscription_id=str(subscription_id), by=principal.subject)


async def resume(
    session: AsyncSession, subscription_id: UUID, municipalities: Sequence[str], principal: Principal
) -> None:
    """Go on where it stopped, with the first event that was not delivered; at once, whatever it was waiting for."""
    row = await _lock(session, subscription_id, municipalities)
    if row.state != State.ACTIVE:
        await subscriptions.set_state(session, subscription_id, State.ACTIVE, None)
    await subscriptions.restart_lanes(session, subscription_id)
    log.info("webhook_subscription_resumed", subscription_id=str(subscription_id), by=principal.subject)


async def rotate_secret(
    session: AsyncSession,
    subscription_id: UUID,
    municipalities: Sequence[str],
    principal: Principal,
    settings: Settings,
) -> tuple[str, datetime]:
    """Make a new secret; return it, and until when the one before signs too."""
    row = await _lock(session, subscription_id, municipalities)
    secret = new_secret()
    until = datetime.now(UTC) + timedelta(hours=settings.webhook_rotation_hours)
    values = {"secret": sealer(settings).seal(secret), "previous_secret": row.secret, "previous_until": until}
    await subscriptions.change(session, subscription_id, values)
    log.info("webhook_secret_rotated", subscription_id=str(subscription_id), by=principal.subject)
    return secret, until


async def unsubscribe(
    session: AsyncSession, subscription_id: UUID, municipalities: Sequence[str], principal: Principal
) -> None:
    """Delete a subscription with everything that waits for it, and its log."""
    await _lock(session, subscription_id, municipalities)
    await subscriptions.delete(session, subscription_id)
    log.info("webhook_subscription_deleted", subscription_id=str(subscription_id), by=principal.subject)


# --- Again ---


@dataclass(frozen=True)
class Stretch:
    """Events to deliver again: positions inclusive, times from (inclusive) until (exclusive)."""

    first: int = 1
    last: int | None = None
    time_from: datetime | None = None
    time_until: datetime | None = None


async def redeliver_events(
    session: AsyncSession, subscription_id: UUID, event_ids: Sequence[str], municipalities: Sequence[str]
) -> int:
    """Deliver these events again, in this order, whatever the filter is now; return how many.

    Raises ``InvalidInputError`` that names those that are not kept, by their place in the list.
    """
    row = await _lock(session, subscription_id, municipalities)
    found = await webhook_events.positions(session, row.municipality, event_ids)
    missing = [
        (f"body.eventIds.{place}", "There is no such event, or it is no longer kept", "unknown-event")
        for place, event_id in enumerate(event_ids)
        if event_id not in found
    ]
    if missing:
        raise InvalidInputError(*missing)
    positions = [found[event_id] for event_id in dict.fromkeys(event_ids)]
    await webhook_events.enqueue(session, subscription_id, Lane.REDELIVERY, positions)
    log.info("webhook_redelivery_asked", subscription_id=str(subscription_id), events=len(positions))
    return len(positions)


async def redeliver_stretch(
    session: AsyncSession,
    subscription_id: UUID,
    stretch: Stretch,
    municipalities: Sequence[str],
    principal: Principal,
) -> UUID:
    """Deliver again what fits the filter in a stretch that ends now at the latest; return the id of the request."""
    await _lock(session, subscription_id, municipalities)
    newest = await webhook_events.last_position(session)
    redelivery_id = ids.new()
    row = {
        "id": redelivery_id,
        "subscription_id": subscription_id,
        "examined": stretch.first - 1,
        "last": newest if stretch.last is None else min(stretch.last, newest),
        "time_from": stretch.time_from,
        "time_until": stretch.time_until,
        "requested_by": principal.subject,
        "requested_by_name": principal.name,
    }
    await webhook_events.add_redelivery(session, row)
    log.info("webhook_redelivery_asked", subscription_id=str(subscription_id), redelivery_id=str(redelivery_id))
    return redelivery_id


# --- Testing ---


@dataclass(frozen=True)
class Test:
    """A test delivery that is ready to go."""

    subscription_id: UUID
    url: str
    event_id: str
    headers: dict[str, str] | None  # None: the secret cannot be read
    body: bytes


async def prepare_test(
    session: AsyncSession, subscription_id: UUID, municipalities: Sequence[str], settings: Settings
) -> Test:
    """Return a test delivery for a subscription, signed as all deliveries are."""
    row = await _lock(session, subscription_id, municipalities)
    event_id = ids.new()
    now = datetime.now(UTC)
    event = {
        "event_id": event_id,
        "type": TEST_TYPE,
        "subject": str(subscription_id),
        "time": now,
        "key": str(subscription_id),
        "sequence": int(time.time()),
        "traceparent": tracing.current_traceparent(),
    }
    data = {"subscriptionId": str(subscription_id), "municipality": row.municipality}
    source = envelope.source(settings.oin, "notification")
    body = orjson.dumps(envelope.structured(event, source, data))
    still = row.previous_secret if row.previous_until and row.previous_until > now else None
    sealed = tuple(secret for secret in (row.secret, still) if secret is not None)
    try:
        headers = signed_headers(sealed, str(event_id), body, Lane.TEST, settings)
    except UnreadableSecretError:
        headers = None
    return Test(subscription_id, row.url, str(event_id), headers, body)


async def send_test(test: Test, client: WebhookClient) -> Verdict:
    """Send a test delivery now, outside of all queues."""
    if test.headers is None:
        return Verdict(Outcome.FAILED, "secret-unreadable")
    return await client.send(test.url, test.headers, test.body, timeout=_TEST_SECONDS)


async def record_test(session: AsyncSession, test: Test, verdict: Verdict) -> None:
    """Write a test into the delivery log; it changes nothing else."""
    await webhook_lanes.log(
        session,
        test.subscription_id,
        Lane.TEST,
        position=None,
        event_id=test.event_id,
        event_type=TEST_TYPE,
        attempt=1,
        verdict=verdict,
    )
