"""What an event is: streams in three privacy tiers, and the models of those who publish and those who read."""

import enum
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from sqlalchemy.ext.asyncio import AsyncSession

NAMESPACE = "nl.meldstroom"


class Tier(enum.StrEnum):
    """Who may read a topic."""

    OPEN = "open"  # ids, category, place, status, times
    RESTRICTED = "restricted"  # free text, answers, notes
    PERSONAL = "personal"  # names, e-mail, phone


@dataclass(frozen=True)
class Stream:
    """One topic of one block: ``meldstroom.<block>.<name>.v<version>``.

    ``compacted``: the newest event of each key is its current state and is kept for ever, so that who subscribes late,
    or builds its copies again, gets all of it.
    """

    block: str
    name: str
    tier: Tier
    description: str
    compacted: bool = False
    version: int = 1

    @property
    def topic(self) -> str:
        """Name of the Kafka topic."""
        return f"meldstroom.{self.block}.{self.name}.v{self.version}"


class EventData(BaseModel):
    """Base of what a block publishes: the JSON value of the record.

    ``class ReportSubmitted(EventData, name="report-submitted", stream=REPORTS)``
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)

    event_name: ClassVar[str]
    stream: ClassVar[Stream]

    @classmethod
    def __pydantic_init_subclass__(cls, *, name: str = "", stream: Stream | None = None, **_: object) -> None:
        if stream is not None:
            cls.event_name, cls.stream = name, stream

    def __init_subclass__(cls, *, name: str = "", stream: Stream | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)

    @classmethod
    def event_type(cls) -> str:
        """Return the CloudEvents ``type``."""
        return f"{NAMESPACE}.{cls.stream.block}.{cls.event_name}"


class IncomingData(BaseModel):
    """Base of what a block reads of another's event: only the fields that it needs.

    ``class ReportSubmitted(IncomingData, event="intake.report-submitted")``
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True)

    event: ClassVar[str]

    @classmethod
    def __pydantic_init_subclass__(cls, *, event: str = "", **_: object) -> None:
        cls.event = f"{NAMESPACE}.{event}"

    def __init_subclass__(cls, *, event: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)

    @classmethod
    def example(cls, value: dict[str, Any]) -> Self:
        """Read the ``data`` of a committed example; for contract tests."""
        return cls.model_validate(value)


@dataclass(frozen=True)
class Received:
    """An event as a handler gets it."""

    id: str
    type: str
    key: str
    sequence: int
    time: datetime
    traceparent: str
    data: Any


@dataclass(frozen=True)
class WholeEvent:
    """The ``data`` of an event that a handler gets as it came, for who passes events on."""

    attributes: Mapping[str, str]  # of the CloudEvent, without ``ce_``
    data: Any  # the JSON value


Handle = Callable[[AsyncSession, Sequence[Received]], Awaitable[None]]
Forget = Callable[[AsyncSession, Sequence[str]], Awaitable[None]]


@dataclass(frozen=True)
class Subscription:
    """What a block hears of one topic.

    ``handle(session, events)`` gets the new events of a batch in the order of their partitions, each with
    ``data`` as one of ``models``; types without a model are passed over. With ``whole`` it gets every event of the
    topic, with a ``WholeEvent`` as ``data``. ``tier`` is the topic's; what is not said to be open is not shown to just
    anyone who deals with dead letters. ``forget(session, keys)`` gets the keys of tombstones: remove every copy.
    Of topics that are not open, later events of such a key are passed over.
    Both run in the transaction that also records the events as received, and may be called again for the same event
    only when that transaction was rolled back.
    """

    topic: str
    models: tuple[type[IncomingData], ...]
    handle: Handle
    forget: Forget | None = None
    whole: bool = False
    tier: Tier = Tier.PERSONAL

    @property
    def final(self) -> bool:
        """Tell whether a key that was removed never comes back: so it is wherever people's data are removed."""
        return self.forget is not None and self.tier is not Tier.OPEN
