"""The work list: what is to be done, filtered and sorted in the address, so that a list can be shared."""

import asyncio
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import ValidationError

from gateway.clients import BlockRefusedError, Blocks, BlockUnavailableError
from gateway.pages import reference
from gateway.pages.dependencies import Handler, StaffSession, services_of
from gateway.pages.language import N_
from gateway.pages.presenting import CLOSED_STATUSES, PRIORITY_LABELS, STATUS_LABELS
from gateway.pages.profile import shortcuts_on
from gateway.pages.rendering import render
from gateway.upstream import CasePage

router = APIRouter(include_in_schema=False)

PAGE_SIZE = 50
PATH = "/behandelen"
NUMBER = re.compile(r"^(?:[A-Za-z]{1,5}-?)?\d{1,12}$")

SORTS = (
    ("-submittedAt", N_("Nieuwste eerst")),
    ("submittedAt", N_("Oudste eerst")),
    ("deadline", N_("Termijn: eerst aflopend")),
    ("-priority", N_("Prioriteit: hoogste eerst")),
    ("-changedAt", N_("Laatst gewijzigd")),
)
DEFAULT_SORT = SORTS[0][0]
OPEN = tuple(status for status in STATUS_LABELS if status not in CLOSED_STATUSES)
ME = "mij"
NOBODY = "niemand"


@dataclass(frozen=True)
class Filters:
    """What is asked for, as it stands in the address."""

    status: str = ""
    categorie: str = ""
    afdeling: str = ""
    behandelaar: str = ""
    prioriteit: str = ""
    zoek: str = ""
    laat: str = ""
    sorteer: str = ""
    vanaf: str = ""
    weergave: str = ""

    @classmethod
    def of(cls, request: Request) -> "Filters":
        """Read the filters from the address; what is not known is left out."""
        given = {name: request.query_params.get(name, "").strip()[:500] for name in cls.__dataclass_fields__}
        if given["sorteer"] not in {code for code, _ in SORTS}:
            given["sorteer"] = ""
        return cls(**given)

    def query(self, **changes: str) -> str:
        """Return the address with other values; a change of filter starts at the first page."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__} | {"vanaf": ""} | changes
        wanted = {name: value for name, value in values.items() if value}
        return PATH + (f"?{urlencode(wanted)}" if wanted else "")

    @property
    def number(self) -> str | None:
        """Return the number when the search is nothing but the number of a report."""
        return self.zoek.upper() if NUMBER.match(self.zoek) else None

    @property
    def chosen(self) -> int:
        """Count the filters in use."""
        names = ("status", "categorie", "afdeling", "behandelaar", "prioriteit", "zoek", "laat")
        return sum(1 for name in names if getattr(self, name))

    def params(self, subject: str) -> list[tuple[str, str]]:
        """Return the parameters of handling's list."""
        params = [("limit", str(PAGE_SIZE)), ("sort", self.sorteer or DEFAULT_SORT)]
        if self.vanaf:
            params.append(("cursor", self.vanaf))
        if self.number:
            # A number means that one report, whatever else is chosen.
            return [*params, ("number", self.number)]
        statuses = OPEN if not self.status else () if self.status == "alle" else (self.status,)
        params += [("status", status) for status in statuses]
        assignee = {ME: subject, NOBODY: "none"}.get(self.behandelaar, self.behandelaar)
        for name, value in (
            ("category", self.categorie),
            ("department", self.afdeling),
            ("assignee", assignee),
            ("priority", self.prioriteit),
            ("q", self.zoek),
            ("late", "true" if self.laat else ""),
        ):
            if value:
                params.append((name, value))
        return params


async def fetch_page(blocks: Blocks, staff: StaffSession, filters: Filters) -> tuple[CasePage, str]:
    """Return one page of cases, and what went wrong when there is none."""
    try:
        answer = await blocks.ask(
            "handling", "/cases", params=filters.params(staff.principal.subject), token=staff.token
        )
        return CasePage.model_validate(answer), ""
    except (BlockUnavailableError, ValidationError):
        return CasePage(), N_("De lijst kan nu niet worden getoond. Probeer het zo opnieuw.")
    except BlockRefusedError:
        return CasePage(), N_("Met deze filters kan geen lijst worden gemaakt. Wis de filters.")


def tabs(filters: Filters, staff: StaffSession) -> list[tuple[str, str, bool]]:
    """Return the ready-made lists: name, address, and whether this is the one shown."""
    own = sorted(staff.principal.departments)
    ready = [
        (N_("Alles open"), Filters()),
        (N_("Te laat"), Filters(laat="1")),
        (N_("Van mij"), Filters(behandelaar=ME)),
        (N_("Niet toegewezen"), Filters(behandelaar=NOBODY)),
    ]
    if len(own) == 1:
        ready.insert(1, (N_("Van mijn afdeling"), Filters(afdeling=own[0])))
    shown = filters.query(sorteer="", weergave="")
    return [(name, tab.query(weergave=filters.weergave), tab.query() == shown) for name, tab in ready]


async def count_new(blocks: Blocks, staff: StaffSession, filters: Filters, since: str) -> str:
    """Return how many cases have come into this list since a moment, in words; nothing when there are none."""
    params = [
        (name, value)
        for name, value in filters.params(staff.principal.subject)
        if name not in {"limit", "sort", "cursor"}
    ]
    try:
        answer = await blocks.ask(
            "handling", "/cases/count", params=[*params, ("submittedFrom", since)], token=staff.token, timeout=2
        )
        return str(answer["text"]) if answer["count"] else ""
    except (BlockUnavailableError, BlockRefusedError, KeyError, TypeError):
        return ""


@router.get(f"{PATH}/aantal-nieuw")
async def new_in_list(request: Request, staff: Handler) -> Response:
    """Say how much is new since the list was shown; rows never move under somebody's pointer."""
    filters = Filters.of(request)
    since = request.query_params.get("sinds", "")[:40]
    found = await count_new(services_of(request).blocks, staff, filters, since) if since else ""
    return render(request, "desk/new.html", count=found, address=filters.query())


@router.get(PATH)
async def worklist(request: Request, staff: Handler) -> Response:
    """Show the list."""
    services = services_of(request)
    filters = Filters.of(request)
    (page, failure), tree, departments = await asyncio.gather(
        fetch_page(services.blocks, staff, filters),
        reference.categories(services.blocks),
        reference.departments(services.blocks, staff.token),
    )
    people = await reference.colleagues(services.blocks, staff.token, filters.afdeling) if filters.afdeling else []
    context: dict[str, Any] = {
        "shown_at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "moved_on": request.query_params.get("gedaan") == "afdeling",
        "page": page,
        "failure": failure,
        "filters": filters,
        "tabs": tabs(filters, staff),
        "sorts": SORTS,
        "statuses": STATUS_LABELS,
        "priorities": PRIORITY_LABELS,
        "tree": tree,
        "departments": departments,
        "people": people,
        "names": reference.category_names(tree),
        "surroundings": {
            item.id: services.ground.describe(item.geometry.point)
            for item in page.items
            if item.geometry and item.geometry.point and not (item.address and item.address.line)
        },
        "staff": staff,
        "shortcuts": shortcuts_on(request),
        "nav": "list",
    }
    return render(request, "desk/worklist.html", **context)
