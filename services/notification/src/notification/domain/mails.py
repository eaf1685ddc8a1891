"""A letter as the bytes that go over the wire (RFC 5322, MIME).

Written out here, because the shape is always the same and the standard library's general builder takes some
forty times as long. Every header is checked to be one line; both parts are base64, so that no text can look like
the end of a part or break a length limit of a server.
"""

import base64
import re
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, quote
from functools import lru_cache
from uuid import UUID

from notification.domain.letters import Letter

_LINE_LENGTH = 76
_PLAIN_PHRASE = re.compile(r"[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]*")


class HeaderInjectionError(Exception):
    """A value of a header holds more than one line; nothing is sent."""


@dataclass(frozen=True)
class Sender:
    """Who a mail comes from: nobody reads what is sent back to ``address``."""

    name: str
    address: str


def message_id(message: UUID, round_: int, sender: Sender) -> str:
    """Return the ``Message-ID`` of a message: the same at every attempt, another one when it is sent again.

    Mail systems throw away a second mail with the same id. That hides our double when a process dies at the wrong
    moment, but a mail that somebody sends again on purpose must arrive.
    """
    return f"<{message}.{round_}@{sender.address.rpartition('@')[2]}>"


def build(letter: Letter, *, sender: Sender, to: str, language: str, identity: str, sent_at: datetime) -> bytes:
    """Return ``letter`` as a mail with a plain and an HTML part; ``to`` and ``identity`` go into headers as they are.

    Raises ``HeaderInjectionError`` when a header would get a second line.
    """
    boundary = f"=_{identity.strip('<>').partition('@')[0]}"
    headers = {
        "From": _one_line(_mailbox(sender.name, sender.address)),
        "To": _one_line(to),
        "Subject": _subject(letter.subject),
        "Date": format_datetime(sent_at),
        "Message-ID": _one_line(identity),
        "Auto-Submitted": "auto-generated",  # RFC 3834: an out-of-office reply has no business here
        "X-Auto-Response-Suppress": "All",  # the same for Exchange
        "Content-Language": _one_line(language),
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/alternative; boundary="{boundary}"',
    }
    lines = [f"{name}: {value}" for name, value in headers.items()]
    for subtype, content in (("plain", letter.text), ("html", letter.html)):
        lines += [
            "",
            f"--{boundary}",
            f'Content-Type: text/{subtype}; charset="utf-8"',
            "Content-Transfer-Encoding: base64",
            "",
            _base64(content),
        ]
    lines += [f"--{boundary}--", ""]
    return "\r\n".join(lines).encode()


def _one_line(value: str) -> str:
    if "\r" in value or "\n" in value or "\0" in value:
        raise HeaderInjectionError
    return value


def _subject(text: str) -> str:
    """Return a subject encoded (RFC 2047) and folded: the only line breaks that a header of ours may have."""
    charset = "us-ascii" if text.isascii() else "utf-8"
    header = Header(_one_line(text), charset, maxlinelen=_LINE_LENGTH, header_name="Subject")
    return header.encode(linesep="\r\n")


@lru_cache(maxsize=128)
def _mailbox(name: str, address: str) -> str:
    if _PLAIN_PHRASE.fullmatch(name):
        return f"{name} <{address}>"
    if name.isascii():
        return f'"{quote(name)}" <{address}>'
    return f"{Header(name, 'utf-8', maxlinelen=10_000).encode()} <{address}>"


def _base64(text: str) -> str:
    # Line ends inside the text are CRLF too, as the canonical form of text wants (RFC 2049).
    content = text.replace("\r\n", "\n").replace("\n", "\r\n").encode()
    return base64.encodebytes(content).decode("ascii").replace("\n", "\r\n").rstrip("\r\n")
