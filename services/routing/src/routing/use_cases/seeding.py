"""The first content of a municipality: departments, areas, and department and term per category."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from commonground.messaging import publish_all
from routing import store
from routing.use_cases.configuring import department_events

FOLDER = Path(__file__).parents[1] / "seed"


@dataclass(frozen=True)
class Seeded:
    """How much was new."""

    departments: int
    categories: int
    areas: int


async def seed(session: AsyncSession, municipality: str, folder: Path = FOLDER) -> Seeded:
    """Bring what is missing into a municipality; what administrators have decided stays.

    New departments are told to the other blocks. A second run changes nothing, unless the area file has changed.
    """
    departments = [
        {**item, "municipality": municipality, "active": True, "version": 1}
        for item in _read(folder / "departments.json")
    ]
    categories = [_category(item, municipality) for item in _read(folder / "categories.json")]
    areas = [
        _area(feature)
        for feature in _read(folder / "areas.geojson")["features"]
        if feature["properties"]["municipality"] == municipality
    ]
    new = await store.seed_departments(session, departments)
    await publish_all(session, department_events(new))
    found = Seeded(
        departments=len(new),
        categories=await store.seed_categories(session, categories),
        areas=await store.seed_areas(session, areas) if areas else 0,
    )
    if found != Seeded(0, 0, 0):
        await store.touch(session, municipality)
    return found


def _read(path: Path) -> Any:
    return orjson.loads(path.read_bytes())


def _category(item: Mapping[str, Any], municipality: str) -> dict[str, Any]:
    return {
        "municipality": municipality,
        "slug": item["category"],
        "main_category": item["mainCategory"],
        "department": item["department"],
        "term_days": item["termDays"],
        "term_kind": item["termKind"],
    }


def _area(feature: Mapping[str, Any]) -> dict[str, Any]:
    properties = feature["properties"]
    return {
        "municipality": properties["municipality"],
        "code": properties["code"],
        "kind": properties["kind"],
        "name": properties["name"],
        "geometry": feature["geometry"],
    }
