"""Sends webhooks: one event at a time per queue of a subscription, many subscriptions beside each other.

What may happen when, and why nothing is lost or overtaken:

- killed before a request is made: the lease ends and another process sends the event;
- killed between the receiver's 2xx and our commit: the lease ends and the same event goes again under the same
  ``webhook-id``. Receivers keep the ids that they have handled; HTTP offers no better;
- stopped for longer than the lease (SIGSTOP): a request is made only while enough of the lease is left;
- several processes: a lane is claimed with a row lock and a lease, so one process at a time sends for it, and the next
  event goes only when the one before was taken;
- a target that fails: its lane waits, longer each time, and everything behind the failed event waits with it.
"""

import asyncio
import time
from uuid import UUID

import structlog
from prometheus_client import Counter, Gauge

from commonground import ids, patience
from commonground.database import Database
from commonground.messaging.errors import Kind, describe, kind_of
from notification.clients.webhooks import Resolve, WebhookClient, resolve_by_system
from notification.domain.sealing import UnreadableSecretError
from notification.domain.webhooks import Lane, Outcome, Verdict
from notification.settings import Settings
from notification.store import webhook_lanes
from notification.use_cases import webhook_delivery
from notification.use_cases.webhook_delivery import Delivery

log = structlog.get_logger(__name__)

_TURN = 100  # events after which a lane makes room for others

_attempted = Counter("meldstroom_notification_webhook_attempts_total", "Attempts to send a webhook", ["outcome"])
_lag_events = Gauge(
    "meldstroom_notification_webhook_lag_events", "Events that wait for a target", ["municipality", "subscription"]
)
_lag_seconds = Gauge(
    "meldstroom_notification_webhook_lag_seconds",
    "For how long the oldest event has waited for a target",
    ["municipality", "subscription"],
)
_stopped = Gauge(
    "meldstroom_notification_webhook_stopped", "1 when a subscription sends nothing", ["municipality", "subscription"]
)


class Deliverer:
    """Sends what is in the queues until it is told to stop."""

    name = "webhooks"

    def __init__(self, settings: Settings, database: Database, resolve: Resolve = resolve_by_system) -> None:
        """Prepare, without connecting."""
        self._settings = settings
        self._database = database
        self._resolve = resolve
        self._turn = asyncio.Lock()

    def ready(self) -> bool:
        """Return True: a target that is away is no fault of this process, and its events wait."""
        return True

    async def run(self, stop: asyncio.Event) -> None:
        """Send until ``stop`` is set; what is under way then is finished."""
        async with WebhookClient(self._settings, self._resolve) as client, asyncio.TaskGroup() as group:
            for _ in range(self._settings.webhook_concurrency):
                group.create_task(self._serve_lanes(client, stop))

    async def _serve_lanes(self, client: WebhookClient, stop: asyncio.Event) -> None:
        while not stop.is_set():
            taken = await self._next_lane(stop)
            if taken is not None:
                await self._serve(client, *taken, stop)

    async def _next_lane(self, stop: asyncio.Event) -> tuple[UUID, Lane, UUID] | None:
        async with self._turn:  # one looks at a time
            while not stop.is_set():
                taken = await patience.insist(self._take, stop, self.name)
                if taken is not None:
                    return taken
                await patience.pause(stop, self._settings.webhook_poll)
        return None

    async def _take(self) -> tuple[UUID, Lane, UUID] | None:
        claim = ids.new()
        async with self._database.transaction() as session:
            row = await webhook_lanes.take(session, claim=claim, lease=self._settings.webhook_lease)
        return None if row is None else (row.subscription_id, Lane(row.lane), claim)

    async def _serve(
        self, client: WebhookClient, subscription_id: UUID, lane: Lane, claim: UUID, stop: asyncio.Event
    ) -> None:
        """Send the events of one lane in their order, until one fails, none is left, or it was long enough."""
        # Measured before the lease is renewed, so that we never think that it lasts longer than it does.
        until = time.monotonic() + self._settings.webhook_lease
        delivery = await patience.insist(lambda: self._next(subscription_id, lane, claim), stop, self.name)
        for _ in range(_TURN):
            if delivery is None or stop.is_set() or time.monotonic() > until - self._settings.webhook_timeout:
                break
            verdict = await self._send(client, delivery)
            _attempted.labels(verdict.outcome).inc()
            delivery, until = await self._record_surely(delivery, verdict, until)
        # Of a lane that waits after a failure, or that another process has by now, this changes nothing.
        await patience.insist(lambda: self._release(subscription_id, lane, claim), stop, self.name)

    async def _next(self, subscription_id: UUID, lane: Lane, claim: UUID) -> Delivery | None:
        async with self._database.transaction() as session:
            return await webhook_delivery.next_delivery(session, subscription_id, lane, claim, self._settings)

    async def _send(self, client: WebhookClient, delivery: Delivery) -> Verdict:
        try:
            headers = webhook_delivery.signed_headers(
                delivery.sealed, delivery.event_id, delivery.body, delivery.lane, self._settings
            )
        except UnreadableSecretError:
            log.error("webhook_secret_unreadable", subscription_id=str(delivery.subscription_id))  # noqa: TRY400 - the key is missing, a trace tells nothing
            return Verdict(Outcome.FAILED, "secret-unreadable")
        return await client.send(delivery.url, headers, delivery.body)

    async def _record_surely(self, delivery: Delivery, verdict: Verdict, until: float) -> tuple[Delivery | None, float]:
        """Write how it ended; return what comes next in the lane, and until when the lane is ours.

        Tries however long the database is away, up to the end of the lease: then the event goes anew.
        """
        pause = 0.05
        while True:
            renewed = time.monotonic() + self._settings.webhook_lease
            try:
                return await self._record(delivery, verdict), renewed
            except Exception as error:
                if kind_of(error) is not Kind.TRANSIENT:
                    log.exception("webhook_result_lost", subscription_id=str(delivery.subscription_id))
                    return None, until
                log.warning("webhook_result_waits", reason=describe(error))
            if time.monotonic() > until:
                return None, until
            await asyncio.sleep(pause)
            pause = min(pause * 2, 2.0)

    async def _record(self, delivery: Delivery, verdict: Verdict) -> Delivery | None:
        async with self._database.transaction() as session:
            if not await webhook_delivery.record(session, delivery, verdict, self._settings):
                return None
            return await webhook_delivery.next_delivery(
                session, delivery.subscription_id, delivery.lane, delivery.claim, self._settings
            )

    async def _release(self, subscription_id: UUID, lane: Lane, claim: UUID) -> None:
        async with self._database.transaction() as session:
            await webhook_lanes.release(session, subscription_id, lane, claim)

    async def queue_events(self) -> bool:
        """Put new events, and those that were asked for again, into the queues; True when there may be more."""
        async with self._database.transaction() as session:
            new = await webhook_delivery.queue_events(session, self._settings)
        async with self._database.transaction() as session:
            again = await webhook_delivery.queue_redeliveries(session, self._settings)
        return new or again

    async def measure(self) -> None:
        """Look how far each subscription is behind, for the metrics."""
        async with self._database.transaction() as session:
            rows = await webhook_lanes.lags(session)
        for gauge in (_lag_events, _lag_seconds, _stopped):
            gauge.clear()  # of subscriptions that were deleted
        for row in rows:
            place = (row.municipality, str(row.id))
            _lag_events.labels(*place).set(row.events)
            _lag_seconds.labels(*place).set(row.seconds)
            _stopped.labels(*place).set(0 if row.state == "active" else 1)
