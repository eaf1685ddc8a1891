"""What the webhook pages read from notification, and how their form becomes a request."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from gateway.clients import BlockRefusedError
from gateway.pages.language import N_
from gateway.pages.presenting import ZONE
from gateway.pages.wizard_rules import Errors
from gateway.upstream import Answer

TYPES = {
    "nl.meldstroom.intake.report-submitted": N_("Melding gedaan"),
    "nl.meldstroom.intake.report-anonymised": N_("Melding geanonimiseerd"),
    "nl.meldstroom.intake.report-destroyed": N_("Melding vernietigd"),
    "nl.meldstroom.classification.report-classified": N_("Melding heeft een onderwerp"),
    "nl.meldstroom.routing.report-routed": N_("Melding heeft een afdeling en termijn"),
    "nl.meldstroom.handling.case-opened": N_("Zaak geopend"),
    "nl.meldstroom.handling.case-status-changed": N_("Status gewijzigd"),
    "nl.meldstroom.handling.case-assigned": N_("Zaak toegewezen"),
    "nl.meldstroom.handling.case-prioritised": N_("Prioriteit gewijzigd"),
    "nl.meldstroom.notification.message-delivered": N_("Bericht aan melder verstuurd"),
    "nl.meldstroom.notification.message-failed": N_("Bericht aan melder mislukt"),
    "nl.meldstroom.classification.category-changed": N_("Onderwerp gewijzigd"),
    "nl.meldstroom.routing.department-changed": N_("Afdeling gewijzigd"),
    "nl.meldstroom.notification.webhook-tested": N_("Proefbericht"),
}
CHOSEN_BY_PEOPLE = tuple(name for name in TYPES if not name.endswith("webhook-tested"))
STATES = {"active": N_("Actief"), "paused": N_("Gepauzeerd"), "failed": N_("Gestopt na fouten")}
TONES = {"active": "done", "paused": "quiet", "failed": "danger"}
REASONS = {
    "failed-for-too-long": N_("De ontvanger gaf drie dagen lang fouten. Hervat om verder te gaan."),
    "target-gone": N_("De ontvanger meldt dat dit adres niet meer bestaat. Hervat om verder te gaan."),
}
OUTCOMES = {"delivered": N_("Afgeleverd"), "failed": N_("Mislukt")}
LANES = {"live": "", "redelivery": N_("opnieuw"), "test": N_("proef")}
FAILURES = {
    "timeout": N_("De ontvanger antwoordde niet op tijd."),
    "connection-failed": N_("Er kwam geen verbinding tot stand."),
    "connection-lost": N_("De verbinding viel weg."),
    "tls-failed": N_("Het certificaat van de ontvanger klopt niet."),
    "address-refused": N_("Het adres leidt naar een privé of gereserveerd netwerk."),
    "host-unknown": N_("De naam van de ontvanger is niet bekend."),
    "redirected": N_("De ontvanger verwijst door; dat wordt niet gevolgd."),
    "refused": N_("De ontvanger weigerde het bericht."),
    "server-error": N_("Er ging iets mis bij de ontvanger."),
    "too-many-requests": N_("De ontvanger kan het niet bijhouden."),
    "gone": N_("Het adres bestaat niet meer."),
    "secret-unreadable": N_("Het geheim kan niet worden gelezen. Vraag de beheerder van het platform."),
    "invalid-url": N_("Het adres is niet geldig."),
}


class WebhookFilter(Answer):
    """What a subscription is about."""

    types: list[str] = Field(default_factory=list)
    categories: list[str] = Field(default_factory=list)
    departments: list[str] = Field(default_factory=list)
    bbox: list[float] | None = None
    area: dict[str, Any] | None = None


class Lag(Answer):
    """How far a subscription is behind."""

    events: int = 0
    seconds: float = 0.0


class Failure(Answer):
    """What a subscription struggles with."""

    since: datetime
    attempts: int = 0
    next_attempt_at: datetime | None = None


class Redelivery(Answer):
    """What is still to be delivered again."""

    events: int = 0
    requests: int = 0


class Subscription(Answer):
    """A webhook subscription."""

    id: UUID
    municipality: str = ""
    name: str
    target_url: str = ""
    filter: WebhookFilter = Field(default_factory=WebhookFilter)
    state: str = "active"
    reason: str | None = None
    state_since: datetime | None = None
    lag: Lag = Field(default_factory=Lag)
    failure: Failure | None = None
    redelivery: Redelivery = Field(default_factory=Redelivery)
    dropped_events: int = 0
    previous_secret_until: datetime | None = None
    version: int = 1
    created_by_name: str = ""


class SubscriptionPage(Answer):
    """One page of subscriptions."""

    items: list[Subscription] = Field(default_factory=list)
    next_cursor: str | None = None


class NewSubscription(Subscription):
    """A subscription with the secret that is shown once."""

    secret: str


class NewSecret(Answer):
    """A secret that is shown once."""

    secret: str
    previous_secret_until: datetime | None = None


class Delivery(Answer):
    """One attempt to deliver one event."""

    id: int
    at: datetime
    event_id: str = ""
    event_type: str = ""
    position: int | None = None
    lane: str = "live"
    attempt: int = 1
    outcome: str = ""
    status: int | None = None
    milliseconds: int = 0
    error: str | None = None
    answer: str | None = None


class DeliveryPage(Answer):
    """One page of the delivery log."""

    items: list[Delivery] = Field(default_factory=list)
    next_cursor: str | None = None


class TestResult(Answer):
    """How a test ended."""

    outcome: str = "failed"
    status: int | None = None
    error: str | None = None


@dataclass
class TypedWebhook:
    """The form as it was typed."""

    name: str = ""
    url: str = ""
    municipality: str = ""
    types: Sequence[str] = ()
    categories: Sequence[str] = ()
    departments: Sequence[str] = ()
    bbox: str = ""
    area: str = ""
    version: str = ""
    errors: Errors = field(default_factory=Errors)

    @classmethod
    def of(cls, subscription: Subscription) -> "TypedWebhook":
        """Return the form of a subscription as it is."""
        wanted = subscription.filter
        return cls(
            name=subscription.name,
            url=subscription.target_url,
            municipality=subscription.municipality,
            types=wanted.types,
            categories=wanted.categories,
            departments=wanted.departments,
            bbox=", ".join(f"{number:g}" for number in wanted.bbox or ()),
            area=json.dumps(wanted.area) if wanted.area else "",
            version=str(subscription.version),
        )

    @classmethod
    def typed(cls, form: Any) -> "TypedWebhook":
        """Return the form as somebody sent it."""

        def text(name: str) -> str:
            return str(form.get(name) or "").strip()

        def several(name: str) -> list[str]:
            return [str(value) for value in form.getlist(name)]

        return cls(
            name=text("name"),
            url=text("url"),
            municipality=text("municipality"),
            types=several("types"),
            categories=several("categories"),
            departments=several("departments"),
            bbox=text("bbox"),
            area=text("area"),
            version=text("version"),
        )

    def body(self) -> dict[str, Any]:
        """Return the request to notification; what cannot even be written down is noted in ``errors``."""
        wanted: dict[str, Any] = {
            "types": list(self.types),
            "categories": list(self.categories),
            "departments": list(self.departments),
        }
        if not self.name:
            self.errors.add("name", N_("Geef de webhook een naam."))
        if not self.url:
            self.errors.add("url", N_("Vul het adres van de ontvanger in."))
        if self.bbox:
            wanted["bbox"] = self._box()
        if self.area:
            wanted["area"] = self._area()
        return {"name": self.name, "targetUrl": self.url, "filter": wanted}

    def _box(self) -> list[float] | None:
        try:
            numbers = [float(part) for part in self.bbox.replace(";", ",").split(",")]
        except ValueError:
            numbers = []
        if len(numbers) != 4 or not all(map(math.isfinite, numbers)):  # noqa: PLR2004 - west, south, east, north
            self.errors.add("bbox", BOX_MESSAGE)
            return None
        return numbers

    def _area(self) -> Any:
        try:
            return json.loads(self.area)
        except ValueError:
            self.errors.add("area", AREA_MESSAGE)
            return None


BOX_MESSAGE = N_("Vul vier getallen in: west, zuid, oost, noord, bijvoorbeeld 6.5, 52.9, 6.6, 53.1.")
AREA_MESSAGE = N_("Dit is geen GeoJSON-vlak (Polygon of MultiPolygon) waarvan de lijnen elkaar niet kruisen.")

# What notification says of a field, in the words of this page; the first fitting line counts.
_REFUSALS: Sequence[tuple[str, str, str, str]] = (
    ("body.targetUrl", "address-refused", "url", N_("Dit adres ligt in een privé of gereserveerd netwerk.")),
    ("body.targetUrl", "host-unknown", "url", N_("De naam in dit adres is niet bekend.")),
    ("body.targetUrl", "scheme-refused", "url", N_("Het adres moet met https:// beginnen.")),
    ("body.targetUrl", "credentials-in-url", "url", N_("Zet geen gebruikersnaam of wachtwoord in het adres.")),
    ("body.targetUrl", "", "url", N_("Dit is geen geldig adres.")),
    ("body.name", "", "name", N_("Deze naam kan niet. Gebruik hoogstens 100 tekens.")),
    ("body.municipality", "", "municipality", N_("Kies een gemeente waar je voor werkt.")),
    ("body.filter.bbox", "", "bbox", BOX_MESSAGE),
    ("body.filter.area", "", "area", AREA_MESSAGE),
    ("body.filter", "", "area", N_("Kies een rechthoek of een vlak, niet allebei.")),
)  # fmt: skip


def note_refusal(typed: TypedWebhook, error: BlockRefusedError) -> None:
    """Put what notification refused beside the fields of the form."""
    kinds = {
        "subscription-exists": ("name", N_("Er is al een webhook met deze naam.")),
        "subscription-outdated": (
            "name",
            N_("Iemand anders heeft dit net gewijzigd. Laad de pagina opnieuw."),
        ),
        "too-many-subscriptions": ("name", N_("Er zijn te veel webhooks. Verwijder er eerst een.")),
    }
    for kind, (name, message) in kinds.items():
        if error.kind.endswith(kind):
            typed.errors.add(name, message)
    for problem in error.errors:
        for start, code, name, message in _REFUSALS:
            if problem.field.startswith(start) and code in {"", problem.code}:
                typed.errors.add(name, message)
                break
    if not typed.errors:
        typed.errors.add("name", N_("Dit kan niet worden opgeslagen. Controleer wat je hebt ingevuld."))


class UnclearMomentError(Exception):
    """A date and time that cannot be read."""


def moment(text: str) -> str:
    """Return a local date and time of a form as UTC; raise ``UnclearMomentError`` when it is none."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZONE).isoformat()
    except ValueError:
        raise UnclearMomentError from None


def redelivery_body(values: Mapping[str, str]) -> dict[str, Any]:
    """Return what to deliver again: one event, or what lies between two moments; raise ``UnclearMomentError``."""
    if values.get("event"):
        return {"eventIds": [values["event"]]}
    since = moment(values.get("since", ""))
    if values.get("until"):
        return {"times": {"from": since, "until": moment(values["until"])}}
    return {"since": since}
