"""Text of others, made harmless before it stands in a mail that carries the municipality's name."""

import re
import unicodedata

# What ends a line for some program between us and the reader, also where no one sees a line end.
_LINE_ENDS = re.compile(r"\r\n|[\r\v\f\x85\u2028\u2029]")
# Joiners shape words in several scripts; all other invisible characters can only mislead.
_JOINERS = "\u200c\u200d"
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}

# An address with a scheme, or one that begins with "www": mail programs make them clickable.
_LINK = re.compile(
    r"(?:\b[a-z][a-z0-9+.\-]{0,30}:[/\\]+|\b(?:mailto|tel|sms|callto|javascript|data|intent|file):|\bwww[.。．｡․﹒])\S+",
    re.IGNORECASE,
)
# A dot (or one of the characters that browsers read as one) inside what may be a host name: "voorbeeld.nl".
# The second character after it keeps abbreviations such as "a.u.b." as they are.
_HOST_DOT = re.compile(r"(?<=\S)([.。．｡․﹒])(?=[^\W\d_][^\s.,;:!?)\"'])")
_LINK_REMOVED = {"nl": "[link verwijderd]", "en": "[link removed]"}

_ADDRESS = re.compile(r"[^\s<>\"'(),;:]*[@=][^\s<>\"'(),;:]*\.[^\s<>\"'(),;:]*|\S*@\S*")
_LONGEST_ANSWER = 300
_SHORTEST_NAME = 3  # a shorter local part would be found inside ordinary words


def clean(text: str) -> str:
    """Return ``text`` with plain line ends and without characters that nobody can see (control, bidi, NUL)."""
    text = _LINE_ENDS.sub("\n", text)
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char for char in text if char in "\n\t" or char in _JOINERS or unicodedata.category(char) not in _INVISIBLE
    )


def one_line(text: str) -> str:
    """Return ``text`` on one line: fit for a header or a row."""
    return " ".join(clean(text).split())


def without_links(text: str, language: str) -> str:
    """Return a stranger's ``text`` in which no mail program finds anything to click.

    Whoever reports may give somebody else's address; what they write must not become a link in our mail.
    Links are replaced by words that say so; in what only looks like a host name a space follows the dot, so that
    "kapot.Graag" stays readable.
    """
    text = _LINK.sub(_LINK_REMOVED.get(language, _LINK_REMOVED["nl"]), clean(text))
    return _HOST_DOT.sub(r"\1 ", text)


def mask(address: str) -> str:
    """Return an e-mail address for people who may not see it: first letters and the last label only."""
    local, _, domain = address.rpartition("@")
    host, _, last = domain.rpartition(".")
    return f"{local[:1]}…@{host[:1]}….{last}" if host else f"{local[:1]}…@…"


def without_addresses(answer: str, recipient: str | None = None) -> str:
    """Return a mail server's answer for the delivery log: one short line, without e-mail addresses.

    Servers quote the recipient in their refusals, whole, without the domain or with ``=`` for ``@``.
    """
    text = one_line(answer)
    if recipient:
        local = recipient.rpartition("@")[0]
        text = re.sub(re.escape(recipient), "<address>", text, flags=re.IGNORECASE)
        if len(local) >= _SHORTEST_NAME:
            text = re.sub(rf"(?<!\w){re.escape(local)}(?!\w)", "<address>", text, flags=re.IGNORECASE)
    return _ADDRESS.sub("<address>", text)[:_LONGEST_ANSWER]
