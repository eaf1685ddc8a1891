"""Contracts as files, rendered from the code of the block that publishes them.

``contracts/openapi/<block>.json``, and per event ``contracts/events/<block>.<name>.v1.schema.json`` with an example
beside it. ``tools/contracts.py`` joins the blocks' parts into ``contracts/asyncapi.yaml``.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from commonground.messaging import envelope
from commonground.messaging.events import EventData, Stream

_TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
_EVENT_ID = UUID("01930f2e-1b5c-7a34-8f00-5d1f6a2b3c4d")


@dataclass(frozen=True)
class Published:
    """An event with an example of its data; the example's key and subject make it a whole event."""

    example: EventData
    key: str
    subject: str
    sequence: int = 1
    time: datetime = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)

    @property
    def file_name(self) -> str:
        """Name of the contract files, without what comes behind ``v1``."""
        stream = self.example.stream
        return f"{stream.block}.{self.example.event_name}.v{stream.version}"


def schema(event: Published) -> dict[str, Any]:
    """Return the JSON Schema of an event's data."""
    found = type(event.example).model_json_schema(by_alias=True, mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": envelope.schema_urn(event.example.event_type(), event.example.stream.version),
        **found,
        # Readers must ignore fields that they do not know: a later version adds some.
        "additionalProperties": True,
    }


def example(event: Published, block: str) -> dict[str, Any]:
    """Return the example as a CloudEvent in structured mode."""
    row = {
        "event_id": _EVENT_ID,
        "type": event.example.event_type(),
        "subject": event.subject,
        "time": event.time,
        "key": event.key,
        "sequence": event.sequence,
        "traceparent": _TRACEPARENT,
    }
    source = envelope.source("00000001823288444000", block)
    return envelope.structured(row, source, json.loads(event.example.model_dump_json(by_alias=True)))


def asyncapi_part(events: Sequence[Published], block: str) -> dict[str, Any]:
    """Return this block's channels, operations and messages for the suite's AsyncAPI 3 document."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for event in events:
        stream = event.example.stream
        channel = f"{block}.{stream.name}"
        message = f"{block}.{event.example.event_name}"
        messages[message] = _message(event, block)
        entry = channels.setdefault(channel, _channel(stream))
        entry["messages"][message] = {"$ref": f"#/components/messages/{message}"}
        operation = operations.setdefault(
            f"publish.{channel}",
            {
                "action": "send",
                "channel": {"$ref": f"#/channels/{channel}"},
                "summary": f"{block} publishes to {stream.topic}",
                "messages": [],
            },
        )
        operation["messages"].append({"$ref": f"#/channels/{channel}/messages/{message}"})
    return {"channels": channels, "operations": operations, "messages": messages}


def _channel(stream: Stream) -> dict[str, Any]:
    return {
        "address": stream.topic,
        "title": f"{stream.block}: {stream.name}",
        "description": stream.description,
        "tags": [{"name": f"tier:{stream.tier}"}, {"name": stream.block}],
        "bindings": {
            "kafka": {
                "topic": stream.topic,
                "topicConfiguration": {"cleanup.policy": ["compact" if stream.compacted else "delete"]},
                "bindingVersion": "0.5.0",
            }
        },
        "messages": {},
    }


def _message(event: Published, block: str) -> dict[str, Any]:
    return {
        "name": event.example.event_type(),
        "title": event.example.event_name,
        "summary": (type(event.example).__doc__ or "").strip().splitlines()[0],
        "contentType": envelope.CONTENT_TYPE,
        "headers": {"$ref": "#/components/schemas/CloudEventHeaders"},
        "payload": {"$ref": f"./events/{event.file_name}.schema.json"},
        "tags": [{"name": f"tier:{event.example.stream.tier}"}, {"name": block}],
    }


def render(folder: Path, block: str, events: Sequence[Published], openapi: dict[str, Any]) -> list[Path]:
    """Write this block's contract files below ``folder``; return their paths."""
    files = {folder / "openapi" / f"{block}.json": openapi, folder / "parts" / f"{block}.json": None}
    files[folder / "parts" / f"{block}.json"] = asyncapi_part(events, block)
    for event in events:
        files[folder / "events" / f"{event.file_name}.schema.json"] = schema(event)
        files[folder / "events" / f"{event.file_name}.example.json"] = example(event, block)
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    return list(files)
