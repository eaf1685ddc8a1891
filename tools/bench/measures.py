"""What is measured, each as one function that returns figures by name."""

import asyncio
import gzip
import random
import subprocess
import sys
import time
from datetime import datetime
from typing import Any

import asyncpg
import orjson
from tools.bench import bodies, load
from tools.bench.processes import cpu_seconds, pss_mib

from meldstroom_local import places
from meldstroom_local.suite import Suite

Figures = dict[str, str]
CONNECTIONS = (1, 8, 32)
REPORTS = "/api/intake/v1/reports"
PROFILE = "cpu-"  # before the name of a part, in the names of figures


def _latency(result: load.Result) -> str:
    return f"p50 {result.percentile(0.5):.1f} ms, p95 {result.percentile(0.95):.1f}, p99 {result.percentile(0.99):.1f}"


def _rate(result: load.Result) -> str:
    wrong = f", {result.errors} errors" if result.errors else ""
    return f"{result.per_second:.0f}/s, {_latency(result)}{wrong}"


def floor(suite: Suite, seconds: float) -> tuple[Figures, float]:
    """Measure the bare endpoint that keeps the same rows; return its figures and its rate at 32 connections."""
    port = places.free_port()
    url = suite.block_environment("intake")["INTAKE_DATABASE_URL"]
    figures: Figures = {}
    rate = 0.0
    with subprocess.Popen([sys.executable, "-m", "tools.bench.floor", str(port), url]) as process:
        try:
            _wait_for_port(port)
            for connections in CONNECTIONS:
                result = asyncio.run(
                    load.closed_loop(
                        f"http://127.0.0.1:{port}",
                        bodies.new_report("/v1/reports", email=True),
                        connections=connections,
                        seconds=seconds,
                    )
                )
                figures[f"floor-{connections}"] = _rate(result)
                rate = result.per_second
        finally:
            process.terminate()
    return figures, rate


def _wait_for_port(port: int) -> None:
    deadline = time.monotonic() + 30
    while not places.listens(port):
        if time.monotonic() > deadline:
            sys.exit("the floor did not start")
        time.sleep(0.05)


def accepting(name: str, url: str, path: str, seconds: float) -> tuple[Figures, float]:
    """Measure how many new reports a second are accepted; return figures and the rate at 32 connections."""
    figures: Figures = {}
    rate = 0.0
    for connections in CONNECTIONS:
        make = bodies.new_report(path, email=True)
        result = asyncio.run(load.closed_loop(url, make, connections=connections, seconds=seconds))
        figures[f"{name}-{connections}"] = _rate(result)
        rate = result.per_second
    return figures, rate


def chain(suite: Suite, seconds: float) -> Figures:
    """Measure how many reports a second travel all the way to the mail server, everything working at once.

    Reports are accepted as fast as 32 connections allow; the clock runs until the last one's mail has been taken.
    """
    asyncio.run(until_quiet(suite))
    before, cpu_before = suite.mail_count(), _cpu(suite)
    make = bodies.new_report(REPORTS, email=True)
    began = time.monotonic()
    result = asyncio.run(load.closed_loop(suite.url, make, connections=32, seconds=seconds, warm_up=0))
    accepted = result.statuses[201]
    accepted_after = time.monotonic() - began
    mailed_meanwhile = suite.mail_count() - before
    deadline = time.monotonic() + 900
    while (mailed := suite.mail_count() - before) < accepted and time.monotonic() < deadline:
        time.sleep(0.2)
    whole = time.monotonic() - began
    return {
        "chain": (
            f"{mailed / whole:.0f}/s: {accepted} reports in {accepted_after:.0f} s, of which {mailed_meanwhile} mailed "
            f"meanwhile, all {mailed} after {whole:.0f} s"
        ),
        **{f"{PROFILE}{part}": f"{1000 * (now - cpu_before[part]) / mailed:.2f}" for part, now in _cpu(suite).items()},
    }


def _cpu(suite: Suite) -> dict[str, float]:
    """Return the processor time that each part has used, in seconds."""
    parts = {name: pid for name, pid in suite.pids().items() if name != "forks"}  # the blocks' parent, not one of them
    return {name: cpu_seconds(pid) for name, pid in parts.items()}


async def reporters(suite: Suite) -> int:
    """Return how many of the accepted reports have an address that a confirmation goes to."""
    connection = await asyncpg.connect(_database(suite, "intake"))
    try:
        return int(await connection.fetchval("SELECT count(*) FROM reports WHERE email IS NOT NULL"))
    finally:
        await connection.close()


async def until_quiet(suite: Suite) -> None:
    """Wait until no block has anything left to publish or to send."""
    quiet = 0
    while quiet < 3:
        waiting = 0
        for block in suite.blocks:
            connection = await asyncpg.connect(_database(suite, block))
            try:
                waiting += await connection.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NULL")
            finally:
                await connection.close()
        quiet = quiet + 1 if waiting == 0 else 0
        await asyncio.sleep(0.5)


def _database(suite: Suite, block: str) -> str:
    return suite.block_environment(block)[f"{block.upper()}_DATABASE_URL"]


def travel(suite: Suite, *, per_second: float, seconds: float) -> Figures:
    """Measure the time from acceptance until the case is listed, routed, and its mail handed over."""
    asyncio.run(until_quiet(suite))
    before = suite.mail_count()
    make = bodies.new_report(REPORTS, email=True, marker="reis")
    result = asyncio.run(load.at_rate(suite.url, make, per_second=per_second, seconds=seconds))
    accepted = {}
    for body in result.bodies:
        answer = orjson.loads(body)
        if "number" in answer:
            accepted[answer["number"]] = datetime.fromisoformat(answer["submittedAt"])
    deadline = time.monotonic() + 120
    while suite.mail_count() - before < len(accepted) and time.monotonic() < deadline:
        time.sleep(0.1)
    mailed = []
    for mail in suite.mails()[before:]:
        number = next((number for number in accepted if number in mail["subject"] or number in mail["text"]), None)
        if number:
            mailed.append((datetime.fromisoformat(mail["receivedAt"]) - accepted[number]).total_seconds())
    listed = asyncio.run(_listed_after(suite, accepted))
    return {"listed": _spread(listed), "mailed": _spread(mailed)}


async def _listed_after(suite: Suite, accepted: dict[str, datetime]) -> list[float]:
    """Return the seconds until handling had committed the routing of each case: its last automatic entry."""
    connection = await asyncpg.connect(_database(suite, "handling"))
    try:
        rows = await connection.fetch(
            "SELECT number, min(at) AS at FROM cases JOIN history ON history.case_id = cases.id"
            " WHERE number = ANY($1) AND kind = 'department' GROUP BY number",
            list(accepted),
        )
    finally:
        await connection.close()
    return [(row["at"] - accepted[row["number"]]).total_seconds() for row in rows]


def _spread(seconds: list[float]) -> str:
    if not seconds:
        return "nothing arrived"
    ordered = sorted(seconds)
    p50, p95, p99 = (ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.5, 0.95, 0.99))
    return f"p50 {p50:.2f} s, p95 {p95:.2f} s, p99 {p99:.2f} s ({len(ordered)} reports)"


def reading(suite: Suite, size: int, seconds: float) -> Figures:
    """Measure list, detail, status change and public map with ``size`` cases present."""
    token = suite.token("coordinator")
    handler = suite.token("handler")
    lists = "/api/handling/v1/cases"
    figures: Figures = {}

    def run(name: str, make: load.Request, connections: int = 1, *, keep: bool = False) -> load.Result:
        result = asyncio.run(
            load.closed_loop(suite.url, make, connections=connections, seconds=seconds, keep_bodies=keep)
        )
        figures[f"{name}-{size}"] = f"{result.per_second:.0f}/s, {_latency(result)}" + (
            f", {result.errors} errors" if result.errors else ""
        )
        return result

    filtered = f"{lists}?limit=100&status=reported,in-progress,awaiting-handling"
    run("list", bodies.get(filtered, token))
    run("list-all", bodies.get(f"{lists}?limit=100", token))
    run("list-own", bodies.get(f"{lists}?limit=100&late=true&sort=deadline", handler))
    run("list-search", bodies.get(f"{lists}?limit=100&q=lantaarnpaal", token))
    run("list-8", bodies.get(filtered, token), 8)
    page = asyncio.run(_items(suite, f"{lists}?limit=200&status=reported", token))
    chance = random.Random(1)
    paths = [f"{lists}/{item['id']}" for item in page]
    details = [load.request("GET", path, headers={"Authorization": f"Bearer {token}"}) for path in paths]
    run("detail", lambda _number: chance.choice(details))
    figures[f"status-{size}"] = _status_changes(suite, token, seconds)
    city = "/api/insight/v1/public-cases?bbox=6.3,52.8,6.8,53.2"
    for name, compressed in (("map", True), ("map-plain", False)):
        whole = run(name, bodies.get(city, compressed=compressed), keep=True)
        if whole.bodies:
            body = gzip.decompress(whole.bodies[-1]) if compressed else whole.bodies[-1]
            points, size_mb = body.count(b"Feature") - 1, len(whole.bodies[-1]) / 1e6
            figures[f"{name}-{size}"] += f" ({points:,} points, {size_mb:.1f} MB)"
    run("box", bodies.get("/api/insight/v1/public-cases?bbox=6.555,52.99,6.565,52.996", compressed=True))
    return figures


async def _items(suite: Suite, path: str, token: str) -> list[dict[str, Any]]:
    connection = await load.Connection.open(suite.url)
    try:
        _status, body = await connection.send(bodies.get(path, token)(0))
    finally:
        connection.close()
    found: list[dict[str, Any]] = orjson.loads(body)["items"]
    return found


def _status_changes(suite: Suite, token: str, seconds: float) -> str:
    """Change the status of different cases at 8 connections, each once."""
    wanted = int(seconds * 400) + 400
    found = asyncio.run(_reported(suite, wanted))
    body = orjson.dumps({"status": "in-progress", "text": None, "notifyReporter": False, "expectedVersion": None})
    headers = {"Authorization": f"Bearer {token}"}

    def make(number: int) -> bytes:
        path = f"/api/handling/v1/cases/{found[number % len(found)]}/status-changes"
        return load.request("POST", path, body, headers)

    return _rate(asyncio.run(load.closed_loop(suite.url, make, connections=8, seconds=seconds)))


async def _reported(suite: Suite, number: int) -> list[str]:
    connection = await asyncpg.connect(_database(suite, "handling"))
    try:
        rows = await connection.fetch(
            "SELECT id FROM cases WHERE status = 'reported' AND number IS NOT NULL LIMIT $1", number
        )
    finally:
        await connection.close()
    return [str(row["id"]) for row in rows]


def memory(suite: Suite) -> Figures:
    """Measure the proportional memory of everything that `make up` starts, by part."""
    # The blocks are children of `forks`, which imported for them, and are counted by their own names.
    parts = {name: pss_mib(pid, family=name != "forks") for name, pid in sorted(suite.pids().items())}
    told = ", ".join(f"{name} {size:.0f}" for name, size in parts.items())
    return {"memory": f"{sum(parts.values()):.0f} MiB ({told})"}
