"""Ends what this process has started when it dies without doing so itself: killed, or a test run that was broken off.

A small shell waits at the end of a pipe; the pipe closes when this process is gone, however it went.
"""

import contextlib
import subprocess
import threading

# `kill -s`, since dash does not understand `kill -INT --`.
_SCRIPT = """
while read -r word pid; do
  case $word in
    add) pids="$pids $pid" ;;
    gone) rest=; for p in $pids; do [ "$p" = "$pid" ] || rest="$rest $p"; done; pids=$rest ;;
  esac
done
for p in $pids; do kill -s INT -- "-$p" 2>/dev/null; done
for second in 1 2 3 4 5 6 7 8 9 10; do
  left=; for p in $pids; do kill -s 0 -- "-$p" 2>/dev/null && left=yes; done
  [ "$left" ] || exit 0
  sleep 1
done
for p in $pids; do kill -s KILL -- "-$p" 2>/dev/null; done
"""

_lock = threading.Lock()
_shells: list[subprocess.Popen[bytes]] = []


def watch(pid: int) -> None:
    """End the process group ``pid`` when this process is gone."""
    _say(f"add {pid}\n")


def forget(pid: int) -> None:
    """The process group ``pid`` has ended; its number may soon belong to something else."""
    _say(f"gone {pid}\n")


def _say(line: str) -> None:
    with _lock:
        if not _shells or _shells[0].poll() is not None:
            _shells[:] = [
                subprocess.Popen(
                    ["/bin/sh", "-c", _SCRIPT],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,  # Ctrl-C must not reach it
                )
            ]
        pipe = _shells[0].stdin
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.write(line.encode())
                pipe.flush()
