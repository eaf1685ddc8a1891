"""Step 3 of reporting: whether and how the reporter wants to hear from us."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from gateway.drafts import Draft
from gateway.pages.drafting import keep_draft, load_draft, open_draft
from gateway.pages.language import PARAMETER
from gateway.pages.rendering import render
from gateway.pages.wizard import INVALID, SEE_OTHER, after, language_asked
from gateway.pages.wizard_rules import Errors, check_contact, first_unfinished

router = APIRouter(include_in_schema=False)

STEP = "/melden/contact"


def _show(request: Request, draft: Draft, errors: Errors | None = None) -> Response:
    return render(
        request,
        "wizard/contact.html",
        status_code=INVALID if errors else 200,
        step="contact",
        draft=draft,
        errors=errors or Errors(),
        back=request.query_params.get("terug", ""),
    )


@router.get(STEP)
async def show_contact(request: Request) -> Response:
    """Show the choice and the fields."""
    draft = await load_draft(request)
    missing = "beschrijf" if draft is None or draft.sent else first_unfinished(draft)
    if draft is None or missing in {"beschrijf", "locatie"}:
        return RedirectResponse(f"/melden/{missing}", SEE_OTHER)
    return _show(request, draft)


@router.post(STEP)
async def contact(request: Request) -> Response:
    """Keep the choice and go on."""
    draft_id, draft = await open_draft(request)
    async with request.form() as form:
        choice = form.get("contact_choice")
        draft.email = str(form.get("email") or "").strip()[:300]
        draft.phone = str(form.get("phone") or "").strip()[:50]
        # Somebody who types an address wants to hear from us.
        draft.contact_choice = (
            "yes" if choice == "yes" or (not choice and draft.email) else "no" if choice == "no" else ""
        )
        language = language_asked(form)
        target = after(form, "/melden/controleren")
    errors = Errors() if language else check_contact(draft.contact_choice, draft.email, draft.phone)
    if errors:
        return _show(request, draft, errors)
    if draft.contact_choice == "no":
        draft.email = draft.phone = ""
    response: Response = RedirectResponse(f"{STEP}?{PARAMETER}={language}" if language else target, SEE_OTHER)
    await keep_draft(request, response, draft_id, draft)
    return response
