"""Areas as GeoJSON, open to everyone."""

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Response

from commonground.web import DatabaseDep
from routing import use_cases
from routing.api.dependencies import SettingsDep
from routing.domain.areas import BoundingBox
from routing.schemas import Areas, Municipality

router = APIRouter()


@router.get(
    "/areas",
    response_model=Areas,
    response_class=Response,
    responses={200: {"content": {"application/geo+json": {"schema": {"$ref": "#/components/schemas/Areas"}}}}},
)
async def list_areas(
    database: DatabaseDep,
    settings: SettingsDep,
    bbox: Annotated[
        str | None,
        Query(description="west,south,east,north in degrees (WGS 84)", examples=["6.5,52.9,6.6,53.1"], max_length=200),
    ] = None,
    kind: Annotated[Literal["district", "neighbourhood"] | None, Query()] = None,
    municipality: Annotated[Municipality | None, Query()] = None,
) -> Response:
    """Return districts and neighbourhoods; with ``bbox`` only those that touch that box."""
    box = BoundingBox.parse(bbox) if bbox is not None else None
    served = sorted(settings.served if municipality is None else settings.served & {municipality})
    async with database.transaction() as session:
        rows = await use_cases.list_areas(session, served, kind=kind, box=box)
    collection = {"type": "FeatureCollection", "features": [_feature(row) for row in rows]}
    return Response(
        orjson.dumps(collection),
        media_type="application/geo+json",
        headers={"Cache-Control": "public, max-age=300"},
    )


def _feature(row: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": row.code,
        "geometry": row.geometry,
        "properties": {"municipality": row.municipality, "code": row.code, "kind": row.kind, "name": row.name},
    }
