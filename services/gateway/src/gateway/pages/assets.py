"""Scripts, styles and pictures: read once, compressed once, named by content so that browsers keep them."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

STATIC = Path(__file__).parent.parent / "static"
ICONS = STATIC / "vendor" / "tabler-icons-3.51.0"
FOREVER = "public, max-age=31536000, immutable"
A_WHILE = "no-cache"
COMPRESSIBLE = ("text/", "application/json", "image/svg+xml", "application/geo+json")
TYPES = {".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class Asset:
    """One file as it is sent."""

    content: bytes
    compressed: bytes | None
    content_type: str
    etag: str


def _type_of(path: Path) -> str:
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "text/plain"
    textual = kind.startswith(("text/", "application/json", "image/svg"))
    return f"{kind}; charset=utf-8" if textual else kind


@cache
def _assets() -> dict[str, Path]:
    return {path.relative_to(STATIC).as_posix(): path for path in STATIC.rglob("*") if path.is_file()}


@cache
def load(name: str) -> Asset | None:
    """Return one file below ``static``; only names that exist are ever looked up on disk."""
    path = _assets().get(name)
    if path is None:
        return None
    content = path.read_bytes()
    kind = _type_of(path)
    compressed = gzip.compress(content, 9, mtime=0) if kind.startswith(COMPRESSIBLE) else None
    return Asset(content, compressed, kind, hashlib.sha256(content).hexdigest()[:16])


def asset_url(name: str) -> str:
    """Return the address of a file, with a mark of its content so that a new version is a new address."""
    found = load(name)
    if found is None:
        message = f"no static file {name}"
        raise LookupError(message)
    return f"/static/{name}?v={found.etag}"


@cache
def icon(name: str, size: int = 20) -> Markup:
    """Return one icon as inline SVG, for decoration: the words beside it say the same."""
    source = (ICONS / f"{name}.svg").read_text()
    shapes = source.split(">", 1)[1].rsplit("</svg>", 1)[0].strip()
    return Markup(  # noqa: S704 - a committed file, not input
        f'<svg class="icon" width="{size}" height="{size}" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
        f'stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">'
        f"{shapes}</svg>"
    )


async def send_asset(request: Request) -> Response:
    """Answer one request below ``/static``."""
    name = request.path_params["name"]
    found = load(name)
    if found is None:
        return Response(status_code=404)
    headers = {
        "ETag": f'"{found.etag}"',
        "Cache-Control": FOREVER if request.query_params.get("v") == found.etag else A_WHILE,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    content = found.content
    if found.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        content = found.compressed
        headers["Content-Encoding"] = "gzip"
    return Response(content, media_type=None, headers=headers | {"Content-Type": found.content_type})
