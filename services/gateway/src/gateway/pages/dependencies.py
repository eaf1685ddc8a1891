"""What a page asks for: the services it works with, who is signed in, and that a form is our own."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, cast
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request

from commonground.auth import Principal
from gateway.branding import Branding
from gateway.clients import Blocks
from gateway.drafts import DraftStore
from gateway.geography import Ground
from gateway.pages.errors import AbsentError, ForbiddenError, ForeignFormError, SignInNeededError
from gateway.pages.language import Language, language_of

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class StaffSession:
    """Somebody of the staff who is signed in: who they are, and the token that says so to the blocks."""

    token: str
    principal: Principal

    def may(self, permission: str) -> bool:
        """Tell whether this person has a permission."""
        return permission in self.principal.permissions


FindStaff = Callable[[Request], Awaitable[StaffSession | None]]
"""Given by the sign-in part of the gateway: who sent this request, if anybody."""


@dataclass(frozen=True)
class PageServices:
    """Everything that the pages work with; made once, kept at ``app.state.pages``."""

    blocks: Blocks
    branding: Branding
    ground: Ground
    drafts: DraftStore
    secret: str = field(repr=False)
    find_staff: FindStaff
    public_url: str
    form_targets: tuple[str, ...] = ()
    """Other origins to which a form may lead, such as the identity provider's sign-out."""

    @property
    def secure_cookies(self) -> bool:
        """Tell whether cookies may travel over HTTPS only."""
        return self.public_url.startswith("https://")


def services_of(request: Request) -> PageServices:
    """Return the services of this application."""
    return cast("PageServices", request.app.state.pages)


async def _staff_or_none(request: Request) -> StaffSession | None:
    return await services_of(request).find_staff(request)


def here(request: Request) -> str:
    """Return path and query of this request, to come back to after signing in."""
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")


async def current_staff(request: Request) -> StaffSession:
    """Return who is signed in, or lead to the sign-in page and back."""
    staff = await _staff_or_none(request)
    if staff is None:
        back = here(request) if request.method in SAFE_METHODS else "/behandelen"
        raise SignInNeededError(f"/inloggen?terug={quote(back, safe='')}")
    return staff


async def current_handler(staff: Annotated[StaffSession, Depends(current_staff)]) -> StaffSession:
    """Return who is signed in when that person may see cases."""
    if not (staff.may("case:read") or staff.may("case:read-all")):
        raise ForbiddenError("case:read")
    return staff


def _origin(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.scheme, parts.netloc


async def require_own_form(request: Request) -> None:
    """Refuse a form that another site sent with this visitor's cookies (cross-site request forgery).

    Every current browser says where a request comes from: ``Sec-Fetch-Site``, or ``Origin`` on a POST. Together
    with same-site cookies that needs no token in each form, and no state for visitors without a session.
    """
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site not in {"same-origin", "none"}:
            raise ForeignFormError
        return
    source = request.headers.get("origin") or request.headers.get("referer")
    own = {_origin(services_of(request).public_url), (request.url.scheme, request.headers.get("host", ""))}
    if source is None or _origin(source) not in own:
        raise ForeignFormError


def needs(block: str) -> Any:
    """Return a dependency of pages that are not there when a block is not deployed."""

    def check(request: Request) -> None:
        if not services_of(request).blocks.has(block):
            raise AbsentError

    return Depends(check)


Services = Annotated[PageServices, Depends(services_of)]
Staff = Annotated[StaffSession, Depends(current_staff)]
MaybeStaff = Annotated[StaffSession | None, Depends(_staff_or_none)]
Handler = Annotated[StaffSession, Depends(current_handler)]
VisitorLanguage = Annotated[Language, Depends(language_of)]
OwnForm = Depends(require_own_form)
