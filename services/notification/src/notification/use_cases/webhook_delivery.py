"""What happens between an event and its receiver: queueing, taking a lane, and writing how an attempt ended."""

import random
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from notification.domain import webhooks
from notification.domain.sealing import Sealer
from notification.domain.webhooks import Facts, Filter, Lane, Match, Outcome, State, Verdict
from notification.settings import Settings
from notification.store import subscriptions, webhook_events, webhook_lanes

log = structlog.get_logger(__name__)

FAILED_FOR_TOO_LONG = "failed-for-too-long"
TARGET_GONE = "target-gone"
_PAGE = 500  # events that one subscription examines in one transaction
_WALKS = 20  # redeliveries that go on in one transaction
_FOREVER = 2**63 - 1


def sealer(settings: Settings) -> Sealer:
    """Return what keeps the signing secrets."""
    return Sealer(settings.webhook_sealing_keys)


# --- Queueing ---


@dataclass(frozen=True)
class _Examined:
    """How far a walk came: the position it reached, what fits, and whether there may be more right away."""

    position: int
    fitting: list[int]
    more: bool
    waits: bool


async def _examine(
    session: AsyncSession, row: Any, settings: Settings, *, last: int, times: tuple[Any, Any] = (None, None)
) -> _Examined:
    wanted = Filter(**row.filter)
    found = await webhook_events.stretch(
        session,
        municipality=row.municipality,
        behind=row.examined,
        last=last,
        settle=settings.webhook_settle,
        most=_PAGE,
        times=times,
    )
    position: int = row.examined
    fitting: list[int] = []
    for event in found:
        place = None if event.longitude is None else (event.longitude, event.latitude)
        about_report = event.report_id is not None
        match = wanted.match(Facts(event.type, about_report, event.category, event.department, place))
        if match is Match.UNKNOWN and event.fresh:
            # Its category or department is on its way on another topic. What comes behind it waits, to keep the order.
            return _Examined(position, fitting, more=False, waits=True)
        if match is Match.YES:
            fitting.append(event.position)
        position = event.position
    return _Examined(position, fitting, more=len(found) == _PAGE, waits=False)


async def queue_events(session: AsyncSession, settings: Settings) -> bool:
    """Put new events into the queues of the subscriptions they fit; True when there may be more right away.

    Also of subscriptions that are paused, so that everybody sees how much waits.
    """
    more = False
    for row in await subscriptions.lock_behind(session):
        done = await _examine(session, row, settings, last=_FOREVER)
        await webhook_events.enqueue(session, row.id, Lane.LIVE, done.fitting)
        if done.position != row.examined:
            await subscriptions.examined(session, row.id, done.position)
        more = more or done.more
    return more


async def queue_redeliveries(session: AsyncSession, settings: Settings) -> bool:
    """Put events that were asked for again into the queue; True when there may be more right away."""
    more = False
    for row in await webhook_events.lock_redeliveries(session, most=_WALKS):
        done = await _examine(session, row, settings, last=row.last, times=(row.time_from, row.time_until))
        await webhook_events.enqueue(session, row.subscription_id, Lane.REDELIVERY, done.fitting)
        finished = not (done.more or done.waits)
        await webhook_events.advance_redelivery(
            session, row.id, examined=done.position, added=len(done.fitting), done=finished
        )
        more = more or done.more
    return more


# --- Delivering ---


@dataclass(frozen=True)
class Delivery:
    """One event on its way to one target."""

    subscription_id: UUID
    lane: Lane
    claim: UUID
    queue_id: int
    position: int
    event_id: str
    type: str
    attempt: int
    url: str
    sealed: tuple[str, ...]  # signing secrets as they are kept, the current one first
    body: bytes


async def next_delivery(
    session: AsyncSession, subscription_id: UUID, lane: Lane, claim: UUID, settings: Settings
) -> Delivery | None:
    """Return what this lane sends next; None when nothing is left to do in it."""
    found = await webhook_lanes.next_event(session, subscription_id, lane, claim=claim, lease=settings.webhook_lease)
    if found is None:
        return None
    row, attempts = found
    return Delivery(
        subscription_id=subscription_id,
        lane=lane,
        claim=claim,
        queue_id=row.queue_id,
        position=row.position,
        event_id=row.event_id,
        type=row.type,
        attempt=attempts + 1,
        url=row.url,
        sealed=tuple(secret for secret in (row.secret, row.previous_secret) if secret is not None),
        body=row.body.encode(),
    )


def signed_headers(
    sealed: tuple[str, ...], event_id: str, body: bytes, lane: Lane, settings: Settings
) -> dict[str, str]:
    """Return the headers of a delivery that goes out now; raises ``UnreadableSecretError``."""
    box = sealer(settings)
    opened = [box.unseal(secret) for secret in sealed]
    return webhooks.headers(opened, webhooks.webhook_id(event_id), int(time.time()), body, lane)


async def record(session: AsyncSession, delivery: Delivery, verdict: Verdict, settings: Settings) -> bool:
    """Write how an attempt ended; True when the lane can go on with the next event."""
    subscription_id, lane = delivery.subscription_id, delivery.lane
    await webhook_lanes.log(
        session,
        subscription_id,
        lane,
        position=delivery.position,
        event_id=delivery.event_id,
        event_type=delivery.type,
        attempt=delivery.attempt,
        verdict=verdict,
    )
    if verdict.outcome is Outcome.DELIVERED:
        await webhook_lanes.delivered(session, subscription_id, lane, delivery.queue_id)
        return True
    wait = webhooks.retry_wait(
        delivery.attempt,
        first=settings.webhook_retry_first,
        longest=settings.webhook_retry_longest,
        retry_after=verdict.retry_after,
        chance=random.random(),  # noqa: S311 - spreads load, keeps no secret
    )
    window = settings.webhook_retry_hours * 3600
    # Before the lane, as who resumes a subscription does: so the two wait for each other in place of a deadlock.
    row = await subscriptions.lock(session, subscription_id)
    too_long = await webhook_lanes.failed(
        session, subscription_id, lane, claim=delivery.claim, wait=wait, window=window
    )
    if (verdict.gone or too_long) and row is not None and row.state == State.ACTIVE:
        # Its events wait until somebody resumes it.
        reason = TARGET_GONE if verdict.gone else FAILED_FOR_TOO_LONG
        await subscriptions.set_state(session, subscription_id, State.FAILED, reason)
        log.warning("webhook_subscription_stopped", subscription_id=str(subscription_id), reason=reason)
    return False
