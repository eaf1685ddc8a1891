"""Step 2 of reporting: where it is."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from gateway.drafts import Draft
from gateway.pages.dependencies import Services, services_of
from gateway.pages.drafting import keep_draft, load_draft, open_draft
from gateway.pages.language import PARAMETER
from gateway.pages.rendering import render
from gateway.pages.wizard import INVALID, SEE_OTHER, after, language_asked
from gateway.pages.wizard_rules import Errors, TypedPlace, check_description, read_place

router = APIRouter(include_in_schema=False)

STEP = "/melden/locatie"


def _typed(draft: Draft) -> TypedPlace:
    place = draft.place
    if place is None:
        return TypedPlace()
    if place.estimated:
        return TypedPlace("", "", place.street, place.house_number, place.neighbourhood)
    return TypedPlace(str(place.longitude), str(place.latitude), place.street, place.house_number)


def _show(request: Request, typed: TypedPlace, errors: Errors | None = None, words: str = "") -> Response:
    return render(
        request,
        "wizard/place.html",
        status_code=INVALID if errors else 200,
        step="locatie",
        typed=typed,
        errors=errors or Errors(),
        words=words,
        neighbourhoods=services_of(request).ground.neighbourhoods,
        back=request.query_params.get("terug", ""),
    )


@router.get(STEP)
async def show_place(request: Request) -> Response:
    """Show the map and the address fields."""
    draft = await load_draft(request)
    if draft is None or draft.sent or check_description(draft.description):
        return RedirectResponse("/melden/beschrijf", SEE_OTHER)
    words = draft.place.description if draft.place else ""
    return _show(request, _typed(draft), words=words)


@router.post(STEP)
async def place(request: Request) -> Response:
    """Keep the place and go on."""
    draft_id, draft = await open_draft(request)
    async with request.form() as form:
        typed = TypedPlace(
            *(
                str(form.get(name) or "")[:200]
                for name in ("longitude", "latitude", "street", "house_number", "neighbourhood")
            )
        )
        language = language_asked(form)
        target = after(form, "/melden/contact")
    found, errors = read_place(typed, services_of(request).ground)
    if found is not None:
        draft.place = found
    response: Response
    if language:
        response = RedirectResponse(f"{STEP}?{PARAMETER}={language}", SEE_OTHER)
    elif errors:
        return _show(request, typed, errors)
    else:
        response = RedirectResponse(target, SEE_OTHER)
    await keep_draft(request, response, draft_id, draft)
    return response


@router.get("/melden/straten")
async def streets(services: Services, q: str = "") -> JSONResponse:
    """Give street names for what is being typed."""
    return JSONResponse(services.ground.find_streets(q[:100]), headers={"Cache-Control": "public, max-age=3600"})


@router.get("/melden/omgeving")
async def surroundings(services: Services, longitude: float, latitude: float) -> JSONResponse:
    """Say in words where a point on the map is."""
    point = (longitude, latitude)
    inside = services.ground.holds(point)
    return JSONResponse(
        {"inside": inside, "words": services.ground.describe(point) if inside else None},
        headers={"Cache-Control": "no-store"},
    )
