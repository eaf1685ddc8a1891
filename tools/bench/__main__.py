"""Measures the suite on this machine in one run and writes docs/performance.md: ``make bench``.

make bench ARGS="--seconds 5 --sizes 20000"   shorter
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from tools.awake import awake
from tools.bench import measures, report
from tools.bench.bodies import new_report

from meldstroom_local import places
from meldstroom_local.suite import Suite

BLOCKS = ("intake", "classification", "routing", "handling", "notification", "insight", "gateway")
_CATCH_UP_SECONDS = 900


def main() -> None:
    """Run all measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each row")
    parser.add_argument("--sizes", type=int, nargs="*", default=[20_000, 200_000], help="numbers of cases")
    given = parser.parse_args()
    page = report.Page(given.sizes, given.seconds)
    with tempfile.TemporaryDirectory(prefix="meldstroom-bench-", ignore_cleanup_errors=True) as folder, awake():
        _measure(Path(folder), page, given.seconds, given.sizes)
    print(f"written: {report.PAGE}")


def _measure(folder: Path, page: report.Page, seconds: float, sizes: list[int]) -> None:
    environment = {"INTAKE_RATE_LIMIT": "none", **{f"{block.upper()}_LOG_LEVEL": "WARNING" for block in BLOCKS}}
    port = next(p for p in range(22_000, 60_000, 50) if not any(places.listens(p + o) for o in range(40)))
    suite = Suite(port=port, state_dir=folder, environment=environment)
    tell("first start, with migrations, training and seeds")
    first = _start(suite)
    try:
        tell("second start")
        suite.stop()
        second = _start(suite)
        page.add({"start": f"{second:.1f} s (the first time, with migrations and training: {first:.1f} s)"})
        time.sleep(10)
        page.add(measures.memory(suite))
        tell("intake alone")
        others = [block for block in suite.blocks if block not in {"intake", "gateway"}]
        for block in (*others, "gateway"):
            suite.stop_block(block)
        alone, rate = measures.accepting("accept-alone", suite.urls["intake"], "/v1/reports", seconds)
        page.add(alone)
        tell("floor")
        bare, floor_rate = measures.floor(suite, seconds)
        page.add({**bare, "share": f"{100 * rate / floor_rate:.0f}%"})
        for block in (*others, "gateway"):
            suite.start_block(block)
        tell("catching up, then the whole chain")
        _drain(suite)
        page.add(measures.travel(suite, per_second=20, seconds=max(10.0, seconds)))
        page.add(measures.accepting("accept-all", suite.url, measures.REPORTS, seconds)[0])
        _drain(suite)
        page.add(measures.chain(suite, max(15.0, seconds)))
        present = 0
        for size in sizes:
            tell(f"{size:,} cases")
            _fill(suite, size - present)
            present = size
            page.add(measures.reading(suite, size, seconds))
    finally:
        suite.stop()


def tell(what: str) -> None:
    """Say what is going on."""
    print(f"{time.strftime('%H:%M:%S')} {what}", flush=True)


def _start(suite: Suite) -> float:
    """Start the suite; return the seconds until a report was accepted."""
    began = time.monotonic()
    suite.start()
    raw = new_report("/", email=False)(0).split(b"\r\n\r\n", 1)[1]
    while True:
        request = urllib.request.Request(
            suite.url + measures.REPORTS, data=raw, headers={"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                if answer.status == 201:
                    return time.monotonic() - began
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)


def _drain(suite: Suite) -> None:
    """Wait until the mail of each accepted report has been taken: what is left over would slow what comes next."""
    wanted = asyncio.run(measures.reporters(suite))
    deadline = time.monotonic() + _CATCH_UP_SECONDS
    while (mailed := suite.mail_count()) < wanted:
        if time.monotonic() > deadline:
            sys.exit(f"{wanted - mailed} of {wanted} reports were not mailed within {_CATCH_UP_SECONDS} s")
        time.sleep(0.5)
    asyncio.run(measures.until_quiet(suite))


def _fill(suite: Suite, number: int) -> None:
    """Add cases to handling and to insight, both at the same time."""
    filling = [
        subprocess.Popen(
            [sys.executable, "-m", f"{block}.manage", "fill", "--cases", str(number)],
            env={**os.environ, **suite.block_environment(block)},
            stdout=subprocess.DEVNULL,
        )
        for block in ("handling", "insight")
    ]
    codes = [process.wait() for process in filling]
    if any(codes):
        sys.exit("cases could not be added")


if __name__ == "__main__":
    main()
