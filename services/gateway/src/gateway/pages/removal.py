"""Removing people's data from a case, by those who may: first a page that says what goes, then the deed."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from gateway.clients import BlockRefusedError, BlockUnavailableError, Method
from gateway.pages.case_detail import find_case
from gateway.pages.dependencies import Handler, StaffSession, services_of
from gateway.pages.errors import ForbiddenError, MissingError
from gateway.pages.language import N_
from gateway.pages.profile import shortcuts_on
from gateway.pages.rendering import render

router = APIRouter(include_in_schema=False, prefix="/behandelen/{number}")

ANONYMISE = "report:anonymise"
DESTROY = "report:destroy"
SEE_OTHER = 303
INVALID = 422
NOT_FOUND = 404


async def _show(
    request: Request, staff: StaffSession, number: str, *, form: str = "", message: str = "", status: int = 200
) -> Response:
    """Say what can be removed, with what stands in the way when it was not done."""
    services = services_of(request)
    if not services.blocks.has("intake"):
        raise MissingError
    case = await find_case(services.blocks, staff, number)
    if case.report_id is None:
        raise MissingError
    return render(
        request,
        "desk/removal.html",
        status_code=status,
        case=case,
        form=form,
        message=message,
        staff=staff,
        shortcuts=shortcuts_on(request),
        nav="list",
    )


@router.get("/verwijderen")
async def removal(request: Request, staff: Handler, number: str) -> Response:
    """Show what can be removed, and what that means."""
    if not (staff.may(ANONYMISE) or staff.may(DESTROY)):
        raise ForbiddenError(ANONYMISE)
    return await _show(request, staff, number)


async def _remove(request: Request, staff: StaffSession, number: str, form: str, method: Method, path: str) -> Response:
    """Ask intake for it once it is confirmed; the other blocks follow by themselves."""
    async with request.form() as fields:
        confirmed = fields.get("zeker") == "1"
    if not confirmed:
        message = N_("Vink eerst aan dat je weet dat dit niet ongedaan kan worden gemaakt.")
        return await _show(request, staff, number, form=form, message=message, status=INVALID)
    blocks = services_of(request).blocks
    case = await find_case(blocks, staff, number)
    try:
        await blocks.ask("intake", f"/reports/{case.report_id}{path}", method=method, token=staff.token)
    except BlockUnavailableError:
        message = N_("Dit onderdeel is nu niet bereikbaar. Probeer het zo opnieuw, twee keer kan geen kwaad.")
        return await _show(request, staff, number, form=form, message=message, status=503)
    except BlockRefusedError as error:
        if error.status != NOT_FOUND:
            raise
        message = N_("Deze melding is al vernietigd.")
        return await _show(request, staff, number, form=form, message=message, status=409)
    return RedirectResponse(f"/behandelen/{number}?gedaan={form}", SEE_OTHER)


@router.post("/anonimiseren")
async def anonymise(request: Request, staff: Handler, number: str) -> Response:
    """Remove how the reporter can be reached."""
    if not staff.may(ANONYMISE):
        raise ForbiddenError(ANONYMISE)
    return await _remove(request, staff, number, "geanonimiseerd", "POST", "/anonymisations")


@router.post("/vernietigen")
async def destroy(request: Request, staff: Handler, number: str) -> Response:
    """Remove all that the reporter wrote, sent and was told."""
    if not staff.may(DESTROY):
        raise ForbiddenError(DESTROY)
    return await _remove(request, staff, number, "vernietigd", "DELETE", "")
