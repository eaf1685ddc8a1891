"""Migrations and seeds of the blocks, skipped when nothing changed since they last ran on this data."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from meldstroom_local import blocks, places
from meldstroom_local.processes import NotStartedError

_AT_ONCE = 2
_USAGE_ERROR = 2  # what click answers to a command that a block does not have


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
    """
    file = folder / "prepared.json"
    done: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    hashes = {name: blocks.content_hash(name) for name in names}
    work = [name for name in names if done.get(name) != hashes[name] or blocks.database_of(name) in fresh_databases]

    def one(name: str) -> None:
        tell(name, "migrating")
        manage(name, ["migrate"], environment(name))
        tell(name, "seeding")
        manage(name, ["seed"], environment(name), optional=True)
        tell(name, "prepared")

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(one, work))
    file.write_text(json.dumps({**done, **hashes}, indent=2) + "\n")


def manage(block: str, arguments: Sequence[str], environment: Mapping[str, str], *, optional: bool = False) -> str:
    """Run a command of a block and return what it printed; ``optional`` ones may be missing."""
    done = subprocess.run(
        [sys.executable, "-m", f"{block.replace('-', '_')}.manage", *arguments],
        env={**os.environ, **environment},
        cwd=places.PROJECT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == _USAGE_ERROR and optional and "No such command" in done.stderr:
        return ""
    if done.returncode:
        raise NotStartedError(f"{block}: {' '.join(arguments)} failed\n{done.stderr[-3000:]}")
    return done.stdout
