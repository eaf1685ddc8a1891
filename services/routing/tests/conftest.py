"""Routing under test, with the seed of the example municipality where a test asks for it."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

import routing
from commonground.database import Database
from commonground.testing.plugin import BlockUnderTest
from routing import use_cases
from routing.incoming import subscriptions
from routing.main import create_app
from routing.settings import Settings

# In the centre of the example municipality: district WK010600.
CENTRE = (6.5625, 52.9967)


@pytest.fixture(scope="session")
def block() -> BlockUnderTest:
    return BlockUnderTest(
        name="routing",
        package_file=str(routing.__file__),
        settings_class=Settings,
        create_app=create_app,
        subscriptions=subscriptions,
    )


@pytest.fixture
async def seeded(database: Database) -> Database:
    """The block's database with the seed of GM0106."""
    async with database.transaction() as session:
        await use_cases.seed(session, "GM0106")
    return database


def submitted(report: UUID, **changes: Any) -> dict[str, Any]:
    """Return the data of a report-submitted as intake publishes it."""
    return {
        "reportId": str(report),
        "number": "M-10001",
        "municipality": "GM0106",
        "geometry": {"type": "Point", "coordinates": list(CENTRE)},
        "occurredAt": None,
        "submittedAt": "2026-11-20T09:30:00Z",
        "source": "web",
        "chosenCategory": None,
        "attachmentCount": 0,
        "hasContact": False,
        **changes,
    }


def classified(report: UUID, **changes: Any) -> dict[str, Any]:
    """Return the data of a report-classified."""
    return {
        "reportId": str(report),
        "municipality": "GM0106",
        "category": "lantaarnpaal-straatverlichting",
        "mainCategory": "wegen-verkeer-straatmeubilair",
        "origin": "model",
        "confidence": 0.9,
        "modelVersion": "1",
        "classifiedAt": "2026-11-20T09:30:01Z",
        **changes,
    }


def texts(report: UUID, **answers: Any) -> dict[str, Any]:
    """Return the data of a report-text-recorded with answers by key."""
    return {
        "reportId": str(report),
        "municipality": "GM0106",
        "description": "De lamp is stuk",
        "address": None,
        "answers": [{"key": key, "label": key, "value": value} for key, value in answers.items()],
        "attachments": [],
        "language": "nl",
    }


class Reporting:
    """Tells routing about reports, in any order."""

    def __init__(self, deliver: Callable[..., Awaitable[None]]) -> None:
        self._deliver = deliver
        self.report = uuid4()

    def another(self) -> "Reporting":
        """Return one that tells about another report."""
        return Reporting(self._deliver)

    async def submitted(self, *, sequence: int = 1, **changes: Any) -> None:
        await self._tell("intake.reports", "intake.report-submitted", submitted(self.report, **changes), sequence)

    async def texts(self, *, sequence: int = 1, **answers: Any) -> None:
        await self._tell("intake.report-texts", "intake.report-text-recorded", texts(self.report, **answers), sequence)

    async def texts_removed(self) -> None:
        await self._tell("intake.report-texts", "intake.report-text-recorded", None, 2)

    async def classified(self, *, sequence: int = 1, **changes: Any) -> None:
        data = classified(self.report, **changes)
        await self._tell("classification.classifications", "classification.report-classified", data, sequence)

    async def all(self, *, category: str = "lantaarnpaal-straatverlichting", **answers: Any) -> None:
        """Tell everything that routing waits for."""
        await self.submitted()
        await self.texts(**answers)
        await self.classified(category=category)

    async def _tell(self, stream: str, event: str, data: dict[str, Any] | None, sequence: int) -> None:
        await self._deliver(stream, event, data, key=str(self.report), sequence=sequence)


@pytest.fixture
def reporting(deliver: Callable[..., Awaitable[None]]) -> Reporting:
    """Tell routing about one report: ``await reporting.submitted()``."""
    return Reporting(deliver)


@pytest.fixture
def administrator(tokens: Any) -> dict[str, str]:
    """Header of somebody who manages rules and sees every case."""
    return tokens.bearer("ada", permissions=["case:read", "case:read-all", "case:assign", "routing:manage"])
