"""What notification does besides answering."""

from datetime import UTC, datetime, timedelta

from commonground import idempotency
from commonground.database import Database
from commonground.messaging import Consumer, Relay
from commonground.worker import Periodic, Worker
from notification.deliverer import Deliverer
from notification.events import STREAMS
from notification.incoming import subscriptions
from notification.sender import Sender
from notification.settings import Settings
from notification.store import webhook_events
from notification.webhook_incoming import GROUP, webhook_subscriptions

_KEYS_KEPT = timedelta(days=7)
_AT_ONCE = 2_000  # old events that are deleted in one transaction


def create_worker(settings: Settings, database: Database) -> Worker:
    """Return relay, consumers, sender, deliverer and housekeeping."""
    sender = Sender(settings, database)
    deliverer = Deliverer(settings, database)

    async def keep_house() -> bool:
        now = datetime.now(UTC)
        kept = timedelta(days=settings.webhook_keep_days)
        async with database.transaction() as session:
            await idempotency.forget_before(session, now - _KEYS_KEPT)
            await webhook_events.forget_log_before(session, now - kept)
            return await webhook_events.forget_before(session, now - kept, most=_AT_ONCE) == _AT_ONCE

    return Worker(
        [
            Relay(settings, database, "notification", STREAMS),
            Consumer(settings, database, "notification", subscriptions(settings)),
            Consumer(settings, database, "notification", webhook_subscriptions(settings), group=GROUP, pace=0.5),
            sender,
            deliverer,
            Periodic("webhook-queues", settings.webhook_poll, deliverer.queue_events),
            Periodic("backlog", 15, sender.measure),
            Periodic("webhook-lags", 15, deliverer.measure),
            Periodic("housekeeping", 600, keep_house),
        ]
    )
