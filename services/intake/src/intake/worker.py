"""What intake does besides answering."""

from datetime import UTC, datetime, timedelta

from commonground import idempotency
from commonground.database import Database
from commonground.messaging import Consumer, Relay
from commonground.worker import Periodic, Worker
from intake.clients import PhotoStore
from intake.events import STREAMS
from intake.incoming import SUBSCRIPTIONS
from intake.settings import Settings
from intake.use_cases import removing, uploading

_KEYS_KEPT = timedelta(days=7)


def create_worker(settings: Settings, database: Database) -> Worker:
    """Return relay, consumer and housekeeping."""
    photo_store = PhotoStore(settings)

    async def keep_house() -> bool:
        async with database.transaction() as session:
            await idempotency.forget_before(session, datetime.now(UTC) - _KEYS_KEPT)
        return await uploading.delete_loose_uploads(database, photo_store, hours=settings.upload_hours)

    async def keep_no_longer() -> bool:
        done = 0
        if settings.contacts_kept_days:
            done += await removing.anonymise_old_reporters(database, days=settings.contacts_kept_days)
        if settings.reports_kept_days:
            done += await removing.destroy_old_reports(database, photo_store, days=settings.reports_kept_days)
        return done > 0

    return Worker(
        [
            Relay(settings, database, "intake", STREAMS),
            Consumer(settings, database, "intake", SUBSCRIPTIONS),
            Periodic("housekeeping", 600, keep_house),
            Periodic("retention", 600, keep_no_longer),
        ]
    )
