"""What happened to a case, in words: one line for each change, the newest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.pages.language import N_, Language, translate
from gateway.pages.presenting import MESSAGE_KINDS, PRIORITY_LABELS, named, status_label
from gateway.upstream import CaseDetail, Department, HistoryEntry, Person


@dataclass(frozen=True)
class Moment:
    """One line of the timeline."""

    at: datetime
    title: str
    text: str | None
    who: str | None
    icon: str
    tone: str


MARKS = {
    "opened": ("flag", "start"),
    "status": ("check", "status"),
    "assignment": ("user", "quiet"),
    "priority": ("arrow-up", "quiet"),
    "note": ("note", "note"),
    "category": ("tag", "quiet"),
    "department": ("building", "quiet"),
    "message-delivered": ("mail", "mail"),
    "message-failed": ("alert-triangle", "danger"),
    "text-removed": ("trash", "quiet"),
    "contact-removed": ("trash", "quiet"),
}


@dataclass(frozen=True)
class Names:
    """Where the words for codes come from."""

    language: Language
    departments: Mapping[str, str]
    people: Mapping[str, str]

    def say(self, text: str, **values: str) -> str:
        """Translate a sentence."""
        return translate(self.language, text, **values)


def _title(entry: HistoryEntry, names: Names) -> str:
    """Say what happened in one line."""
    after = entry.after or ""
    name = named(entry.after_name, names.language, after)
    # Each sentence has one open place at most.
    value = ""
    match entry.kind:
        case "opened":
            text = N_("Melding ontvangen")
        case "status":
            text, value = N_("Status: %(value)s"), status_label(after, names.language)
        case "assignment" if not after:
            text = N_("Niemand meer toegewezen")
        case "assignment":
            value = names.people.get(after) or (name if name != after else "")
            text = N_("Toegewezen aan %(value)s") if value else N_("Toegewezen")
        case "priority":
            text, value = N_("Prioriteit: %(value)s"), names.say(PRIORITY_LABELS.get(after, after))
        case "note":
            text = N_("Notitie")
        case "category" if entry.actor or entry.details.get("origin") == "handler":
            text, value = N_("Onderwerp gewijzigd: %(value)s"), name
        case "category":
            text, value = N_("Onderwerp bepaald: %(value)s"), name
        case "department":
            text, value = N_("Naar afdeling %(value)s"), names.departments.get(after, name)
        case "message-delivered":
            text, value = N_("%(value)s verstuurd aan de melder"), _message_kind(entry, names)
        case "message-failed":
            text, value = N_("%(value)s aan de melder kwam niet aan"), _message_kind(entry, names)
        case "text-removed":
            text = N_("De tekst van de melding is verwijderd")
        case "contact-removed":
            text = N_("De contactgegevens zijn verwijderd")
        case _:
            text = entry.kind
    return names.say(text, value=value)


def _message_kind(entry: HistoryEntry, names: Names) -> str:
    return names.say(MESSAGE_KINDS.get(str(entry.details.get("kind", "")), N_("Bericht")))


def timeline_of(
    case: CaseDetail,
    departments: Sequence[Department],
    people: Sequence[Person],
    language: Language,
) -> list[Moment]:
    """Return the history of a case as lines for people."""
    names = Names(
        language,
        {department.code: department.name for department in departments},
        {person.id: person.label for person in people},
    )
    lines = [
        Moment(
            at=entry.at,
            title=_title(entry, names),
            text=names.say(N_("De tekst is verwijderd.")) if entry.text_removed else entry.text,
            who=(entry.actor.name or names.people.get(entry.actor.id, "?")) if entry.actor else None,
            icon=MARKS.get(entry.kind, ("info-circle", "quiet"))[0],
            tone=MARKS.get(entry.kind, ("info-circle", "quiet"))[1],
        )
        for entry in case.history
    ]
    # Entries of one moment stay in the order in which they were written.
    return lines[::-1]
