"""What routing does besides answering."""

from datetime import UTC, datetime, timedelta

import structlog
from prometheus_client import Gauge

from commonground import idempotency
from commonground.database import Database
from commonground.messaging import Consumer, Relay
from commonground.worker import Periodic, Worker
from routing import use_cases
from routing.configuration import Configurations
from routing.events import STREAMS
from routing.incoming import subscriptions
from routing.settings import Settings

log = structlog.get_logger(__name__)

_KEYS_KEPT = timedelta(days=7)
_broken_rules = Gauge(
    "meldstroom_routing_broken_rules", "Active rules that refer to what does not exist", ["municipality"]
)


def create_worker(settings: Settings, database: Database) -> Worker:
    """Return relay, consumer, the look at broken rules, and housekeeping."""
    configurations = Configurations(settings)

    async def look_at_rules() -> None:
        # Also loads the configuration before the first report comes.
        for municipality in sorted(settings.served):
            async with database.transaction() as session:
                broken = (await configurations.current(session, municipality)).broken()
            _broken_rules.labels(municipality).set(len(broken))
            for rule, faults in broken:
                kinds = sorted({fault.kind.value for fault in faults})
                log.warning("rule_broken", municipality=municipality, rule=str(rule.id), faults=kinds)

    async def route_waiting() -> bool:
        since = datetime.now(UTC) - timedelta(seconds=settings.answers_wait)
        async with database.transaction() as session:
            return await use_cases.route_waiting(session, configurations, since)

    async def keep_house() -> None:
        async with database.transaction() as session:
            await idempotency.forget_before(session, datetime.now(UTC) - _KEYS_KEPT)

    return Worker(
        [
            Relay(settings, database, "routing", STREAMS),
            Consumer(settings, database, "routing", subscriptions(settings, configurations)),
            Periodic("rules", 60, look_at_rules),
            Periodic("waiting", 30, route_waiting),
            Periodic("housekeeping", 600, keep_house),
        ]
    )
