"""What notification does besides answering."""

from datetime import UTC, datetime, timedelta

from commonground import idempotency
from commonground.database import Database
from commonground.messaging import Consumer, Relay
from commonground.worker import Periodic, Worker
from notification.events import STREAMS
from notification.incoming import subscriptions
from notification.sender import Sender
from notification.settings import Settings

_KEYS_KEPT = timedelta(days=7)


def create_worker(settings: Settings, database: Database) -> Worker:
    """Return relay, consumer, sender and housekeeping."""
    sender = Sender(settings, database)

    async def keep_house() -> None:
        async with database.transaction() as session:
            await idempotency.forget_before(session, datetime.now(UTC) - _KEYS_KEPT)

    return Worker(
        [
            Relay(settings, database, "notification", STREAMS),
            Consumer(settings, database, "notification", subscriptions(settings)),
            sender,
            Periodic("backlog", 15, sender.measure),
            Periodic("housekeeping", 600, keep_house),
        ]
    )
