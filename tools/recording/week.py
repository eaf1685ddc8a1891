"""One synthetic city-week as events, the same at every run, made with the blocks' own event models.

Kinds, places and times of day come from the reports of ``make demo``, texts from classification's starter corpus, names
of categories and departments from the seeds. What happens to a report follows chances that are written down here; so
the stream is as true as its models, and no measurement of a real city.
"""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid5

from tools.demo.__main__ import rows, texts

from classification import events as classification
from classification import seeds
from commonground import ids
from commonground.messaging import EventData, envelope
from gateway import events as gateway
from handling import events as handling
from intake import events as intake
from notification import events as notification
from routing import events as routing

MUNICIPALITY = "GM0106"
MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
REPORTS = 250
OIN = "00000001823288444000"
_NAMESPACE = UUID("5b0a3b52-5a52-4b5e-8d5a-0f6f0b6f7c01")
_TRACE = "00-{trace}-{span}-01"
_SEEDS = Path(routing.__file__).parent / "seed"
_PEOPLE = {"Hanna Visser": ["STW", "VRL"], "Wim Afman": ["AFV"], "Karim Bakker": ["MLD"]}

_EXAMPLES = [
    published
    for block in (intake, classification, routing, handling, notification, gateway)
    for published in block.PUBLISHED
]

Line = dict[str, Any]


def _made(model: type[EventData], **values: Any) -> EventData:
    """Return an event of ``model``: what is not given has the value of the block's own example.

    A field that a later version adds, or that this week tells of before the block does, makes no difference then.
    """
    example = next(one.example for one in _EXAMPLES if type(one.example) is model)
    known = {name: getattr(example, name) for name in model.model_fields}
    return model(**{name: values.get(name, value) for name, value in known.items()})


class _Week:
    """Collects events; the version of an aggregate counts per stream and key."""

    def __init__(self) -> None:
        self.lines: list[tuple[datetime, int, Line]] = []
        self._sequences: dict[tuple[str, str], int] = {}

    def tell(self, data: EventData, key: str, subject: str, at: datetime) -> None:
        self._add(
            data.stream.topic, data.event_type(), key, subject, at, json.loads(data.model_dump_json(by_alias=True))
        )

    def remove(self, stream: Any, key: str, at: datetime) -> None:
        self._add(stream.topic, "tombstone", key, key, at, None)

    def _add(self, topic: str, kind: str, key: str, subject: str, at: datetime, value: Any) -> None:
        number = len(self.lines)
        sequence = self._sequences[topic, key] = self._sequences.get((topic, key), 0) + 1
        trace = uuid5(_NAMESPACE, f"trace {key}").hex
        row = SimpleNamespace(
            event_id=uuid5(_NAMESPACE, f"event {number}"),
            type=kind,
            subject=subject,
            time=at,
            key=key,
            sequence=sequence,
            traceparent=_TRACE.format(trace=trace, span=uuid5(_NAMESPACE, f"span {number}").hex[:16]),
        )
        headers = envelope.headers(row, envelope.source(OIN, topic.split(".")[1]))
        line = {"topic": topic, "key": key, "headers": [[n, v.decode()] for n, v in headers], "value": value}
        self.lines.append((at, number, line))


def lines() -> Iterator[Line]:
    """Return the records of the week in the order of their times: topic, key, headers, value."""
    week, chance = _Week(), random.Random(45)
    departments, terms, categories = _reference(week)
    for number, report in enumerate(islice(rows(), REPORTS)):
        _report(week, chance, number, report.request, departments, terms, categories)
    for _at, _number, line in sorted(week.lines, key=lambda one: one[:2]):
        yield line


def _reference(week: _Week) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
    departments = {one["code"]: one["name"] for one in json.loads((_SEEDS / "departments.json").read_text())}
    for code, name in departments.items():
        key = f"{MUNICIPALITY}:{code}"
        changed = _made(routing.DepartmentChanged, municipality=MUNICIPALITY, code=code, name=name, active=True)
        week.tell(changed, key, key, MONDAY)
    categories = {}
    mains, found = seeds.tree(MUNICIPALITY)
    names = {main["slug"]: main for main in mains}
    for row in found:
        main = names[row["main_category"]]
        event = _made(
            classification.CategoryChanged,
            municipality=MUNICIPALITY,
            slug=row["slug"],
            main_category=row["main_category"],
            name_nl=row["name_nl"],
            name_en=row["name_en"],
            public_name_nl=row["public_name_nl"],
            public_name_en=row["public_name_en"],
            main_name_nl=main["name_nl"],
            main_name_en=main["name_en"],
            public=row["public"],
            active=True,
        )
        categories[row["slug"]] = event
        key = f"{MUNICIPALITY}:{row['slug']}"
        week.tell(event, key, key, MONDAY)
    for name, codes in _PEOPLE.items():
        user = uuid5(_NAMESPACE, name)
        address = f"{name.lower().replace(' ', '.')}@example.org"
        changed_user = _made(
            gateway.UserChanged,
            user_id=user,
            name=name,
            email=address,
            departments=codes,
            municipalities=[MUNICIPALITY],
            active=True,
        )
        week.tell(changed_user, str(user), str(user), MONDAY)
    terms = {one["category"]: one for one in json.loads((_SEEDS / "categories.json").read_text())}
    return departments, terms, categories


def _report(
    week: _Week,
    chance: random.Random,
    number: int,
    request: dict[str, Any],
    departments: dict[str, str],
    terms: dict[str, Any],
    categories: dict[str, Any],
) -> None:
    of_day = datetime.fromisoformat(request["submittedAt"])
    at = MONDAY + timedelta(days=number * 7 // REPORTS, hours=of_day.hour, minutes=of_day.minute, seconds=of_day.second)
    report = uuid5(_NAMESPACE, f"report {number}")
    key, case = str(report), str(ids.derived(report, "case"))
    code = f"M-{10001 + number}"
    category = categories.get(_slugs()[request["description"]]) or categories["overig"]
    term = terms.get(category.slug) or {"department": "MLD", "termDays": 5, "termKind": "working"}
    email = request.get("contact", {}).get("email")
    _told(week, report, code, request, at, email)
    _understood(week, chance, report, category, at + timedelta(seconds=1))
    week.tell(
        _made(
            routing.ReportRouted,
            report_id=report,
            municipality=MUNICIPALITY,
            category=category.slug,
            department=term["department"],
            department_name=departments[term["department"]],
            assignee=None,
            deadline=at + timedelta(days=term["termDays"]),
            term_days=term["termDays"],
            term_kind=term["termKind"],
            rule=None,
            areas=["WK010600"],
            origin="category",
            actor=None,
            routed_at=at + timedelta(seconds=2),
        ),
        key,
        key,
        at + timedelta(seconds=2),
    )
    _worked_on(week, chance, report, code, case, term["department"], at, email)


@cache
def _slugs() -> dict[str, str]:
    """Return the category of each sentence of the corpus."""
    return {sentence: slug for slug, sentences in texts().items() for sentence in sentences}


def _told(week: _Week, report: UUID, code: str, request: dict[str, Any], at: datetime, email: str | None) -> None:
    key = str(report)
    week.tell(
        _made(
            intake.ReportSubmitted,
            report_id=report,
            number=code,
            municipality=MUNICIPALITY,
            geometry=intake.Point(coordinates=tuple(request["location"]["geometry"]["coordinates"])),
            occurred_at=None,
            submitted_at=at,
            source=request["source"],
            chosen_category=None,
            attachment_count=0,
            has_contact=email is not None,
        ),
        key,
        key,
        at,
    )
    text = _made(
        intake.ReportTextRecorded,
        report_id=report,
        municipality=MUNICIPALITY,
        description=request["description"],
        address=None,
        answers=[],
        attachments=[],
        language="nl",
    )
    week.tell(text, key, key, at)
    contact = _made(
        intake.ReportContactRecorded,
        report_id=report,
        number=code,
        municipality=MUNICIPALITY,
        email=email,
        phone=None,
        language="nl",
        status_url=f"https://meldingen.example.org/melding/{uuid5(report, 'status').hex}",
    )
    week.tell(contact, key, key, at)


def _understood(week: _Week, chance: random.Random, report: UUID, category: Any, at: datetime) -> None:
    key, sure = str(report), round(chance.uniform(0.4, 0.99), 2)
    chosen = {"category": category.slug, "main_category": category.main_category}
    predictions = [classification.Prediction(**chosen, confidence=sure, words=["straat"])]
    week.tell(
        _made(
            classification.ReportClassified,
            report_id=report,
            municipality=MUNICIPALITY,
            **chosen,
            origin=classification.Origin.MODEL,
            confidence=sure,
            model_version="recording",
            classified_at=at,
        ),
        key,
        key,
        at,
    )
    explained = _made(
        classification.ClassificationExplained, report_id=report, municipality=MUNICIPALITY, predictions=predictions
    )
    week.tell(explained, key, key, at)


def _worked_on(
    week: _Week,
    chance: random.Random,
    report: UUID,
    code: str,
    case: str,
    department: str,
    at: datetime,
    email: str | None,
) -> None:
    key = str(report)
    of_case = {"case_id": case, "report_ids": [report], "municipality": MUNICIPALITY}
    opened = at + timedelta(seconds=2)
    as_it_is = {"department": department, "assignee": None, "priority": "normal"}
    week.tell(
        _made(
            handling.CaseOpened,
            **of_case,
            number=code,
            status="reported",
            public_status="open",
            status_changed_at=opened,
            opened_at=opened,
            **as_it_is,
        ),
        key,
        case,
        opened,
    )
    if email:
        _delivered(week, uuid5(report, "confirmation"), report, "confirmation", opened + timedelta(seconds=3))
    if chance.random() < 0.3:
        later = at + timedelta(minutes=chance.randint(5, 300))
        someone = str(uuid5(_NAMESPACE, chance.choice(list(_PEOPLE))))
        assigned = _made(handling.CaseAssigned, **of_case, department=department, assignee=someone, changed_at=later)
        week.tell(assigned, key, case, later)
    if chance.random() < 0.1:
        later = at + timedelta(minutes=chance.randint(5, 300))
        week.tell(_made(handling.CasePrioritised, **of_case, priority="high", changed_at=later), key, case, later)
    before = "reported"
    for status, likely in (("in-progress", 0.8), ("closed", 0.75)):
        if chance.random() > likely:
            return
        at += timedelta(hours=chance.uniform(6, 30))
        changed = _made(
            handling.CaseStatusChanged,
            **of_case,
            number=code,
            status=status,
            previous_status=before,
            public_status="closed" if status == "closed" else "open",
            changed_at=at,
        )
        week.tell(changed, key, case, at)
        before = status
    message = uuid5(report, "closing")
    requested = _made(
        handling.ReporterMessageRequested,
        message_id=message,
        case_id=case,
        report_id=report,
        number=code,
        municipality=MUNICIPALITY,
        kind="closing",
        status="closed",
        text="Uw melding is opgelost. Bedankt voor het melden.",
        requested_at=at,
    )
    week.tell(requested, key, str(message), at)
    if email:
        _delivered(week, message, report, "closing", at + timedelta(seconds=4))
    if chance.random() < 0.1:
        # Somebody asked to be forgotten.
        removed_at = at + timedelta(hours=1)
        destroyed = _made(
            intake.ReportDestroyed,
            report_id=report,
            number=code,
            municipality=MUNICIPALITY,
            removed_at=removed_at,
            removed_by=None,
        )
        week.tell(destroyed, key, key, removed_at)
        for stream in (intake.REPORT_TEXTS, intake.REPORT_CONTACTS):
            week.remove(stream, key, removed_at)


def _delivered(week: _Week, message: UUID, report: UUID, kind: Any, at: datetime) -> None:
    told = _made(
        notification.MessageDelivered,
        message_id=message,
        report_id=report,
        municipality=MUNICIPALITY,
        kind=kind,
        channel="email",
        at=at,
        attempts=1,
    )
    week.tell(told, str(report), str(message), at)
