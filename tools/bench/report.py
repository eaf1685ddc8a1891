"""docs/performance.md, written from one run."""

from datetime import UTC, datetime
from pathlib import Path

from tools.bench.measures import Figures
from tools.bench.processes import machine
from tools.bench.signalen import FIGURES as SIGNALEN

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"

_SECTIONS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Accepting reports",
        (
            ("accept-alone-1", "intake alone, 1 connection"),
            ("accept-alone-8", "intake alone, 8 connections"),
            ("accept-alone-32", "intake alone, 32 connections"),
            ("accept-all-1", "all blocks working, through the gateway, 1 connection"),
            ("accept-all-8", "all blocks working, through the gateway, 8 connections"),
            ("accept-all-32", "all blocks working, through the gateway, 32 connections"),
            ("floor-1", "floor: bare FastAPI + asyncpg, same rows, 1 connection"),
            ("floor-8", "floor, 8 connections"),
            ("floor-32", "floor, 32 connections"),
            ("share", "intake alone as a share of the floor, 32 connections"),
        ),
    ),
    (
        "Through the whole chain",
        (
            ("chain", "reports through classification, routing, handling and mail over SMTP"),
            ("listed", "acceptance until classified, routed and listed, at 20 reports/s"),
            ("mailed", "acceptance until the mail server has the mail, at 20 reports/s"),
        ),
    ),
    ("Start and memory", (("start", "start until the first accepted report"), ("memory", "memory at rest (PSS)"))),
)
_READS = (
    ("list", "list page of 100, three statuses"),
    ("list-all", "list page of 100, no filter"),
    ("list-own", "list page of 100, own departments, late, by deadline"),
    ("list-search", "list page of 100, full-text search"),
    ("list-8", "list page of 100, three statuses, 8 connections"),
    ("detail", "detail"),
    ("status", "status change, 8 connections"),
    ("map", "public map, whole city"),
    ("box", "public map, small box"),
)


def _row(label: str, name: str, figures: Figures) -> str:
    return f"| {label} | {figures.get(name, 'not measured')} | {SIGNALEN.get(name, '–')} |"


def write(figures: Figures, sizes: list[int], seconds: float) -> None:
    """Write the page."""
    lines = [
        "# Performance",
        "",
        "Written by `make bench` from one run; nothing here is typed by hand.",
        "",
        f"- Date: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        f"- Machine: {machine()}",
        f"- Everything on this machine: load client, PostgreSQL, Kafka, mail sink and all blocks; {seconds:g} s a row.",
        "- fsync and synchronous commit are on. The rate limit for residents is off. One process per block.",
        "- Signalen's figures were measured on another machine of the same size (2 vCPU AMD EPYC, 24 GiB, Debian 12),",
        "  version 2.50.12, web with 2 processes, SMTP and search replaced by small stand-ins; its token verification",
        "  was switched off. Machines differ: read differences under about 25% as noise, and the share of the floor",
        "  as the figure that carries over.",
        "",
    ]
    for title, rows in _SECTIONS:
        lines += [f"## {title}", "", "| measure | Meldstroom | Signalen |", "|---|---|---|"]
        lines += [
            f"| {label} | {figures.get(name, 'not measured')} | {SIGNALEN.get(name, '–')} |" for name, label in rows
        ]
        lines.append("")
    for size in sizes:
        lines += [f"## With {size:,} cases", "", "| measure | Meldstroom | Signalen |", "|---|---|---|"]
        for name, label in _READS:
            lines.append(_row(label, f"{name}-{size}", figures))
        lines.append("")
    PAGE.write_text("\n".join(lines))
