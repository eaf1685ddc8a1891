"""PostgreSQL through SQLAlchemy and asyncpg: one engine per process, one transaction per piece of work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from sqlalchemy import MetaData, event, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session

from commonground.settings import BlockSettings

# Names that PostgreSQL reports when a constraint is violated must be predictable: code names the one it expects.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# Set in ``Session.info`` by the outbox, read when the transaction has been committed.
HAS_EVENTS = "commonground.has_events"


def new_metadata() -> MetaData:
    """Return metadata with the naming rules that every block uses."""
    return MetaData(naming_convention=NAMING)


def _dumps(value: Any) -> str:
    return orjson.dumps(value).decode()


def async_url(url: str) -> str:
    """Return ``url`` with the driver that the blocks use."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.split("+")[0] not in {"postgresql", "postgres"}:
        message = "a database address starts with postgresql://"
        raise ValueError(message)
    return f"postgresql+asyncpg://{rest}"


class Database:
    """A block's own database.

    ``transaction()`` is the only way to write: it commits when the block of code ends well and rolls back
    otherwise. ``events_committed`` is set after each commit that wrote to the outbox, so that a relay in the
    same process need not wait for its next look.
    """

    def __init__(self, settings: BlockSettings, *, name: str, schema: str | None = None) -> None:
        """Prepare, without connecting; ``name`` is what PostgreSQL shows as the application.

        With ``schema`` only the tables of that schema are seen.
        """
        self.engine: AsyncEngine = create_async_engine(
            async_url(settings.database_url.get_secret_value()),
            pool_size=settings.database_pool,
            max_overflow=0,
            pool_timeout=10,
            pool_recycle=1800,
            json_serializer=_dumps,
            json_deserializer=orjson.loads,
            connect_args={
                "timeout": 10,
                "command_timeout": settings.statement_timeout + 5,
                "server_settings": {
                    "application_name": name,
                    "timezone": "UTC",
                    "jit": "off",
                    "statement_timeout": str(int(settings.statement_timeout * 1000)),
                    "idle_in_transaction_session_timeout": "60000",
                    **({"search_path": schema} if schema else {}),
                },
            },
        )
        self.events_committed = asyncio.Event()
        # A session class of its own, so that the listener hears no other database's commits.
        session_class = type("BlockSession", (Session,), {})
        event.listen(session_class, "after_commit", self._wake_relay)
        self._sessions = async_sessionmaker(
            self.engine, sync_session_class=session_class, expire_on_commit=False, autoflush=False
        )

    def _wake_relay(self, session: Session) -> None:
        if session.info.pop(HAS_EVENTS, False):
            self.events_committed.set()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Open one transaction; commit at the end, roll back when anything is raised."""
        async with self._sessions() as session, session.begin():
            yield session

    async def ping(self) -> None:
        """Do the least that needs a working connection; raise when there is none."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()
