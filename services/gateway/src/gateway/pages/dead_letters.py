"""Events that blocks could not handle, over all blocks, for who manages the system: look, retry, discard."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from gateway.clients import BlockRefusedError, Blocks, BlockUnavailableError
from gateway.pages.dependencies import Staff, StaffSession, services_of
from gateway.pages.errors import ForbiddenError, MissingError
from gateway.pages.language import N_
from gateway.pages.profile import shortcuts_on
from gateway.pages.rendering import render
from gateway.upstream import DeadLetter, DeadLetterPage

router = APIRouter(include_in_schema=False, prefix="/beheer/niet-verwerkt")

PATH = "/beheer/niet-verwerkt"
PERMISSION = "dead-letter:manage"
BLOCKS = ("intake", "classification", "routing", "handling", "notification", "insight")
STATES = (("open", N_("Open")), ("retried", N_("Opnieuw verwerkt")), ("discarded", N_("Afgesloten")))
PAGE_SIZE = 50
LONGEST_REASON = 500
ROUNDS = 20  # of 200 letters each, in one press of a button
RETRY_SECONDS = 30.0
SEE_OTHER = 303
CONFLICT = 409
NOT_FOUND = 404

DONE = {
    "verwerkt": N_("De gebeurtenis is verwerkt."),
    "alles": N_("Alle open gebeurtenissen zijn opnieuw geprobeerd. Wat hier nog staat, mislukte weer."),
    "afgesloten": N_("De gebeurtenis is afgesloten."),
    "mislukt": N_("Het verwerken mislukte weer. De fout staat hieronder."),
    "al-klaar": N_("Iemand anders heeft deze gebeurtenis al afgehandeld."),
    "reden": N_("Schrijf op één regel waarom niemand deze gebeurtenis hoeft te verwerken."),
    "onbereikbaar": N_("Dit onderdeel is nu niet bereikbaar. Er is niets veranderd. Probeer het zo opnieuw."),
}
FAILURES = frozenset({"mislukt", "al-klaar", "reden", "onbereikbaar"})


async def current_manager(staff: Staff) -> StaffSession:
    """Return who is signed in when that person may deal with dead letters."""
    if not staff.may(PERMISSION):
        raise ForbiddenError(PERMISSION)
    return staff


Manager = Annotated[StaffSession, Depends(current_manager)]


async def _page_of(blocks: Blocks, block: str, staff: StaffSession, state: str, cursor: str) -> DeadLetterPage | None:
    """Return a block's letters; None when it cannot be reached."""
    params = {"state": state, "limit": str(PAGE_SIZE)} | ({"cursor": cursor} if cursor else {})
    try:
        answer = await blocks.ask(block, "/dead-letters", params=params, token=staff.token)
        return DeadLetterPage.model_validate(answer)
    except (BlockUnavailableError, BlockRefusedError, ValidationError):
        return None


def _known_block(request: Request, block: str) -> Blocks:
    blocks = services_of(request).blocks
    if block not in BLOCKS or not blocks.has(block):
        raise MissingError
    return blocks


def _context(request: Request, staff: StaffSession) -> dict[str, Any]:
    done = request.query_params.get("gedaan", "")
    return {
        "staff": staff,
        "shortcuts": shortcuts_on(request),
        "nav": "dead-letters",
        "done": DONE.get(done, ""),
        "failed": done in FAILURES,
    }


@router.get("")
async def dead_letters(request: Request, staff: Manager) -> Response:
    """Show what each block could not handle; one that is away says so and hides nothing of the others."""
    blocks = services_of(request).blocks
    state = request.query_params.get("stand", "open")
    state = state if state in {code for code, _ in STATES} else "open"
    only = request.query_params.get("onderdeel", "")
    names = [name for name in BLOCKS if blocks.has(name) and only in {"", name}]
    cursor = request.query_params.get("vanaf", "")[:36] if len(names) == 1 else ""
    pages = await asyncio.gather(*(_page_of(blocks, name, staff, state, cursor) for name in names))
    return render(
        request,
        "desk/dead_letters.html",
        found=list(zip(names, pages, strict=True)),
        states=STATES,
        state=state,
        **_context(request, staff),
    )


@router.get("/{block}/{letter_id}")
async def dead_letter(request: Request, staff: Manager, block: str, letter_id: UUID) -> Response:
    """Show one with its envelope, its error, and its data as far as this person may see them."""
    blocks = _known_block(request, block)
    try:
        answer = await blocks.ask(block, f"/dead-letters/{letter_id}", token=staff.token)
    except BlockRefusedError as error:
        raise (MissingError if error.status == NOT_FOUND else error) from error
    letter = DeadLetter.model_validate(answer)
    shown = "" if letter.data is None else orjson.dumps(letter.data, option=orjson.OPT_INDENT_2).decode()
    return render(
        request,
        "desk/dead_letter.html",
        block=block,
        letter=letter,
        data=shown,
        longest_reason=LONGEST_REASON,
        states=dict(STATES),
        **_context(request, staff),
    )


async def _do(request: Request, staff: StaffSession, block: str, path: str, body: Any = None) -> str:
    """Ask a block to do something; return what the page says when it was not done, or nothing."""
    try:
        await _known_block(request, block).ask(
            block, f"/dead-letters/{path}", method="POST", json=body, token=staff.token, timeout=RETRY_SECONDS
        )
    except BlockUnavailableError:
        return "onbereikbaar"
    except BlockRefusedError as error:
        if error.status != CONFLICT:
            raise
        return "mislukt" if error.kind.endswith("dead-letter-still-fails") else "al-klaar"
    return ""


@router.post("/{block}/{letter_id}/opnieuw")
async def retry(request: Request, staff: Manager, block: str, letter_id: UUID) -> Response:
    """Handle one again."""
    failure = await _do(request, staff, block, f"{letter_id}/retries")
    return RedirectResponse(f"{PATH}/{block}/{letter_id}?gedaan={failure or 'verwerkt'}", SEE_OTHER)


@router.post("/{block}/opnieuw")
async def retry_all(request: Request, staff: Manager, block: str) -> Response:
    """Handle all open ones of a block again, in rounds, since one request takes only so many."""
    blocks = _known_block(request, block)
    cursor: str | None = None
    done = "alles"
    try:
        for _ in range(ROUNDS):
            answer = await blocks.ask(
                block,
                "/dead-letters/retries",
                method="POST",
                params={"cursor": cursor} if cursor else None,
                token=staff.token,
                timeout=RETRY_SECONDS,
            )
            cursor = answer.get("nextCursor")
            if not cursor:
                break
    except BlockUnavailableError:
        done = "onbereikbaar"
    return RedirectResponse(f"{PATH}?gedaan={done}#{block}", SEE_OTHER)


@router.post("/{block}/{letter_id}/afsluiten")
async def discard(request: Request, staff: Manager, block: str, letter_id: UUID) -> Response:
    """Settle one without handling it, with a reason."""
    async with request.form() as form:
        reason = str(form.get("reason", "")).strip()
    if not reason or len(reason) > LONGEST_REASON or not reason.isprintable():
        failure = "reden"
    else:
        failure = await _do(request, staff, block, f"{letter_id}/discard", {"reason": reason})
    return RedirectResponse(f"{PATH}/{block}/{letter_id}?gedaan={failure or 'afgesloten'}", SEE_OTHER)
