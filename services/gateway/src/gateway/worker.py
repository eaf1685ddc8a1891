"""What the gateway does besides answering: publish events, remove what has ended, renew the signing key."""

from datetime import UTC, datetime, timedelta

import structlog

from commonground.database import Database
from commonground.messaging import Relay
from commonground.worker import Periodic, Worker
from gateway import store
from gateway.drafts import destroy_expired_drafts
from gateway.events import STREAMS
from gateway.keys import KeyRing
from gateway.settings import Settings

log = structlog.get_logger(__name__)

EVERY_SECONDS = 300.0


async def tidy_up(settings: Settings, database: Database, keys: KeyRing, now: datetime) -> None:
    """Remove drafts and sessions whose time is over, and let a new signing key take over when it is time."""
    idle = timedelta(minutes=settings.session_idle_minutes)
    async with database.transaction() as session:
        ended = await store.destroy_ended_sessions(session, now, idle)
        drafts = await destroy_expired_drafts(session, now)
    if ended or drafts:
        log.info("tidied_up", sessions=ended, drafts=drafts)
    await keys.rotate_when_due(now, settings.key_days)


def create_worker(settings: Settings, database: Database) -> Worker:
    """Return the gateway's worker."""
    keys = KeyRing(settings, database)

    async def housekeeping() -> None:
        await tidy_up(settings, database, keys, datetime.now(UTC))

    return Worker(
        [
            Relay(settings, database, "gateway", STREAMS),
            Periodic("housekeeping", EVERY_SECONDS, housekeeping),
        ]
    )
