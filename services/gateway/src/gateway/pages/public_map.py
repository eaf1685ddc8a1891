"""The public map: what has been reported where, without anything about the people who did."""

from collections import Counter
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.clients import BlockRefusedError, BlockUnavailableError
from gateway.geography import Ground
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


def _bbox(ground: Ground) -> str:
    """Return the box around the municipality."""
    west, south, east, north = ground.bounds
    return f"{west},{south},{east},{north}"


def read_cases(collection: dict[str, Any], ground: Ground) -> list[PublicCase]:
    """Read the features that are fit to show, newest first."""
    cases = []
    for feature in collection.get("features", []):
        try:
            case = PublicCase.model_validate(feature["properties"])
            longitude, latitude = feature["geometry"]["coordinates"][:2]
        except (ValidationError, KeyError, TypeError, ValueError):
            continue
        case.words = ground.describe((longitude, latitude)) or ""
        cases.append(case)
    return sorted(cases, key=lambda case: case.submitted_at, reverse=True)


@router.get("/kaart")
async def public_map(request: Request, onderwerp: str = "", stand: str = "") -> Response:
    """Show map and list; the list works without the map."""
    services = services_of(request)
    cases: list[PublicCase] = []
    unavailable = False
    try:
        collection = await services.blocks.ask("insight", "/public-cases", params={"bbox": _bbox(services.ground)})
        cases = read_cases(collection or {}, services.ground)
    except (BlockUnavailableError, BlockRefusedError):
        unavailable = True
    language = language_of(request)
    names = {case.category: named(case.name, language, case.category) for case in cases if case.category}
    counts = Counter(case.category for case in cases)
    topics = sorted(((slug, name, counts[slug]) for slug, name in names.items()), key=lambda topic: topic[1])
    chosen = [
        case for case in cases if (not onderwerp or case.category == onderwerp) and (not stand or case.status == stand)
    ]
    return render(
        request,
        "public_map.html",
        cases=chosen[:SHOWN_WITHOUT_SCRIPT],
        total=len(chosen),
        topics=topics,
        topic=onderwerp,
        state=stand,
        unavailable=unavailable,
    )
