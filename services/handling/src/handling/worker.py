"""What handling does besides answering."""

from datetime import UTC, datetime, timedelta

from commonground import idempotency
from commonground.database import Database
from commonground.messaging import Consumer, Relay
from commonground.worker import Periodic, Worker
from handling.events import STREAMS
from handling.incoming import SUBSCRIPTIONS
from handling.settings import Settings

_KEYS_KEPT = timedelta(days=7)


def create_worker(settings: Settings, database: Database) -> Worker:
    """Return relay, consumer and housekeeping."""

    async def keep_house() -> None:
        async with database.transaction() as session:
            await idempotency.forget_before(session, datetime.now(UTC) - _KEYS_KEPT)

    return Worker(
        [
            Relay(settings, database, "handling", STREAMS),
            Consumer(settings, database, "handling", SUBSCRIPTIONS),
            Periodic("housekeeping", 3600, keep_house),
        ]
    )
