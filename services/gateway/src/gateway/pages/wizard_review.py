"""Step 4 of reporting: look once more, send, and get the number."""

import hashlib
import re
from datetime import UTC, datetime
from typing import Any

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from commonground import ids
from gateway.branding import Branding
from gateway.clients import BlockRefusedError, BlockUnavailableError
from gateway.drafts import Draft, Sent
from gateway.pages.dependencies import services_of
from gateway.pages.drafting import draft_id_of, keep_draft, load_draft
from gateway.pages.errors import MissingError
from gateway.pages.language import N_, Language, language_of
from gateway.pages.rendering import render
from gateway.pages.wizard import INVALID, SEE_OTHER
from gateway.pages.wizard_rules import Errors, address_of, first_unfinished, hints_for

router = APIRouter(include_in_schema=False)

STEP = "/melden/controleren"
TOO_MANY = 429

# Which step can mend what intake does not accept.
STEP_OF_FIELD = (
    ("description", "beschrijf", N_("Deze beschrijving kunnen we niet aannemen. Pas de tekst aan.")),
    ("attachments", "beschrijf", N_("Een foto is niet meer beschikbaar. Voeg de foto opnieuw toe.")),
    ("location", "locatie", N_("Deze plek kunnen we niet aannemen. Kies een andere plek.")),
    ("contact.phone", "contact", N_("Dit telefoonnummer kunnen we niet gebruiken. Controleer het nummer.")),
    ("contact", "contact", N_("Dit e-mailadres kunnen we niet gebruiken. Controleer het adres.")),
)


def report_of(draft: Draft, branding: Branding, language: Language) -> dict[str, Any]:
    """Make the report that intake gets of a finished draft."""
    place = draft.place
    if place is None:
        message = "a draft without a place cannot be sent"
        raise ValueError(message)
    location: dict[str, Any] = {"geometry": {"type": "Point", "coordinates": [place.longitude, place.latitude]}}
    if address := address_of(place, branding.short_name):
        location["address"] = address
    report: dict[str, Any] = {
        "description": draft.description,
        "location": location,
        "source": "website",
        "language": language,
    }
    contact = {"email": draft.email, "phone": draft.phone}
    if draft.contact_choice == "yes":
        report["contact"] = {name: value for name, value in contact.items() if value}
    if draft.photos:
        report["attachments"] = [str(photo.id) for photo in draft.photos]
    return report


def _show(request: Request, draft: Draft, *, status: int = 200, errors: Errors | None = None, **more: Any) -> Response:
    context: dict[str, Any] = {"failure": "", "steps_to_mend": {}} | more
    return render(
        request,
        "wizard/review.html",
        status_code=status,
        step="controleren",
        draft=draft,
        errors=errors or Errors(),
        hints=hints_for(draft.description),
        **context,
    )


@router.get(STEP)
async def show_review(request: Request) -> Response:
    """Show everything once more."""
    draft = await load_draft(request)
    if draft is not None and draft.sent:
        return RedirectResponse(f"/melden/bedankt/{draft.sent.number}", SEE_OTHER)
    missing = first_unfinished(draft)
    if draft is None or missing:
        return RedirectResponse(f"/melden/{missing}", SEE_OTHER)
    return _show(request, draft)


def _refusal(error: BlockRefusedError) -> tuple[Errors, dict[str, str]]:
    errors, steps = Errors(), {}
    for problem in error.errors:
        name = problem.field.removeprefix("body.")
        for start, step, message in STEP_OF_FIELD:
            if name.startswith(start):
                errors.add(start, message)
                steps[start] = step
                break
    if not errors:
        errors.add("description", N_("We konden uw melding zo niet aannemen. Controleer wat u hebt ingevuld."))
        steps["description"] = "beschrijf"
    return errors, steps


@router.post(STEP)
async def send(request: Request) -> Response:
    """Send the report to intake; pressing twice sends it once."""
    draft_id = draft_id_of(request)
    draft = await load_draft(request)
    if draft is not None and draft.sent:
        return RedirectResponse(f"/melden/bedankt/{draft.sent.number}", SEE_OTHER)
    missing = first_unfinished(draft)
    if draft is None or draft_id is None or missing:
        return RedirectResponse(f"/melden/{missing}", SEE_OTHER)
    services = services_of(request)
    report = report_of(draft, services.branding, language_of(request))
    # Of the draft and of its content: the same press twice is one report, a mended one is a new request.
    key = ids.derived(draft_id, hashlib.sha256(orjson.dumps(report)).hexdigest())
    try:
        answer = await services.blocks.ask(
            "intake",
            "/reports",
            method="POST",
            json=report,
            key=str(key),
            timeout=15,
        )
    except BlockUnavailableError:
        return _show(
            request,
            draft,
            status=503,
            failure=N_("Uw melding is nog niet verstuurd. Alles wat u invulde is bewaard. Probeer het opnieuw."),
        )
    except BlockRefusedError as error:
        if error.status == TOO_MANY:
            return _show(
                request,
                draft,
                status=TOO_MANY,
                failure=N_("Er kwam te veel tegelijk binnen vanaf uw verbinding. Probeer het over een minuut opnieuw."),
            )
        errors, steps = _refusal(error)
        return _show(request, draft, status=INVALID, errors=errors, steps_to_mend=steps)
    sent = Sent(
        number=str(answer["number"]),
        status_url=str(answer["statusUrl"]),
        sent_at=datetime.now(UTC),
        mailed=bool(draft.email) and draft.contact_choice == "yes" and services.blocks.has("notification"),
    )
    # From here on intake holds the report; the draft keeps only what the thanks page needs.
    response = RedirectResponse(f"/melden/bedankt/{sent.number}", SEE_OTHER)
    await keep_draft(request, response, draft_id, Draft(sent=sent, place=draft.place))
    return response


@router.get("/melden/bedankt/{number}")
async def thanks(request: Request, number: str) -> Response:
    """Give the number, and say what happens now."""
    if not re.fullmatch(r"[A-Za-z0-9-]{1,30}", number):
        raise MissingError
    draft = await load_draft(request)
    own = draft.sent if draft and draft.sent and draft.sent.number == number else None
    return render(request, "wizard/thanks.html", number=number, sent=own)


@router.post("/melden/opnieuw")
async def report_again(request: Request) -> Response:
    """Begin a new report, at the same place when the visitor wants that."""
    draft = await load_draft(request)
    async with request.form() as form:
        same_place = bool(form.get("plek"))
    response = RedirectResponse("/melden/beschrijf", SEE_OTHER)
    place = draft.place if draft and draft.sent and same_place else None
    await keep_draft(request, response, ids.new(), Draft(place=place))
    return response
