"""Apache Kafka, by the first way that works: an address, Docker, Java with Maven, or librdkafka's test broker.

``start(folder)`` gives a running broker; the same broker whoever asks: ``make up``, a test or a measurement.
"""

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from meldstroom_local import docker, kafka_java, places
from meldstroom_local.ladder import RungUnavailableError, climb
from meldstroom_local.processes import NotStartedError, Process

_START_SECONDS = 180.0


@dataclass
class Kafka:
    """A running broker. ``keeps`` tells whether it still has its records after a restart."""

    bootstrap: str
    rung: str
    process: Process | None = None
    keeps: bool = True
    _stop: Callable[[], None] = lambda: None
    _start: Callable[[], str | None] = lambda: None

    def stop(self) -> None:
        """Stop what was started here; a broker that was given by address is left alone."""
        self._stop()

    def start_again(self) -> None:
        """Start it again after a stop or a crash; ``bootstrap`` is another address when it kept nothing."""
        self.bootstrap = self._start() or self.bootstrap

    def wait_until_ready(self, seconds: float = _START_SECONDS) -> None:
        """Wait until it answers; raise ``NotStartedError`` when it ends first or takes too long."""
        if self.process is not None:
            self.process.wait_until(partial(answers, self.bootstrap), seconds)
            return
        deadline = time.monotonic() + seconds
        while not answers(self.bootstrap):
            if time.monotonic() > deadline:
                raise NotStartedError(f"Kafka at {self.bootstrap} does not answer")


def start(
    folder: Path,
    *,
    throwaway: bool = False,
    port: int | None = None,
    wait: bool = True,
    tell: Callable[[str], None] = lambda _line: None,
) -> Kafka:
    """Start Kafka with its data below ``folder``.

    ``MELDSTROOM_KAFKA`` limits the choice to ``address``, ``docker``, ``java`` or ``librdkafka``.

    Args:
        folder: keeps data and log; made when missing.
        throwaway: for tests: the data is removed at the end.
        port: wished port on 127.0.0.1; another one is taken when it is in use.
        wait: whether to return only when it answers.
        tell: is told why a way was passed over, and what takes long.

    Raises:
        NotStartedError: when no way works.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rungs: dict[str, Callable[[], Kafka]] = {
        "address": _from_address,
        "docker": partial(_from_docker, folder, throwaway=throwaway, port=port),
        "java": partial(_from_java, folder, throwaway=throwaway, port=port, tell=tell),
        "librdkafka": partial(_from_librdkafka, folder),
    }
    memory = None if throwaway else folder / "kafka-rung"
    kafka = climb(rungs, switch="MELDSTROOM_KAFKA", memory=memory, tell=tell)
    if wait:
        kafka.wait_until_ready()
    return kafka


def answers(bootstrap: str) -> bool:
    """Say whether a broker at ``bootstrap`` tells about itself."""
    import confluent_kafka
    from confluent_kafka.admin import AdminClient

    host, _, port = bootstrap.split(",", maxsplit=1)[0].rpartition(":")
    if host in {"127.0.0.1", "localhost"} and not places.listens(int(port)):
        return False
    client = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0, "logger": _silent()})
    try:
        return bool(client.list_topics(timeout=3).brokers)
    except confluent_kafka.KafkaException:
        return False


def _silent() -> Any:
    logger = logging.getLogger("meldstroom_local.kafka.silent")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return logger


def _from_address() -> Kafka:
    bootstrap = os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "").strip()
    if not bootstrap:
        raise RungUnavailableError("KAFKA_BOOTSTRAP_SERVERS is not set")
    return Kafka(bootstrap, "address")


def _from_docker(folder: Path, *, throwaway: bool, port: int | None) -> Kafka:
    if (reason := docker.answers()) is not None:
        raise RungUnavailableError(reason)
    outside = places.free_port(port)
    # Inside and outside use one port number, so that the broker's own address is right for both.
    settings = kafka_java.settings(Path("/var/lib/kafka/data"), outside, outside + 1, host="0.0.0.0")  # noqa: S104
    settings["advertised.listeners"] = f"PLAINTEXT://127.0.0.1:{outside}"
    settings["controller.quorum.voters"] = f"1@localhost:{outside + 1}"
    environment = {"KAFKA_" + name.upper().replace(".", "_"): value for name, value in settings.items()}
    environment["KAFKA_HEAP_OPTS"] = "-Xmx256m -Xms128m"
    volume = None if throwaway else (_volume(folder), "/var/lib/kafka/data")
    container = docker.Container("kafka", port=(outside, outside), environment=environment, volume=volume)
    container.start()
    return Kafka(f"127.0.0.1:{outside}", "docker", _stop=container.stop, _start=container.start)


def _volume(folder: Path) -> str:
    return f"meldstroom-kafka-{places.short_hash(str(folder))}"


def _from_java(folder: Path, *, throwaway: bool, port: int | None, tell: Callable[[str], None]) -> Kafka:
    broker = kafka_java.prepare(folder, port=port, tell=tell)
    broker.start()

    def finish() -> None:
        broker.stop()
        if throwaway:
            broker.remove_data()

    return Kafka(f"127.0.0.1:{broker.port}", "java", broker.process, _stop=finish, _start=broker.start)


def _from_librdkafka(folder: Path) -> Kafka:
    from meldstroom_local import mock_broker

    process = mock_broker.prepare(folder)
    return Kafka(
        mock_broker.start(process, folder),
        "librdkafka",
        process,
        keeps=False,
        _stop=process.stop,
        _start=lambda: mock_broker.start(process, folder),
    )


def remove_data(folder: Path) -> None:
    """Remove what ``start`` keeps outside ``folder`` (inside it, removing the folder is enough)."""
    if docker.answers() is None:
        docker.remove_volume(_volume(folder))
