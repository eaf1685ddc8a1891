"""librdkafka's own test broker, in a process of its own: for a trial on a machine without Docker and Java.

It speaks Kafka's protocol well enough for the whole suite, keeps nothing over a restart, drops old records of a
partition after some megabytes and knows no compaction. `python -m meldstroom_local.mock_broker FILE` runs it and
writes its address to FILE.
"""

import re
import signal
import sys
import threading
from pathlib import Path

from meldstroom_local import places
from meldstroom_local.ladder import RungUnavailableError
from meldstroom_local.processes import Process

WARNING = (
    "Kafka is the small test broker of librdkafka: it keeps nothing over a restart (the outboxes are published "
    "again at the next start) and drops old records. Install Java 17 and Maven, or Docker, for the real one."
)
_TOPIC = re.compile(r"\bmeldstroom\.[a-z-]+\.[a-z-]+\.v\d+\b")


def prepare(folder: Path) -> Process:
    """Prepare the broker's process."""
    try:
        import confluent_kafka  # noqa: F401
    except ImportError:
        raise RungUnavailableError("confluent-kafka is not installed") from None
    return Process(
        "Kafka (librdkafka)",
        [sys.executable, "-m", "meldstroom_local.mock_broker", str(folder / "mock-broker-address")],
        log=folder / "logs" / "kafka.log",
        environment={"PYTHONPATH": str(places.LOCAL)},
    )


def start(process: Process, folder: Path) -> str:
    """Start it and return its address, which is another one every time."""
    file = folder / "mock-broker-address"
    file.unlink(missing_ok=True)
    process.start()
    process.wait_until(file.exists, 15)
    return file.read_text().strip()


def topics() -> list[str]:
    """Return the suite's topics as the contracts name them: this broker cannot create topics on request."""
    contract = places.PROJECT / "contracts" / "asyncapi.yaml"
    named = set(_TOPIC.findall(contract.read_text())) if contract.exists() else set()
    blocks = (folder.name for folder in (places.PROJECT / "services").glob("*/") if (folder / "src").is_dir())
    return sorted(named | {f"meldstroom.{block}.dead-letters.v1" for block in blocks})


def main(file: Path) -> None:
    """Run the broker until it is told to stop."""
    from confluent_kafka import Producer

    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    client = Producer({"bootstrap.servers": "none", "test.mock.num.brokers": 1, "log_level": 3})
    brokers = client.list_topics(timeout=10).brokers
    broker = next(iter(brokers.values()))
    for topic in topics():
        client.list_topics(topic, timeout=10)  # asking for a topic creates it
    fresh = file.with_suffix(".new")
    fresh.write_text(f"{broker.host}:{broker.port}\n")
    fresh.replace(file)
    print(f"listening on {broker.host}:{broker.port}", flush=True)
    while not stopped.wait(60):
        client.poll(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
