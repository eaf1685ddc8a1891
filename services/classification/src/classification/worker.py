"""What classification does besides answering."""

import asyncio
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


class _ConsumerWithModel(Consumer):
    """Loads the model before it takes the first event: training may take longer than a transaction may."""

    async def run(self, stop: asyncio.Event) -> None:
        """Handle events until ``stop`` is set."""
        assert isinstance(self._settings, Settings)  # noqa: S101 - given below
        await predictor.load(self._settings)
        await super().run(stop)


def create_worker(settings: Settings, database: Database) -> Worker:
    """Return relay, consumer and housekeeping."""

    async def keep_house() -> None:
        async with database.transaction() as session:
            await idempotency.forget_before(session, datetime.now(UTC) - _KEYS_KEPT)

    return Worker(
        [
            Relay(settings, database, "classification", STREAMS),
            _ConsumerWithModel(settings, database, "classification", subscriptions(settings)),
            Periodic("housekeeping", 600, keep_house),
        ]
    )
