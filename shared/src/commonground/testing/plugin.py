"""pytest plugin of every block's tests, found through its entry point.

A block's conftest gives one fixture, ``block`` (a ``BlockUnderTest``), and gets ``settings``, ``database``, ``client``,
``tokens`` and ``deliver``. Each test has a database of its own, copied from a migrated template.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import alembic.command
import asyncpg
import httpx
import pytest
import structlog
from asgi_lifespan import LifespanManager
from fastapi import FastAPI

from commonground.database import Database
from commonground.manage import alembic_config
from commonground.messaging.consumer import Consumer
from commonground.messaging.events import Subscription
from commonground.observability import logging
from commonground.settings import BlockSettings
from commonground.testing.events import record
from commonground.testing.tokens import Tokens


def pytest_configure() -> None:
    """Send log lines to pytest, which shows those of a failed test."""
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer(key_order=["event"])],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    # A command that a test runs inside this process would take the lines away from all tests after it.
    patch.object(logging, "configure").start()


@dataclass(frozen=True)
class BlockUnderTest:
    """What the fixtures need to know of a block."""

    name: str
    package_file: str
    settings_class: type[BlockSettings]
    create_app: Callable[[Any, Database], FastAPI]
    subscriptions: Callable[[Any], list[Subscription]] = lambda _settings: []
    extra_settings: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Address of a PostgreSQL server with rights to create databases, without a database name.

    Taken from ``TEST_DATABASE_SERVER`` or started for this run by the local launcher.
    """
    given = os.environ.get("TEST_DATABASE_SERVER")
    if given:
        yield given.rstrip("/")
        return
    from meldstroom_local import postgres

    with tempfile.TemporaryDirectory(prefix="meldstroom-test-", ignore_cleanup_errors=True) as folder:
        server = postgres.start(Path(folder), throwaway=True)
        try:
            yield server.url.rstrip("/")
        finally:
            server.stop()


@pytest.fixture(scope="session")
def kafka_broker() -> Iterator[str]:
    """Address of a Kafka broker, from ``TEST_KAFKA`` or started for this run by the local launcher."""
    given = os.environ.get("TEST_KAFKA")
    if given:
        yield given
        return
    from meldstroom_local import kafka

    with tempfile.TemporaryDirectory(prefix="meldstroom-test-", ignore_cleanup_errors=True) as folder:
        broker = kafka.start(Path(folder), throwaway=True)
        try:
            yield broker.bootstrap
        finally:
            broker.stop()


@pytest.fixture(scope="session")
def _templates() -> dict[str, str]:
    return {}


@pytest.fixture
def template_database(block: BlockUnderTest, postgres_server: str, _templates: dict[str, str]) -> str:
    """Name of a migrated database of this block, to copy from; made once a run."""
    if block.name not in _templates:
        name = f"template_{block.name}_{uuid4().hex[:8]}"
        config = alembic_config(block.package_file, f"{postgres_server}/{name}")

        def make() -> None:
            asyncio.run(_execute(postgres_server, f'CREATE DATABASE "{name}"'))
            alembic.command.upgrade(config, "head")

        # In a thread of its own, since both run an event loop and pytest's own must stay untouched.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(make).result()
        _templates[block.name] = name
    return _templates[block.name]


async def _execute(server: str, statement: str) -> None:
    connection = await asyncpg.connect(f"{server}/postgres")
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
async def database_url(postgres_server: str, template_database: str) -> AsyncIterator[str]:
    """Address of a fresh database for one test."""
    name = f"test_{uuid4().hex}"
    await _execute(postgres_server, f'CREATE DATABASE "{name}" TEMPLATE "{template_database}"')
    yield f"{postgres_server}/{name}"
    await _execute(postgres_server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def settings(block: BlockUnderTest, database_url: str) -> BlockSettings:
    """Settings of the block for one test."""
    return block.settings_class(**{"database_url": database_url, "database_pool": 5, **block.extra_settings})


@pytest.fixture
async def database(block: BlockUnderTest, settings: BlockSettings) -> AsyncIterator[Database]:
    """The block's database, empty but for what migrations put there."""
    opened = Database(settings, name=f"test-{block.name}")
    yield opened
    await opened.close()


@pytest.fixture
def tokens(settings: BlockSettings) -> Tokens:
    """Make tokens that the app under test trusts."""
    return Tokens(settings.issuer)


@pytest.fixture
async def app(block: BlockUnderTest, settings: BlockSettings, tokens: Tokens) -> AsyncIterator[FastAPI]:
    """The block's app, started."""
    made = block.create_app(settings, Database(settings, name=f"test-{block.name}-app"))
    tokens.trust_in(made)
    async with LifespanManager(made):
        yield made


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client in front of the block's app; paths begin with ``/v1``."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://block.test") as made:
        yield made


Deliver = Callable[..., Awaitable[None]]


@pytest.fixture
def deliver(block: BlockUnderTest, settings: BlockSettings, database: Database) -> Deliver:
    """Hand events to the block as its consumer gets them from Kafka.

    ``await deliver("intake.reports", "intake.report-submitted", {...}, key=report_id, sequence=1)``
    """
    consumer = Consumer(settings, database, block.name, block.subscriptions(settings))
    offsets = iter(range(sys.maxsize))

    async def hand_over(
        stream: str,
        event: str,
        data: dict[str, Any] | None,
        *,
        key: str,
        sequence: int = 1,
        event_id: str | None = None,
    ) -> None:
        await consumer.handle(
            [record(stream, event, data, key=key, sequence=sequence, event_id=event_id, offset=next(offsets))]
        )

    return hand_over
