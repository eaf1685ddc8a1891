"""Runs commands of many blocks after one import of what they share, since importing takes most of their time.

`python -m meldstroom_local.nursery` reads orders, one JSON object per line, until its input ends. For
`{"work": {block: environment}, "commands": [[…]]}` it forks a process for each block, two at a time; for
`{"work": {block: environment}, "topics": true}` one process makes the topics of all of them. It tells what happens as
one JSON object per line: `block`, `what` (the command's name, then `prepared` or `failed`) and, when it failed,
`detail`; `{"what": "done"}` ends the answer to an order.
"""

import asyncio
import importlib
import json
import os
import runpy
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from typing import Any

_AT_ONCE = max(2, os.cpu_count() or 2)
_USAGE_ERROR = 2  # what click answers to a command that a block does not have
_MOST_DETAIL = 3000


def main() -> int:
    """Carry out orders until one fails, which has been told; return the exit code."""
    _import_what_blocks_share()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    for line in sys.stdin:
        order = json.loads(line)
        if order.get("topics"):
            _fork(_make_topics, order["work"])
            failed = os.wait()[1] != 0
        else:
            failed = _prepare_all(order["work"], order["commands"])
        if failed:
            return 1
        _tell(sys.stdout, what="done")
    return 0


def _prepare_all(work: dict[str, dict[str, str]], commands: Sequence[Sequence[str]]) -> bool:
    """Run the commands of each block, some blocks at a time; tell whether one failed."""
    running: dict[int, str] = {}
    failed = False
    for block, environment in work.items():
        while len(running) >= _AT_ONCE:
            failed |= _wait_for_one(running)
        if failed:
            break
        running[_fork(_prepare, block, environment, commands)] = block
    while running:
        failed |= _wait_for_one(running)
    return failed


def _fork(work: Callable[..., int], *arguments: Any) -> int:
    """Do ``work`` in a process that finds everything imported here; return its id."""
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os._exit(work(*arguments))
    return pid


def _import_what_blocks_share() -> None:

    import commonground.manage
    import commonground.service  # noqa: F401  # forked processes find these modules loaded


def _wait_for_one(running: dict[int, str]) -> bool:
    pid, status = os.wait()
    running.pop(pid, None)
    return status != 0


def _prepare(block: str, environment: dict[str, str], commands: Sequence[Sequence[str]]) -> int:
    """Run the commands of one block in this forked process; return the exit code."""
    answers = os.fdopen(os.dup(1), "w")
    os.environ.update(environment)
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
        for command in commands:
            _tell(answers, block=block, what=command[0])
            code = _run(f"{block.replace('-', '_')}.manage", command)
            sys.stdout.flush()
            sys.stderr.flush()
            said.seek(0)
            output = said.read()
            if code == _USAGE_ERROR and "No such command" in output:
                continue
            if code:
                detail = f"{' '.join(command)} ended with code {code}\n{output[-_MOST_DETAIL:]}"
                _tell(answers, block=block, what="failed", detail=detail)
                return 1
    _tell(answers, block=block, what="prepared")
    return 0


def _make_topics(work: dict[str, dict[str, str]]) -> int:
    """Make the topics of all blocks, with the settings of each; return the exit code."""
    from commonground.messaging.kafka import ensure_topics

    for block, environment in work.items():
        os.environ.update(environment)
        package = block.replace("-", "_")
        try:
            settings = importlib.import_module(f"{package}.settings").Settings()
            streams = importlib.import_module(f"{package}.events").STREAMS
            asyncio.run(ensure_topics(settings, streams))
        except Exception as error:  # noqa: BLE001  # whatever it is, it is told
            _tell(sys.stdout, block=block, what="failed", detail=f"topics: {type(error).__name__}: {error}")
            return 1
    return 0


def _run(module: str, arguments: Sequence[str]) -> int:
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001  # whatever it is, it is told with its traceback
        import traceback

        traceback.print_exc()
        return 1
    return 0


def _tell(answers: Any, **news: str) -> None:
    answers.write(json.dumps(news) + "\n")
    answers.flush()


if __name__ == "__main__":
    sys.exit(main())
