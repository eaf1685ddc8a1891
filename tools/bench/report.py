"""docs/performance.md, written from one run."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from tools.bench.measures import PROFILE, Figures
from tools.bench.processes import count_to_ten_million, cpu_times, machine
from tools.bench.signalen import FIGURES as SIGNALEN
from tools.bench.targets import TARGETS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"

_HEADING = ("# Performance", "", "Written by `make bench` from one run; nothing here is typed by hand.", "")
_CONDITIONS = (
    "- Everything on this machine: load client, PostgreSQL, Kafka, mail sink and all blocks.",
    "- fsync and synchronous commit are on. The rate limit for residents is off. One process per block; those that",
    "  nobody waits for stand back when the processors are busy ([ADR 10](adr/0010-accepting-goes-first.md)).",
    "- A loop of the lowest priority per processor keeps the processors awake (`tools/awake.py`), since a virtual",
    "  processor that sleeps takes milliseconds to wake where machines lie within machines.",
    "- *Stolen* is the share of the processors' time that the hypervisor gave to other machines while the row, or its",
    "  group of rows, was measured: with a tenth or more a figure says little about the software.",
    "- Signalen's figures were measured on another machine of the same size (2 vCPU AMD EPYC, 24 GiB, Debian 12),",
    "  version 2.50.12, web with 2 processes, SMTP and search replaced by small stand-ins; its token verification",
    "  was switched off. Machines differ: read differences under about 25% as noise, and the share of the floor",
    "  as the figure that carries over.",
    "",
)
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
    ("map", "public map, whole city, gzip"),
    ("map-plain", "public map, whole city, not compressed"),
    ("box", "public map, small box, gzip"),
)


class Page:
    """The page of one run, written again after each measurement, so that a run that is cut off leaves what it has."""

    def __init__(self, sizes: list[int], seconds: float) -> None:
        """Start an empty page for a run over ``sizes`` cases with ``seconds`` a row."""
        self._sizes = sizes
        self._seconds = seconds
        self._figures: Figures = {}
        self._stolen: dict[str, str] = {}
        self._cpu = cpu_times()
        self._began = datetime.now(UTC)
        self._counting = count_to_ten_million()

    def add(self, figures: Figures) -> None:
        """Print ``figures`` and write the page with all that are known."""
        before, self._cpu = self._cpu, cpu_times()
        share = f"{self._cpu.stolen_since(before):.0%}"
        for name, figure in figures.items():
            print(f"  {name:24} {figure} (stolen: {share})", flush=True)
            self._stolen[name] = share
        self._figures |= figures
        PAGE.write_text("\n".join(self._lines()))

    def _lines(self) -> Iterator[str]:
        yield from _HEADING
        yield f"- Date: {self._began:%Y-%m-%d %H:%M} UTC; {self._seconds:g} s a row"
        yield f"- Machine: {machine()}; Python counts to ten million in {self._counting:.2f} s of one processor"
        yield from _CONDITIONS
        for title, rows in _SECTIONS:
            yield from self._table(title, rows)
        yield from self._profile()
        yield from self._growth()

    def _table(self, title: str, rows: tuple[tuple[str, str], ...]) -> Iterator[str]:
        yield from (f"## {title}", "", "| measure | Meldstroom | target | stolen | Signalen |", "|---|---|---|---|---|")
        for name, label in rows:
            figure, stolen = self._figures.get(name, "not measured"), self._stolen.get(name, "–")
            yield f"| {label} | {figure} | {TARGETS.get(name, '–')} | {stolen} | {SIGNALEN.get(name, '–')} |"
        yield ""

    def _profile(self) -> Iterator[str]:
        """Give the processor time of a report by process, the largest first."""
        found = {name.removeprefix(PROFILE): float(figure) for name, figure in self._figures.items() if PROFILE in name}
        whole = sum(found.values())
        if not whole:
            return
        yield from ("## Where the time goes", "")
        yield f"Processor time of one report through the whole chain, measured in that row: {whole:.1f} ms over all"
        yield "processes. Two processors without a thief can give 2,000 ms a second."
        yield from ("", "| part | ms | share |", "|---|---|---|")
        for part, time in sorted(found.items(), key=lambda item: -item[1]):
            yield f"| {part} | {time:.2f} | {time / whole:.0%} |"
        yield ""

    def _growth(self) -> Iterator[str]:
        """Give what screens ask for, a column for each number of cases."""
        heads = [f"{size:,} cases" for size in self._sizes]
        yield from ("## What screens ask for, by the number of cases", "")
        yield "| " + " | ".join(["measure", *heads, "target", "Signalen"]) + " |"
        yield "|---" * (len(heads) + 3) + "|"
        for name, label in _READS:
            figures = [self._figures.get(f"{name}-{size}", "not measured") for size in self._sizes]
            yield "| " + " | ".join([label, *figures, TARGETS.get(name, "–"), SIGNALEN.get(name, "–")]) + " |"
        stolen = [self._stolen.get(f"list-{size}", "–") for size in self._sizes]
        yield "| " + " | ".join(["stolen", *stolen, "", ""]) + " |"
        yield ""
