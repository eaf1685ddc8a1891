"""Programs that the launcher starts, and ends with everything they started themselves."""

import contextlib
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from meldstroom_local import guard

if TYPE_CHECKING:
    from meldstroom_local.forks import Forked

_LOG_LIMIT = 20 * 1024 * 1024


class NotStartedError(Exception):
    """Something could not be started; the message says what and shows the end of its log."""


@dataclass
class Process:
    """One program, with its log; it can be started again after it ended.

    ``nice``: how far it stands back for others when the processors are busy, 0 to 19.
    """

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 15.0
    nice: int = 0
    _popen: "subprocess.Popen[bytes] | Forked | None" = None

    def start(self) -> None:
        """Start it, in a session of its own so that Ctrl-C reaches only the launcher."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT:
            self.log.replace(self.log.with_suffix(self.log.suffix + ".1"))
        self._popen = self._launch({**os.environ, **self.environment})
        guard.watch(self._popen.pid)
        if self.nice:
            _yield_to_others(self._popen.pid, self.nice)

    def _launch(self, environment: Mapping[str, str]) -> "subprocess.Popen[bytes] | Forked":
        account = pwd.getpwnam(self.user) if self.user else None
        with self.log.open("ab") as output:
            return subprocess.Popen(
                list(self.command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=environment,
                start_new_session=True,
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
            )

    @property
    def pid(self) -> int | None:
        """Process id, or None when it does not run."""
        return self._popen.pid if self._popen is not None and self._popen.poll() is None else None

    @property
    def exit_code(self) -> int | None:
        """How it ended, or None when it runs or was never started."""
        return None if self._popen is None else self._popen.poll()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to it and to all it started."""
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def stop(self) -> None:
        """End it: ask, wait, and insist; return when it and its children are gone."""
        if self._popen is None:
            return
        group = self._popen.pid
        if self._popen.poll() is None:
            # Only the first process is asked: it knows best how to end its own children.
            self._popen.send_signal(self.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(self.patience)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
        self._popen.wait()
        guard.forget(group)

    def kill(self) -> None:
        """End it as a power failure would, with all it started."""
        self.send(signal.SIGKILL)
        if self._popen is not None:
            self._popen.wait()
            guard.forget(self._popen.pid)

    def wait_until(self, ready: Callable[[], bool], seconds: float, *, pause: float = 0.05) -> None:
        """Wait until ``ready()``; raise ``NotStartedError`` when it ends first or takes too long."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.pid is None:
                raise NotStartedError(f"{self.name} ended with code {self.exit_code}\n{self.log_end()}")
            if time.monotonic() > deadline:
                raise NotStartedError(f"{self.name} was not ready within {seconds:.0f} s\n{self.log_end()}")
            time.sleep(pause)

    def log_end(self, lines: int = 15) -> str:
        """Return the last lines of the log."""
        try:
            text = self.log.read_text(errors="replace")
        except OSError:
            return f"(no log at {self.log})"
        return "\n".join(text.splitlines()[-lines:])


def _yield_to_others(pid: int, nice: int) -> None:
    """Let a process that was just started, and all that it starts, wait for others when the processors are busy."""
    with contextlib.suppress(OSError):  # it has ended already
        os.setpriority(os.PRIO_PROCESS, pid, nice)
    # Where Linux shares out time per session first ("autogroup"), that alone has no effect.
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(nice))


@dataclass(frozen=True)
class Identity:
    """A process id with its start time, since ids are used again."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> "Identity":
        """Return the identity of a running process; raise ``psutil.NoSuchProcess`` when it is gone."""
        return cls(pid, psutil.Process(pid).create_time())

    def process(self) -> psutil.Process | None:
        """Return the process when it is still the same one."""
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.started) < 1 and process.status() != psutil.STATUS_ZOMBIE:
                return process
        return None


def end(identities: Sequence[Identity], *, patience: float = 20.0) -> int:
    """End recorded processes that still run, in order, with their children; return how many there were."""
    ended = 0
    for identity in identities:
        process = identity.process()
        if process is None:
            continue
        ended += 1
        family = [process]
        with contextlib.suppress(psutil.Error):
            family += process.children(recursive=True)
        for member in family:
            with contextlib.suppress(psutil.Error):
                member.terminate()
        _gone, alive = psutil.wait_procs(family, timeout=patience)
        for member in alive:
            with contextlib.suppress(psutil.Error):
                member.kill()
        psutil.wait_procs(alive, timeout=5)
    return ended


def run(command: Sequence[str], *, user: str | None = None, environment: Mapping[str, str] | None = None) -> str:
    """Run a program to its end and return what it printed; raise ``NotStartedError`` with it when it fails."""
    account = pwd.getpwnam(user) if user else None
    done = subprocess.run(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        cwd="/" if user else None,
        env={**os.environ, **(environment or {})},
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=[] if account else None,
        check=False,
    )
    if done.returncode:
        raise NotStartedError(f"{Path(command[0]).name} ended with code {done.returncode}\n{done.stdout[-2000:]}")
    return done.stdout
