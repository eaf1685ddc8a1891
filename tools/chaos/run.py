"""One run: start everything twice, load it, break it, wait until it has settled, and judge."""

import asyncio
import re
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import asyncpg
from tools.chaos.crowd import Crowd
from tools.chaos.faults import Saboteur
from tools.chaos.plan import Fault, draw
from tools.chaos.verdict import Verdict, judge

from meldstroom_local.suite import Suite

BLOCKS = ("intake", "classification", "routing", "handling", "notification", "insight", "gateway")

_WARNING = re.compile(r'"level":"(warning|error|critical)"|Traceback|ERROR:')
_SHOWN, _WIDTH = 5, 300  # lines of a process, characters of a line


def run(suite: Suite, *, reports: int, faults: int, seed: int, connections: int = 8, patience: float = 300) -> Verdict:
    """Return the verdict over ``reports`` with ``faults`` drawn from ``seed``; the suite is running and stays so.

    ``patience``: seconds that everything gets to settle after the last fault.
    """
    crowd = Crowd(suite.url, suite.token("coordinator"), reports, connections, seed)
    saboteur = Saboteur(suite, BLOCKS)
    saboteur.start()
    began = time.monotonic()
    try:
        asyncio.run(_load_and_break(crowd, saboteur, draw(seed, faults, BLOCKS)))
        loaded = time.monotonic() - began
        verdict = asyncio.run(_settled(suite, crowd, patience))
    finally:
        saboteur.stop()
    print(
        f"seed {seed}: {reports} reports in {loaded:.0f} s with {len(saboteur.done)} faults,"
        f" {crowd.tries} requests, settled after {time.monotonic() - began - loaded:.0f} s more,"
        f" {verdict.repeated_mails} mails a second time under the same Message-ID",
        flush=True,
    )
    if verdict.faults:
        print("the last warnings of each process:", *_warnings(suite), sep="\n", flush=True)
    return verdict


def _warnings(suite: Suite) -> list[str]:
    """Return what each process warned of last; its logs hold no data of a report."""
    found = []
    for file in sorted((suite.folder / "logs").glob("*.log")):
        lines = [line for line in file.read_text(errors="replace").splitlines() if _WARNING.search(line)]
        found += [f"{file.stem}: {line[:_WIDTH]}" for line in lines[-_SHOWN:]]
    return found


async def _load_and_break(crowd: Crowd, saboteur: Saboteur, lanes: Iterable[Sequence[Fault]]) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(crowd.act(saboteur.room))
        for lane, faults in enumerate(lanes):
            group.create_task(asyncio.to_thread(saboteur.carry_out, lane, faults, lambda: crowd.progress))


async def _settled(suite: Suite, crowd: Crowd, patience: float) -> Verdict:
    """Judge until nothing is wrong, and once more after a while: a double may come late."""
    deadline = time.monotonic() + patience
    while True:
        try:
            verdict = await judge(suite, crowd)
        except (OSError, asyncpg.PostgresError) as error:
            verdict = Verdict([f"a database does not answer: {type(error).__name__}"])
        if not verdict.faults:
            break
        if time.monotonic() > deadline:
            return verdict
        await asyncio.sleep(2)
    await asyncio.sleep(5)
    return await judge(suite, crowd)


def make_suite(folder: Path, port: int) -> Suite:
    """Return a suite in which nothing is started again but by the plan, on disks that count."""
    return Suite(port=port, state_dir=folder, watch=False, environment={"INTAKE_RATE_LIMIT": "none"})
