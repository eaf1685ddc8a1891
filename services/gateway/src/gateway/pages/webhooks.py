"""Webhooks as administrators manage them: who gets events, how far they are, and what was delivered."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from gateway.clients import BlockRefusedError
from gateway.pages import reference, webhook_forms
from gateway.pages.dependencies import Staff, StaffSession, services_of
from gateway.pages.errors import ForbiddenError, MissingError
from gateway.pages.language import N_
from gateway.pages.profile import shortcuts_on
from gateway.pages.rendering import render
from gateway.pages.webhook_forms import (
    DeliveryPage,
    NewSecret,
    NewSubscription,
    Subscription,
    SubscriptionPage,
    TestResult,
    TypedWebhook,
    UnclearMomentError,
    note_refusal,
    redelivery_body,
)

PATH = "/beheer/webhooks"
PERMISSION = "webhook:manage"
PAGE_SIZE = 50
SEE_OTHER = 303
NOT_FOUND = 404
INVALID = 422
TEST_SECONDS = 20.0

router = APIRouter(include_in_schema=False, prefix=PATH)
one = APIRouter(include_in_schema=False, prefix=f"{PATH}/{{webhook_id}}")

DONE = {
    "bewaard": N_("De webhook is bewaard."),
    "gepauzeerd": N_("De webhook is gepauzeerd. Gebeurtenissen blijven wachten."),
    "hervat": N_("De webhook gaat verder met de eerste gebeurtenis die nog niet is afgeleverd."),
    "opnieuw": N_("De gebeurtenissen worden opnieuw afgeleverd."),
    "verwijderd": N_("De webhook is verwijderd."),
    "proef": N_("Het proefbericht is afgeleverd."),
}
FAILED = {
    "proef-mislukt": N_("Het proefbericht is niet afgeleverd. De reden staat bovenaan de afleveringen."),
    "onduidelijk": N_("Vul een begin in, en een einde dat later is."),
    "bevestig": N_("Zet eerst het vinkje bij verwijderen."),
}


async def current_manager(staff: Staff) -> StaffSession:
    """Return who is signed in when that person may manage webhooks."""
    if not staff.may(PERMISSION):
        raise ForbiddenError(PERMISSION)
    return staff


Manager = Annotated[StaffSession, Depends(current_manager)]


async def _ask(request: Request, staff: StaffSession, path: str = "", **options: Any) -> Any:
    blocks = services_of(request).blocks
    try:
        return await blocks.ask("notification", f"/webhook-subscriptions{path}", token=staff.token, **options)
    except BlockRefusedError as error:
        if error.status == NOT_FOUND:
            raise MissingError from error
        raise


def _context(request: Request, staff: StaffSession) -> dict[str, Any]:
    said = request.query_params.get("gedaan", "")
    return {
        "staff": staff,
        "shortcuts": shortcuts_on(request),
        "nav": "webhooks",
        "done": DONE.get(said, ""),
        "wrong": FAILED.get(said, ""),
        "words": webhook_forms,
    }


# --- All of them, and a new one ---


@router.get("")
async def list_webhooks(request: Request, staff: Manager) -> Response:
    """Show all subscriptions with their state and lag."""
    params = {"limit": str(PAGE_SIZE)}
    if cursor := request.query_params.get("vanaf"):
        params["cursor"] = cursor
    page = SubscriptionPage.model_validate(await _ask(request, staff, params=params))
    return render(request, "desk/webhooks.html", page=page, **_context(request, staff))


async def _form(
    request: Request, staff: StaffSession, typed: TypedWebhook, subscription: Subscription | None
) -> Response:
    blocks = services_of(request).blocks
    return render(
        request,
        "desk/webhook_form.html",
        status_code=INVALID if typed.errors else 200,
        typed=typed,
        errors=typed.errors,
        subscription=subscription,
        tree=await reference.categories(blocks),
        departments=await reference.departments(blocks, staff.token),
        **_context(request, staff),
    )


@router.get("/nieuw")
async def new_webhook(request: Request, staff: Manager) -> Response:
    """Show an empty form."""
    return await _form(request, staff, TypedWebhook(), None)


@router.post("/nieuw")
async def create_webhook(request: Request, staff: Manager) -> Response:
    """Make a subscription and show its secret, this once."""
    async with request.form() as form:
        typed = TypedWebhook.typed(form)
    body = typed.body()
    if typed.municipality:
        body["municipality"] = typed.municipality
    if not typed.errors:
        try:
            made = NewSubscription.model_validate(await _ask(request, staff, method="POST", json=body))
        except BlockRefusedError as error:
            note_refusal(typed, error)
        else:
            return render(
                request, "desk/webhook_secret.html", status_code=201, subscription=made, secret=made.secret, until=None,
                **_context(request, staff),
            )  # fmt: skip
    return await _form(request, staff, typed, None)


# --- One of them ---


@one.get("")
async def show_webhook(request: Request, staff: Manager, webhook_id: UUID) -> Response:
    """Show a subscription and its delivery log."""
    asked = request.query_params
    params = {"limit": str(PAGE_SIZE)}
    if asked.get("uitkomst") in webhook_forms.OUTCOMES:
        params["outcome"] = asked["uitkomst"]
    if cursor := asked.get("vanaf"):
        params["cursor"] = cursor
    subscription = Subscription.model_validate(await _ask(request, staff, f"/{webhook_id}"))
    log = DeliveryPage.model_validate(await _ask(request, staff, f"/{webhook_id}/deliveries", params=params))
    return render(
        request,
        "desk/webhook.html",
        subscription=subscription,
        log=log,
        outcome=params.get("outcome", ""),
        cursor=cursor or "",
        names=reference.category_names(await reference.categories(services_of(request).blocks)),
        **_context(request, staff),
    )


@one.get("/wijzigen")
async def edit_webhook(request: Request, staff: Manager, webhook_id: UUID) -> Response:
    """Show the form of a subscription."""
    subscription = Subscription.model_validate(await _ask(request, staff, f"/{webhook_id}"))
    return await _form(request, staff, TypedWebhook.of(subscription), subscription)


@one.post("/wijzigen")
async def change_webhook(request: Request, staff: Manager, webhook_id: UUID) -> Response:
    """Change a subscription."""
    async with request.form() as form:
        typed = TypedWebhook.typed(form)
    body = typed.body() | {"expectedVersion": int(typed.version) if typed.version.isdigit() else None}
    if not typed.errors:
        try:
            await _ask(request, staff, f"/{webhook_id}", method="PUT", json=body)
            return _back(webhook_id, "bewaard")
        except BlockRefusedError as error:
            note_refusal(typed, error)
    subscription = Subscription.model_validate(await _ask(request, staff, f"/{webhook_id}"))
    return await _form(request, staff, typed, subscription)


def _back(webhook_id: UUID, said: str) -> Response:
    return RedirectResponse(f"{PATH}/{webhook_id}?gedaan={said}", SEE_OTHER)


@one.post("/pauze")
async def pause_webhook(request: Request, staff: Manager, webhook_id: UUID) -> Response:
    """Send nothing for a while."""
    await _ask(request, staff, f"/{webhook_id}/pauses", method="POST", json={})
    return _back(webhook_id, "gepauzeerd")


@one.post("/hervatten")
async def resume_webhook(request: Request, staff: Manager, webhook_id: UUID) -> Response:
    """Go on where it stopped."""
    await _ask(request, staff, f"/{webhook_id}/resumptions", method="POST", json={})
    return _back(webhook_id, "hervat")


@one.post("/proef")
async def test_webhook(request: Request, staff: Manager, webhook_id: UUID) -> Response:
    """Send a test event."""
    answer = await _ask(request, staff, f"/{webhook_id}/tests", method="POST", json={}, timeout=TEST_SECONDS)
    ended = TestResult.model_validate(answer)
    return _back(webhook_id, "proef" if ended.outcome == "delivered" else "proef-mislukt")


@one.post("/geheim")
async def rotate_secret(request: Request, staff: Manager, webhook_id: UUID) -> Response:
    """Make a new secret and show it, this once."""
    subscription = Subscription.model_validate(await _ask(request, staff, f"/{webhook_id}"))
    made = NewSecret.model_validate(await _ask(request, staff, f"/{webhook_id}/secrets", method="POST", json={}))
    return render(
        request,
        "desk/webhook_secret.html",
        status_code=201,
        subscription=subscription,
        secret=made.secret,
        until=made.previous_secret_until,
        **_context(request, staff),
    )


@one.post("/opnieuw")
async def redeliver(request: Request, staff: Manager, webhook_id: UUID) -> Response:
    """Deliver one event again, or all of a stretch of time."""
    async with request.form() as form:
        values = {name: value for name, value in form.items() if isinstance(value, str)}
    try:
        await _ask(request, staff, f"/{webhook_id}/redeliveries", method="POST", json=redelivery_body(values))
    except (UnclearMomentError, BlockRefusedError):
        return _back(webhook_id, "onduidelijk")
    return _back(webhook_id, "opnieuw")


@one.post("/verwijderen")
async def delete_webhook(request: Request, staff: Manager, webhook_id: UUID) -> Response:
    """Delete a subscription when it was confirmed."""
    async with request.form() as form:
        sure = form.get("zeker") == "ja"
    if not sure:
        return _back(webhook_id, "bevestig")
    await _ask(request, staff, f"/{webhook_id}", method="DELETE")
    return RedirectResponse(f"{PATH}?gedaan=verwijderd", SEE_OTHER)
