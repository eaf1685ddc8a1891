"""Commands behind the Makefile: `python -m meldstroom_local up | down | reset | mails | token`."""

import argparse
import contextlib
import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from meldstroom_local import mails, places

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PATIENCE = 90.0


class StopRequestedError(BaseException):
    """Someone asked to stop while things were still starting."""


def main() -> int:
    """Run one command and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m meldstroom_local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start the suite and stay until Ctrl-C")
    up.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000))
    commands.add_parser("down", help="stop a running suite")
    commands.add_parser("reset", help="stop a running suite and delete its data")
    commands.add_parser("mails", help="print the mails that the sink received, one JSON object per line")
    token = commands.add_parser("token", help="print a bearer token")
    token.add_argument("--as", dest="person", default="coordinator")
    given = parser.parse_args()
    folder = places.default_state_folder()
    if given.command == "up":
        return start(folder, given.port)
    if given.command == "mails":
        return print_mails(folder)
    if given.command == "token":
        return print_token(folder, given.person)
    return stop(folder, delete=given.command == "reset")


def start(folder: Path, port: int) -> int:
    """Start the suite and stay until asked to stop."""
    from meldstroom_local.processes import NotStartedError
    from meldstroom_local.screen import Screen
    from meldstroom_local.suite import Suite

    parent = os.getppid() if os.environ.get("MELDSTROOM_UNDER_MAKE") else None
    screen = Screen()
    only = os.environ.get("MELDSTROOM_BLOCKS", "").replace(",", " ").split()
    suite = Suite(port=port, state_dir=folder, only=only or None, tell=screen.tell)
    try:
        with _interrupting(), screen:
            suite.start()
    except NotStartedError as error:
        print(f"\nThe suite could not be started: {error}", file=sys.stderr)
        return 1
    except StopRequestedError:
        return 130
    stopped = threading.Event()
    for number in _STOP_SIGNALS:
        signal.signal(number, lambda *_: stopped.set())
    screen.welcome(suite)
    # `make` may be killed without passing that on; then nobody can stop the suite with Ctrl-C any more.
    while not stopped.wait(1) and (parent is None or os.getppid() == parent):
        pass
    screen.tell("suite", "stopping …")
    suite.stop()
    return 0


@contextlib.contextmanager
def _interrupting() -> Iterator[None]:
    """Make a signal interrupt what is going on, once: a second one must not disturb the stopping."""

    def interrupt(*_: object) -> None:
        for number in _STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        _end_commands()
        raise StopRequestedError

    for number in _STOP_SIGNALS:
        signal.signal(number, interrupt)
    yield


def _end_commands() -> None:
    """End the short commands that are under way (Maven, migrations); servers have sessions of their own."""
    import psutil

    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if os.getsid(child.pid) == os.getsid(0):
                child.terminate()


def stop(folder: Path, *, delete: bool) -> int:
    """Stop a running suite; with ``delete`` also remove everything it kept."""
    import psutil

    from meldstroom_local import kafka, postgres
    from meldstroom_local.state import State

    state = State(folder)
    launcher = state.launcher()
    process = launcher.process() if launcher is not None else None
    if process is not None:
        process.terminate()
        with contextlib.suppress(psutil.TimeoutExpired):
            process.wait(_PATIENCE)
    left = state.end_leftovers()
    print("stopped" if process is not None or left else "nothing was running")
    if not delete:
        return 0
    outside = state.read().get("rungs", {})
    for engine, rung in outside.items():
        if rung == "address":
            print(f"{engine} was given by address: what the suite kept there is left as it is")
    postgres.remove_data(folder)
    kafka.remove_data(folder)
    for item in folder.iterdir() if folder.is_dir() else ():
        if item.name == "cache":
            continue
        if item.is_dir() and not item.is_symlink():
            shutil.rmtree(item)
        else:
            item.unlink()
    print("data deleted")
    return 0


def print_mails(folder: Path) -> int:
    """Print the received mails and nothing else."""
    with contextlib.suppress(BrokenPipeError):
        for mail in mails.read(folder):
            print(json.dumps(mail, ensure_ascii=False))
        sys.stdout.flush()
    return 0


def print_token(folder: Path, person: str) -> int:
    """Print a bearer token and nothing else."""
    from meldstroom_local.processes import NotStartedError
    from meldstroom_local.running import RunningSuite

    try:
        print(RunningSuite(folder).token(person))
    except NotStartedError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
