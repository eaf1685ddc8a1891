"""What stands outside the versioned API: the public keys, and the overview of the APIs."""

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response

from gateway.api.dependencies import KeysDep, SettingsDep
from gateway.keys import COPY_SECONDS
from gateway.pages.rendering import render

router = APIRouter(include_in_schema=False)


@router.get("/.well-known/jwks.json")
async def public_keys(keys: KeysDep) -> Response:
    """Return the keys with which blocks and others verify our tokens."""
    headers = {"Cache-Control": f"public, max-age={COPY_SECONDS}"}
    return Response(orjson.dumps(await keys.published()), media_type="application/jwk-set+json", headers=headers)


@router.get("/api")
@router.get("/api/")
async def overview(request: Request, settings: SettingsDep) -> Response:
    """Return the APIs that stand below this address: a page for a browser, JSON for a program."""
    blocks = [*settings.block_addresses, "gateway"]
    apis = [
        {
            "name": block,
            "url": f"{settings.base_url}/api/{block}/v1",
            "openapi": f"{settings.base_url}/api/{block}/v1/openapi.json",
        }
        for block in blocks
    ]
    if "text/html" in request.headers.get("accept", ""):
        return render(request, "sign_in/apis.html", apis=apis)
    return Response(orjson.dumps({"items": apis, "nextCursor": None}), media_type="application/json")
