"""Migrations, seeds and topics of the blocks, skipped when nothing changed since they were last made on this data."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from meldstroom_local import blocks, places
from meldstroom_local.processes import NotStartedError

_PREPARE = (("migrate",), ("seed",))


def prepare(
    names: Sequence[str],
    fresh_databases: set[str],
    folder: Path,
    environment: Callable[[str], dict[str, str]],
    tell: Callable[[str, str], None],
    *,
    wait_for_broker: Callable[[], None],
) -> None:
    """Bring every block's database to its newest version, seed it and make its topics.

    Each block makes its topics itself as well. Here they are made before anybody subscribes: a group that finds its
    topics one by one shares them out anew each time, which took the first report half a minute.

    Args:
        names: the blocks.
        fresh_databases: databases that were made just now, so that what was remembered of them is void.
        folder: keeps what was done.
        environment: gives the settings of a block.
        tell: is told ``(block, news)``.
        wait_for_broker: returns when the broker answers.

    Raises:
        NotStartedError: when a command of a block fails; the message holds what it said.
    """
    file = folder / "prepared.json"
    done: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    hashes = {name: blocks.content_hash(name) for name in names}
    work = [name for name in names if done.get(name) != hashes[name] or blocks.database_of(name) in fresh_databases]
    if not work:
        return
    with Nursery() as nursery:
        for news in nursery.order({name: environment(name) for name in work}, commands=_PREPARE):
            tell(news["block"], news["what"])
            if news["what"] == "prepared":
                done[news["block"]] = hashes[news["block"]]
                file.write_text(json.dumps(done, indent=2) + "\n")
        wait_for_broker()
        try:
            for _news in nursery.order({name: environment(name) for name in work}, topics=True):
                pass
        except NotStartedError as error:
            tell("kafka", f"{error}; the blocks will try it again")


def replay(names: Sequence[str], since: datetime, environment: Callable[[str], dict[str, str]]) -> None:
    """Have every block publish again what its outbox holds since a moment."""
    command = ("replay", "--since", since.strftime("%Y-%m-%dT%H:%M:%S"))
    with Nursery() as nursery:
        for _news in nursery.order({name: environment(name) for name in names}, commands=[command]):
            pass


class Nursery:
    """A process that does things for blocks after one import of the libraries; see `nursery.py`."""

    def __init__(self) -> None:
        """Start it."""
        self._child = subprocess.Popen(
            [sys.executable, "-m", "meldstroom_local.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=places.PROJECT,
            env={**os.environ, "PYTHONPATH": str(places.LOCAL)},
        )

    def __enter__(self) -> Self:
        """Give it orders from here."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """End it: at once after an error, else when it has done what it was asked."""
        if kind is not None:
            self._child.terminate()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        self._child.wait()

    def order(self, work: Mapping[str, Mapping[str, str]], **what: Any) -> Iterator[dict[str, str]]:
        """Have something done for blocks, given with their settings; yield what happens."""
        if self._child.stdin is None or self._child.stdout is None:
            raise NotStartedError("no pipe to the nursery")
        with contextlib.suppress(BrokenPipeError):  # when it is gone, there is nothing to read below either
            self._child.stdin.write(json.dumps({"work": work, **what}) + "\n")
            self._child.stdin.flush()
        for line in self._child.stdout:
            news: dict[str, str] = json.loads(line)
            if news["what"] == "done":
                return
            if news["what"] == "failed":
                raise NotStartedError(f"{news['block']}: {news['detail']}")
            yield news
        raise NotStartedError(f"preparing the blocks ended with code {self._child.wait()}")


def manage(block: str, arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Run a command of a block and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", f"{block.replace('-', '_')}.manage", *arguments],
        env={**os.environ, **environment},
        cwd=places.PROJECT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NotStartedError(f"{block}: {' '.join(arguments)} failed\n{done.stderr[-3000:]}")
    return done.stdout
