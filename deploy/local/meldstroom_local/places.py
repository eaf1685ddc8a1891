"""Where things are: the project, its state, and folders that another user can reach."""

import contextlib
import hashlib
import os
import secrets
import socket
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
_OWN_PORTS = range(20_000, 32_000)
LOCAL = PROJECT / "deploy" / "local"


def default_state_folder() -> Path:
    """Return the folder in which `make up` keeps data, logs and addresses."""
    return Path(os.environ.get("MELDSTROOM_STATE", PROJECT / ".local")).resolve()


def cache_folder() -> Path:
    """Return the folder for what is fetched once and can be fetched again, made when missing.

    It outlives `make reset` and is shared by all checkouts of this user.
    """
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "meldstroom"
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        folder = PROJECT / ".local" / "cache"
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def short_hash(text: str) -> str:
    """Return ten characters that stand for ``text``."""
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def free_port(preferred: int | None = None) -> int:
    """Return ``preferred`` when nothing listens there, else any free port of 127.0.0.1.

    Below the range from which the system gives ports to others, so that nobody takes it before it is used.
    """
    for wanted in (preferred, *(secrets.choice(_OWN_PORTS) for _ in range(100))):
        if wanted is None:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", wanted))
            except OSError:
                continue
            return wanted
    raise OSError("this machine has no free port")


def listens(port: int) -> bool:
    """Say whether something accepts connections on ``port`` of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
