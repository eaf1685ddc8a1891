"""Processes that are forked from one that has imported what they share; see `fork_server.py` for the other end.

Only on Linux: elsewhere libraries of the system do not survive a fork. In images each block starts by itself.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from meldstroom_local import guard, places
from meldstroom_local.processes import Identity, Process

_LOOK_SECONDS = 0.02
_UNKNOWN_CODE = 255  # of what ended after the fork server did


class GoneError(Exception):
    """The fork server does not answer."""


class ForkServer:
    """Starts processes, and knows how they ended."""

    def __init__(self, log: Path) -> None:
        """Prepare; ``log`` takes what goes wrong."""
        self._log = log
        self._lock = threading.Lock()  # one question and its answer at a time
        self._server: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int | None:
        """Process id, or None when it does not run."""
        return self._server.pid if self._server is not None and self._server.poll() is None else None

    def begin(self) -> None:
        """Start to import; what is asked meanwhile waits for it."""
        if sys.platform != "linux":
            return
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("a") as output:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "meldstroom_local.fork_server"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
                cwd=places.PROJECT,
                env={**os.environ, "PYTHONPATH": str(places.LOCAL), "PYTHONUNBUFFERED": "1"},
                start_new_session=True,  # Ctrl-C must not reach it
            )
        guard.watch(self._server.pid)

    def end(self) -> None:
        """End it; what it started goes on."""
        if self._server is None:
            return
        self._server.kill()
        self._server.wait()
        for pipe in (self._server.stdin, self._server.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        guard.forget(self._server.pid)

    def ask(self, **question: Any) -> Any:
        """Return the answer to a question; raise ``GoneError`` when nobody answers."""
        with self._lock:
            if self._server is None or self._server.stdin is None or self._server.stdout is None:
                raise GoneError
            try:
                self._server.stdin.write(json.dumps(question) + "\n")
                self._server.stdin.flush()
                return json.loads(self._server.stdout.readline())
            except (OSError, ValueError) as error:  # a closed pipe, or half an answer
                raise GoneError from error
            except BaseException:  # somebody stops the start: the answer would be taken for that to the next question
                self._server.kill()
                raise


class Forked:
    """A forked process, with the part of ``subprocess.Popen`` that ``Process`` uses."""

    def __init__(self, server: ForkServer, pid: int) -> None:
        """Stand for process ``pid``, which ``server`` has started."""
        self.pid = pid
        self._server = server
        self._identity = Identity.of(pid)
        self._lock = threading.Lock()  # the server tells only once how a process ended
        self._code: int | None = None

    def poll(self) -> int | None:
        """Return how it ended, or None when it runs."""
        with self._lock:
            if self._code is None:
                try:
                    self._code = self._server.ask(pid=self.pid)["code"]
                except GoneError:
                    self._code = None if self._identity.process() else _UNKNOWN_CODE
            return self._code

    def wait(self, timeout: float | None = None) -> int:
        """Return how it ended; raise ``subprocess.TimeoutExpired`` when that takes too long."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            time.sleep(_LOOK_SECONDS)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


@dataclass
class ForkedProcess(Process):
    """A Python module that is forked, or started by itself when the fork server is not there."""

    module: str = field(kw_only=True)
    server: ForkServer = field(kw_only=True)

    def _launch(self, environment: Mapping[str, str]) -> "subprocess.Popen[bytes] | Forked":
        order = {"module": self.module, "name": self.name, "environment": environment, "log": str(self.log)}
        try:
            return Forked(self.server, self.server.ask(**order)["pid"])
        except GoneError:
            return super()._launch(environment)
