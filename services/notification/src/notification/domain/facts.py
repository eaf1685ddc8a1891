"""The facts of a report as a reader wants them: dates in words, a term in words, a place on one line."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from notification.domain.letters import as_facts
from notification.domain.texts import clean, one_line, without_links

TIME_ZONE = ZoneInfo("Europe/Amsterdam")
_LOCALES = {"nl": "nl_NL", "en": "en_GB"}

_DAYS = {
    ("nl", "working"): ("werkdag", "werkdagen"),
    ("nl", "calendar"): ("dag", "dagen"),
    ("en", "working"): ("working day", "working days"),
    ("en", "calendar"): ("day", "days"),
}


@dataclass(frozen=True)
class Report:
    """What this block knows of a report when it writes about it; None where nothing is known."""

    number: str
    municipality: str  # its name, not its code
    submitted_at: datetime
    status_url: str | None
    description: str | None
    address: Mapping[str, Any] | None
    category: str | None  # in words for residents, in the language of the mail
    department: str | None
    deadline: datetime | None
    term_days: int | None
    term_kind: str | None


def facts(report: Report, *, language: str, base_url: str, message: str | None = None) -> dict[str, str]:
    """Return a value for every variable of a template; what a stranger wrote is without links."""
    deadline, days = "", ""
    if report.deadline is not None and report.term_days is not None:
        deadline, days = local_day(report.deadline, language), term(report.term_days, report.term_kind, language)
    return as_facts(
        {
            "number": one_line(report.number),
            "municipality": one_line(report.municipality),
            "submitted_on": local_day(report.submitted_at, language),
            "description": without_links(report.description or "", language).strip(),
            "address": without_links(place(report.address), language),
            "category": one_line(report.category or ""),
            "department": one_line(report.department or ""),
            "deadline": deadline,
            "term": days,
            "message": clean(message or "").strip(),
            "status_url": report.status_url or base_url + "/",
            "map_url": f"{base_url}/kaart",
            "site_url": f"{base_url}/",
        }
    )


def local_day(moment: datetime, language: str) -> str:
    """Return the day of ``moment`` in the Netherlands, in words: ``vrijdag 27 november 2026``."""
    return _day(moment.astimezone(TIME_ZONE).date().toordinal(), language)


@lru_cache(maxsize=1024)
def _day(ordinal: int, language: str) -> str:
    # Loaded here: its tables are needed only by the process that writes mails.
    from babel.dates import format_date

    return str(format_date(datetime.fromordinal(ordinal), "full", locale=_LOCALES.get(language, "nl_NL")))


def term(days: int, kind: str | None, language: str) -> str:
    """Return a handling term in words: ``5 werkdagen``, ``1 day``."""
    singular, plural = _DAYS[language if language in _LOCALES else "nl", kind if kind == "working" else "calendar"]
    return f"{days} {singular if days == 1 else plural}"


def place(address: Mapping[str, Any] | None) -> str:
    """Return a Dutch address on one line, as far as it is known: ``Vaart 12a-2, 9401 GK Assen``."""
    if not address:
        return ""
    addition = address.get("houseNumberAddition")
    number = f"{address.get('houseNumber') or ''}{address.get('houseLetter') or ''}{f'-{addition}' if addition else ''}"
    code = str(address.get("postalCode") or "").replace(" ", "").upper()
    spaced = f"{code[:4]} {code[4:]}" if code else ""
    parts = (f"{address.get('street') or ''} {number}", f"{spaced} {address.get('city') or ''}")
    return ", ".join(text for text in (one_line(part) for part in parts) if text)
