"""Errors that end a page, and the page that each of them gets."""

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from gateway.clients import BlockAbsentError, BlockRefusedError, BlockUnavailableError
from gateway.pages.language import N_

log = structlog.get_logger(__name__)

NO_PAGES = ("/api/", "/open311/", "/v1/", "/.well-known/", "/static/", "/healthz", "/readyz", "/metrics")
NOT_SIGNED_IN = 401


class PageError(Exception):
    """An error with a page of its own."""

    status = 500


class SignInNeededError(Exception):
    """Nobody is signed in; ``location`` leads to the sign-in page and back."""

    def __init__(self, location: str) -> None:
        super().__init__("sign-in needed")
        self.location = location


class ForbiddenError(PageError):
    """Somebody is signed in but lacks a permission."""

    status = 403

    def __init__(self, permission: str = "") -> None:
        super().__init__(permission)
        self.permission = permission


class ForeignFormError(PageError):
    """A form came from another site."""

    status = 403


class MissingError(PageError):
    """There is nothing at this address."""

    status = 404


class AbsentError(PageError):
    """The block behind this page is not deployed here."""

    status = 404


class GoneError(PageError):
    """What was here has been removed, or its time is over."""

    status = 410


TEXTS: dict[int, tuple[str, str]] = {
    400: (
        N_("Dit kunnen we niet verwerken"),
        N_("Het formulier kwam niet goed aan. Ga terug en probeer het opnieuw."),
    ),
    403: (
        N_("Geen bevoegdheid"),
        N_("U mag deze pagina niet bekijken of deze actie niet uitvoeren."),
    ),
    404: (
        N_("Deze pagina bestaat niet"),
        N_("Controleer het adres of ga naar de startpagina."),
    ),
    405: (N_("Deze pagina bestaat niet"), N_("Deze pagina kan niet op deze manier worden geopend.")),
    410: (
        N_("Deze pagina is er niet meer"),
        N_("Wat hier stond is verwijderd, of de link is verlopen."),
    ),
    413: (
        N_("Dit bestand is te groot"),
        N_("Een foto mag niet groter zijn dan 20 MB. Ga terug en kies een kleinere foto."),
    ),
    429: (
        N_("Even geduld"),
        N_("Er kwam te veel tegelijk binnen vanaf uw verbinding. Probeer het over een minuut opnieuw."),
    ),
    500: (
        N_("Er ging iets mis"),
        N_("Dit ligt niet aan u. Probeer het over een paar minuten opnieuw."),
    ),
    503: (
        N_("Dit onderdeel is nu niet bereikbaar"),
        N_("Probeer het over een paar minuten opnieuw. Wat u al verstuurde, is bewaard."),
    ),
}

ABSENT = (
    N_("Dit onderdeel is hier niet in gebruik"),
    N_("Ga naar de startpagina om te zien wat hier wel kan."),
)

Answer = Callable[[Request, Any], Response | Awaitable[Response]]


def error_page(
    request: Request, status: int, *, permission: str = "", texts: tuple[str, str] | None = None
) -> Response:
    """Show the page for one kind of error, with its own title and text when given."""
    from gateway.pages.rendering import render

    title, text = texts or TEXTS.get(status, TEXTS[500])
    return render(
        request,
        "error.html",
        status_code=status,
        status=status,
        title=title,
        text=text,
        permission=permission,
        staff=None,
    )


def _is_page(request: Request) -> bool:
    return not request.url.path.startswith(NO_PAGES)


def _page_after(earlier: Answer) -> Answer:
    """Let the API's handler decide the status and write the log; show a page when somebody looks at one."""

    async def answer(request: Request, error: Exception) -> Response:
        made = earlier(request, error)
        response = made if isinstance(made, Response) else await made
        return error_page(request, response.status_code) if _is_page(request) else response

    return answer


def install_error_pages(app: FastAPI) -> None:
    """Give every error on a page its page; errors of the API stay problem+json.

    Call this after the handlers of the API have been installed.
    """
    for kind, earlier in list(app.exception_handlers.items()):
        app.add_exception_handler(kind, _page_after(earlier))

    @app.exception_handler(SignInNeededError)
    async def _sign_in(_request: Request, error: SignInNeededError) -> Response:
        return RedirectResponse(error.location, 303)

    @app.exception_handler(PageError)
    async def _page_error(request: Request, error: PageError) -> Response:
        permission = error.permission if isinstance(error, ForbiddenError) else ""
        return error_page(request, error.status, permission=permission)

    @app.exception_handler(AbsentError)
    @app.exception_handler(BlockAbsentError)
    async def _absent(request: Request, _error: Exception) -> Response:
        return error_page(request, AbsentError.status, texts=ABSENT)

    @app.exception_handler(BlockUnavailableError)
    async def _unavailable(request: Request, error: BlockUnavailableError) -> Response:
        log.warning("page_without_block", block=error.block)
        return error_page(request, 503)

    @app.exception_handler(BlockRefusedError)
    async def _refused(request: Request, error: BlockRefusedError) -> Response:
        if error.status == NOT_SIGNED_IN:
            # The token ended while the page was open.
            return RedirectResponse("/inloggen", 303)
        log.warning("page_refused_by_block", block=error.block, status=error.status)
        return error_page(request, error.status if error.status in TEXTS else 500)
