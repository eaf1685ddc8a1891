"""The first answer again for a repeated request, kept in the same transaction as the effect.

A client that got no answer sends the same ``Idempotency-Key`` again. The row is inserted together with the
effect, so after any crash there is either both or neither; a second request that comes while the first is
still running waits on the unique index until the first one's outcome is known.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession

MAX_KEY_LENGTH = 200

keys = sa.table(
    "idempotency_keys",
    sa.column("scope", sa.Text),
    sa.column("key", sa.Text),
    sa.column("fingerprint", sa.Text),
    sa.column("status", sa.SmallInteger),
    sa.column("answer", JSONB),
    sa.column("created_at", sa.DateTime(timezone=True)),
)


class IdempotencyConflictError(Exception):
    """The key was used before for another request."""


@dataclass(frozen=True)
class Answer:
    """What was answered the first time."""

    status: int
    body: dict[str, Any]


def fingerprint(*parts: object) -> str:
    """Return a digest of a request; the same content gives the same digest, however it was spelled."""
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS, default=str)).hexdigest()


async def claim(session: AsyncSession, scope: str, key: str, digest: str, answer: Answer) -> Answer | None:
    """Claim ``key`` and store ``answer`` for repeats.

    Returns None when the key is new (go on with the effect, in this transaction) and the first answer when it
    is a repeat (do nothing more). Raises ``IdempotencyConflictError`` when the earlier request differed.
    """
    statement = (
        insert(keys)
        .values(scope=scope, key=key, fingerprint=digest, status=answer.status, answer=answer.body)
        .on_conflict_do_nothing(index_elements=["scope", "key"])
        .returning(keys.c.key)
    )
    if (await session.execute(statement)).scalar_one_or_none() is not None:
        return None
    return await earlier(session, scope, key, digest)


async def earlier(session: AsyncSession, scope: str, key: str, digest: str) -> Answer | None:
    """Return the first answer to ``key``, None when there is none; raise when the request differed."""
    found = (await find(session, scope, [key])).get(key)
    if found is None:
        return None
    if found.fingerprint != digest:
        raise IdempotencyConflictError
    return Answer(found.status, found.answer)


@dataclass(frozen=True)
class Remembered:
    """A key with the digest of its request and what was answered."""

    key: str
    fingerprint: str
    status: int
    answer: dict[str, Any]


_find = sa.select(keys.c.key, keys.c.fingerprint, keys.c.status, keys.c.answer).where(
    keys.c.scope == sa.bindparam("scope"),
    keys.c.key == sa.func.any(sa.bindparam("keys", type_=ARRAY(sa.Text))),
)
_store = sa.insert(keys)


async def find(session: AsyncSession, scope: str, wanted: Sequence[str]) -> dict[str, Remembered]:
    """Return what is remembered of ``wanted`` keys."""
    if not wanted:
        return {}
    rows = await session.execute(_find, {"scope": scope, "keys": list(wanted)})
    return {row.key: Remembered(row.key, row.fingerprint, row.status, row.answer) for row in rows}


async def store(session: AsyncSession, scope: str, remembered: Sequence[Remembered]) -> None:
    """Remember many answers; raises SQLAlchemy's ``IntegrityError`` when one of the keys was taken meanwhile."""
    if remembered:
        await session.execute(_store, [{"scope": scope, **vars(one)} for one in remembered])


async def store_answer(session: AsyncSession, scope: str, key: str, body: dict[str, Any]) -> None:
    """Replace the stored answer, for effects whose answer is known only afterwards."""
    await session.execute(sa.update(keys).where(keys.c.scope == scope, keys.c.key == key).values(answer=body))


async def forget_before(session: AsyncSession, moment: datetime) -> None:
    """Delete keys older than ``moment``."""
    await session.execute(sa.delete(keys).where(keys.c.created_at < moment))
