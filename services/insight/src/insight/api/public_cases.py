"""The public map and its legend, open to everyone."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from commonground.web import DatabaseDep
from insight import use_cases
from insight.api.dependencies import KeptAnswersDep, MunicipalityQuery, SettingsDep
from insight.domain import BoundingBox, PublicStatus
from insight.schemas import Name, PublicCases, PublicCategories, PublicCategory, Slug

router = APIRouter()

_GEOJSON = "application/geo+json"


@router.get(
    "/public-cases",
    response_class=Response,
    response_model=PublicCases,
    responses={
        200: {
            "content": {_GEOJSON: {"schema": {"$ref": "#/components/schemas/PublicCases"}}},
            "headers": {"ETag": {"description": "Changes with the content", "schema": {"type": "string"}}},
        },
        304: {"description": "Nothing has changed"},
    },
)
async def show_public_cases(
    database: DatabaseDep,
    settings: SettingsDep,
    kept: KeptAnswersDep,
    bbox: Annotated[
        str | None,
        Query(
            description="west,south,east,north in degrees (WGS 84); everything when absent",
            examples=["6.5,52.9,6.6,53.1"],
            max_length=200,
        ),
    ] = None,
    category: Annotated[Slug | None, Query(description="Only this category")] = None,
    status: Annotated[PublicStatus | None, Query(description="Only open or only closed cases")] = None,
    municipality: MunicipalityQuery = None,
    if_none_match: Annotated[str | None, Header(alias="If-None-Match", max_length=1000)] = None,
    accept_encoding: Annotated[str, Header(alias="Accept-Encoding", include_in_schema=False)] = "",
) -> Response:
    """Return open cases, and those closed not long ago, of public categories; without texts and persons."""
    box = BoundingBox.parse(bbox) if bbox is not None else None

    async def make() -> bytes:
        async with database.transaction() as session:
            return await use_cases.show_public_cases(
                session, settings, box=box, category=category, status=status, municipality=municipality
            )

    compressed = "gzip" in accept_encoding
    answer = await kept.get((box, category, status, municipality), make, compressed=compressed)
    headers = {
        "ETag": answer.tag,
        "Cache-Control": f"public, max-age={settings.map_max_age}",
        "Vary": "Accept-Encoding",
    }
    if if_none_match is not None and answer.tag in (part.strip() for part in if_none_match.split(",")):
        return Response(status_code=304, headers=headers)
    if compressed and answer.compressed is not None:
        headers["Content-Encoding"] = "gzip"
        return Response(answer.compressed, media_type=_GEOJSON, headers=headers)
    return Response(answer.body, media_type=_GEOJSON, headers=headers)


@router.get("/categories")
async def list_public_categories(
    response: Response, database: DatabaseDep, settings: SettingsDep, municipality: MunicipalityQuery = None
) -> PublicCategories:
    """Return the categories that can stand on the map, in words for residents."""
    async with database.transaction() as session:
        rows = await use_cases.list_public_categories(session, settings, municipality)
    response.headers["Cache-Control"] = "public, max-age=300"
    items = [
        PublicCategory(
            municipality=row.municipality,
            slug=row.slug,
            name=Name(nl=row.name_nl, en=row.name_en),
            main_category=row.main_category,
            main_name=Name(nl=row.main_name_nl, en=row.main_name_en),
        )
        for row in rows
    ]
    return PublicCategories(items=items, next_cursor=None)
