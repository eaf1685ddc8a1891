"""``/v1/dead-letters`` of every block that hears events: look at what could not be handled, retry it, or discard it.

The envelope and the error are shown to everyone with ``dead-letter:manage``. The data of topics that are not open are
shown only with ``dead-letter:read-personal`` besides, and never those of a municipality that is not the caller's.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
import structlog
from fastapi import APIRouter, Depends, Query, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from commonground.auth import Principal, require
from commonground.database import Database
from commonground.messaging import dead_letters
from commonground.messaging.consumer import Consumer, StillFailsError
from commonground.messaging.dead_letters import State
from commonground.messaging.errors import TransientError
from commonground.problems import ProblemType, SafeValueError

log = structlog.get_logger(__name__)

MANAGE = "dead-letter:manage"
READ_PERSONAL = "dead-letter:read-personal"
_AT_ONCE = 200  # letters that one request retries; who asks sees how many are left

Consumers = Callable[[], Sequence[Consumer]]


class LetterNotFoundError(Exception):
    """There is no such dead letter."""


class LetterSettledError(Exception):
    """Somebody has already retried or discarded it, or its data were removed."""


PROBLEMS: Mapping[type[Exception], ProblemType] = {
    LetterNotFoundError: ProblemType(404, "dead-letter-not-found", "There is no such dead letter"),
    LetterSettledError: ProblemType(409, "dead-letter-settled", "Somebody has already dealt with this dead letter"),
    StillFailsError: ProblemType(409, "dead-letter-still-fails", "The event failed again"),
}


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class DeadLetterItem(_Model):
    """An event that could not be handled, without its data."""

    id: UUID
    event_id: str = Field(description="`ce_id` of the event; empty when the record had no envelope")
    type: str
    topic: str
    partition: int
    offset: int
    key: str | None
    consumer_group: str = Field(description="Second consumer group of the block that failed; empty: its own group")
    error: str = Field(description="Where and at what it failed, without anything of the data")
    attempts: int
    failed_at: datetime
    state: State
    settled_at: datetime | None
    settled_by: str | None = Field(description="Id of the user; `command` or `tombstone` when nobody did it here")
    reason: str | None


class DeadLetter(DeadLetterItem):
    """A dead letter with its envelope, and with its data for who may see them."""

    envelope: dict[str, str] = Field(description="Attributes of the CloudEvent")
    data: Any = Field(description="JSON value, or text when it is no JSON; null when hidden, removed or never there")
    data_hidden: bool = Field(description="There are data that you may not see")


class DeadLetterPage(_Model):
    """Dead letters, newest first."""

    items: list[DeadLetterItem]
    next_cursor: UUID | None


class RetryAllResult(_Model):
    """What became of many dead letters."""

    retried: int
    failed: int = Field(description="Failed again; they stay open")
    left: int = Field(description="Open dead letters afterwards, those that failed among them")
    next_cursor: UUID | None = Field(description="Where the next request goes on; null when all were tried")


def _plain(value: str) -> str:
    if any(ord(character) < ord(" ") or ord(character) == 0x7F for character in value) or not value.strip():  # noqa: PLR2004
        message = "Write a reason, on one line"
        raise SafeValueError(message)
    return value


class DiscardRequest(BaseModel):
    """Why nobody needs to handle it any more."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_plain)]


def router(consumers: Consumers) -> APIRouter:
    """Return the routes; ``consumers`` makes the block's consumers, which are not started."""
    made: list[Consumer] = []

    def hearing() -> Sequence[Consumer]:
        if not made:
            made.extend(consumers())
        return made

    async def database_of(request: Request) -> Database:
        database: Database = request.app.state.database
        return database

    Manager = Annotated[Principal, Depends(require(MANAGE))]  # noqa: N806 - an alias of a type
    Store = Annotated[Database, Depends(database_of)]  # noqa: N806 - likewise
    routes = APIRouter(prefix="/dead-letters")
    missing: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such dead letter"}}
    conflict: dict[int | str, dict[str, Any]] = {409: {"description": "It is settled already, or it failed again"}}

    @routes.get("")
    async def list_dead_letters(
        _manager: Manager,
        database: Store,
        state: Annotated[State | None, Query(description="Only letters in this state")] = None,
        cursor: Annotated[UUID | None, Query(description="`nextCursor` of the page before")] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> DeadLetterPage:
        """Return events that this block could not handle, newest first."""
        async with database.transaction() as session:
            rows = await dead_letters.page(session, state, limit + 1, cursor)
        return DeadLetterPage(
            items=[DeadLetterItem(**_item(row)) for row in rows[:limit]],
            next_cursor=rows[limit - 1].id if len(rows) > limit else None,
        )

    @routes.get("/{letterId}", responses=missing)
    async def read_dead_letter(letterId: UUID, manager: Manager, database: Store) -> DeadLetter:  # noqa: N803
        """Return one of them, with its data for who may see them."""
        return await _read(database, letterId, manager, hearing())

    @routes.post("/{letterId}/retries", responses=missing | conflict)
    async def retry_dead_letter(letterId: UUID, manager: Manager, database: Store) -> DeadLetter:  # noqa: N803
        """Handle it again, here and now; other blocks do not notice."""
        await _retry(database, letterId, manager.subject, hearing())
        return await _read(database, letterId, manager, hearing())

    @routes.post("/retries")
    async def retry_dead_letters(
        manager: Manager,
        database: Store,
        cursor: Annotated[UUID | None, Query(description="`nextCursor` of the answer before")] = None,
    ) -> RetryAllResult:
        """Handle all open ones again, the oldest first; up to 200 in one request."""
        return await _retry_all(database, manager.subject, hearing(), cursor)

    @routes.post("/{letterId}/discard", responses=missing | conflict)
    async def discard_dead_letter(
        letterId: UUID,  # noqa: N803
        body: DiscardRequest,
        manager: Manager,
        database: Store,
    ) -> DeadLetter:
        """Settle it without handling it, with the reason why."""
        await discard(database, letterId, actor=manager.subject, reason=body.reason)
        return await _read(database, letterId, manager, hearing())

    return routes


async def discard(database: Database, letter_id: UUID, *, actor: str, reason: str) -> None:
    """Settle a dead letter without handling it.

    Raises ``LetterNotFoundError``, and ``LetterSettledError`` when somebody was first.
    """
    async with database.transaction() as session:
        if await dead_letters.lock_open(session, letter_id) is None:
            await _missing_or_settled(database, letter_id)
        await dead_letters.settle(session, letter_id, State.DISCARDED, actor=actor, reason=reason)
    log.info("dead_letter_discarded", letter_id=str(letter_id), actor=actor)


async def _missing_or_settled(database: Database, letter_id: UUID) -> None:
    async with database.transaction() as session:
        raise LetterNotFoundError if await dead_letters.find(session, letter_id) is None else LetterSettledError


async def _retry(database: Database, letter_id: UUID, actor: str, consumers: Sequence[Consumer]) -> None:
    try:
        for consumer in consumers:
            if await consumer.retry_one(letter_id, actor):
                return
    except TransientError as error:
        raise ConnectionError from error  # answered as 503: it works later
    await _missing_or_settled(database, letter_id)


async def _retry_all(
    database: Database, actor: str, consumers: Sequence[Consumer], after: UUID | None
) -> RetryAllResult:
    async with database.transaction() as session:
        letters = await dead_letters.unsettled(session, _AT_ONCE, after)
    retried = 0
    try:
        for consumer in consumers:
            retried += await consumer.retry(letters, actor)
    except TransientError as error:
        raise ConnectionError from error
    async with database.transaction() as session:
        failed = await dead_letters.count_unsettled(session, [letter.id for letter in letters])
        left = await dead_letters.count_unsettled(session)
    more = len(letters) == _AT_ONCE
    return RetryAllResult(retried=retried, failed=failed, left=left, next_cursor=letters[-1].id if more else None)


async def _read(database: Database, letter_id: UUID, reader: Principal, consumers: Sequence[Consumer]) -> DeadLetter:
    async with database.transaction() as session:
        row = await dead_letters.find(session, letter_id)
    if row is None:
        raise LetterNotFoundError
    data = _decoded(row.data)
    is_open = any(consumer.may_be_shown(row) for consumer in consumers)
    shown = (is_open or reader.may(READ_PERSONAL)) and _concerns(reader, data)
    if data is not None and shown and not is_open:
        log.info("dead_letter_data_read", letter_id=str(letter_id), actor=reader.subject)
    return DeadLetter(
        **_item(row),
        envelope=envelope_of(row),
        data=data if shown else None,
        data_hidden=data is not None and not shown,
    )


def _item(row: Any) -> dict[str, Any]:
    names = (name for name in DeadLetterItem.model_fields if name != "state")
    return {name: getattr(row, name) for name in names} | {"state": dead_letters.state_of(row)}


def envelope_of(row: Any) -> dict[str, str]:
    """Return the attributes of the CloudEvent that a dead letter holds; other headers may hold anything."""
    return {name[3:]: value for name, value in row.headers if name.startswith("ce_")}


def _decoded(data: bytes | None) -> Any:
    if data is None:
        return None
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return data.decode("utf-8", "replace")


def _concerns(reader: Principal, data: Any) -> bool:
    """Tell whether data belong to a municipality of the reader, or to none that can be told."""
    if not isinstance(data, Mapping):
        return True
    several = data.get("municipalities")
    codes = {data.get("municipality"), *(several if isinstance(several, list) else ())} - {None}
    return not codes or not codes.isdisjoint(reader.municipalities)
