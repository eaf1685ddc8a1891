"""Events that notification publishes: what became of each message."""

from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from commonground.contracts import Published
from commonground.messaging import EventData, Stream, Tier, dead_letters

DELIVERIES = Stream("notification", "deliveries", Tier.OPEN, "Which messages reached a mail server, and which did not")
STREAMS = (DELIVERIES, dead_letters.stream("notification"))


class _Delivery(EventData):
    """What both outcomes tell."""

    message_id: UUID = Field(description="Of a handler's message: the id that handling gave it")
    report_id: UUID
    municipality: str
    kind: Literal["confirmation", "closing", "update", "question"]
    channel: Literal["email"]
    at: datetime
    attempts: int = Field(description="Attempts since the message was asked for or sent again")


class MessageDelivered(_Delivery, name="message-delivered", stream=DELIVERIES):
    """A mail server has taken a message over."""


class MessageFailed(_Delivery, name="message-failed", stream=DELIVERIES):
    """A message was refused for good, or could not be delivered for three days."""


_REPORT = UUID("01930f2e-0000-7000-8000-000000000001")
_MESSAGE = UUID("01930f2e-0000-7000-8000-000000000010")
PUBLISHED = tuple(
    Published(
        event(
            message_id=_MESSAGE,
            report_id=_REPORT,
            municipality="GM0106",
            kind="closing",
            channel="email",
            at=datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
            attempts=attempts,
        ),
        key=str(_REPORT),
        subject=str(_MESSAGE),
    )
    for event, attempts in ((MessageDelivered, 1), (MessageFailed, 9))
)
