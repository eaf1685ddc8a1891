"""Records as Kafka would bring them, and what a block has written to its outbox."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
from sqlalchemy import select

from commonground.database import Database
from commonground.messaging import envelope
from commonground.messaging.events import NAMESPACE
from commonground.messaging.kafka import Record
from commonground.messaging.tables import dead_letters, outbox

TRACEPARENT = "00-11111111111111111111111111111111-2222222222222222-01"


def record(
    stream: str,
    event: str,
    data: dict[str, Any] | None,
    *,
    key: str,
    sequence: int = 1,
    event_id: str | None = None,
    offset: int = 0,
) -> Record:
    """Return a record of ``meldstroom.<stream>.v1``; ``data`` None makes a tombstone."""
    values = {
        "ce_specversion": "1.0",
        "ce_id": event_id or str(uuid4()),
        "ce_source": envelope.source("0" * 20, event.split(".", maxsplit=1)[0]),
        "ce_type": f"{NAMESPACE}.{event}",
        "ce_subject": key,
        "ce_time": envelope.time_text(datetime.now(UTC)),
        "ce_partitionkey": key,
        "ce_sequence": envelope.sequence_text(sequence),
        "ce_traceparent": TRACEPARENT,
    }
    headers: list[tuple[str, bytes | None]] = [(name, value.encode()) for name, value in values.items()]
    value = None if data is None else orjson.dumps(data)
    return Record(f"meldstroom.{stream}.v1", 0, offset, key, value, headers, 0)


async def outbox_events(database: Database, event: str | None = None) -> list[dict[str, Any]]:
    """Return what was published, oldest first: ``type``, ``key``, ``sequence``, ``topic`` and ``data``."""
    async with database.transaction() as session:
        rows = (await session.execute(select(outbox).order_by(outbox.c.position))).all()
    return [
        {
            "type": row.type,
            "key": row.key,
            "subject": row.subject,
            "sequence": row.sequence,
            "topic": row.topic,
            "traceparent": row.traceparent,
            "data": None if row.data is None else orjson.loads(row.data),
        }
        for row in rows
        if event is None or row.type == f"{NAMESPACE}.{event}"
    ]


async def buried(database: Database) -> list[Any]:
    """Return the dead letters."""
    async with database.transaction() as session:
        return list((await session.execute(select(dead_letters))).all())
