"""Events over Kafka: nothing lost, nothing done twice.

A change and its event are written in one transaction (``outbox``); a ``Relay`` publishes what is committed; a
``Consumer`` writes the event's id in the same transaction as its effect (``inbox``). confluent-kafka is used in
``kafka.py`` and nowhere else.
"""

from commonground.messaging.consumer import Consumer
from commonground.messaging.errors import PermanentError, TransientError
from commonground.messaging.events import EventData, IncomingData, Received, Stream, Subscription, Tier, WholeEvent
from commonground.messaging.outbox import Outgoing, publish, publish_all
from commonground.messaging.relay import Relay
from commonground.messaging.removals import publish_removals

__all__ = [
    "Consumer",
    "EventData",
    "IncomingData",
    "Outgoing",
    "PermanentError",
    "Received",
    "Relay",
    "Stream",
    "Subscription",
    "Tier",
    "TransientError",
    "WholeEvent",
    "publish",
    "publish_all",
    "publish_removals",
]
