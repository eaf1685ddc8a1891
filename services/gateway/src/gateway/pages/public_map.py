"""The public map: what has been reported where, without anything about the people who did."""

from datetime import datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.clients import BlockRefusedError, Blocks, BlockUnavailableError
from gateway.geography import Ground
from gateway.pages import reference
from gateway.pages.dependencies import services_of
from gateway.pages.language import language_of
from gateway.pages.presenting import named
from gateway.pages.rendering import render

router = APIRouter(include_in_schema=False)

SHOWN_WITHOUT_SCRIPT = 50


class PublicCase(BaseModel):
    """What the public may know of one case."""

    model_config = ConfigDict(extra="ignore")

    id: UUID | str
    category: str | None = None
    name: dict[str, str] | None = None
    status: str = "open"
    submitted_at: datetime = Field(alias="submittedAt")
    words: str = ""


def newest_cases(collection: dict[str, Any], ground: Ground, most: int) -> tuple[list[PublicCase], int]:
    """Return the newest cases of a GeoJSON answer, and how many there are in all.

    A city may have tens of thousands of them: only those that are shown are read in full.
    """
    dated = [
        (str(feature["properties"]["submittedAt"]), index)
        for index, feature in enumerate(collection.get("features", []))
        if feature.get("geometry") and "submittedAt" in feature.get("properties", {})
    ]
    cases = []
    for _, index in sorted(dated, key=itemgetter(0), reverse=True)[:most]:
        feature = collection["features"][index]
        try:
            case = PublicCase.model_validate(feature["properties"])
            longitude, latitude = feature["geometry"]["coordinates"][:2]
        except (ValidationError, KeyError, ValueError):
            continue
        case.words = ground.describe((longitude, latitude)) or ""
        cases.append(case)
    return cases, len(dated)


async def _list(blocks: Blocks, ground: Ground, topic: str, state: str) -> tuple[list[PublicCase], int] | None:
    """Return the list for those without a map; nothing when it cannot be had now."""
    params = {name: value for name, value in (("category", topic), ("status", state)) if value}
    try:
        collection = await blocks.ask("insight", "/public-cases", params=params)
        return newest_cases(collection or {}, ground, SHOWN_WITHOUT_SCRIPT)
    except (BlockUnavailableError, BlockRefusedError):
        return None


@router.get("/kaart")
async def public_map(request: Request, onderwerp: str = "", stand: str = "", lijst: str = "") -> Response:
    """Show the map; the script asks for what is in view, ``lijst=1`` gives a list without any script."""
    services = services_of(request)
    language = language_of(request)
    found = await _list(services.blocks, services.ground, onderwerp[:100], stand[:20]) if lijst else ([], 0)
    topics = sorted(
        ((topic.slug, named(topic.name, language, topic.slug)) for topic in await reference.topics(services.blocks)),
        key=itemgetter(1),
    )
    cases, total = found or ([], 0)
    return render(
        request,
        "public_map.html",
        cases=cases,
        total=total,
        topics=topics,
        topic=onderwerp,
        state=stand,
        asked=bool(lijst),
        unavailable=found is None,
    )
