"""Handling under test, and the events that others would send it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

import handling
from commonground import ids
from commonground.messaging.consumer import Consumer
from commonground.testing.events import record
from commonground.testing.plugin import BlockUnderTest
from commonground.testing.tokens import user_id
from handling.incoming import SUBSCRIPTIONS
from handling.main import create_app
from handling.settings import Settings

HANDLER = ["case:read", "case:change-status", "case:assign", "case:note", "case:prioritise"]


@pytest.fixture(scope="session")
def block() -> BlockUnderTest:
    return BlockUnderTest(
        name="handling",
        package_file=str(handling.__file__),
        settings_class=Settings,
        create_app=create_app,
        subscriptions=lambda _settings: list(SUBSCRIPTIONS),
        extra_settings={"external_targets": "sweepers"},
    )


@dataclass
class Story:
    """What happens to one report in the other blocks; each event as its block would publish it."""

    deliver: Callable[..., Awaitable[None]]
    report_id: UUID = field(default_factory=ids.new)
    number: str = "M-10001"
    municipality: str = "GM0106"
    sequences: dict[str, int] = field(default_factory=dict)

    @property
    def case_id(self) -> UUID:
        return ids.derived(self.report_id, "case")

    @property
    def path(self) -> str:
        return f"/v1/cases/{self.case_id}"

    async def tell(self, stream: str, event: str, data: dict | None, sequence: int | None) -> None:
        number = self.sequences.get(event, 0) + 1 if sequence is None else sequence
        self.sequences[event] = max(number, self.sequences.get(event, 0))
        await self.deliver(stream, event, data, key=str(self.report_id), sequence=number)

    async def submitted(self, *, sequence: int | None = None, **but: Any) -> None:
        await self.tell("intake.reports", "intake.report-submitted", submitted(self, **but), sequence)

    async def wrote(self, description: str = "De lantaarnpaal is stuk", *, sequence: int | None = None) -> None:
        data = wrote(self, description=description)
        await self.tell("intake.report-texts", "intake.report-text-recorded", data, sequence)

    async def reachable(self, email: str | None = "melder@example.org", *, sequence: int | None = None) -> None:
        data = reachable(self, email=email)
        await self.tell("intake.report-contacts", "intake.report-contact-recorded", data, sequence)

    async def classified(self, category: str = "straatverlichting", *, sequence: int | None = None, **but: Any) -> None:
        data = classified(self, category=category, **but)
        await self.tell("classification.classifications", "classification.report-classified", data, sequence)

    async def explained(self, *, sequence: int | None = None) -> None:
        stream, event = "classification.explanations", "classification.classification-explained"
        await self.tell(stream, event, explained(self), sequence)

    async def routed(self, department: str = "VRL", *, sequence: int | None = None, **but: Any) -> None:
        data = routed(self, department=department, **but)
        await self.tell("routing.routings", "routing.report-routed", data, sequence)

    async def forgotten(self, stream: str) -> None:
        """Tell that what a stream holds of the report has been removed."""
        await self.tell(stream, f"{stream}.tombstone", None, 9)

    async def all_of_it(self, **but: Any) -> "Story":
        """Tell the whole story in its usual order, with a department unless it says otherwise."""
        department = but.pop("department", "VRL")
        category = but.pop("category", "straatverlichting")
        deadline = but.pop("deadline", "2026-11-27T16:00:00Z")
        description = but.pop("description", "De lantaarnpaal is stuk")
        await self.submitted(**but)
        await self.wrote(description)
        await self.reachable()
        await self.classified(category)
        await self.explained()
        await self.routed(department, deadline=deadline)
        return self


def submitted(story: Story, **but: Any) -> dict[str, Any]:
    return {
        "reportId": str(story.report_id),
        "number": story.number,
        "municipality": story.municipality,
        "geometry": {"type": "Point", "coordinates": [6.5625, 52.9967]},
        "occurredAt": None,
        "submittedAt": "2026-11-20T09:30:00Z",
        "source": "web",
        "chosenCategory": None,
        "attachmentCount": 1,
        "hasContact": True,
        **but,
    }


def wrote(story: Story, **but: Any) -> dict[str, Any]:
    return {
        "reportId": str(story.report_id),
        "municipality": story.municipality,
        "description": "De lantaarnpaal is stuk",
        "address": {"street": "Vaart", "houseNumber": 12, "postalCode": "9401GK", "city": "Assen"},
        "answers": [{"key": "since", "label": "Hoe lang al?", "value": "een week"}],
        "attachments": [{"id": "01930f2e-0000-7000-8000-000000000002", "contentType": "image/jpeg"}],
        "language": "nl",
        **but,
    }


def reachable(story: Story, **but: Any) -> dict[str, Any]:
    return {
        "reportId": str(story.report_id),
        "number": story.number,
        "municipality": story.municipality,
        "email": "melder@example.org",
        "phone": None,
        "language": "nl",
        "statusUrl": "http://127.0.0.1:8000/melding/x",
        **but,
    }


def classified(story: Story, **but: Any) -> dict[str, Any]:
    return {
        "reportId": str(story.report_id),
        "municipality": story.municipality,
        "category": "straatverlichting",
        "mainCategory": "wegen-verkeer-straatmeubilair",
        "origin": "model",
        "confidence": 0.87,
        "modelVersion": "1",
        "classifiedAt": "2026-11-20T09:30:01Z",
        **but,
    }


def explained(story: Story) -> dict[str, Any]:
    prediction = {
        "category": "straatverlichting",
        "mainCategory": "wegen-verkeer-straatmeubilair",
        "confidence": 0.87,
        "words": ["lantaarnpaal"],
    }
    return {"reportId": str(story.report_id), "municipality": story.municipality, "predictions": [prediction]}


def routed(story: Story, **but: Any) -> dict[str, Any]:
    return {
        "reportId": str(story.report_id),
        "municipality": story.municipality,
        "category": "straatverlichting",
        "department": "VRL",
        "departmentName": "Openbare verlichting",
        "assignee": None,
        "deadline": "2026-11-27T16:00:00Z",
        "termDays": 5,
        "termKind": "working",
        "rule": None,
        "areas": [],
        "routedAt": "2026-11-20T09:30:02Z",
        **but,
    }


@pytest.fixture
def story(deliver) -> Story:
    return Story(deliver)


@pytest.fixture
def stories(deliver) -> Callable[..., Story]:
    """Make more stories, each with a number of its own."""
    numbers = iter(range(20_001, 99_999))
    return lambda **but: Story(deliver, **{"number": f"M-{next(numbers)}", **but})


@pytest.fixture
def handle(settings, database) -> Callable[..., Awaitable[None]]:
    """Hand records to the consumer as one batch: ``await handle([(stream, event, data, key, sequence), ...])``."""
    consumer = Consumer(settings, database, "handling", list(SUBSCRIPTIONS))

    async def handle(events) -> None:
        await consumer.handle(
            [
                record(stream, event, data, key=key, sequence=sequence, event_id=event_id, offset=n)
                for n, (stream, event, data, key, sequence, event_id) in enumerate(events)
            ]
        )

    return handle


@pytest.fixture
async def staff(deliver) -> dict[str, str]:
    """Let handling know the people, departments and categories of Voorbeeldstad; return user ids by name."""
    people = {
        "hanna": ["VRL", "STW"],
        "wim": ["AFV"],
        "karim": ["VRL", "STW", "AFV"],
        "gone": ["VRL"],
    }
    for name, departments in people.items():
        await deliver(
            "gateway.users",
            "gateway.user-changed",
            {
                "userId": str(user_id(name)),
                "name": name.title(),
                "email": f"{name}@example.org",
                "departments": departments,
                "municipalities": ["GM0106"],
                "active": name != "gone",
            },
            key=str(user_id(name)),
        )
    for code, name in {"VRL": "Openbare verlichting", "STW": "Stadswerken", "AFV": "Afval en grondstoffen"}.items():
        data = {"municipality": "GM0106", "code": code, "name": name, "active": True}
        await deliver("routing.departments", "routing.department-changed", data, key=f"GM0106:{code}")
    for slug, main in {"straatverlichting": "wegen-verkeer-straatmeubilair", "grofvuil": "afval"}.items():
        data = {
            "municipality": "GM0106",
            "slug": slug,
            "mainCategory": main,
            "nameNl": slug.title(),
            "nameEn": f"{slug} (en)",
            "publicNameNl": slug,
            "publicNameEn": slug,
            "mainNameNl": main,
            "mainNameEn": main,
            "public": True,
            "active": True,
        }
        await deliver("classification.categories", "classification.category-changed", data, key=f"GM0106:{slug}")
    return {name: str(user_id(name)) for name in people}


@pytest.fixture
def hanna(tokens) -> dict[str, str]:
    """Header of a handler of street lighting and city works."""
    return tokens.bearer("hanna", permissions=HANDLER, departments=["VRL", "STW"])


@pytest.fixture
def wim(tokens) -> dict[str, str]:
    """Header of a handler of waste."""
    return tokens.bearer("wim", permissions=HANDLER, departments=["AFV"])


@pytest.fixture
def karim(tokens) -> dict[str, str]:
    """Header of a coordinator, who sees everything."""
    return tokens.bearer("karim", permissions=[*HANDLER, "case:read-all", "contact:read"], departments=[])
