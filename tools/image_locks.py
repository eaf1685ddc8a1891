"""Writes `services/<block>/requirements.lock`: the part of the root lock that a block's image needs.

    python tools/image_locks.py            write them
    python tools/image_locks.py --check    tell which are out of step, and fail

Versions and hashes come from the root `requirements.lock` alone; which packages, from the block's `pyproject.toml`
and from what the installed packages say that they need. So there is one lock, and no address of an index in it.
"""

import argparse
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parents[1]
ROOT_LOCK = PROJECT / "requirements.lock"
SHARED = "commonground"
HEADER = "# Made from the root requirements.lock by tools/image_locks.py; do not edit.\n"

# What images are made of; a package that is needed on one of them is in the lock, under its marker.
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
MACHINES = ("x86_64", "aarch64")
_SELF = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ \\;]+)(?: ; (?P<marker>[^\\]+?))? \\$")


class OutOfStepError(Exception):
    """A block needs a package that the root lock does not have."""


def main() -> int:
    """Write or check the lock of every block."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = []
    for block in blocks():
        file = lock_of(block)
        wanted = render(block)
        if file.exists() and file.read_text() == wanted:
            continue
        stale.append(str(file.relative_to(PROJECT)))
        if not check:
            file.write_text(wanted)
    if stale:
        print(f"{'Out of step' if check else 'Written'}: {', '.join(stale)}")
    if stale and check:
        print("Run: python tools/image_locks.py", file=sys.stderr)
    return 1 if stale and check else 0


def blocks() -> list[str]:
    """Return the names of all blocks."""
    return sorted(file.parent.name for file in (PROJECT / "services").glob("*/pyproject.toml"))


def lock_of(block: str) -> Path:
    """Return the file with a block's part of the lock."""
    return PROJECT / "services" / block / "requirements.lock"


def render(block: str) -> str:
    """Return the part of the root lock that ``block`` needs."""
    pins = read_lock(ROOT_LOCK)
    needed = closure(block, pins)
    entries = [text for name in sorted(needed) for text in pins[name] if _on_an_image(text)]
    return HEADER + "".join(entries)


def read_lock(file: Path) -> dict[str, list[str]]:
    """Return the entries of a lock by package: the pin and its hashes, without the comments."""
    pins: dict[str, list[str]] = {}
    name = ""
    for line in file.read_text().splitlines(keepends=True):
        if match := _SELF.match(line.rstrip()):
            name = canonicalize_name(match["name"])
            pins.setdefault(name, []).append(line)
        elif line.startswith("    --hash="):
            pins[name][-1] += line
    return pins


def closure(block: str, pins: Mapping[str, object]) -> set[str]:
    """Return the names of all packages that ``block`` needs, itself and commonground left out."""
    own = tomllib.loads((PROJECT / "services" / block / "pyproject.toml").read_text())["project"]["dependencies"]
    shared = tomllib.loads((PROJECT / "shared" / "pyproject.toml").read_text())["project"]["dependencies"]
    waiting = [Requirement(text) for text in (*own, *shared)]
    seen: set[tuple[str, str]] = set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        for extra in ("", *sorted(requirement.extras)):
            if name == SHARED or (name, extra) in seen:
                continue
            seen.add((name, extra))
            if name not in pins:
                raise OutOfStepError(f"{block} needs {name}, which the root lock does not have: run `make lock`")
            waiting.extend(_needs(name, extra))
    return {name for name, _extra in seen}


def _needs(name: str, extra: str) -> Iterator[Requirement]:
    try:
        stated = requires(name) or []
    except PackageNotFoundError:
        # Needed by a newer Python only; pip refuses to install when the lock lacks something that it needs.
        return
    for requirement in map(Requirement, stated):
        wanted = (
            any(requirement.marker.evaluate(where) for where in _images(extra)) if requirement.marker else not extra
        )
        if wanted:
            yield requirement


def _images(extra: str = "") -> Iterable[dict[str, str]]:
    for python in PYTHONS:
        for machine in MACHINES:
            yield {
                "extra": extra,
                "implementation_name": "cpython",
                "os_name": "posix",
                "platform_machine": machine,
                "platform_python_implementation": "CPython",
                "platform_system": "Linux",
                "python_full_version": f"{python}.0",
                "python_version": python,
                "sys_platform": "linux",
            }


def _on_an_image(entry: str) -> bool:
    match = _SELF.match(entry.splitlines()[0])
    marker = match["marker"] if match else None
    return not marker or any(Marker(marker).evaluate(where) for where in _images())


if __name__ == "__main__":
    sys.exit(main())
