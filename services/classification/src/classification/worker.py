"""What classification does besides answering."""

from datetime import UTC, datetime, timedelta

from classification.events import STREAMS
from classification.incoming import subscriptions
from classification.model import predictor
from classification.settings import Settings
from commonground import idempotency
from commonground.database import Database
from commonground.messaging import Consumer, Relay
from commonground.worker import Periodic, Worker

_KEYS_KEPT = timedelta(days=7)


def create_worker(settings: Settings, database: Database) -> Worker:
    """Return relay, consumer and housekeeping."""

    async def keep_house() -> None:
        # The first round also loads the model, so that the first report need not wait for it.
        await predictor.load(settings)
        async with database.transaction() as session:
            await idempotency.forget_before(session, datetime.now(UTC) - _KEYS_KEPT)

    return Worker(
        [
            Relay(settings, database, "classification", STREAMS),
            Consumer(settings, database, "classification", subscriptions(settings)),
            Periodic("housekeeping", 600, keep_house),
        ]
    )
