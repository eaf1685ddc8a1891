"""A sample block: it publishes `counted`, hears it, and writes each one down."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import pytest
from fastapi import APIRouter, Depends
from pydantic import BaseModel
from pydantic_settings import SettingsConfigDict
from sqlalchemy import text

from commonground import web
from commonground.auth import Principal, require
from commonground.messaging import Consumer, EventData, IncomingData, Stream, Subscription, Tier
from commonground.settings import BlockSettings
from commonground.testing.plugin import BlockUnderTest

COUNTS = Stream(f"sample{uuid4().hex[:8]}", "counts", Tier.OPEN, "Numbers")


class Counted(EventData, name="counted", stream=COUNTS):
    """A number was counted."""

    number: int


class CountedIncoming(IncomingData, event=f"{COUNTS.block}.counted"):
    """A number was counted."""

    number: int


class Settings(BlockSettings):
    model_config = SettingsConfigDict(env_prefix="SAMPLE_")


# What the app's own consumers hear when they handle dead letters again: set by the fixture ``effects``.
HEARD: list[Callable[[], Subscription]] = []


class ThingError(Exception):
    """Something of the sample's domain."""


class Body(BaseModel):
    number: int


def create_app(settings, database):
    router = APIRouter()

    @router.post("/things", status_code=201)
    async def add(body: Body) -> Body:
        return body

    @router.get("/secrets")
    async def secrets(principal: Annotated[Principal, Depends(require("secret:read"))]) -> dict[str, str]:
        return {"name": principal.name}

    @router.get("/failures")
    async def failures() -> None:
        message = "personal text"
        raise ValueError(message)

    @router.get("/queries")
    async def queries(database: web.DatabaseDep) -> dict[str, int]:
        async with database.transaction() as session:
            return {"one": (await session.execute(text("SELECT 1"))).scalar_one()}

    return web.create_app(
        block="sample",
        title="Sample",
        description="A block for tests",
        settings=settings,
        database=database,
        routers=[router],
        problem_table={},
        max_body=1000,
        consumers=lambda: [
            Consumer(settings, database, "sample", [heard() for heard in HEARD]),
            Consumer(settings, database, "sample", [heard() for heard in HEARD], group="meldstroom-sample-second"),
        ],
    )


@pytest.fixture(scope="session")
def block() -> BlockUnderTest:
    return BlockUnderTest(
        name="sample",
        package_file=str(Path(__file__).parent / "sample" / "src" / "sample" / "__init__.py"),
        settings_class=Settings,
        create_app=create_app,
    )


@pytest.fixture
def counts() -> Stream:
    """The stream of the sample block."""
    return COUNTS


@pytest.fixture
def counted_number() -> type[Counted]:
    """The event of the sample block."""
    return Counted


@dataclass
class Effects:
    """A handler that writes down what it hears, and fails when it is told to."""

    failures: list[Exception] = field(default_factory=list)
    poison: set[int] = field(default_factory=set)
    forgotten: list[str] = field(default_factory=list)
    tier: Tier = Tier.PERSONAL
    gate: asyncio.Event | None = None

    async def handle(self, session, events):
        for event in events:
            await session.execute(
                text("INSERT INTO effects (key, number) VALUES (:key, :number)"),
                {"key": event.key, "number": event.data.number},
            )
            if self.gate is not None:
                await self.gate.wait()
            if event.data.number in self.poison:
                message = "a defect of the handler"
                raise LookupError(message)
        if self.failures:
            raise self.failures.pop(0)

    async def forget(self, session, keys):
        self.forgotten.extend(keys)

    def subscription(self, topic=COUNTS.topic):
        return Subscription(topic, (CountedIncoming,), self.handle, self.forget, tier=self.tier)


@pytest.fixture
def effects() -> Effects:
    made = Effects()
    HEARD[:] = [made.subscription]
    return made


@pytest.fixture
def seen(database):
    """Return the written numbers, in order."""

    async def look(key=None):
        async with database.transaction() as session:
            rows = (await session.execute(text("SELECT key, number FROM effects ORDER BY id"))).all()
        return [row.number for row in rows if key is None or row.key == key]

    return look
