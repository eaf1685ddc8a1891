"""Making the text of others harmless."""

import json
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notification.domain.facts import local_day, place, term
from notification.domain.letters import Letter
from notification.domain.mails import HeaderInjectionError, Sender, build, message_id
from notification.domain.messages import InvalidAddressError, Outcome, Step, outcome_of, recipient, retry_delay
from notification.domain.texts import clean, mask, one_line, without_addresses, without_links

BLNS = Path(__file__).parents[5] / "shared" / "data" / "files" / "blns.json"


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("Zie https://evil.example/x?y=1 daar", "Zie [link verwijderd] daar"),
        ("HTTP://EVIL.EXAMPLE", "[link verwijderd]"),
        ("www.evil.example", "[link verwijderd]"),
        ("http:\\\\evil.example", "[link verwijderd]"),
        ("mailto:jan@example.org", "[link verwijderd]"),
        ("javascript:alert(1)", "[link verwijderd]"),
        ("(https://evil.example)", "([link verwijderd]"),
        ("evil.example/login", "evil. example/login"),
        ("evil。example", "evil。 example"),
        ("evil.рф", "evil. рф"),
        ("jan@example.org", "jan@example. org"),
        ("e\u0301vil.example", "e\u0301vil. example"),
        ("kapot.Graag maken", "kapot. Graag maken"),
        ("a.u.b. en 12.50 en nr.3", "a.u.b. en 12.50 en nr.3"),
        ("let op: gevaarlijk, 10:30 uur", "let op: gevaarlijk, 10:30 uur"),
        ("d.w.z. wat...", "d.w.z. wat..."),
        ("", ""),
    ],
)
def test_links_are_taken_out_and_words_stay(text, harmless):
    assert without_links(text, "nl") == harmless


def test_removed_links_are_told_in_the_language_of_the_mail():
    assert without_links("https://a.nl", "en") == "[link removed]"


@given(st.text(max_size=200))
def test_no_text_keeps_an_address_or_an_invisible_character(text):
    found = without_links(text, "nl")
    assert "://" not in found.replace(" ", "") or not found.lower().startswith("http")
    assert not any(char in found for char in "\0\r\x1b\u202e\u200b\u2028")
    assert without_links(found, "nl") == without_links(without_links(found, "nl"), "nl")


def test_invisible_characters_and_strange_line_ends_go():
    assert clean("a\r\nb\rc\u2028d\u202ee\u200bf\x00g\x1b[31m") == "a\nb\nc\ndefg[31m"
    assert clean("👩\u200d👩\u200d👧") == "👩\u200d👩\u200d👧"
    assert one_line(" a\n b\t c ") == "a b c"


@pytest.mark.parametrize(
    ("address", "masked"),
    [("melder@example.org", "m…@e….org"), ("a@b", "a…@…"), ("", "…@…"), ("x@y.co.uk", "x…@y….uk")],
)
def test_a_masked_address_shows_nobody(address, masked):
    assert mask(address) == masked


@pytest.mark.parametrize(
    "answer",
    [
        "5.1.1 <jan.jansen@example.org>: Recipient address rejected",
        "5.1.1 User jan.jansen unknown in virtual table",
        "5.7.1 SRS0=x=jan.jansen=example.org@relay.example rejected",
        "JAN.JANSEN@EXAMPLE.ORG unknown\nline two",
        "see mailto:jan.jansen@example.org",
    ],
)
def test_the_answer_of_a_server_is_kept_without_the_address(answer):
    kept = without_addresses(answer, "jan.jansen@example.org")
    assert "jan" not in kept.lower()
    assert "\n" not in kept


def test_the_answer_of_a_server_is_kept_short():
    assert len(without_addresses("x" * 5000)) == 300


# --- Addresses ---


@pytest.mark.parametrize(
    ("given_address", "address", "needs_utf8"),
    [
        ("jan@example.org", "jan@example.org", False),
        ("Jan.Jansen+melding@Example.ORG", "Jan.Jansen+melding@example.org", False),
        ("jan@müller.example", "jan@xn--mller-kva.example", False),
        ("bücher@müller.example", "bücher@xn--mller-kva.example", True),
        ("o'brien@example.org", "o'brien@example.org", False),
    ],
)
def test_an_address_is_written_as_servers_understand_it(given_address, address, needs_utf8):
    found = recipient(given_address)
    assert (found.address, found.needs_utf8) == (address, needs_utf8)


@pytest.mark.parametrize(
    "address",
    ["", "jan", "jan@", "@example.org", "a@b@c.nl", "a b@c.nl", "a@b.nl\r\nBcc: x@y.nl", "<a@b.nl>", "a@b.nl, c@d.nl",
     "a..b@c.nl", "a@-b.nl", "a@b..nl", "a\x00@b.nl", '"a b"@c.nl'],
)  # fmt: skip
def test_what_nobody_can_deliver_to_is_no_address(address):
    with pytest.raises(InvalidAddressError):
        recipient(address)


@pytest.mark.skipif(not BLNS.is_file(), reason="the list of naughty strings is not beside this checkout")
def test_strings_that_break_software_are_one_address_or_none():
    for text in json.loads(BLNS.read_text()):
        try:
            found = recipient(text)
        except InvalidAddressError:
            continue
        assert found.address.count("@") == 1
        assert not any(char.isspace() or char in "<>,;" for char in found.address)


# --- Mails ---

LETTER = Letter("Onderwerp é", "Tekst\n.\nvan één regel\n", "<p>Tekst</p>")
SENDER = Sender("Gemeente 's-Hertogenbosch", "no-reply@example.org")
MOMENT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def mail(letter=LETTER, sender=SENDER, to="jan@example.org", identity="<1.0@example.org>"):
    return build(letter, sender=sender, to=to, language="nl", identity=identity, sent_at=MOMENT)


def test_a_mail_is_read_back_as_it_was_meant():
    read = message_from_bytes(mail(), policy=policy.default)
    assert read["Subject"] == "Onderwerp é"
    assert read["From"] == "Gemeente 's-Hertogenbosch <no-reply@example.org>"
    assert read["Date"].datetime == MOMENT
    plain, page = read.iter_parts()
    assert plain.get_content().replace("\r\n", "\n") == LETTER.text
    assert page.get_content().strip() == LETTER.html
    assert not read.defects
    assert all(len(line) <= 998 for line in mail().split(b"\r\n"))
    assert mail().isascii()


@pytest.mark.parametrize("name", ["Gemeente Súdwest-Fryslân", 'Gemeente "X", Y', "Gemeente A. & B.", "x" * 200])
def test_any_name_of_a_municipality_makes_one_sender(name):
    read = message_from_bytes(mail(sender=Sender(name, "a@b.nl")), policy=policy.default)
    (address,) = read["From"].addresses
    assert (address.display_name, address.addr_spec) == (name, "a@b.nl")


@given(st.text(max_size=200))
def test_any_subject_is_one_header(subject):
    line = one_line(subject)
    read = message_from_bytes(mail(Letter(line, "x", "x")), policy=policy.compat32)
    assert set(read.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress",
        "Content-Language", "MIME-Version", "Content-Type",
    }  # fmt: skip
    assert len(read.get_payload()) == 2


@pytest.mark.parametrize("value", ["a\r\nBcc: x@y.nl", "a\nb", "a\rb", "a\0b", "a\r\n b"])
def test_a_header_of_two_lines_is_never_built(value):
    with pytest.raises(HeaderInjectionError):
        mail(to=value)
    with pytest.raises(HeaderInjectionError):
        mail(identity=value)


@pytest.mark.parametrize("value", ["a\r\nBcc: x@y.nl", "a\nBcc: x@y.nl", "a\r\n\r\nbody"])
def test_a_subject_of_two_lines_is_never_built(value):
    with pytest.raises(HeaderInjectionError):
        mail(Letter(value, "x", "x"))


def test_the_message_id_is_the_same_at_every_attempt_and_another_when_sent_again():
    message = UUID("01930f2e-0000-7000-8000-000000000010")
    assert message_id(message, 0, SENDER) == "<01930f2e-0000-7000-8000-000000000010.0@example.org>"
    assert message_id(message, 1, SENDER) != message_id(message, 0, SENDER)


# --- Words for people ---


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 11, 20, 22, 59, tzinfo=UTC), "vrijdag 20 november 2026"),
        (datetime(2026, 11, 20, 23, 1, tzinfo=UTC), "zaterdag 21 november 2026"),  # winter: an hour ahead
        (datetime(2026, 7, 1, 22, 1, tzinfo=UTC), "donderdag 2 juli 2026"),  # summer: two hours
    ],
)
def test_a_day_is_that_of_the_netherlands(moment, day):
    assert local_day(moment, "nl") == day


def test_a_day_in_english():
    assert local_day(datetime(2026, 11, 20, 12, tzinfo=UTC), "en") == "Friday, 20 November 2026"


@pytest.mark.parametrize(
    ("days", "kind", "language", "words"),
    [
        (1, "working", "nl", "1 werkdag"),
        (5, "working", "nl", "5 werkdagen"),
        (1, "calendar", "nl", "1 dag"),
        (0, "calendar", "nl", "0 dagen"),
        (5, "working", "en", "5 working days"),
        (1, "calendar", "en", "1 day"),
        (3, None, "xx", "3 dagen"),
    ],
)
def test_a_term_in_words(days, kind, language, words):
    assert term(days, kind, language) == words


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (None, ""),
        ({}, ""),
        ({"city": "Assen"}, "Assen"),
        ({"street": "Vaart", "houseNumber": 12, "postalCode": "9401gk", "city": "Assen"}, "Vaart 12, 9401 GK Assen"),
        ({"street": "Vaart", "houseNumber": 12, "houseLetter": "a", "houseNumberAddition": "2"}, "Vaart 12a-2"),
    ],
)
def test_an_address_on_one_line(address, words):
    assert place(address) == words


# --- Trying again ---


def test_waiting_doubles_up_to_the_longest_and_is_spread():
    def wait(attempt, chance=0.5):
        return retry_delay(attempt, first=30, longest=3600, chance=chance)

    assert [wait(attempt) for attempt in (1, 2, 3, 7, 8, 9, 500)] == [30, 60, 120, 1920, 3600, 3600, 3600]
    assert wait(1, 0.0) == 22.5
    assert wait(1, 1.0) == 37.5


def test_only_the_recipient_and_the_mail_itself_can_be_refused_for_good():
    assert outcome_of(Step.RECIPIENT, 550) is Outcome.REFUSED
    assert outcome_of(Step.CONTENT, 554) is Outcome.REFUSED
    assert outcome_of(Step.SENDER, 550) is Outcome.DEFERRED
    assert outcome_of(Step.RECIPIENT, 451) is Outcome.DEFERRED
    assert outcome_of(Step.CONTENT, 452) is Outcome.DEFERRED
