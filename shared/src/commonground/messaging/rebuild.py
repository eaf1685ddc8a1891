"""Building a block's copies again from the topics, while the block goes on serving and listening.

The block's own handlers write into tables of the same shape in a schema of their own, reading the topics from their
beginning; they get exactly the events that the block itself has handled, as its inbox tells. Then, in one transaction
that keeps consumers waiting and readers not, both are compared, and the serving tables get the rows that differ. Killed
anywhere, the serving tables are as they were, and the next run begins anew.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from commonground.database import Database
from commonground.messaging import copies, dead_letters, envelope, inbox
from commonground.messaging.consumer import Consumer
from commonground.messaging.errors import Kind, PermanentError, kind_of
from commonground.messaging.events import Subscription
from commonground.messaging.kafka import Record
from commonground.messaging.log import LogReader, Place
from commonground.messaging.tables import inbox as inbox_table
from commonground.settings import BlockSettings

SCHEMA = "rebuild"
BATCH = 1000
MOST_UNHEARD = 100_000  # records that the block has yet to handle; they are kept in memory
_LOCK = 7_301_904_113  # any number, the same in all processes of a block
_CALM_SECONDS = 1.0  # a round of catching up that took less lets the exchange begin
_TAIL_SECONDS = 20.0  # the longest that consumers wait for the tail
_ROUNDS = 5

Say = Callable[[str], None]


class RebuildError(Exception):
    """The copies were not rebuilt, and the serving tables are as they were; the message says why, without data."""


@dataclass(frozen=True)
class Projections:
    """What of a block can be built again: ``tables``, from the events of ``topics``.

    ``moments`` are columns, as ``table.column``, that tell when this block heard something: they are compared only as
    given or not given, and the serving value stays. ``carry(session, serving)`` brings over what no topic holds any
    more, from the schema ``serving`` into the fresh tables of the same names.
    """

    tables: tuple[sa.Table, ...]
    topics: frozenset[str]
    moments: frozenset[str] = frozenset()
    carry: Callable[[AsyncSession, str], Awaitable[None]] | None = None


@dataclass
class Outcome:
    """What a rebuild found, and whether it changed anything."""

    compared: list[copies.Comparison] = field(default_factory=list)
    events: int = 0
    exchanged: bool = False

    @property
    def equal(self) -> bool:
        """Tell whether the rebuilt rows are the serving ones."""
        return all(one.before == one.after for one in self.compared)


async def rebuild(
    settings: BlockSettings,
    database: Database,
    block: str,
    subscriptions: Sequence[Subscription],
    projections: Projections,
    *,
    only_compare: bool = False,
    may_remove: bool = False,
    say: Say = print,
) -> Outcome:
    """Build the projections of ``block`` again and put them in the place of the serving rows.

    Without ``may_remove`` it refuses to remove rows of which the topics know nothing. Raises ``RebuildError`` when
    nothing was changed for such a reason, and ``TransientError`` when the broker is away.
    """
    heard = [one for one in subscriptions if one.topic in projections.topics]
    async with _alone(database) as serving:
        await _begin(database, serving)
        beside = Database(settings, name=f"meldstroom-{block}-rebuild", schema=SCHEMA)
        log = LogReader(settings, f"meldstroom-{block}-rebuild", [one.topic for one in heard])
        work = _Rebuild(database, beside, log, Consumer(settings, beside, block, heard), say)
        try:
            if projections.carry:
                async with beside.transaction() as session:
                    await projections.carry(session, serving)
            await log.start()
            await work.catch_up()
            return await work.exchange(projections, only_compare=only_compare, may_remove=may_remove)
        finally:
            await log.close()
            await beside.close()
            await _clean_up(database)


@asynccontextmanager
async def _alone(database: Database) -> AsyncIterator[str]:
    """Let one rebuild run at a time; give the name of the schema that serves."""
    async with database.engine.connect() as raw:
        connection = await raw.execution_options(isolation_level="AUTOCOMMIT")
        if not await connection.scalar(sa.text("SELECT pg_try_advisory_lock(:key)"), {"key": _LOCK}):
            message = "another rebuild of this block is running"
            raise RebuildError(message)
        try:
            yield str(await connection.scalar(sa.text("SELECT current_schema()")))
        finally:
            with suppress(Exception):
                await connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})


async def _begin(database: Database, serving: str) -> None:
    async with database.transaction() as session:
        await copies.drop(session, SCHEMA)
        await copies.create_like(session, SCHEMA, serving)


async def _clean_up(database: Database) -> None:
    with suppress(Exception):  # the next run drops what is left
        async with database.transaction() as session:
            await copies.drop(session, SCHEMA)


class _Rebuild:
    """One run: what it reads from, what it writes to, and which events it keeps back."""

    def __init__(self, database: Database, beside: Database, log: LogReader, consumer: Consumer, say: Say) -> None:
        self._database = database
        self._beside = beside
        self._log = log
        self._consumer = consumer
        self._say = say
        self._unheard: list[tuple[UUID, Record]] = []
        self._outcome = Outcome()

    async def catch_up(self) -> None:
        """Read up to the ends of the topics, again and again, until little is added meanwhile."""
        for _ in range(_ROUNDS):
            started = time.monotonic()
            await self._read_to(await self._log.ends())
            if time.monotonic() - started < _CALM_SECONDS:
                return

    async def _read_to(self, ends: dict[Place, int]) -> None:
        next_word = time.monotonic() + 5
        while not self._log.reached(ends):
            await self._take(_identified(await self._log.fetch(BATCH)))
            if time.monotonic() > next_word:
                next_word = time.monotonic() + 5
                self._say(f"{self._outcome.events} events, {self._log.left(ends)} to go")
        kept, self._unheard = self._unheard, []
        await self._take(kept)
        async with self._beside.transaction() as session:
            if failed := await dead_letters.count_unsettled(session):
                message = f"{failed} events that the block had handled fail now"
                raise RebuildError(message)

    async def _take(self, found: Sequence[tuple[UUID, Record]]) -> None:
        """Apply those that the block itself has handled by now; keep the others back, and what follows on their keys.

        A removal and what came after it must not change places.
        """
        async with self._database.transaction() as session:
            heard = await inbox.among(session, [key for key, _ in found])
        late = {(record.topic, record.key) for _, record in self._unheard}
        ready = []
        for key, record in found:
            if key in heard and (record.topic, record.key) not in late:
                ready.append(record)
            else:
                self._unheard.append((key, record))
        if len(self._unheard) > MOST_UNHEARD:
            message = "the block is far behind the topics: let it catch up first"
            raise RebuildError(message)
        for batch in _batches(ready):
            await self._consumer.handle(batch)
        self._outcome.events += len(ready)

    async def exchange(self, projections: Projections, *, only_compare: bool, may_remove: bool) -> Outcome:
        """Compare and exchange in one transaction, in which no consumer of the block writes; reading goes on."""
        try:
            return await self._exchange(projections, only_compare=only_compare, may_remove=may_remove)
        except TimeoutError as error:
            message = "more events arrive than can be read: try again at a quieter moment"
            raise RebuildError(message) from error
        except DBAPIError as error:
            if kind_of(error) is not Kind.TRANSIENT:
                raise
            message = "the tables were in use, or the database went away: try again"
            raise RebuildError(message) from error

    async def _exchange(self, projections: Projections, *, only_compare: bool, may_remove: bool) -> Outcome:
        async with self._database.transaction() as session:
            await session.execute(sa.text("SET LOCAL lock_timeout = '10s'"))
            # Every batch of a consumer begins with the inbox: whoever holds it knows that none is under way, and
            # cannot meet one in a deadlock.
            await session.execute(sa.text(f"LOCK TABLE {inbox_table.name} IN SHARE ROW EXCLUSIVE MODE"))
            async with asyncio.timeout(_TAIL_SECONDS):
                await self._read_to(await self._log.ends())
            for table in projections.tables:
                self._outcome.compared.append(await copies.compare(session, SCHEMA, table, projections.moments))
            gone = sum(one.gone for one in self._outcome.compared)
            if gone and not (may_remove or only_compare):
                message = f"{gone} rows are in no topic and would be removed; say --remove to agree"
                raise RebuildError(message)
            if not (only_compare or self._outcome.equal):
                for table in projections.tables:
                    await copies.take_over(session, SCHEMA, table, projections.moments)
                self._outcome.exchanged = True
        return self._outcome


def _batches(records: Sequence[Record]) -> Iterator[list[Record]]:
    """Return ``records`` in pieces: in one piece a handler hears removals last, so what came after one is another."""
    batch: list[Record] = []
    removed: set[tuple[str, str | None]] = set()
    for record in records:
        key = (record.topic, record.key)
        if len(batch) >= BATCH or (key in removed and record.value is not None):
            yield batch
            batch, removed = [], set()
        batch.append(record)
        if record.value is None:
            removed.add(key)
    if batch:
        yield batch


def _identified(records: Sequence[Record]) -> list[tuple[UUID, Record]]:
    """Return records with their ids in the inbox; those without an envelope were never handled."""
    found = []
    for record in records:
        with suppress(PermanentError):
            values = envelope.attributes(record.headers)
            found.append((inbox.inbox_id(values["source"], values["id"]), record))
    return found
