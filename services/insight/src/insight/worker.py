"""What insight does besides answering: it listens."""

from commonground.database import Database
from commonground.messaging import Consumer, Relay
from commonground.worker import Worker
from insight.events import STREAMS
from insight.incoming import subscriptions
from insight.settings import Settings


def create_worker(settings: Settings, database: Database) -> Worker:
    """Return consumer and relay; the relay tells only about events that could not be handled."""
    return Worker(
        [
            Relay(settings, database, "insight", STREAMS),
            # Nobody waits for a point on the map: half a second later, and a fifth of the transactions.
            Consumer(settings, database, "insight", subscriptions(settings), pace=0.5),
        ]
    )
