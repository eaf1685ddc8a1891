"""Language, house style and the words for dates and terms."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from pydantic import ValidationError

import gateway
from gateway.branding import Branding, contrast, read_branding
from gateway.pages import presenting
from gateway.pages.language import LOCALE, translate

HERE = Path(gateway.__file__).parent
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def texts_in_use():
    found = extract_from_dir(
        str(HERE),
        method_map=[("templates/**.html", "jinja2.ext:babel_extract"), ("**.py", "python")],
        options_map={"templates/**.html": {"extensions": "jinja2.ext.i18n,jinja2.ext.do"}},
        keywords={"_": None, "N_": None, "ngettext": (1, 2)},
    )
    return {message if isinstance(message, str) else tuple(message) for _, _, message, _, _ in found}


def catalogue():
    with (LOCALE / "en.po").open("rb") as source:
        return read_po(source, locale="en")


def test_every_text_has_an_english_one_and_none_is_left_over():
    translated = {message.id: message.string for message in catalogue() if message.id}
    assert texts_in_use() - translated.keys() == set()
    assert translated.keys() - texts_in_use() == set()
    assert [source for source, text in translated.items() if not text] == []


def test_open_places_in_a_text_are_the_same_in_english():
    for message in catalogue():
        sources = (message.id,) if isinstance(message.id, str) else message.id
        targets = (message.string,) if isinstance(message.string, str) else message.string
        wanted = set(re.findall(r"%\(\w+\)s|\{\w+\}", sources[-1]))
        for target in targets:
            assert set(re.findall(r"%\(\w+\)s|\{\w+\}", target)) == wanted, message.id


def test_no_text_names_a_real_municipality():
    everything = "\n".join(path.read_text() for path in HERE.joinpath("templates").rglob("*.html"))
    assert not re.search(r"\b(Assen|Amsterdam|Rotterdam|Utrecht)\b", everything.replace("utrecht", ""))


def test_an_unknown_text_is_shown_as_it_is():
    assert translate("en", "zomaar iets") == "zomaar iets"


@pytest.mark.parametrize(
    ("hours", "nl", "en", "tone"),
    [
        (72, "nog 3 dagen", "3 days left", "ok"),
        (5, "nog 5 uur", "5 hours left", "soon"),
        (-30, "1 dag te laat", "1 day late", "late"),
    ],
)
def test_a_term_is_said_in_words(hours, nl, en, tone):
    deadline = NOW + timedelta(hours=hours)
    assert presenting.term_left(deadline, "nl", now=NOW) == (nl, tone)
    assert presenting.term_left(deadline, "en", now=NOW) == (en, tone)


def test_moments_are_shown_in_dutch_local_time():
    summer = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    assert presenting.day_and_time(summer, "nl") == "2 juli 2026, 00:30"
    assert presenting.day_and_time(summer, "en") == "2 July 2026, 00:30"


def test_the_example_house_style_is_readable():
    branding = read_branding()
    assert contrast(branding.colours.action, "#ffffff") >= 4.5
    assert "--basis-color-action-1-inverse-bg-default: #0b5d57;" in branding.stylesheet()


@pytest.mark.parametrize(
    "change",
    [
        {"colours": {"action": "#ffee00"}},
        {"colours": {"action": "red; } body { display: none"}},
        {"heading_font": "Arial; } body { display: none"},
        {"municipality": "Assen"},
    ],
)
def test_a_house_style_that_cannot_be_read_or_holds_css_is_refused(change):
    content = read_branding().model_dump(mode="json")
    for name, value in change.items():
        content[name] = {**content[name], **value} if isinstance(value, dict) else value
    with pytest.raises(ValidationError):
        Branding.model_validate(content)
