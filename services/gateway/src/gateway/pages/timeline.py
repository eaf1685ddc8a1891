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
    "message-requested": ("send", "mail"),
    "message-delivered": ("mail", "mail"),
    "message-failed": ("alert-triangle", "danger"),
    "text-removed": ("trash", "quiet"),
    "contact-removed": ("trash", "quiet"),
}


@dataclass(frozen=True)
class Names:
    """Where the words for codes come from."""

    language: Language
    categories: Mapping[str, dict[str, str]]
    departments: Mapping[str, str]
    people: Mapping[str, str]

    def say(self, text: str, **values: str) -> str:
        """Translate a sentence."""
        return translate(self.language, text, **values)


def _title(entry: HistoryEntry, names: Names) -> str:
    say, details = names.say, entry.details
    after = entry.after or ""
    match entry.kind:
        case "opened":
            return say(N_("Melding ontvangen"))
        case "status":
            return say(N_("Status: %(status)s"), status=status_label(after, names.language))
        case "assignment":
            person = details.get("assigneeName") or names.people.get(after, "")
            if not after:
                return say(N_("Niemand meer toegewezen"))
            return say(N_("Toegewezen aan %(name)s"), name=person) if person else say(N_("Toegewezen"))
        case "priority":
            label = say(PRIORITY_LABELS.get(after, after)) if after else ""
            return say(N_("Prioriteit: %(priority)s"), priority=label)
        case "note":
            return say(N_("Notitie"))
        case "category":
            name = named(names.categories.get(after), names.language, after)
            if entry.actor:
                return say(N_("Onderwerp gewijzigd: %(name)s"), name=name)
            return say(N_("Onderwerp bepaald: %(name)s"), name=name)
        case "department":
            name = str(details.get("departmentName") or names.departments.get(after, after))
            return say(N_("Naar afdeling %(name)s"), name=name)
        case "message-delivered" | "message-failed" | "message-requested":
            kind = say(MESSAGE_KINDS.get(str(details.get("kind", "")), N_("Bericht")))
            sentence = {
                "message-delivered": N_("%(kind)s verstuurd aan de melder"),
                "message-failed": N_("%(kind)s aan de melder kwam niet aan"),
                "message-requested": N_("%(kind)s aan de melder gevraagd"),
            }[entry.kind]
            return say(sentence, kind=kind)
        case "text-removed":
            return say(N_("De tekst van de melding is verwijderd"))
        case "contact-removed":
            return say(N_("De contactgegevens zijn verwijderd"))
        case _:
            return entry.kind


def timeline_of(
    case: CaseDetail,
    categories: Mapping[str, dict[str, str]],
    departments: Sequence[Department],
    people: Sequence[Person],
    language: Language,
) -> list[Moment]:
    """Return the history of a case as lines for people."""
    names = Names(
        language,
        categories,
        {department.code: department.name for department in departments},
        {person.id: person.name for person in people},
    )
    lines = [
        Moment(
            at=entry.at,
            title=_title(entry, names),
            text=entry.text,
            who=entry.actor_name or (names.people.get(entry.actor) if entry.actor else None),
            icon=MARKS.get(entry.kind, ("info-circle", "quiet"))[0],
            tone=MARKS.get(entry.kind, ("info-circle", "quiet"))[1],
        )
        for entry in case.history
    ]
    return sorted(lines, key=lambda line: line.at, reverse=True)
