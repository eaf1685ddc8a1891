"""Insight under test, and a way to tell it about reports in any order."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

import insight
from commonground import ids
from commonground.testing.plugin import BlockUnderTest
from insight.incoming import subscriptions
from insight.main import create_app
from insight.settings import Settings

LAMP = "lantaarnpaal-straatverlichting"
NOW = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture(scope="session")
def block() -> BlockUnderTest:
    return BlockUnderTest(
        name="insight",
        package_file=str(insight.__file__),
        settings_class=Settings,
        create_app=create_app,
        subscriptions=subscriptions,
        extra_settings={"map_kept_seconds": 0},
    )


class Telling:
    """Tells insight what the other blocks would tell of one report."""

    def __init__(self, deliver: Callable[..., Awaitable[None]]) -> None:
        self._deliver = deliver
        self.report = uuid4()
        self.case = ids.derived(self.report, "case")

    def another(self) -> "Telling":
        """Return one that tells about another report."""
        return Telling(self._deliver)

    async def submitted(
        self,
        *,
        place: tuple[float, float] = (6.5625, 52.9967),
        at: str = "2026-11-20T09:30:00Z",
        municipality: str = "GM0106",
        sequence: int = 1,
    ) -> None:
        data = {
            "reportId": str(self.report),
            "number": "M-10001",
            "municipality": municipality,
            "geometry": {"type": "Point", "coordinates": list(place)},
            "submittedAt": at,
            "source": "web",
        }
        await self._deliver("intake.reports", "intake.report-submitted", data, key=str(self.report), sequence=sequence)

    async def classified(self, category: str = LAMP, *, municipality: str = "GM0106", sequence: int = 1) -> None:
        data = {
            "reportId": str(self.report),
            "municipality": municipality,
            "category": category,
            "mainCategory": "wegen-verkeer-straatmeubilair",
            "origin": "model",
            "confidence": 0.9,
            "modelVersion": "1",
            "classifiedAt": NOW,
        }
        key = str(self.report)
        await self._deliver(
            "classification.classifications", "classification.report-classified", data, key=key, sequence=sequence
        )

    async def routed(self, department: str = "VRL", *, areas: tuple[str, ...] = ("WK010600", "BU01060000")) -> None:
        data = {
            "reportId": str(self.report),
            "municipality": "GM0106",
            "category": LAMP,
            "department": department,
            "departmentName": department,
            "areas": list(areas),
        }
        await self._deliver("routing.routings", "routing.report-routed", data, key=str(self.report), sequence=1)

    async def opened(self, *, case: UUID | None = None, at: str = NOW, sequence: int = 1) -> None:
        data = {**self._case(case), "status": "reported", "openedAt": at}
        await self._deliver("handling.cases", "handling.case-opened", data, key=str(self.report), sequence=sequence)

    async def changed(
        self, public_status: str = "closed", *, case: UUID | None = None, at: str = NOW, sequence: int = 2
    ) -> None:
        data = {
            **self._case(case),
            "status": "closed" if public_status == "closed" else "reopened",
            "previousStatus": "reported",
            "publicStatus": public_status,
            "changedAt": at,
        }
        await self._deliver(
            "handling.cases", "handling.case-status-changed", data, key=str(self.report), sequence=sequence
        )

    async def category(
        self, slug: str = LAMP, *, public: bool = True, name: str = "Straatverlichting", sequence: int = 1
    ) -> None:
        data = {
            "municipality": "GM0106",
            "slug": slug,
            "mainCategory": "wegen-verkeer-straatmeubilair",
            "nameNl": "Lantaarnpaal / straatverlichting",
            "nameEn": "Lamp post / street lighting",
            "publicNameNl": name,
            "publicNameEn": "Street lighting",
            "mainNameNl": "Wegen, verkeer, straatmeubilair",
            "mainNameEn": "Roads, traffic, street furniture",
            "public": public,
            "active": True,
        }
        key = f"GM0106:{slug}"
        await self._deliver(
            "classification.categories", "classification.category-changed", data, key=key, sequence=sequence
        )

    async def category_removed(self, slug: str = LAMP) -> None:
        await self._deliver(
            "classification.categories", "classification.category-changed", None, key=f"GM0106:{slug}", sequence=9
        )

    async def department(self, code: str = "VRL", name: str = "Openbare verlichting") -> None:
        data = {"municipality": "GM0106", "code": code, "name": name, "active": True}
        await self._deliver("routing.departments", "routing.department-changed", data, key=f"GM0106:{code}", sequence=1)

    def _case(self, case: UUID | None) -> dict[str, Any]:
        return {
            "caseId": str(case or self.case),
            "reportIds": [str(self.report)],
            "number": "M-10001",
            "municipality": "GM0106",
        }


@pytest.fixture
def telling(deliver: Callable[..., Awaitable[None]]) -> Telling:
    """Tell insight about one report: ``await telling.submitted()``."""
    return Telling(deliver)
