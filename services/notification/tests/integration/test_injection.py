"""What strangers type, on its way into a mail that carries the municipality's name."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from uuid import uuid4

import pytest

from commonground.testing.events import buried

BLNS = Path(__file__).parents[5] / "shared" / "data" / "files" / "blns.json"
OURS = "https://meldingen.example.org/"


class Page(HTMLParser):
    """Which elements and links a mail has, and the text that a reader sees."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.handlers: list[str] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self.links += [value for name, value in attrs if name in {"href", "src", "action", "background"}]

    def handle_data(self, data):
        self.words.append(data)


EXPECTED_TAGS = {
    "html", "head", "meta", "title", "style", "body", "div", "p", "h2", "strong", "a", "ul", "li", "blockquote", "br",
}  # fmt: skip

PHISHING = [
    "Betaal uw boete op https://evil.example/boete",
    "Betaal op www.evil.example",
    "Betaal op evil.example/login vandaag",
    "[Bekijk uw melding](https://evil.example)",
    '<a href="https://evil.example">Bekijk uw melding</a>',
    "<https://evil.example>",
    "![x](https://evil.example/pixel.png)",
    "<img src=x onerror=alert(1)>",
    "</blockquote></div><h1>U hebt een boete</h1>",
    "[1]: https://evil.example\n\n[klik][1]",
    "tekst\n\n# Belangrijk bericht van de gemeente\n\nbetaal nu",
    "tekst\n\n---\n\nMet vriendelijke groet",
    "hxxp:/evil.example",
    "http:\\\\evil.example",
    "HTTPS://EVIL.EXAMPLE",
    "javascript:alert(1)",
    "mailto:evil@evil.example",
    "evil。example",
    "evil\u200b.example",
    "\u202ehttps://evil.example\u202c",
    "{{ status_url }} {% if number %}x{% endif %} {{ 7 * 7 }}",
    "MSVT0X MSVU4X MSVA1X",
    "regel een\r\nSubject: U hebt een boete\r\n\r\n<h1>boete</h1>",
    "=_einde\r\n--=_grens--",
    "e\u0301vil.example",
]


def _assert_harmless(mail, plain, page) -> None:
    html = Page(page(mail))
    assert html.tags <= EXPECTED_TAGS
    assert html.handlers == []
    assert all(link.startswith(OURS) for link in html.links), html.links
    text = plain(mail)
    for address in re.findall(r"(?:[a-z][a-z0-9+.-]*://|www\.)\S*", text, re.IGNORECASE):
        assert address.startswith(OURS), address
    assert not re.search(r"evil[.\u3002]example", text, re.IGNORECASE)
    # Everything that the reporter wrote stands in the quotation: the words behind it are still there.
    assert text.rstrip().endswith("U kunt niet antwoorden op deze e-mail.")
    assert "Met vriendelijke groet,\n\nGemeente Voorbeeldstad" in text
    assert mail["Subject"].startswith("Wij hebben uw melding")


async def test_nothing_that_a_reporter_types_becomes_a_link_or_markup(tell, send_all, mailbox, plain, page):
    for index, text in enumerate(PHISHING):
        report = uuid4()
        await tell.contact(report=report, number=f"M-{index}")
        await tell.text(report=report, description=text, address={"street": text[:80], "city": "Assen"})
        await tell.routing(report=report)
    await send_all()
    assert len(mailbox.mails) == len(PHISHING)
    for mail in mailbox.mails:
        _assert_harmless(mail, plain, page)
        quotation = plain(mail).split("U schreef:")[1].split("Met vriendelijke groet,\n\nGemeente")[0]
        assert all(line.startswith(">") or not line for line in quotation.split("\n")), quotation


async def test_the_words_of_a_reporter_stay_readable(tell, send_all, mailbox, plain):
    await tell.contact()
    text = "De lamp is kapot.Graag a.u.b. maken, 12.5 meter van nr. 3 & <rechts> van *de* brug_1 #2\n- ook de tweede"
    await tell.text(description=text)
    await tell.routing()
    await send_all()
    quoted = plain(mailbox.mails[0]).split("U schreef:\n\n")[1]
    assert quoted.startswith(
        "> De lamp is kapot. Graag a.u.b. maken, 12.5 meter van nr. 3 & <rechts> van *de* brug_1 #2\n> - ook de tweede\n"
    )


@pytest.mark.skipif(not BLNS.is_file(), reason="the list of naughty strings is not beside this checkout")
async def test_strings_that_break_software_break_no_mail(tell, send_all, mailbox, plain, page, database):
    strings = [text for text in json.loads(BLNS.read_text()) if text.strip()]
    for start in range(0, len(strings), 10):
        report = uuid4()
        await tell.contact(report=report)
        await tell.text(report=report, description="\n".join(strings[start : start + 10]))
        await tell.routing(report=report)
        await tell.message(report=report, text=strings[start])
    await send_all()
    confirmations = [mail for mail in mailbox.mails if mail["Subject"].startswith("Wij hebben uw melding")]
    assert len(confirmations) == len(range(0, len(strings), 10))
    assert len(mailbox.mails) == 2 * len(confirmations)
    for mail in confirmations:
        html = Page(page(mail))
        assert html.tags <= EXPECTED_TAGS
        assert all(link.startswith(OURS) for link in html.links)
    assert await buried(database) == []


@pytest.mark.skipif(not BLNS.is_file(), reason="the list of naughty strings is not beside this checkout")
async def test_strings_that_break_software_as_an_address_go_nowhere_else(tell, send_all, mailbox, database, states):
    strings = [text for text in json.loads(BLNS.read_text()) if text.strip() and "\x00" not in text][::4]
    for text in strings:
        report = uuid4()
        await tell.contact(report=report, email=text)
        await tell.routing(report=report)
    await send_all()
    for sender, recipients in mailbox.envelopes:
        assert sender == "no-reply@voorbeeldstad.example"
        assert len(recipients) == 1
    assert {state for _, state in await states()} <= {"failed", "delivered"}
    assert await buried(database) == []


NUMBERS = ["M-1\r\nBcc: all@example.org", "M-1\nX: y", "M-1\x00", "M-\u2028Bcc: a@b.nl", "é" * 300]


async def test_a_value_in_the_subject_cannot_make_a_header(tell, send_all, mailbox):
    for number in NUMBERS:
        report = uuid4()
        await tell.contact(report=report, number=number)
        await tell.routing(report=report)
    await send_all()
    assert len(mailbox.mails) == len(NUMBERS)
    for mail in mailbox.mails:
        assert mail["Bcc"] is None
        assert mail["X"] is None
        assert mail["To"] == "melder@example.org"
    assert {tuple(recipients) for _, recipients in mailbox.envelopes} == {("melder@example.org",)}


ADDRESSES = ["javascript:alert(1)", "https://x.nl/ onclick=alert(1)", 'https://x.nl/"><script>', "", "data:text/html,x"]


async def test_a_status_address_that_is_no_web_address_is_left_out(tell, send_all, mailbox, page):
    for address in ADDRESSES:
        report = uuid4()
        await tell.contact(report=report, statusUrl=address)
        await tell.routing(report=report)
    await send_all()
    assert len(mailbox.mails) == len(ADDRESSES)
    for mail in mailbox.mails:
        html = Page(page(mail))
        assert html.tags <= EXPECTED_TAGS
        assert all(link.startswith(OURS) for link in html.links)
