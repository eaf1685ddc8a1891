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
    return (latest.actor.name if latest and latest.actor else None) or ""


# What a block says of a field, in the words of this page.
FIELD_MESSAGES = (
    ("text", "missing", N_("Deze status vraagt om een bericht of toelichting.")),
    ("text", "too-long", N_("Het bericht is te lang voor deze status.")),
    ("notifyReporter", "not-allowed", N_("Bij deze status kan de melder niet op deze manier bericht krijgen.")),
    ("status", "no-email", N_("De melder heeft geen e-mailadres opgegeven, er kan geen vraag worden gesteld.")),
    ("assignee", "not-a-member", N_("Deze collega hoort niet bij de afdeling van deze melding.")),
)


def _why(error: BlockRefusedError) -> tuple[str, int]:
    """Say why a block refused, and with which status the page is shown."""
    if error.status == CONFLICT:
        if error.kind.endswith("transition-not-allowed"):
            return N_("Deze status kan nu niet meer worden gekozen. Kies een andere."), CONFLICT
        if error.kind.endswith("version-conflict"):
            return N_("Deze melding is net gewijzigd. Bekijk de wijziging en sla opnieuw op."), CONFLICT
        return N_("Dit kan nu niet. Probeer het over een paar tellen opnieuw."), CONFLICT
    if error.status == 403:  # noqa: PLR2004 - forbidden
        return N_("Je hebt geen bevoegdheid om dit te doen."), 403
    for problem in error.errors:
        for field, code, message in FIELD_MESSAGES:
            if problem.field.endswith(field) and problem.code == code:
                return message, INVALID
    return N_("Dit kan niet worden opgeslagen. Controleer wat je hebt ingevuld."), INVALID


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
        message, status = _why(error)
        if error.kind.endswith("version-conflict") and (name := await _who_changed_it(request, staff, number)):
            names = {"name": name}
            message = N_("Deze melding is net gewijzigd door %(name)s. Bekijk de wijziging en sla opnieuw op.")
    else:
        leaves = done == "afdeling" and not staff.may("case:read-all")
        if leaves and values.get("department") not in staff.principal.departments:
            return RedirectResponse("/behandelen?gedaan=afdeling", SEE_OTHER)
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
        # Without words there is nothing to send, whatever the box says.
        notify = values.get("notify") == "1" and bool(text)
        if not values.get("status"):
            raise RefusedFormError(N_("Kies een nieuwe status."))
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
