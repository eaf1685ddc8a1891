"""Starts again what dies, waiting longer each time that it dies soon after."""

import threading
import time
from collections.abc import Callable, Mapping

from meldstroom_local.processes import NotStartedError, Process

_LOOK_SECONDS = 0.5
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
_HEALTHY_SECONDS = 60.0  # who ran this long starts with the shortest pause again


class Watcher:
    """A thread that looks after processes."""

    def __init__(
        self,
        running: Callable[[], Mapping[str, Process]],
        revive: Callable[[str], None],
        tell: Callable[[str, str], None],
    ) -> None:
        """Watch what ``running`` gives, at each look anew; ``revive`` starts one of them again."""
        self._running = running
        self._revive = revive
        self._tell = tell
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watcher", daemon=True)
        self._pauses: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._started: dict[str, float] = {}

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more; return when no revival is under way."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(30)

    def _watch(self) -> None:
        while not self._ended.wait(_LOOK_SECONDS):
            running = self._running()
            for name in set(self._due) - set(running):
                del self._due[name]  # stopped on purpose in the meantime
            for name, process in running.items():
                if process.pid is None:
                    self._attend(name, process, time.monotonic())
                else:
                    self._due.pop(name, None)

    def _attend(self, name: str, process: Process, now: float) -> None:
        if name not in self._due:
            lasted = now - self._started.get(name, -_HEALTHY_SECONDS)
            longer = min(self._pauses.get(name, _FIRST_PAUSE / 2) * 2, _LONGEST_PAUSE)
            self._pauses[name] = _FIRST_PAUSE if lasted >= _HEALTHY_SECONDS else longer
            self._due[name] = now + self._pauses[name]
            self._tell(name, f"ended with code {process.exit_code}; starts again soon, see {process.log}")
        elif now >= self._due[name]:
            del self._due[name]
            self._started[name] = now
            try:
                self._revive(name)
                self._tell(name, "started again")
            except (NotStartedError, OSError) as error:
                self._tell(name, f"could not be started again: {error}")
