"""Apache Kafka from its published Maven artifacts, as one KRaft node on the machine's own Java."""

import contextlib
import os
import re
import secrets
import shutil
import subprocess
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from meldstroom_local import places
from meldstroom_local.ladder import RungUnavailableError
from meldstroom_local.processes import NotStartedError, Process, run

_POM = places.LOCAL / "kafka" / "pom.xml"
_LOGGING = places.LOCAL / "kafka" / "log4j2.properties"
_OLDEST_JAVA = 17
_MEMORY = os.environ.get("MELDSTROOM_KAFKA_HEAP", "256m")


def settings(data: Path, port: int, controller_port: int, *, host: str = "127.0.0.1") -> dict[str, str]:
    """Return the broker's settings: one node, few threads, small buffers, nothing created by accident."""
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": str(data),
        "auto.create.topics.enable": "false",
        "log.retention.hours": os.environ.get("MELDSTROOM_KAFKA_RETENTION_HOURS", "168"),
        "log.segment.bytes": str(64 * 1024 * 1024),
        "log.cleaner.enable": "true",
        "log.cleaner.threads": "1",
        "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
        "num.network.threads": "2",
        "num.io.threads": "2",
        "background.threads": "2",
        "num.recovery.threads.per.data.dir": "1",
        "num.replica.fetchers": "1",
        "offsets.topic.num.partitions": "8",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "2",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        # After a crash the broker may enter again only when its old session has ended.
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "1000",
        # One consumer per group here: waiting for more members only delays the first event.
        "group.initial.rebalance.delay.ms": "0",
    }


@dataclass
class Broker:
    """One broker with its data; start and stop it as often as needed."""

    process: Process
    port: int
    data: Path
    _archive: Path
    _training: Path | None

    def start(self) -> None:
        """Start it; it answers some seconds later."""
        self.process.start()

    def stop(self) -> None:
        """Stop it, and keep the class archive that a first run writes at its end."""
        self.process.stop()
        if self._training is not None and self._training.exists():
            self._training.replace(self._archive)
            self._training = None

    def remove_data(self) -> None:
        """Remove its records."""
        shutil.rmtree(self.data, ignore_errors=True)


def prepare(folder: Path, *, port: int | None, tell: Callable[[str], None]) -> Broker:
    """Fetch Kafka when needed and prepare a broker with its data below ``folder``, without starting it."""
    java = find_java()
    libraries = fetch(tell)
    data = folder / "kafka-data"
    outside = places.free_port(port)
    controller = places.free_port(outside + 1)
    configuration = folder / "kafka.properties"
    values = settings(data, outside, controller)
    configuration.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    classpath = ["-cp", f"{libraries}{os.sep}*"]
    if not (data / "meta.properties").exists():
        _format([java, *classpath], configuration, data, template=libraries.parent / "formatted")
    archive = libraries.parent / f"classes-{places.short_hash(java)}.jsa"
    training = None
    if archive.exists():
        sharing = [f"-XX:SharedArchiveFile={archive}", "-Xshare:auto"]
    else:
        # The first run writes at its end which classes it loaded: later starts take two seconds in place of five.
        training = archive.with_name(f"{archive.name}.{secrets.token_hex(4)}")
        sharing = [f"-XX:ArchiveClassesAtExit={training}"]
    memory = ["-Xms64m", f"-Xmx{_MEMORY}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError"]
    process = Process(
        "Kafka",
        [
            java,
            *memory,
            *sharing,
            f"-Dlog4j2.configurationFile={_LOGGING}",
            *classpath,
            "kafka.Kafka",
            str(configuration),
        ],
        log=folder / "logs" / "kafka.log",
        folder=folder,
        patience=30.0,
    )
    return Broker(process, outside, data, archive, training)


def find_java() -> str:
    """Return the `java` to use; raise ``RungUnavailableError`` when there is none that is new enough."""
    home = os.environ.get("JAVA_HOME", "")
    java = shutil.which("java", path=str(Path(home) / "bin")) if home else None
    java = java or shutil.which("java")
    if java is None:
        raise RungUnavailableError("no Java")
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', told)
    if not found or int(found.group(1)) < _OLDEST_JAVA:
        raise RungUnavailableError(f"Java {found.group(1) if found else '?'} is older than {_OLDEST_JAVA}")
    return java


def fetch(tell: Callable[[str], None]) -> Path:
    """Return the folder with Kafka's libraries; Maven fetches them the first time."""
    folder = places.cache_folder() / f"kafka-{places.short_hash(_POM.read_text())}"
    libraries = folder / "libraries"
    if libraries.exists():
        return libraries
    maven = shutil.which("mvn")
    if maven is None:
        raise RungUnavailableError("no Maven")
    tell("Maven fetches Apache Kafka, once (about 45 MB)")
    fresh = folder / f"libraries-{secrets.token_hex(4)}"
    try:
        run(
            [
                maven,
                *("--batch-mode", "--quiet", "--file", str(_POM), "dependency:copy-dependencies"),
                *("-DincludeScope=runtime", f"-DoutputDirectory={fresh}"),
            ]
        )
    except NotStartedError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        raise RungUnavailableError(f"Maven could not fetch Kafka: {error}") from error
    with contextlib.suppress(OSError):  # another run was first; its copy is the same
        fresh.rename(libraries)
    if fresh.exists():
        shutil.rmtree(fresh, ignore_errors=True)
    return libraries


def _format(java: list[str], configuration: Path, data: Path, *, template: Path) -> None:
    """Format the storage; the result holds no record, so one is kept to copy from (a JVM start less)."""
    if not (template / "meta.properties").exists():
        shutil.rmtree(data, ignore_errors=True)
        cluster = urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
        if cluster.startswith("-"):  # it would be read as an option
            cluster = "A" + cluster[1:]
        run([*java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(configuration)])
        fresh = template.with_name(f"formatted-{secrets.token_hex(4)}")
        shutil.copytree(data, fresh)
        with contextlib.suppress(OSError):
            fresh.rename(template)
        shutil.rmtree(fresh, ignore_errors=True)
        return
    shutil.copytree(template, data, dirs_exist_ok=True)
