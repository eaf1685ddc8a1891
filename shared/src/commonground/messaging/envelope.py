"""CloudEvents 1.0 in Kafka's binary mode, after the NL GOV profile 1.1.

Sources: CloudEvents Kafka protocol binding 1.0.2 (attributes as ``ce_`` headers, value is the data) and the NL
GOV profile (``source`` as a urn with the OIN, ``type`` in reverse domain notation, ``sequence`` sortable as text).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from commonground.messaging.errors import PermanentError

CONTENT_TYPE = "application/json"


def source(oin: str, block: str) -> str:
    """Return the ``source`` of a block's events."""
    return f"urn:nld:oin:{oin}:systeem:meldstroom-{block}"


def time_text(moment: datetime) -> str:
    """Return ``moment`` as RFC 3339 in UTC with microseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def sequence_text(sequence: int) -> str:
    """Return a sequence number that sorts as text, as the CloudEvents ``sequence`` extension asks."""
    return f"{sequence:012d}"


def schema_urn(event_type: str, version: int = 1) -> str:
    """Return the ``dataschema`` of an event type."""
    return f"urn:meldstroom:schema:{event_type}:v{version}"


def headers(row: Any, event_source: str) -> list[tuple[str, bytes]]:
    """Return the record headers for an outbox row."""
    values = {
        "ce_specversion": "1.0",
        "ce_id": str(row.event_id),
        "ce_source": event_source,
        "ce_type": row.type,
        "ce_subject": row.subject,
        "ce_time": time_text(row.time),
        "ce_partitionkey": row.key,
        "ce_sequence": sequence_text(row.sequence),
        "ce_sequencetype": "Integer",
        "ce_dataschema": schema_urn(row.type),
        "ce_traceparent": row.traceparent,
        "content-type": CONTENT_TYPE,
    }
    return [(name, value.encode()) for name, value in values.items()]


def structured(row: Mapping[str, Any], event_source: str, data: Any) -> dict[str, Any]:
    """Return the event in structured mode (one JSON object), as webhooks and examples use it."""
    return {
        "specversion": "1.0",
        "id": str(row["event_id"]),
        "source": event_source,
        "type": row["type"],
        "subject": row["subject"],
        "time": time_text(row["time"]),
        "datacontenttype": CONTENT_TYPE,
        "dataschema": schema_urn(row["type"]),
        "partitionkey": row["key"],
        "sequence": sequence_text(row["sequence"]),
        "sequencetype": "Integer",
        "traceparent": row["traceparent"],
        "data": data,
    }


def attributes(raw: list[tuple[str, bytes | None]] | None) -> dict[str, str]:
    """Return the ``ce_`` attributes of a record; raise ``PermanentError`` when a required one is missing."""
    values = {
        name[3:].lower(): (value or b"").decode("utf-8", "replace")
        for name, value in raw or []
        if name.startswith(("ce_", "CE_"))
    }
    missing = [name for name in ("id", "source", "specversion", "type") if not values.get(name)]
    if missing:
        message = f"missing CloudEvents attributes: {', '.join(missing)}"
        raise PermanentError(message)
    return values
