"""How dates, terms, states and places are said to people, in both languages."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_timedelta

from gateway.pages.language import N_, Language, translate

ZONE = ZoneInfo("Europe/Amsterdam")
HOURS_TO_WARN = 24

# The labels of the workflow states stand here too, so that a list can be shown when no block can be asked.
STATUS_LABELS = {
    "reported": N_("Gemeld"),
    "awaiting-handling": N_("In afwachting van behandeling"),
    "in-progress": N_("In behandeling"),
    "planned": N_("Ingepland"),
    "on-hold": N_("On hold"),
    "external-to-send": N_("Extern: te verzenden"),
    "external-sent": N_("Extern: verzonden"),
    "external-failed": N_("Extern: mislukt"),
    "external-done": N_("Extern: afgehandeld"),
    "closed": N_("Afgehandeld"),
    "cancelled": N_("Geannuleerd"),
    "reopened": N_("Heropend"),
    "split": N_("Gesplitst"),
    "closure-requested": N_("Verzoek tot afhandeling"),
    "reopen-requested": N_("Verzoek tot heropenen"),
    "reaction-requested": N_("Reactie gevraagd"),
    "reaction-received": N_("Reactie ontvangen"),
    "forwarded": N_("Doorgezet naar extern"),
}

STATUS_TONES = {
    "reported": "new",
    "reopened": "new",
    "reaction-received": "new",
    "reopen-requested": "warning",
    "closure-requested": "warning",
    "external-failed": "danger",
    "closed": "done",
    "cancelled": "quiet",
    "split": "quiet",
    "external-done": "done",
    "on-hold": "quiet",
}

PUBLIC_STATUS = {
    "received": N_("Ontvangen"),
    "in-progress": N_("In behandeling"),
    "planned": N_("Ingepland"),
    "question": N_("Vraag aan u"),
    "closed": N_("Afgehandeld"),
    "reopened": N_("Heropend"),
}

PRIORITY_LABELS = {"low": N_("Laag"), "normal": N_("Normaal"), "high": N_("Hoog")}

MESSAGE_KINDS = {
    "confirmation": N_("Ontvangstbevestiging"),
    "closing": N_("Afhandelbericht"),
    "update": N_("Tussenbericht"),
    "question": N_("Vraag aan de melder"),
}

MESSAGE_STATES = {
    "waiting": N_("Wacht op gegevens"),
    "due": N_("Wordt verstuurd"),
    "delivered": N_("Verstuurd"),
    "failed": N_("Mislukt"),
    "skipped": N_("Geen e-mailadres"),
}

MESSAGE_TONES = {"waiting": "quiet", "due": "busy", "delivered": "done", "failed": "danger", "skipped": "quiet"}

ORIGINS = {
    "model": N_("Automatisch bepaald"),
    "reporter": N_("Gekozen door de melder"),
    "handler": N_("Gekozen door een medewerker"),
}

CLOSED_STATUSES = frozenset({"closed", "cancelled", "split"})


def locale_of(language: Language) -> str:
    """Return the locale for dates; English dates are written the European way."""
    return "nl_NL" if language == "nl" else "en_GB"


def local(moment: datetime) -> datetime:
    """Return a moment in Dutch local time."""
    return moment.astimezone(ZONE)


def day(moment: datetime, language: Language) -> str:
    """Write a moment as a day, for example ``22 november 2026``."""
    return format_date(local(moment).date(), "d MMMM y", locale=locale_of(language))


def short_day(moment: datetime, language: Language) -> str:
    """Write a moment as a short day, for example ``22 nov 2026``."""
    return format_date(local(moment).date(), "d MMM y", locale=locale_of(language)).replace(".", "")


def day_and_time(moment: datetime, language: Language) -> str:
    """Write a moment as day and time, for example ``22 november 2026, 14:05``."""
    return format_datetime(local(moment), "d MMMM y, HH:mm", locale=locale_of(language))


def ago(moment: datetime, language: Language, *, now: datetime | None = None) -> str:
    """Write how long ago something was."""
    passed = (now or datetime.now(UTC)) - moment
    return format_timedelta(-passed, add_direction=True, locale=locale_of(language))


def duration(seconds: float, language: Language) -> str:
    """Write how long something takes or has taken, for example ``3 uur``."""
    return format_timedelta(timedelta(seconds=round(seconds)), locale=locale_of(language))


def is_ahead(moment: datetime) -> bool:
    """Tell whether a moment is still to come."""
    return moment > datetime.now(UTC)


def term_left(deadline: datetime, language: Language, *, now: datetime | None = None) -> tuple[str, str]:
    """Say how much of the handling term is left, and in which tone: ``ok``, ``soon`` or ``late``."""
    left = deadline - (now or datetime.now(UTC))
    amount = format_timedelta(abs(left), locale=locale_of(language), granularity="hour")
    if left.total_seconds() < 0:
        return translate(language, N_("%(amount)s te laat"), amount=amount), "late"
    tone = "soon" if left.total_seconds() < HOURS_TO_WARN * 3600 else "ok"
    return translate(language, N_("nog %(amount)s"), amount=amount), tone


def status_label(status: str, language: Language) -> str:
    """Name a workflow state; an unknown one is shown as it came."""
    return translate(language, STATUS_LABELS.get(status, status))


def status_tone(status: str) -> str:
    """Return the tone in which a workflow state is shown."""
    return STATUS_TONES.get(status, "busy")


def named(names: dict[str, str] | None, language: Language, fallback: str = "") -> str:
    """Pick the name in the visitor's language, else the Dutch one."""
    if not names:
        return fallback
    return names.get(language) or names.get("nl") or fallback


def confidence(value: float | None) -> str:
    """Write a probability as a whole percentage."""
    return "" if value is None else f"{round(value * 100)}%"
