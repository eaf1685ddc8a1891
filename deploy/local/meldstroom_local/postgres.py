"""PostgreSQL, by the first way that works: an address, Docker, an installed server, or the wheel's server.

``start(folder)`` gives a running server; the same server whoever asks: ``make up``, a test or a measurement.
"""

import asyncio
import os
import re
import secrets
import shutil
import signal
import time
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from meldstroom_local import docker, places, postgres_binaries
from meldstroom_local.ladder import RungUnavailableError, climb
from meldstroom_local.processes import NotStartedError, Process

USER = "postgres"
Answer = TypeVar("Answer")
_START_SECONDS = 120.0
_LONGEST_SOCKET_FOLDER = 80  # the whole path of a Unix socket may not be longer than 107 characters
_SETTINGS = {
    "shared_buffers": "128MB",
    "max_connections": "300",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# A test may lose its data with the machine; what people entered may not.
_THROWAWAY_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass
class Postgres:
    """A running server: ``url`` has rights to create databases and names none itself."""

    url: str
    rung: str
    process: Process | None = None
    _stop: Callable[[], None] = lambda: None
    _start: Callable[[], None] = lambda: None

    def stop(self) -> None:
        """Stop what was started here; a server that was given by address is left alone."""
        self._stop()

    def start_again(self) -> None:
        """Start it again on the same address with the same data, after a stop or a crash."""
        self._start()


def start(
    folder: Path,
    *,
    throwaway: bool = False,
    port: int | None = None,
    tell: Callable[[str], None] = lambda _line: None,
) -> Postgres:
    """Start PostgreSQL with its data below ``folder``.

    ``MELDSTROOM_POSTGRES`` limits the choice to ``address``, ``docker``, ``installed`` or ``wheel``.

    Args:
        folder: keeps data, password and log; made when missing.
        throwaway: for tests: faster, and neither safe against a power failure nor kept.
        port: wished port on 127.0.0.1; another one is taken when it is in use.
        tell: is told why a way was passed over.

    Raises:
        NotStartedError: when no way works.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rungs: dict[str, Callable[[], Postgres]] = {
        "address": _from_address,
        "docker": partial(_from_docker, folder, throwaway=throwaway, port=port),
        "installed": partial(_from_binaries, "installed", folder, throwaway=throwaway, port=port),
        "wheel": partial(_from_binaries, "wheel", folder, throwaway=throwaway, port=port),
    }
    memory = None if throwaway else folder / "postgres-rung"
    return climb(rungs, switch="MELDSTROOM_POSTGRES", memory=memory, tell=tell)


def _from_address() -> Postgres:
    url = os.environ.get("DATABASE_URL", "").strip().rstrip("/")
    if not url:
        raise RungUnavailableError("DATABASE_URL is not set")
    url = re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql://", url)
    server = Postgres(url, "address")
    if (trouble := _connect_trouble(url)) is not None:
        raise NotStartedError(f"the server at DATABASE_URL does not answer: {trouble}")
    return server


def _from_docker(folder: Path, *, throwaway: bool, port: int | None) -> Postgres:
    if (reason := docker.answers()) is not None:
        raise RungUnavailableError(reason)
    password = _password(folder)
    outside = places.free_port(port)
    settings = _SETTINGS | (_THROWAWAY_SETTINGS if throwaway else {})
    volume = None if throwaway else (_volume(folder), "/var/lib/postgresql")
    container = docker.Container(
        "postgres",
        port=(5432, outside),
        environment={"POSTGRES_PASSWORD": password},
        volume=volume,
        command="postgres " + " ".join(f"-c {name}={value}" for name, value in settings.items()),
    )
    url = f"postgresql://{USER}:{quote(password)}@127.0.0.1:{outside}"

    def begin() -> None:
        container.start()
        deadline = time.monotonic() + _START_SECONDS
        # The image starts a first server for its own set-up, which does not listen on TCP: two good answers count.
        while _connect_trouble(url) is not None:
            if time.monotonic() > deadline:
                raise NotStartedError(f"PostgreSQL in Docker did not answer\n{container.logs()}")
            time.sleep(0.2)

    begin()
    return Postgres(url, "docker", None, container.stop, begin)


def _from_binaries(rung: str, folder: Path, *, throwaway: bool, port: int | None) -> Postgres:
    user = postgres_binaries.server_user()
    home = postgres_binaries.reachable_home(folder, user)
    find = postgres_binaries.installed if rung == "installed" else postgres_binaries.from_wheel
    binaries = find(user)
    data = home / f"postgresql-{postgres_binaries.major_version(binaries, user)}"
    password = "" if throwaway else _password(folder)
    if not (data / "PG_VERSION").exists():
        postgres_binaries.initialise(binaries, data, user, USER, password)
    postgres_binaries.end_leftover(data)
    outside = places.free_port(port)
    sockets = str(home) if len(str(home)) < _LONGEST_SOCKET_FOLDER else ""
    settings = _SETTINGS | (_THROWAWAY_SETTINGS if throwaway else {})
    settings |= {"listen_addresses": "127.0.0.1", "port": str(outside), "unix_socket_directories": sockets}
    arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    process = Process(
        "PostgreSQL",
        [str(binaries / "postgres"), "-D", str(data), *arguments],
        log=folder / "logs" / "postgres.log",
        folder=home,
        user=user,
        stop_signal=signal.SIGINT,  # a fast shutdown: sessions are ended, nothing committed is lost
        patience=30.0,
    )

    def begin() -> None:
        postgres_binaries.end_leftover(data)
        process.start()
        process.wait_until(lambda: postgres_binaries.says_ready(data, process.pid), _START_SECONDS)

    def finish() -> None:
        process.stop()
        if throwaway:
            shutil.rmtree(data, ignore_errors=True)
            if home != folder:
                shutil.rmtree(home, ignore_errors=True)

    try:
        begin()
    except NotStartedError:
        process.stop()
        raise
    login = f"{USER}:{quote(password)}" if password else USER
    return Postgres(f"postgresql://{login}@127.0.0.1:{outside}", rung, process, finish, begin)


def remove_data(folder: Path) -> None:
    """Remove what ``start`` keeps outside ``folder`` (inside it, removing the folder is enough)."""
    shutil.rmtree(postgres_binaries.outside_home(folder), ignore_errors=True)
    if docker.answers() is None:
        docker.remove_volume(_volume(folder))


def _volume(folder: Path) -> str:
    return f"meldstroom-postgres-{places.short_hash(str(folder))}"


def _password(folder: Path) -> str:
    """Return the server's password, kept for the owner only; made up the first time."""
    file = folder / "postgres-password"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(18))
    return file.read_text().strip()


def create_databases(url: str, names: Iterable[str]) -> set[str]:
    """Create the databases that are missing; return which those were."""
    return _in_thread(_create_databases, url, list(names))


async def _create_databases(url: str, names: list[str]) -> set[str]:
    import asyncpg

    connection = await asyncpg.connect(f"{url}/postgres")
    try:
        there = {row["datname"] for row in await connection.fetch("SELECT datname FROM pg_database")}
        missing = [name for name in names if name not in there]
        for name in missing:
            await connection.execute(f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8'")
    finally:
        await connection.close()
    return set(missing)


def _connect_trouble(url: str) -> str | None:
    async def attempt() -> None:
        import asyncpg

        connection = await asyncpg.connect(f"{url}/postgres", timeout=5)
        await connection.close()

    try:
        _in_thread(attempt)
    except Exception as error:  # noqa: BLE001  # the caller only needs to know that it does not work, and why
        return f"{type(error).__name__}: {error}"
    return None


def _in_thread(function: Callable[..., Coroutine[Any, Any, Answer]], *arguments: Any) -> Answer:
    """Run a coroutine to its end, also when the caller's thread already runs an event loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(function(*arguments))).result()
