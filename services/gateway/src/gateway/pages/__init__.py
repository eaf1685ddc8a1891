"""The web pages: for residents, and for the people who do the work.

``install(app, services)`` is all that the application needs to call, after the API's error handlers are there.
"""

from fastapi import APIRouter, FastAPI

from gateway.pages import (
    case_actions,
    case_detail,
    dead_letters,
    profile,
    public_map,
    removal,
    start,
    status,
    webhooks,
    wizard,
    wizard_contact,
    wizard_place,
    wizard_review,
    worklist,
)
from gateway.pages.assets import send_asset
from gateway.pages.dependencies import FindStaff, OwnForm, PageServices, StaffSession, needs
from gateway.pages.errors import install_error_pages

__all__ = ["FindStaff", "PageServices", "StaffSession", "install", "router"]

router = APIRouter(include_in_schema=False, dependencies=[OwnForm])
_PARTS = {
    "intake": (wizard, wizard_place, wizard_contact, wizard_review, status),
    "insight": (public_map,),
    "handling": (worklist, case_detail, case_actions, removal),
    "notification": (webhooks,),
}
for _part in (start, profile, dead_letters):
    router.include_router(_part.router)
for _block, _parts in _PARTS.items():
    for _part in _parts:
        router.include_router(_part.router, dependencies=[needs(_block)])
router.include_router(webhooks.one, dependencies=[needs("notification")])


def install(app: FastAPI) -> None:
    """Add pages, static files and error pages; ``app.state.pages`` is set when the application starts."""
    app.include_router(router)
    app.add_route("/static/{name:path}", send_asset, methods=["GET", "HEAD"], include_in_schema=False)
    install_error_pages(app)
