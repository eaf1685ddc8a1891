"""The recorded week: ``python -m tools.recording make`` writes it, ``play`` publishes it to any Kafka.

``contracts/recordings/city-week.jsonl.gz`` has one record a line: topic, key, headers, value (null: a tombstone).
"""

import contextlib
import gzip
import json
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic

FILE = Path(__file__).parents[2] / "contracts" / "recordings" / "city-week.jsonl.gz"


def read(file: Path = FILE) -> Iterator[dict[str, Any]]:
    """Return the records of a recording, in the order of their times."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def rendered() -> bytes:
    """Return the recording as its file has it; the same bytes at every call."""
    from tools.recording.week import lines  # the blocks are needed to make it, and not to play it

    text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines())
    return gzip.compress(text.encode(), 9, mtime=0)


def play(bootstrap: str, *, speed: float, file: Path = FILE, options: dict[str, str] | None = None) -> int:
    """Publish a recording; ``speed`` is how much faster than real, 0 as fast as it goes. Returns how many records.

    Raises ``RuntimeError`` when the broker did not take them all.
    """
    client = {"bootstrap.servers": bootstrap, **(options or {})}
    _make_topics(client, {record["topic"] for record in read(file)})
    # Idempotent, since otherwise a repeated batch may come behind the next one: the leader of a new topic may not know
    # that it is one when the first batch arrives.
    producer = Producer({**client, "enable.idempotence": True})
    refused: list[str] = []
    number, began, first = 0, time.monotonic(), None
    for record in read(file):
        at = datetime.fromisoformat(dict(record["headers"])["ce_time"])
        first = first or at
        if speed:
            due = began + (at - first).total_seconds() / speed
            while (wait := due - time.monotonic()) > 0:
                producer.poll(min(wait, 0.5))
        producer.produce(
            record["topic"],
            key=record["key"],
            value=None if record["value"] is None else json.dumps(record["value"], ensure_ascii=False).encode(),
            headers=[(name, value.encode()) for name, value in record["headers"]],
            on_delivery=lambda error, _message: refused.append(str(error)) if error else None,
        )
        number += 1
        producer.poll(0)
    left = producer.flush(60)
    if left or refused:
        message = f"{left + len(refused)} of {number} records were not taken by the broker"
        raise RuntimeError(message)
    return number


def _make_topics(client: dict[str, str], topics: set[str]) -> None:
    """Make the topics that are missing; a broker that makes them by itself may refuse to be asked."""
    admin = AdminClient(client)
    missing = topics - set(admin.list_topics(timeout=30).topics)
    for made in admin.create_topics([NewTopic(topic, 3) for topic in sorted(missing)]).values() if missing else ():
        with contextlib.suppress(KafkaException):
            made.result()


@click.group(help="A synthetic city-week to test subscribers against.")
def main() -> None:
    """Group the commands."""


@main.command(name="make")
def make_command() -> None:
    """Write the recording anew from the blocks' event models."""
    FILE.parent.mkdir(parents=True, exist_ok=True)
    made = rendered()
    # Another zlib packs the same lines into other bytes: that alone is no change.
    if not FILE.exists() or gzip.decompress(FILE.read_bytes()) != gzip.decompress(made):
        FILE.write_bytes(made)
    click.echo(f"{sum(1 for _ in read())} records, {FILE.stat().st_size / 1e6:.2f} MB")


@main.command(name="play")
@click.option("--to", "bootstrap", required=True, help="Brokers, host:port with commas.")
@click.option("--speed", type=click.FloatRange(0), default=0, show_default=True, help="Times real time; 0: at once.")
@click.option("--option", "options", multiple=True, help="More librdkafka options, name=value.")
def play_command(bootstrap: str, speed: float, options: tuple[str, ...]) -> None:
    """Publish the recording; 10080 plays the week in a minute."""
    number = play(bootstrap, speed=speed, options=dict(option.split("=", 1) for option in options))
    click.echo(f"{number} records published")


if __name__ == "__main__":
    main()
