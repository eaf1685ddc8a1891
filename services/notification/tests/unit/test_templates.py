"""Which texts can be saved, and what becomes of them."""

from html.parser import HTMLParser

import pytest

from notification.domain.letters import TemplateFailedError, all_faults, as_facts, typeset, write
from notification.domain.messages import Kind
from notification.domain.templates import LANGUAGES, Template, sample, standard, variables

EVERY = [(kind, language) for kind in Kind for language in LANGUAGES]


def letter(body: str, subject: str = "Klaar", **facts: str):
    values = as_facts({**sample(Kind.CLOSING, "nl"), **facts})
    template = Template(Kind.CLOSING, "nl", subject, body)
    return typeset(write(template, values), language="nl", municipality="Voorbeeldstad")


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_the_standard_texts_pass_their_own_checks(kind, language):
    assert all_faults(standard(kind, language)) == []


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_the_standard_texts_work_when_little_is_known(kind, language):
    facts = as_facts(sample(kind, language, sparse=True))
    found = typeset(write(standard(kind, language), facts), language=language, municipality="Voorbeeldstad")
    assert "M-10001" in found.subject
    assert "{{" not in found.text
    assert "MSV" not in found.text + found.html
    assert "\n\n\n" not in found.text
    assert "None" not in found.text


@pytest.mark.parametrize(
    ("subject", "body", "field", "code"),
    [
        ("Klaar", "{{ message }} {{ naam }}", "body", "unknown-variable"),
        ("{{ nummer }}", "{{ message }}", "subject", "unknown-variable"),
        ("Klaar", "{{ message }}{{ _values }}", "body", "unknown-variable"),
        ("Klaar", "{{ message }}{{ self }}", "body", "unknown-variable"),
        ("Klaar", "{{ message.__class__ }}", "body", "not-allowed"),
        ("Klaar", "{{ message[0] }}", "body", "not-allowed"),
        ("Klaar", "{{ message }}{% for x in 'abc' %}{% endfor %}", "body", "not-allowed"),
        ("Klaar", "{{ message }}{{ range(9) }}", "body", "not-allowed"),
        ("Klaar", "{{ message }}{{ 'a' * 999999999 }}", "body", "not-allowed"),
        ("Klaar", "{{ message | safe }}", "body", "not-allowed"),
        ("Klaar", "{{ message }}{% set a = 1 %}", "body", "not-allowed"),
        ("Klaar", "{{ message }}{% include 'x' %}", "body", "not-allowed"),
        ("Klaar", "{{ message }}{% macro a() %}{% endmacro %}", "body", "not-allowed"),
        ("Klaar", "{{ message }}{% if %}", "body", "template-syntax"),
        ("Klaar", "{{ message }}{% foo %}", "body", "template-syntax"),
        ("Klaar", "{{ message", "body", "template-syntax"),
        ("Klaar", "{{ message }}" + "{{" + "(" * 5000 + "1" + ")" * 5000 + "}}", "body", "template-syntax"),
        ("Klaar", "Zonder de woorden van de behandelaar", "body", "variable-required"),
        ("Klaar\nBcc: x@y.nl", "{{ message }}", "subject", "line-break"),
        ("   ", "{{ message }}", "subject", "empty"),
        ("{% if address %}Ja{% endif %}", "{{ message }}", "subject", "empty"),
        ("Klaar", "{{ message }} [x]({{ description }})", "body", "link-refused"),
        ("Klaar", "{{ message }} [x]({{ status_url | upper }})", "body", "link-refused"),
        ("Klaar", "{{ message }} [x](https://{{ number }}.nl/)", "body", "link-refused"),
        ("Klaar", "{{ message }} [x](https:{{ number }})", "body", "link-refused"),
        ("Klaar", "{{ message }} [x](//evil.nl)", "body", "link-refused"),
        ("Klaar", "{{ message }} [x](kaart)", "body", "link-refused"),
        ("Klaar", "{{ message }} MSVT0X", "body", "not-allowed"),
    ],
)
def test_a_text_that_cannot_work_is_refused(subject, body, field, code):
    found = all_faults(Template(Kind.CLOSING, "nl", subject, body))
    assert (field, code) in {(fault.field, fault.code) for fault in found}


def test_a_fault_is_told_with_its_line_and_what_is_possible():
    found = all_faults(Template(Kind.CLOSING, "nl", "Klaar", "{{ message }}\n\n{{ naam }}\n{{ adres }}"))
    assert [fault.message.split(";")[0] for fault in found] == [
        "Line 3: there is no variable `naam`",
        "Line 4: there is no variable `adres`",
    ]
    assert "status_url" in found[0].message


def test_conditions_and_simple_filters_are_allowed():
    body = "{% if address and not department == 'X' %}{{ address | upper }}{% else %}-{% endif %} {{ message }}"
    assert all_faults(Template(Kind.CLOSING, "nl", "Klaar", body)) == []
    assert letter(body, address="Vaart 12").text.startswith("VAART 12 De lamp")


def test_only_messages_of_handlers_know_their_words():
    assert "message" not in variables(Kind.CONFIRMATION)
    assert all("message" in variables(kind) for kind in (Kind.CLOSING, Kind.UPDATE, Kind.QUESTION))


def test_a_template_that_does_not_fit_the_facts_fails_as_such():
    with pytest.raises(TemplateFailedError):
        write(Template(Kind.CLOSING, "nl", "Klaar", "{{ nobody }}"), {})


def test_markdown_becomes_plain_text_that_reads_well():
    body = (
        "# Kop\n\nEen *schuine* en **vette** regel\nop twee regels.\\\nEn een derde.\n\n"
        "1. een\n2. twee\n   - binnen\n\n> citaat\n>\n> tweede\n\n---\n\n`code` [Kaart]({{ map_url }})\n\n"
        "Zie [de kaart](https://www.example.org/kaart?nummer={{ number }})."
    )
    text = letter(body, number="M 1&2").text
    assert text.startswith(
        "Kop\n\nEen schuine en vette regel op twee regels.\nEn een derde.\n\n"
        "1. een\n2. twee\n   - binnen\n\n> citaat\n>\n> tweede\n\n---\n\ncode Kaart (https://meldingen.example.org/kaart)"
        "\n\nZie de kaart (https://www.example.org/kaart?nummer=M%201%262).\n"
    ), text


def test_a_fact_in_a_link_is_encoded_for_its_place():
    page = letter("[x](https://www.example.org/?n={{ number }}&a=1)", number='1"><script>&b=2').html
    assert 'href="https://www.example.org/?n=1%22%3E%3Cscript%3E%26b%3D2&amp;a=1"' in page
    assert "<script" not in page


def test_a_fact_of_several_lines_stays_in_its_quotation_or_item():
    found = letter("> {{ description }}\n\n- {{ message }}", description="een\n\n# twee", message="a\nb")
    assert "> een\n> \n> # twee\n\n- a\n  b\n" in found.text
    assert "een<br><br># twee" in found.html


def test_markup_in_facts_is_text():
    page = letter("{{ message }}", message="<b>x</b> **y** [z](https://evil.example) &amp; 'q'").html
    assert "&lt;b&gt;x&lt;/b&gt; **y** [z](https://evil.example) &amp;amp; &#x27;q&#x27;" in page


def test_html_of_an_administrator_is_text_too():
    page = letter("<script>alert(1)</script>\n\n<b>{{ message }}</b> ![x](https://evil.example/x.png)").html
    assert "<script" not in page
    assert "<b>" not in page
    assert "<img" not in page


def test_the_page_can_be_read_on_a_phone_and_by_a_screen_reader():
    page = letter("{{ message }}").html
    assert '<html lang="nl">' in page
    assert 'name="viewport"' in page
    assert "<title>Gemeente Voorbeeldstad</title>" in page
    assert "max-width: 600px" in page
    assert "http" not in page  # fetches nothing


def test_a_name_of_a_municipality_is_escaped():
    words = write(Template(Kind.CLOSING, "nl", "x", "{{ message }}"), as_facts(sample(Kind.CLOSING, "nl")))
    page = typeset(words, language="nl", municipality='<i>"s-Hertogenbosch</i>').html
    elements: list[str] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, _attrs: elements.append(tag)  # type: ignore[method-assign]
    parser.feed(page)
    assert "i" not in elements
