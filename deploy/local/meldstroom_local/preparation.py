"""Migrations and seeds of the blocks, skipped when nothing changed since they last ran on this data."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from meldstroom_local import blocks, places
from meldstroom_local.processes import NotStartedError

_PREPARE = (("migrate",), ("seed",))


def prepare(
    names: Sequence[str],
    fresh_databases: set[str],
    folder: Path,
    environment: Callable[[str], dict[str, str]],
    tell: Callable[[str, str], None],
) -> None:
    """Bring every block's database to its newest version and seed it.

    Args:
        names: the blocks.
        fresh_databases: databases that were made just now, so that what was remembered of them is void.
        folder: keeps what was done.
        environment: gives the settings of a block.
        tell: is told ``(block, news)``.

    Raises:
        NotStartedError: when a command of a block fails; the message holds what it said.
    """
    file = folder / "prepared.json"
    done: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    hashes = {name: blocks.content_hash(name) for name in names}
    work = [name for name in names if done.get(name) != hashes[name] or blocks.database_of(name) in fresh_databases]
    for news in _in_nursery({name: environment(name) for name in work}, _PREPARE):
        tell(news["block"], news["what"])
        if news["what"] == "prepared":
            done[news["block"]] = hashes[news["block"]]
            file.write_text(json.dumps(done, indent=2) + "\n")


def replay(names: Sequence[str], since: datetime, environment: Callable[[str], dict[str, str]]) -> None:
    """Have every block publish again what its outbox holds since a moment."""
    command = ("replay", "--since", since.strftime("%Y-%m-%dT%H:%M:%S"))
    for _news in _in_nursery({name: environment(name) for name in names}, (command,)):
        pass


def _in_nursery(work: Mapping[str, Mapping[str, str]], commands: Sequence[Sequence[str]]) -> Iterator[dict[str, str]]:
    """Run commands of blocks in processes that share one import of the libraries; yield what happens."""
    if not work:
        return
    child = subprocess.Popen(
        [sys.executable, "-m", "meldstroom_local.nursery"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=places.PROJECT,
        env={**os.environ, "PYTHONPATH": str(places.LOCAL)},
    )
    try:
        if child.stdin is None or child.stdout is None:
            raise NotStartedError("no pipe to the nursery")
        child.stdin.write(json.dumps({"work": work, "commands": commands}))
        child.stdin.close()
        for line in child.stdout:
            news: dict[str, str] = json.loads(line)
            if news["what"] == "failed":
                raise NotStartedError(f"{news['block']}: {news['detail']}")
            yield news
        if code := child.wait():
            raise NotStartedError(f"preparing the blocks ended with code {code}")
    finally:
        if child.poll() is None:
            child.terminate()
            child.wait()


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
