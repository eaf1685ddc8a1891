"""The start page, the house style and the pages that say how we work."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from gateway.geography import draw
from gateway.pages.dependencies import Services, services_of
from gateway.pages.drafting import load_draft
from gateway.pages.rendering import render

router = APIRouter(include_in_schema=False)


@router.get("/")
async def start(request: Request) -> Response:
    """Show what can be done here."""
    draft = await load_draft(request)
    unsent = draft if draft and not draft.empty and not draft.sent else None
    return render(request, "start.html", draft=unsent, picture=draw(services_of(request).ground))


@router.get("/privacy")
async def privacy(request: Request) -> Response:
    """Say what happens with personal data."""
    return render(request, "privacy.html")


@router.get("/toegankelijkheid")
async def accessibility(request: Request) -> Response:
    """Say how accessible these pages are."""
    return render(request, "accessibility.html")


@router.get("/huisstijl.css")
async def house_style(services: Services) -> Response:
    """Give the design tokens of this municipality."""
    return Response(
        services.branding.stylesheet(), media_type="text/css", headers={"Cache-Control": "public, max-age=300"}
    )


@router.get("/favicon.ico")
async def favicon() -> Response:
    """Lead browsers that ask without looking to the real icon."""
    return RedirectResponse("/static/logo.svg", 301)
