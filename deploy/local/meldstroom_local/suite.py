"""The running suite: everything that `make up` starts, and what tests and measurements do to it."""

import os
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from meldstroom_local import blocks, kafka, mails, mock_broker, places, postgres, preparation, programs
from meldstroom_local.forks import ForkServer
from meldstroom_local.processes import NotStartedError, Process
from meldstroom_local.state import State
from meldstroom_local.watcher import Watcher

Tell = Callable[[str, str], None]
_READY_SECONDS = 180.0
_REPUBLISH_DAYS = 7


def _quiet(_part: str, _news: str) -> None:
    """Say nothing."""


class Suite:
    """PostgreSQL, Kafka, mail sink, identity provider and the blocks, each in processes of its own.

    >>> with Suite(port=9000, state_dir=folder) as suite:
    ...     suite.stop_block("notification")
    """

    def __init__(
        self,
        *,
        port: int = 8000,
        state_dir: Path | None = None,
        only: Sequence[str] | None = None,
        environment: Mapping[str, str] | None = None,
        throwaway: bool = False,
        watch: bool = True,
        tell: Tell = _quiet,
    ) -> None:
        """Prepare, without starting anything.

        Args:
            port: port of the gateway; all others follow from it.
            state_dir: keeps data, logs and addresses; ``.local`` of the project by default.
            only: blocks to start; all by default.
            environment: more settings for the blocks, such as ``INTAKE_RATE_LIMIT``; they win.
            throwaway: for tests: a faster database that does not survive a power failure.
            watch: whether a process that dies is started again.
            tell: is told ``(part, news)`` while things start, stop and die.
        """
        self.port = port
        self.folder = (state_dir or places.default_state_folder()).resolve()
        self.blocks = [name for name in blocks.names() if only is None or name in only]
        self.state = State(self.folder)
        self._extra = dict(environment or {})
        self._throwaway = throwaway
        self._watch = watch
        self._tell = tell
        self._processes: dict[str, Process] = {}
        self._wanted: set[str] = set()  # what should run, and is started again when it dies
        self._lock = threading.RLock()
        self._watcher: Watcher | None = None
        self._forks = ForkServer(self.folder / "logs" / "forks.log")
        self.postgres: postgres.Postgres | None = None
        self.kafka: kafka.Kafka | None = None

    def __enter__(self) -> Self:
        """Start everything."""
        self.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Stop everything."""
        self.stop()

    # --- Whole -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start everything and wait until every block says that it is ready.

        Raises:
            NotStartedError: when something cannot be started; what did start is stopped again.
        """
        if (other := self.state.launcher()) is not None:
            raise NotStartedError(f"the suite runs already (process {other.pid}); `make down` stops it")
        previous = self.state.previous_start()
        if self.state.end_leftovers():
            self._tell("suite", "ended what an earlier run left behind")
        try:
            self._start(previous)
        except BaseException:
            self.stop()
            raise

    def _start(self, previous: datetime | None) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._claim_ports()
        self.state.begin(self.port)
        self._forks.begin()
        with ThreadPoolExecutor(3) as pool:
            broker = pool.submit(self._start_kafka_server)
            helpers = pool.submit(self._start_helpers)
            server = pool.submit(self._start_postgres_server).result()
            made = postgres.create_databases(server.url, [blocks.database_of(name) for name in self.blocks])
            preparation.prepare(
                self.blocks,
                made,
                self.folder,
                self.block_environment,
                self._tell,
                wait_for_broker=lambda: broker.result().wait_until_ready(),
            )
            helpers.result()
            running = broker.result()
        for name in self.blocks:
            self._start_process(programs.block(name, self.folder, self.block_environment(name), self._forks))
        self.state.record(self._identities(), self.addresses())
        running.wait_until_ready()
        self._tell("kafka", f"ready ({running.rung}) at {running.bootstrap}")
        self.wait_until_ready()
        if not running.keeps and previous is not None:
            self._republish(previous)
        self.state.record(self._identities(), self.addresses())
        if self._watch:
            self._watcher = Watcher(self._running, self._revive, self._tell)
            self._watcher.start()

    def stop(self) -> None:
        """Stop everything, blocks first, so that nothing loses what it needs while it finishes."""
        with self._lock:
            self._wanted.clear()
        if self._watcher is not None:
            self._watcher.stop()
        names = [name for name in self._processes if name in self.blocks]
        with ThreadPoolExecutor(max(1, len(names))) as pool:
            list(pool.map(self._stop_process, names))
        self._forks.end()
        with ThreadPoolExecutor(4) as pool:
            for name in ("mail", "identity"):
                pool.submit(self._stop_process, name)
            if self.kafka is not None:
                pool.submit(self.kafka.stop)
            if self.postgres is not None:
                pool.submit(self.postgres.stop)
        self._tell("suite", "stopped")
        self.state.ended()

    def wait_until_ready(self, names: Sequence[str] | None = None, seconds: float = _READY_SECONDS) -> None:
        """Wait until blocks answer their `/readyz` with 200."""
        waiting = [name for name in (names or self.blocks) if name in self._processes]
        with ThreadPoolExecutor(max(1, len(waiting))) as pool:
            list(pool.map(partial(self._wait_for_block, seconds=seconds), waiting))

    # --- Parts: `postgres`, `kafka`, `mail`, `identity` and every block ----------------------------------------------

    def stop_block(self, name: str) -> None:
        """Stop a block as a deployment would: it finishes what it is doing."""
        self._let_go(name)
        self._stop_process(name)

    def kill_block(self, name: str) -> None:
        """End a block as a power failure would; it stays away until ``start_block``."""
        self._let_go(name)
        self._processes[name].kill()

    def start_block(self, name: str, *, wait: bool = True) -> None:
        """Start a block again and wait until it is ready."""
        with self._lock:
            self._start_process(programs.block(name, self.folder, self.block_environment(name), self._forks))
        if wait:
            self.wait_until_ready([name])
        self.state.record(self._identities(), self.addresses())

    def signal_block(self, name: str, number: signal.Signals) -> None:
        """Send a signal, such as SIGSTOP, to a block and all its processes."""
        self._processes[name].send(number)

    def stop_kafka(self) -> None:
        """Stop the broker."""
        self._let_go("kafka")
        self._broker().stop()

    def kill_kafka(self) -> None:
        """End the broker as a power failure would."""
        self._let_go("kafka")
        process = self._broker().process
        if process is not None:
            process.kill()

    def start_kafka(self) -> None:
        """Start the broker again and wait until it answers."""
        broker = self._broker()
        before = broker.bootstrap
        broker.start_again()
        broker.wait_until_ready()
        if broker.process is not None:
            with self._lock:
                self._wanted.add("kafka")
        if broker.bootstrap != before:  # the test broker comes back empty, at another address
            for name in [name for name in self.blocks if name in self._wanted]:
                self.stop_block(name)
                self.start_block(name, wait=False)
            self.wait_until_ready()
            self._republish(datetime.now(UTC))
        self.state.record(self._identities(), self.addresses())

    def stop_postgres(self) -> None:
        """Stop the database server."""
        self._let_go("postgres")
        self._server().stop()

    def kill_postgres(self) -> None:
        """End the database server as a power failure would."""
        self._let_go("postgres")
        process = self._server().process
        if process is not None:
            process.kill()

    def start_postgres(self) -> None:
        """Start the database server again."""
        self._server().start_again()
        if self._server().process is not None:
            with self._lock:
                self._wanted.add("postgres")

    def stop_mail(self) -> None:
        """Take the mail server away: connections are refused."""
        self.stop_block("mail")

    def start_mail(self) -> None:
        """Bring the mail server back."""
        self._start_process(programs.mail_sink(self.folder, self.port))

    def refuse_mail(self, *, refuse: bool = True) -> None:
        """Make the mail server answer every mail with a temporary refusal, or end that."""
        mails.refuse(self.folder, refuse=refuse)

    # --- What it tells -------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Address of the pages and the public API."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def urls(self) -> dict[str, str]:
        """Address of every block and of the identity provider."""
        found = {name: f"http://127.0.0.1:{blocks.port_of(name, self.port)}" for name in self.blocks}
        return found | {"identity": f"http://127.0.0.1:{self.port + blocks.IDENTITY_OFFSET}"}

    def addresses(self) -> dict[str, Any]:
        """Return what other commands need to know of the running suite."""
        return {
            "url": self.url,
            "blocks": self.urls,
            "postgres": self.postgres.url if self.postgres else "",
            "kafka": self.kafka.bootstrap if self.kafka else "",
            "smtp": f"127.0.0.1:{self.port + blocks.MAIL_OFFSET}",
            "rungs": {
                "postgres": self.postgres.rung if self.postgres else "",
                "kafka": self.kafka.rung if self.kafka else "",
            },
        }

    def mails(self) -> list[dict[str, Any]]:
        """Return what the mail sink has received, oldest first."""
        return mails.read(self.folder)

    def mail_count(self) -> int:
        """Return how many mails the sink has received."""
        return mails.count(self.folder)

    def token(self, person: str = "coordinator") -> str:
        """Return a bearer token for one of the ready-made people."""
        return preparation.manage("gateway", ["token", "--as", person], self.block_environment("gateway")).strip()

    def pids(self) -> dict[str, int]:
        """Return the process id of everything that runs."""
        found = {name: process.pid for name, process in {**self._processes, **self._engines()}.items()}
        return {name: pid for name, pid in {**found, "forks": self._forks.pid}.items() if pid is not None}

    def block_environment(self, name: str) -> dict[str, str]:
        """Return the settings that a block is started with."""
        return {
            **blocks.environment(
                name,
                port=self.port,
                postgres=self.postgres.url if self.postgres else "",
                kafka=self.kafka.bootstrap if self.kafka else "",
                state=self.folder,
            ),
            **self._extra,
        }

    # --- How -------------------------------------------------------------------------------------------------------

    def _claim_ports(self) -> None:
        wanted = blocks.ports(self.blocks, self.port).items()
        taken = [f"{port} ({name})" for port, name in wanted if places.listens(port)]
        if taken:
            raise NotStartedError(
                f"in use by another program: port {', '.join(taken)}. "
                "Choose other ports with PORT=9000, or end that program."
            )

    def _start_postgres_server(self) -> postgres.Postgres:
        self.postgres = postgres.start(
            self.folder,
            throwaway=self._throwaway,
            port=self.port + blocks.POSTGRES_OFFSET,
            tell=partial(self._tell, "postgres"),
        )
        if self.postgres.process is not None:
            self._wanted.add("postgres")
        self._tell("postgres", f"ready ({self.postgres.rung})")
        return self.postgres

    def _start_kafka_server(self) -> kafka.Kafka:
        self.kafka = kafka.start(
            self.folder, port=self.port + blocks.KAFKA_OFFSET, wait=False, tell=partial(self._tell, "kafka")
        )
        if self.kafka.process is not None:
            self._wanted.add("kafka")
        if self.kafka.rung == "librdkafka":
            self._tell("kafka", mock_broker.WARNING)
        return self.kafka

    def _start_helpers(self) -> None:
        self._start_process(programs.mail_sink(self.folder, self.port))
        self._start_process(programs.identity_provider(self.folder, self.port))

    def _start_process(self, process: Process) -> None:
        process.start()
        with self._lock:
            self._processes[process.name] = process
            self._wanted.add(process.name)

    def _let_go(self, name: str) -> None:
        """Let a part stay away when it ends."""
        with self._lock:
            self._wanted.discard(name)

    def _stop_process(self, name: str) -> None:
        process = self._processes.get(name)
        if process is not None:
            process.stop()

    def _wait_for_block(self, name: str, seconds: float) -> None:
        self._processes[name].wait_until(partial(programs.is_ready, self.urls[name]), seconds, pause=0.1)
        self._tell(name, "ready")

    def _republish(self, since: datetime) -> None:
        """Publish again what the outboxes hold, because the broker has lost it; inboxes skip what was done."""
        preparation.replay(self.blocks, since - timedelta(days=_REPUBLISH_DAYS), self.block_environment)
        self._tell("kafka", "the broker was empty: events of the last days are published again")

    def _engines(self) -> dict[str, Process]:
        engines = {"postgres": self.postgres, "kafka": self.kafka}
        return {name: one.process for name, one in engines.items() if one is not None and one.process is not None}

    def _identities(self) -> dict[str, int]:
        return self.pids() | {"launcher": os.getpid()}

    def _server(self) -> postgres.Postgres:
        if self.postgres is None:
            raise NotStartedError("the suite has not been started")
        return self.postgres

    def _broker(self) -> kafka.Kafka:
        if self.kafka is None:
            raise NotStartedError("the suite has not been started")
        return self.kafka

    def _running(self) -> dict[str, Process]:
        with self._lock:
            processes = {**self._processes, **self._engines()}
            return {name: process for name, process in processes.items() if name in self._wanted}

    def _revive(self, name: str) -> None:
        if name == "kafka":
            self.start_kafka()
        elif name == "postgres":
            self.start_postgres()
        else:
            with self._lock:
                if name in self._wanted:
                    self._processes[name].start()
        self.state.record(self._identities(), self.addresses())
