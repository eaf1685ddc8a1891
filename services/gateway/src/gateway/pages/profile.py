"""What somebody of the staff can set for themselves: language and keyboard shortcuts."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from gateway.pages.dependencies import Staff, services_of
from gateway.pages.rendering import ONE_YEAR, render

router = APIRouter(include_in_schema=False)

SHORTCUTS_COOKIE = "sneltoetsen"


def shortcuts_on(request: Request) -> bool:
    """Tell whether single-letter shortcuts are on; WCAG 2.1.4 asks for a way to switch them off."""
    return request.cookies.get(SHORTCUTS_COOKIE) != "uit"


@router.get("/profiel")
async def profile(request: Request, staff: Staff) -> Response:
    """Show who is signed in, and the choices."""
    return render(
        request,
        "desk/profile.html",
        staff=staff,
        shortcuts=shortcuts_on(request),
        saved=bool(request.query_params.get("gedaan")),
        nav="profile",
    )


@router.post("/profiel")
async def save_profile(request: Request, staff: Staff) -> Response:  # noqa: ARG001 - only for who is signed in
    """Keep the choices."""
    async with request.form() as form:
        on = form.get("sneltoetsen") == "aan"
    response = RedirectResponse("/profiel?gedaan=1", 303)
    response.set_cookie(
        SHORTCUTS_COOKIE,
        "aan" if on else "uit",
        max_age=ONE_YEAR,
        httponly=True,
        samesite="lax",
        secure=services_of(request).secure_cookies,
    )
    return response
