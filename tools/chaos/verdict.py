"""What must be true when everything has settled, asked of every database and of the mail server."""

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from tools.chaos.crowd import Crowd

from meldstroom_local.suite import Suite

_MESSAGE_ID = re.compile(r"^Message-ID:\s*(<[^>]+>)", re.IGNORECASE | re.MULTILINE)
_SHOWN = 5


@dataclass
class Verdict:
    """What is wrong, empty when nothing is; and how many mails came twice under one ``Message-ID``."""

    faults: list[str] = field(default_factory=list)
    repeated_mails: int = 0

    def expect(self, what: str, wrong: Any) -> None:
        """Note ``what`` is wrong when ``wrong`` holds anything."""
        if wrong:
            shown = list(wrong)[:_SHOWN]
            self.faults.append(f"{what}: {len(wrong)}, for instance {shown}")


async def judge(suite: Suite, crowd: Crowd) -> Verdict:
    """Compare what was accepted with what every block has made of it."""
    verdict = Verdict()
    accepted = {str(report["id"]) for report in crowd.accepted.values()}
    await _stored_once(suite, verdict, accepted)
    await _classified_once(suite, verdict, accepted)
    await _routed_once(suite, verdict, accepted)
    await _one_case_each(suite, verdict, accepted, crowd.handled)
    await _shown(suite, verdict, accepted)
    await _confirmed_once(suite, verdict, accepted)
    _mailed_once(suite, verdict, crowd)
    for block in suite.blocks:
        rows = await _rows(suite, block, "SELECT type, error FROM dead_letters WHERE settled_at IS NULL")
        verdict.expect(f"dead letters of {block}", [tuple(row) for row in rows])
        rows = await _rows(suite, block, "SELECT topic FROM outbox WHERE published_at IS NULL")
        verdict.expect(f"unpublished events of {block}", [row["topic"] for row in rows])
    return verdict


async def _rows(suite: Suite, block: str, statement: str) -> list[Any]:
    connection = await asyncpg.connect(suite.block_environment(block)[f"{block.upper()}_DATABASE_URL"])
    try:
        return list(await connection.fetch(statement))
    finally:
        await connection.close()


async def _stored_once(suite: Suite, verdict: Verdict, accepted: set[str]) -> None:
    stored = {str(row["id"]) for row in await _rows(suite, "intake", "SELECT id FROM reports")}
    verdict.expect("accepted reports that intake lost", accepted - stored)
    verdict.expect("reports that nobody got an answer for", stored - accepted)


async def _classified_once(suite: Suite, verdict: Verdict, accepted: set[str]) -> None:
    statement = "SELECT report_id, version FROM classifications"
    versions = defaultdict(list)
    for row in await _rows(suite, "classification", statement):
        versions[str(row["report_id"])].append(row["version"])
    verdict.expect("reports without classification", accepted - versions.keys())
    verdict.expect("reports classified more than once", [key for key, found in versions.items() if found != [1]])


async def _routed_once(suite: Suite, verdict: Verdict, accepted: set[str]) -> None:
    statement = "SELECT report_id, array_agg(sequence ORDER BY sequence) AS sequences FROM routings GROUP BY report_id"
    routed = {str(row["report_id"]): row["sequences"] for row in await _rows(suite, "routing", statement)}
    verdict.expect("reports without routing", accepted - routed.keys())
    verdict.expect(
        "routings with gaps", [key for key, found in routed.items() if found != list(range(1, len(found) + 1))]
    )


async def _one_case_each(suite: Suite, verdict: Verdict, accepted: set[str], handled: set[str]) -> None:
    rows = await _rows(
        suite,
        "handling",
        "SELECT id, report_id, number, category, department, version,"
        " (SELECT array_agg(h.version ORDER BY h.version) FROM history h"
        "  WHERE h.case_id = cases.id AND h.version IS NOT NULL) AS versions,"
        " (SELECT count(*) FROM history h WHERE h.case_id = cases.id AND h.kind = 'status') AS changes FROM cases",
    )
    per_report = Counter(str(row["report_id"]) for row in rows)
    verdict.expect("reports without a case", accepted - per_report.keys())
    verdict.expect("reports with several cases", [key for key, number in per_report.items() if number > 1])
    unfinished = [str(row["id"]) for row in rows if None in (row["number"], row["category"], row["department"])]
    verdict.expect("cases that are not complete", unfinished)
    gaps = [str(row["id"]) for row in rows if row["versions"] != list(range(1, row["version"] + 1))]
    verdict.expect("histories with gaps", gaps)
    changes = {str(row["id"]): row["changes"] for row in rows}
    verdict.expect("status changes that are not there exactly once", [one for one in handled if changes[one] != 1])


async def _shown(suite: Suite, verdict: Verdict, accepted: set[str]) -> None:
    statement = (
        "SELECT report_id FROM reports WHERE longitude IS NOT NULL AND category IS NOT NULL"
        " AND department IS NOT NULL AND case_id IS NOT NULL"
    )
    shown = {str(row["report_id"]) for row in await _rows(suite, "insight", statement)}
    verdict.expect("reports that insight does not know completely", accepted - shown)


async def _confirmed_once(suite: Suite, verdict: Verdict, accepted: set[str]) -> None:
    statement = "SELECT report_id, state FROM messages WHERE kind = 'confirmation'"
    rows = await _rows(suite, "notification", statement)
    delivered = Counter(str(row["report_id"]) for row in rows if row["state"] == "delivered")
    verdict.expect("reports without a delivered confirmation", accepted - delivered.keys())
    verdict.expect("reports with several confirmations", [key for key, number in delivered.items() if number > 1])


def _mailed_once(suite: Suite, verdict: Verdict, crowd: Crowd) -> None:
    """Compare with what the mail server took: another ``Message-ID`` for one reporter is a second mail."""
    mails: dict[str, Counter[str]] = defaultdict(Counter)
    file = suite.folder / "mail" / "mails.jsonl"
    for line in file.read_text().splitlines(keepends=True) if file.exists() else ():
        if not line.endswith("\n"):  # is being written
            continue
        kept = json.loads(line)
        found = _MESSAGE_ID.search(kept["raw"])
        mails[kept["to"][0]][found[1] if found else ""] += 1
    addresses = {crowd.address(number) for number in crowd.accepted}
    verdict.expect("reporters without a mail", addresses - mails.keys())
    verdict.expect("reporters with two different mails", [to for to, ids in mails.items() if len(ids) > 1])
    verdict.repeated_mails = sum(number - 1 for ids in mails.values() for number in ids.values())
