"""What a block hears, over a real broker and on topics that no other test knows."""

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select

from commonground.database import Database
from commonground.messaging.consumer import Consumer
from commonground.messaging.events import Stream, Subscription, Tier
from commonground.messaging.kafka import Producer, ensure_topics
from commonground.messaging.rebuild import Projections
from commonground.messaging.tables import inbox
from commonground.settings import BlockSettings
from commonground.testing.events import record


class OwnTopics:
    """The topics of ``subscriptions`` under names of this test, and all that was told on them."""

    def __init__(self, settings: BlockSettings, block: str, subscriptions: Sequence[Subscription]) -> None:
        """Prepare; ``start`` creates the topics."""
        self.settings = settings
        self.block = block
        self.told = 0
        self._mark = uuid4().hex[:8]
        self.subscriptions = [dataclasses.replace(one, topic=self.name(one.topic)) for one in subscriptions]
        self._producer = Producer(settings, f"test-{self._mark}")

    def name(self, topic: str) -> str:
        """Return the name that a topic has in this test."""
        return topic.replace("meldstroom.", f"meldstroom.t{self._mark}-", 1)

    def renamed(self, projections: Projections) -> Projections:
        """Return the projections of a block, from the topics of this test."""
        return dataclasses.replace(projections, topics=frozenset(map(self.name, projections.topics)))

    async def start(self) -> None:
        """Create the topics."""
        parts = [one.topic.split(".") for one in self.subscriptions]
        streams = [Stream(block, name, Tier.OPEN, "A test", compacted=True) for _, block, name, _ in parts]
        await ensure_topics(self.settings, streams)

    async def tell(self, stream: str, event: str, data: dict[str, Any] | None, *, key: str, sequence: int = 1) -> None:
        """Publish an event, as the fixture ``deliver`` hands it over; ``data`` None makes a tombstone."""
        made = record(stream, event, data, key=key, sequence=sequence)
        headers = [(name, value or b"") for name, value in made.headers]
        acknowledged = await self._producer.publish([(self.name(made.topic), key, made.value, headers)])
        if acknowledged != 1:
            message = "the broker did not take an event"
            raise RuntimeError(message)
        self.told += 1

    @contextlib.asynccontextmanager
    async def listening(self, database: Database) -> AsyncIterator[None]:
        """Let the block's ordinary consumer run, in a consumer group of this test."""
        stop = asyncio.Event()
        consumer = Consumer(self.settings, database, f"{self.block}-{self._mark}", self.subscriptions)
        task = asyncio.ensure_future(consumer.run(stop))
        try:
            yield
        finally:
            stop.set()
            await task

    async def heard(self, database: Database, seconds: float = 60) -> None:
        """Wait until the block has handled all that was told."""
        async with asyncio.timeout(seconds):
            while True:
                async with database.transaction() as session:
                    found = await session.execute(select(func.count()).select_from(inbox))
                    if found.scalar_one() >= self.told:
                        return
                await asyncio.sleep(0.05)

    async def close(self) -> None:
        """Let go of the broker."""
        await self._producer.close()
