"""Runs every check and test, with all the set-up: what `make test` and CI do.

Standard library only, since it does the set-up itself. A failed check does not keep the tests from running; the
last thing printed is pytest's closing line, and the exit code tells whether everything passed.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
BOOTSTRAP = PROJECT / "deploy" / "local" / "bootstrap.py"


def main() -> int:
    """Set up, check, test; return 0 when all passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--service", help="only the tests of this block, in an environment of its own")
    parser.add_argument("--only-checks", action="store_true", help="no tests")
    parser.add_argument("pytest", nargs="*", help="arguments for pytest, after --")
    given = parser.parse_args()
    if given.service:
        return test_service(given.service, given.pytest)
    timings: dict[str, float] = {}
    set_up = [sys.executable, str(BOOTSTRAP), *([] if given.only_checks else ["--system-packages"])]
    if step("set-up", set_up, timings):
        return 1
    failed = [name for name, command in checks().items() if step(name, command, timings)]
    print("\n" + "   ".join(f"{name} {seconds:.0f} s" for name, seconds in timings.items()))
    print(f"Failed: {', '.join(failed)}" if failed else "All checks passed", flush=True)
    if given.only_checks:
        return 1 if failed else 0
    python = str(PROJECT / ".venv" / "bin" / "python")
    tests = step("tests", [python, "-m", "pytest", *given.pytest], timings)
    return 1 if failed else tests


def checks() -> dict[str, list[str]]:
    """Return the checks, cheapest first."""
    tools = PROJECT / ".venv" / "bin"
    return {
        "style": [str(tools / "ruff"), "check"],
        "format": [str(tools / "ruff"), "format", "--check"],
        "types": [str(tools / "mypy")],
        "imports": [str(tools / "lint-imports"), "--no-cache"],
        **_contracts(str(tools / "python")),
    }


def _contracts(python: str) -> dict[str, list[str]]:
    script = PROJECT / "tools" / "contracts.py"
    return {"contracts": [python, str(script), "--check"]} if script.exists() else {}


def test_service(service: str, arguments: Sequence[str]) -> int:
    """Run one block's tests with nothing installed but that block and what it needs, without Kafka."""
    timings: dict[str, float] = {}
    if step("set-up", [sys.executable, str(BOOTSTRAP), "--service", service], timings):
        return 1
    python = str(PROJECT / f".venv-{service}" / "bin" / "python")
    # Whoever needs Kafka after all finds nothing at this address.
    os.environ.update(MELDSTROOM_KAFKA="address", KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1")
    return step("tests", [python, "-m", "pytest", f"services/{service}/tests", "-m", "not kafka", *arguments], timings)


def step(name: str, command: Sequence[str], timings: dict[str, float]) -> int:
    """Run one step, remember how many seconds it took, and return its exit code."""
    print(
        f"\n── {name}: {' '.join(command[1:] if name == 'tests' else [Path(command[0]).name, *command[1:]])}",
        flush=True,
    )
    began = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(PROJECT / "deploy" / "local")}
    code = subprocess.run(list(command), check=False, cwd=PROJECT, env=environment).returncode
    timings[name] = time.monotonic() - began
    return code


if __name__ == "__main__":
    sys.exit(main())
