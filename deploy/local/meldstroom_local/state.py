"""What is remembered of the running suite between commands: addresses and processes, in `state.json`."""

import contextlib
import json
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from meldstroom_local.processes import Identity, end

_LAST = ("mail", "identity", "kafka", "postgres")


class State:
    """The file `state.json` of a state folder."""

    def __init__(self, folder: Path) -> None:
        """Use ``folder``, which need not exist yet."""
        self._file = folder / "state.json"

    def read(self) -> dict[str, Any]:
        """Return what is known of the suite; empty when it never ran."""
        try:
            found: dict[str, Any] = json.loads(self._file.read_text())
        except (OSError, ValueError):
            return {}
        return found

    def _write(self, values: dict[str, Any]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_name(f"state-{secrets.token_hex(4)}.new")
        fresh.touch(mode=0o600)  # it holds the database's password
        fresh.write_text(json.dumps(values, indent=2) + "\n")
        fresh.replace(self._file)

    def begin(self, port: int) -> None:
        """Remember that a start was tried, before there is anything to end."""
        launcher = Identity.of(os.getpid())
        self._write(
            {
                "port": port,
                "startedAt": datetime.now(UTC).isoformat(timespec="seconds"),
                "processes": {"launcher": {"pid": launcher.pid, "started": launcher.started}},
            }
        )

    def record(self, pids: dict[str, int], addresses: dict[str, Any]) -> None:
        """Remember addresses and running processes."""
        processes = {}
        for name, pid in pids.items():
            with contextlib.suppress(psutil.NoSuchProcess):
                identity = Identity.of(pid)
                processes[name] = {"pid": identity.pid, "started": identity.started}
        self._write({**self.read(), **addresses, "processes": processes})

    def ended(self) -> None:
        """Remember that nothing runs any more."""
        self._write({**self.read(), "processes": {}})

    def previous_start(self) -> datetime | None:
        """Return when the suite was started the last time, if ever."""
        with contextlib.suppress(KeyError, ValueError):
            return datetime.fromisoformat(self.read()["startedAt"])
        return None

    def running(self) -> dict[str, Identity]:
        """Return the recorded processes that still run and are still the same ones."""
        found = {}
        for name, value in self.read().get("processes", {}).items():
            identity = Identity(int(value["pid"]), float(value["started"]))
            if identity.process() is not None:
                found[name] = identity
        return found

    def launcher(self) -> Identity | None:
        """Return the launcher when it runs (and is not this process)."""
        identity = self.running().get("launcher")
        return None if identity is None or identity.pid == os.getpid() else identity

    def end_leftovers(self) -> int:
        """End what a launcher that is gone left behind, blocks first; return how many processes there were."""
        left = {name: found for name, found in self.running().items() if found.pid != os.getpid()}
        order = sorted(left, key=lambda name: _LAST.index(name) if name in _LAST else -1)
        return end([left[name] for name in order])
