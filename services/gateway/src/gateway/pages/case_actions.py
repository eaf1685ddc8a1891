"""What somebody can do with a case: each action is one form, one request to one block, and back to the page."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from gateway.clients import BlockRefusedError, BlockUnavailableError
from gateway.pages.case_detail import LONGEST_MESSAGE, Typed, find_case, show_case
from gateway.pages.dependencies import Handler, StaffSession, services_of
from gateway.pages.language import N_

router = APIRouter(include_in_schema=False, prefix="/behandelen/{number}")

CONFLICT = 409
SEE_OTHER = 303
INVALID = 422

Values = Mapping[str, str]
Act = Callable[[Values], Awaitable[str]]
"""Carries out what a form asks; returns the name under which the page says that it is done."""


class RefusedFormError(Exception):
    """The form itself is not right; the message says why."""


async def _values(request: Request) -> dict[str, str]:
    async with request.form() as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}


async def _who_changed_it(request: Request, staff: StaffSession, number: str) -> str:
    case = await find_case(services_of(request).blocks, staff, number)
    latest = max(case.history, key=lambda entry: entry.at, default=None)
    return (latest.actor_name if latest else None) or ""


async def _carry_out(request: Request, staff: StaffSession, number: str, form: str, act: Act) -> Response:
    """Do it and go back to the page; when it cannot be done, show the page with everything that was typed."""
    values = await _values(request)
    names: dict[str, str] = {}
    try:
        done = await act(values)
    except RefusedFormError as error:
        message, status = str(error), INVALID
    except BlockUnavailableError:
        message, status = (
            N_("Dit onderdeel is nu niet bereikbaar. Wat je typte staat er nog. Probeer het zo opnieuw."),
            503,
        )
    except BlockRefusedError as error:
        status = error.status
        if status == CONFLICT and (name := await _who_changed_it(request, staff, number)):
            names = {"name": name}
            message = N_("Deze melding is net gewijzigd door %(name)s. Bekijk de wijziging en sla opnieuw op.")
        elif status == CONFLICT:
            message = N_("Deze melding is net gewijzigd. Bekijk de wijziging en sla opnieuw op.")
        elif status == 403:  # noqa: PLR2004 - forbidden
            message = N_("Je hebt geen bevoegdheid om dit te doen.")
        else:
            message, status = N_("Dit kan niet worden opgeslagen. Controleer wat je hebt ingevuld."), INVALID
    else:
        return RedirectResponse(f"/behandelen/{number}?gedaan={done}", SEE_OTHER)
    return await show_case(request, staff, number, Typed(form, values, message, names, status))


def _id(values: Values, name: str) -> UUID:
    try:
        return UUID(values.get(name, ""))
    except ValueError:
        raise RefusedFormError(N_("Het formulier kwam niet goed aan. Laad de pagina opnieuw.")) from None


def _version(values: Values) -> int | None:
    version = values.get("version", "")
    return int(version) if version.isdigit() else None


async def _handle(request: Request, staff: StaffSession, values: Values, action: str, body: dict[str, Any]) -> None:
    await services_of(request).blocks.ask(
        "handling",
        f"/cases/{_id(values, 'case_id')}/{action}",
        method="POST",
        json=body,
        token=staff.token,
        key=values.get("key") or None,
    )


@router.post("/status")
async def change_status(request: Request, staff: Handler, number: str) -> Response:
    """Move the case to another state, with or without a message to the reporter."""

    async def act(values: Values) -> str:
        text = values.get("text", "").replace("\r\n", "\n").strip()
        notify = values.get("notify") == "1"
        if not values.get("status"):
            raise RefusedFormError(N_("Kies een nieuwe status."))
        if notify and not text:
            raise RefusedFormError(N_("Schrijf een bericht aan de melder, of zet het vinkje uit."))
        if len(text) > LONGEST_MESSAGE:
            raise RefusedFormError(N_("Het bericht is te lang."))
        body = {
            "status": values["status"],
            "text": text or None,
            "notifyReporter": notify,
            "expectedVersion": _version(values),
        }
        await _handle(request, staff, values, "status-changes", body)
        return "bericht" if notify else "status"

    return await _carry_out(request, staff, number, "status", act)


@router.post("/toewijzing")
async def assign(request: Request, staff: Handler, number: str) -> Response:
    """Give the case to a colleague, or to nobody."""

    async def act(values: Values) -> str:
        assignee = values.get("assignee") or None
        if values.get("mine"):
            assignee = staff.principal.subject
        body = {"assignee": assignee, "expectedVersion": _version(values)}
        await _handle(request, staff, values, "assignments", body)
        return "toewijzing"

    return await _carry_out(request, staff, number, "toewijzing", act)


@router.post("/afdeling")
async def hand_to_department(request: Request, staff: Handler, number: str) -> Response:
    """Send the case to another department."""

    async def act(values: Values) -> str:
        if not values.get("department"):
            raise RefusedFormError(N_("Kies een afdeling."))
        await services_of(request).blocks.ask(
            "routing",
            f"/reports/{_id(values, 'report_id')}/routings",
            method="POST",
            json={"department": values["department"]},
            token=staff.token,
        )
        return "afdeling"

    return await _carry_out(request, staff, number, "afdeling", act)


@router.post("/prioriteit")
async def prioritise(request: Request, staff: Handler, number: str) -> Response:
    """Change how urgent the case is."""

    async def act(values: Values) -> str:
        body = {"priority": values.get("priority", ""), "expectedVersion": _version(values)}
        await _handle(request, staff, values, "priorities", body)
        return "prioriteit"

    return await _carry_out(request, staff, number, "prioriteit", act)


@router.post("/notitie")
async def add_note(request: Request, staff: Handler, number: str) -> Response:
    """Write a note for colleagues."""

    async def act(values: Values) -> str:
        text = values.get("text", "").replace("\r\n", "\n").strip()
        if not text:
            raise RefusedFormError(N_("Schrijf eerst een notitie."))
        if len(text) > LONGEST_MESSAGE:
            raise RefusedFormError(N_("De notitie is te lang."))
        await _handle(request, staff, values, "notes", {"text": text})
        return "notitie"

    return await _carry_out(request, staff, number, "notitie", act)


@router.post("/categorie")
async def correct_category(request: Request, staff: Handler, number: str) -> Response:
    """Say what the report is really about; routing and term follow from that."""

    async def act(values: Values) -> str:
        if not values.get("category"):
            raise RefusedFormError(N_("Kies een onderwerp."))
        await services_of(request).blocks.ask(
            "classification",
            f"/reports/{_id(values, 'report_id')}/corrections",
            method="POST",
            json={"category": values["category"]},
            token=staff.token,
        )
        return "categorie"

    return await _carry_out(request, staff, number, "categorie", act)


@router.post("/berichten/{message_id}/opnieuw")
async def resend(request: Request, staff: Handler, number: str, message_id: UUID) -> Response:
    """Send a mail once more."""

    async def act(_values: Values) -> str:
        await services_of(request).blocks.ask(
            "notification", f"/messages/{message_id}/resends", method="POST", json={}, token=staff.token
        )
        return "opnieuw"

    return await _carry_out(request, staff, number, "opnieuw", act)
