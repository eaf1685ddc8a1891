"""Loads some 3,000 realistic reports into the running suite: ``make demo``.

Times, places and kinds are those of reports in Assen in 2026 (``reports.csv``: from a public snapshot of a live
municipality, kinds mapped to our categories, places spread over about 100 m); the texts are ours, from the starter
corpus of classification. Reports that were solved there are closed here. Running it again changes nothing.
"""

import asyncio
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from commonground import ids
from meldstroom_local.processes import NotStartedError
from meldstroom_local.running import RunningSuite

HERE = Path(__file__).parent
CORPUS = HERE.parents[1] / "services" / "classification" / "src" / "classification" / "seed" / "corpus"
CONNECTIONS = 8
WAIT_SECONDS = 300
CLOSING = "Uw melding is opgelost. Bedankt voor het melden."


@dataclass(frozen=True)
class Row:
    """One report of the demonstration; ``solved`` tells whether it was closed."""

    request: dict[str, Any]
    solved: bool


def rows() -> Iterator[Row]:
    """Return the reports, oldest first, the same at every call."""
    sentences = texts()
    chance = random.Random(106)
    with (HERE / "reports.csv").open() as file:
        for number, line in enumerate(csv.DictReader(file)):
            request: dict[str, Any] = {
                "key": f"demo-report-{number:05d}",
                "description": chance.choice(sentences[line["category"]]),
                "location": {
                    "geometry": {"type": "Point", "coordinates": [float(line["longitude"]), float(line["latitude"])]}
                },
                "submittedAt": line["submitted_at"],
                "source": chance.choice(["web", "web", "web", "app", "phone"]),
            }
            if number % 3 == 0:
                request["contact"] = {"email": f"melder{number}@example.org"}
            yield Row(request, bool(line["days_open"]))


def texts() -> dict[str, list[str]]:
    """Return the sentences of the starter corpus by category."""
    found: dict[str, list[str]] = {}
    for path in CORPUS.glob("*.txt"):
        slug = ""
        for line in path.read_text().splitlines():
            if line.startswith("["):
                slug = line.strip("[] ")
            elif line.strip() and not line.startswith("#"):
                found.setdefault(slug, []).append(line.strip())
    return found


def submit(suite: RunningSuite, demo: list[Row], progress: Progress) -> list[UUID]:
    """Take the reports in; return their ids in the same order."""
    task = progress.add_task("reports taken in", total=len(demo))
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.writelines(json.dumps(row.request, ensure_ascii=False) + "\n" for row in demo)
        file.flush()
        command = [sys.executable, "-m", "intake.manage", "import", file.name]
        found = []
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env={**os.environ, **suite.block_environment("intake")}
        ) as process:
            for line in process.stdout or ():
                found.append(UUID(json.loads(line)["id"]))
                progress.advance(task)
        if process.returncode:
            sys.exit("intake did not take all reports; see above")
    return found


async def settle(suite: RunningSuite, demo: list[Row], report_ids: list[UUID], progress: Progress) -> None:
    """Wait until every case is classified and routed, and close those that were solved."""
    routed = progress.add_task("cases classified and routed", total=len(demo))
    closed = progress.add_task("solved cases closed", total=sum(row.solved for row in demo))
    waiting = asyncio.Queue[tuple[Row, UUID]]()
    for pair in zip(demo, report_ids, strict=True):
        waiting.put_nowait(pair)
    headers = {"Authorization": f"Bearer {suite.token('coordinator')}"}
    async with (
        aiohttp.ClientSession(suite.url, headers=headers) as session,
        asyncio.timeout(WAIT_SECONDS + len(demo) / 10),
        asyncio.TaskGroup() as group,
    ):

        async def work() -> None:
            while not waiting.empty():
                row, report_id = waiting.get_nowait()
                path = f"/api/handling/v1/cases/{ids.derived(report_id, 'case')}"
                status = await _until_routed(session, path)
                progress.advance(routed)
                if row.solved:
                    if status != "closed":
                        await _close(session, path)
                    progress.advance(closed)

        for _ in range(CONNECTIONS):
            group.create_task(work())


async def _until_routed(session: aiohttp.ClientSession, path: str) -> str:
    while True:
        async with session.get(path) as answer:
            if answer.status == 200:
                case = await answer.json()
                if case["deadline"]:
                    return str(case["status"])
        await asyncio.sleep(0.3)


async def _close(session: aiohttp.ClientSession, path: str) -> None:
    body = {"status": "closed", "text": CLOSING, "notifyReporter": True, "expectedVersion": None}
    async with session.post(f"{path}/status-changes", json=body) as answer:
        if answer.status not in {201, 409}:
            sys.exit(f"a case could not be closed: HTTP {answer.status} {(await answer.text())[:200]}")


def main() -> None:
    """Load the demonstration into the suite that runs in this folder."""
    try:
        suite = RunningSuite()
    except NotStartedError as error:
        sys.exit(str(error))
    demo = list(rows())
    columns = (TextColumn("{task.description:<30}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress:
        report_ids = submit(suite, demo, progress)
        asyncio.run(settle(suite, demo, report_ids, progress))
    print(f"{len(demo)} reports are in; look at {suite.url}/behandelen and {suite.url}/kaart")


if __name__ == "__main__":
    main()
