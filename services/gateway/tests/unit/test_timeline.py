from datetime import UTC, datetime

import pytest

from gateway.pages.timeline import timeline_of
from gateway.upstream import CaseDetail, Department, Person

AT = "2026-11-22T10:00:00Z"


def titles(*entries, language="nl"):
    case = CaseDetail.model_validate(
        {
            "id": "0198f2a0-0000-7000-8000-000000000001",
            "number": "M-1",
            "status": "reported",
            "history": [{"at": AT, **entry} for entry in entries],
        }
    )
    return timeline_of(
        case, [Department(code="VRL", name="Openbare verlichting")], [Person(id="p1", name="Hanna")], language
    )


@pytest.mark.parametrize(
    ("entry", "title"),
    [
        ({"kind": "opened"}, "Melding ontvangen"),
        ({"kind": "status", "to": "closed"}, "Status: Afgehandeld"),
        ({"kind": "assignment", "to": "p1"}, "Toegewezen aan Hanna"),
        ({"kind": "assignment", "to": "p2"}, "Toegewezen"),
        ({"kind": "assignment", "to": None}, "Niemand meer toegewezen"),
        ({"kind": "priority", "to": "high"}, "Prioriteit: Hoog"),
        ({"kind": "department", "to": "VRL"}, "Naar afdeling Openbare verlichting"),
        ({"kind": "category", "to": "boom", "toName": {"nl": "Boom", "en": "Tree"}}, "Onderwerp bepaald: Boom"),
        ({"kind": "category", "to": "boom", "actor": {"id": "p1"}}, "Onderwerp gewijzigd: boom"),
        ({"kind": "message-failed", "details": {"kind": "closing"}}, "Afhandelbericht aan de melder kwam niet aan"),
        ({"kind": "something-new"}, "something-new"),
    ],
)
def test_each_kind_of_change_is_one_line(entry, title):
    (line,) = titles(entry)
    assert line.title == title


def test_the_newest_comes_first_and_who_did_it_is_named():
    first, second = titles({"kind": "opened"}, {"kind": "note", "text": "Gebeld", "actor": {"id": "p1", "name": None}})
    assert (first.title, first.who, first.text) == ("Notitie", "Hanna", "Gebeld")
    assert second.who is None
    assert second.at == datetime(2026, 11, 22, 10, tzinfo=UTC)


def test_a_removed_text_is_said_to_be_removed():
    (line,) = titles({"kind": "note", "text": None, "textRemoved": True})
    assert line.text == "De tekst is verwijderd."
