"""Starts blocks by forking, after one import of what they share: importing takes most of their start.

`python -m meldstroom_local.fork_server` reads one JSON object per line until its input ends, and answers each with one:
`{"module": …, "name": …, "environment": {…}, "log": …}` starts `python -m module` and answers `{"pid": …}`;
`{"pid": …}` answers `{"code": …}`, null while that process runs. See `forks.py` for the other end.
"""

import gc
import importlib
import json
import os
import runpy
import signal
import sys
from pathlib import Path
from typing import Any

# The service, the web server's protocol and the database driver, which are imported once a block runs, and what some
# blocks use. Not numpy: it starts a thread.
_SHARED = (
    "commonground.service",
    "uvicorn.lifespan.on",
    "uvicorn.protocols.http.httptools_impl",
    "asyncpg",
    "aiohttp",
    "jinja2",
)


def main() -> int:
    """Serve; in a forked process, run its program and return as that one ends."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for module in _SHARED:
        importlib.import_module(module)
    # A fork copies only the thread that asks for it; locks that others hold would stay locked in it for ever.
    if len(list(Path("/proc/self/task").iterdir())) > 1:
        print("an import has started a thread, so nothing can be forked", file=sys.stderr)
        return 1
    gc.freeze()  # the collector would write to every object, and so copy what the processes share
    while line := sys.stdin.readline():
        order = json.loads(line)
        if "module" in order:
            waiting, ready = os.pipe()
            pid = os.fork()
            if pid == 0:
                _become(order)
                os.close(waiting)
                os.close(ready)
                runpy.run_module(order["module"], run_name="__main__", alter_sys=True)
                return 0
            os.close(ready)
            os.read(waiting, 1)  # ends when the child has closed its end: before that, signals to its group are lost
            os.close(waiting)
            answer: dict[str, int | None] = {"pid": pid}
        else:
            answer = {"code": _code_of(order["pid"])}
        print(json.dumps(answer), flush=True)
    return 0


def _become(order: dict[str, Any]) -> None:
    """Take on what a process that is started by itself has of its own."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(order["environment"])
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(log)
    sys.argv = [order["module"]]
    Path("/proc/self/comm").write_text(order["name"])  # what `ps -e` and `top` show


def _code_of(pid: int) -> int | None:
    # Who has ended keeps its number until it is asked about, so that the number means nobody else.
    ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


if __name__ == "__main__":
    sys.exit(main())
