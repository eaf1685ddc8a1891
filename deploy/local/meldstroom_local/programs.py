"""The Python programs of the suite: how each is started, when it is ready, and what the mail sink kept."""

import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from meldstroom_local import blocks, places
from meldstroom_local.forks import ForkedProcess, ForkServer
from meldstroom_local.processes import Process

_OK = 200


def block(name: str, folder: Path, environment: Mapping[str, str], server: ForkServer) -> Process:
    """Return the process of a block with its settings, forked from ``server``; ``folder`` keeps the log."""
    module = name.replace("-", "_")
    return ForkedProcess(
        **_described(name, module, folder=folder, environment=environment),
        module=module,
        server=server,
        nice=blocks.nice(name),
    )


def mail_sink(folder: Path, port: int) -> Process:
    """Return the process of the mail sink of the suite at ``port``."""
    given = (str(port + blocks.MAIL_OFFSET), str(folder / "mail"))
    return Process(**_described("mail", "meldstroom_local.mail_sink", *given, folder=folder))


def identity_provider(folder: Path, port: int) -> Process:
    """Return the process of the identity provider of the suite at ``port``."""
    given = (str(port + blocks.IDENTITY_OFFSET), str(folder))
    return Process(**_described("identity", "meldstroom_local.identity", *given, folder=folder))


def _described(
    name: str, module: str, *arguments: str, folder: Path, environment: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return what a process is made of that runs a Python module."""
    return {
        "name": name,
        "command": [sys.executable, "-m", module, *arguments],
        "log": folder / "logs" / f"{name}.log",
        "environment": {"PYTHONPATH": str(places.LOCAL), "PYTHONUNBUFFERED": "1", **(environment or {})},
        "folder": places.PROJECT,
    }


def is_ready(address: str) -> bool:
    """Tell whether the block at ``address`` says that it is ready."""
    try:
        with urllib.request.urlopen(f"{address}/readyz", timeout=2) as answer:  # noqa: S310  # always http
            return bool(answer.status == _OK)
    except OSError:
        return False
