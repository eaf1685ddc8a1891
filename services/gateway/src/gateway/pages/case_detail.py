"""One case on one screen: what was reported, what is known, what happened, and everything that can be done."""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import ValidationError

from gateway.clients import BlockRefusedError, Blocks, BlockUnavailableError
from gateway.pages import reference
from gateway.pages.dependencies import Handler, StaffSession, services_of
from gateway.pages.errors import MissingError
from gateway.pages.language import N_, language_of
from gateway.pages.presenting import (
    MESSAGE_KINDS,
    MESSAGE_STATES,
    MESSAGE_TONES,
    ORIGINS,
    PRIORITY_LABELS,
    STATUS_LABELS,
)
from gateway.pages.profile import shortcuts_on
from gateway.pages.rendering import render
from gateway.pages.timeline import timeline_of
from gateway.upstream import CaseDetail, CasePage, MessagePage

router = APIRouter(include_in_schema=False)

LONGEST_MESSAGE = 3000

DONE = {
    "status": N_("De status is gewijzigd."),
    "bericht": N_("De status is gewijzigd en de melder krijgt bericht."),
    "toewijzing": N_("De melding is toegewezen."),
    "afdeling": N_("De melding gaat naar de gekozen afdeling."),
    "prioriteit": N_("De prioriteit is gewijzigd."),
    "notitie": N_("De notitie is toegevoegd."),
    "categorie": N_("Het onderwerp wordt gewijzigd. De afdeling en de termijn volgen vanzelf."),
    "opnieuw": N_("Het bericht wordt opnieuw verstuurd."),
    "geanonimiseerd": N_("De contactgegevens van de melder worden overal verwijderd."),
    "vernietigd": N_("De melding wordt overal vernietigd."),
}
SETTLES_LATER = frozenset({"categorie", "afdeling", "opnieuw", "geanonimiseerd", "vernietigd"})
"""These travel through events: the page looks once more after a moment."""


@dataclass(frozen=True)
class Typed:
    """A form that could not be carried out: what it was, what was typed, and why not."""

    form: str = ""
    values: dict[str, str] = field(default_factory=dict)
    message: str = ""
    message_values: dict[str, str] = field(default_factory=dict)
    status: int = 200

    def value(self, form: str, name: str, otherwise: str = "") -> str:
        """Return what was typed in a field, if this is its form."""
        return self.values.get(name, otherwise) if form == self.form else otherwise


async def find_case(blocks: Blocks, staff: StaffSession, number: str) -> CaseDetail:
    """Return a case by the number that people use."""
    try:
        answer = await blocks.ask("handling", "/cases", params={"number": number, "limit": "1"}, token=staff.token)
        found = CasePage.model_validate(answer).items
        if not found:
            raise MissingError
        detail = await blocks.ask("handling", f"/cases/{found[0].id}", token=staff.token)
        return CaseDetail.model_validate(detail)
    except BlockRefusedError as error:
        if error.status in {400, 404}:
            raise MissingError from error
        raise
    except ValidationError as error:
        raise BlockUnavailableError("handling") from error


async def find_messages(blocks: Blocks, staff: StaffSession, case: CaseDetail) -> MessagePage | None:
    """Return the mails about a case; nothing when they cannot be seen or shown now."""
    if not staff.may("message:read") or case.report_id is None:
        return None
    try:
        answer = await blocks.ask(
            "notification", "/messages", params={"reportId": str(case.report_id)}, token=staff.token, timeout=2
        )
        return MessagePage.model_validate(answer)
    except (BlockUnavailableError, BlockRefusedError, ValidationError):
        return None


async def show_case(request: Request, staff: StaffSession, number: str, typed: Typed | None = None) -> Response:
    """Show one case, with what was typed when an action did not succeed."""
    services = services_of(request)
    case = await find_case(services.blocks, staff, number)
    tree, departments, people, messages = await asyncio.gather(
        reference.categories(services.blocks),
        reference.departments(services.blocks, staff.token),
        reference.colleagues(services.blocks, staff.token, case.department or ""),
        find_messages(services.blocks, staff, case),
    )
    point = case.geometry.point if case.geometry else None
    done = request.query_params.get("gedaan", "")
    context: dict[str, Any] = {
        "case": case,
        "tree": tree,
        "names": reference.category_names(tree),
        "departments": departments,
        "people": people,
        "messages": messages,
        "messages_missing": messages is None and staff.may("message:read"),
        "point": point,
        "surroundings": services.ground.describe(point) if point else None,
        "statuses": STATUS_LABELS,
        "priorities": PRIORITY_LABELS,
        "timeline": timeline_of(case, departments, people, language_of(request)),
        "origins": ORIGINS,
        "message_kinds": MESSAGE_KINDS,
        "message_states": MESSAGE_STATES,
        "message_tones": MESSAGE_TONES,
        "longest": LONGEST_MESSAGE,
        "typed": typed or Typed(),
        "done": DONE.get(done, "") if typed is None else "",
        "look_again": typed is None and done in SETTLES_LATER,
        "staff": staff,
        "shortcuts": shortcuts_on(request),
        "nav": "list",
    }
    return render(request, "desk/case.html", status_code=typed.status if typed else 200, **context)


@router.get("/behandelen/{number}")
async def case_detail(request: Request, staff: Handler, number: str) -> Response:
    """Show one case."""
    try:
        return await show_case(request, staff, number)
    except MissingError:
        if "hx-request" not in request.headers:
            raise
        # The part of the page that looks again after a change: the case may have left this person's departments.
        return render(request, "desk/moved.html", number=number, staff=staff, nav="list", shortcuts=False)


@router.get("/behandelen/{number}/fotos/{report_id}/{photo_id}/{variant}")
async def case_photo(
    request: Request,
    staff: Handler,
    number: str,  # noqa: ARG001 - part of the address, so that it reads well
    report_id: UUID,
    photo_id: UUID,
    variant: str,
) -> Response:
    """Send a photo on from intake; the browser has a session, intake wants a token."""
    if variant not in {"image", "thumbnail"}:
        raise MissingError
    photo = await services_of(request).blocks.fetch_file(
        "intake", f"/reports/{report_id}/attachments/{photo_id}/{variant}", token=staff.token
    )
    return StreamingResponse(
        photo.chunks,
        media_type=photo.content_type,
        headers={"Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"},
    )
