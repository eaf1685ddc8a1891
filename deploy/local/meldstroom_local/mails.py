"""The mails that the sink has kept, as a person would read them.

The sink keeps a mail as it came, since reading one costs more than receiving it: a line of `mails.jsonl` holds `to`,
`receivedAt` and `raw`.
"""

import email
import email.policy
import json
import os
from email.message import EmailMessage
from functools import lru_cache
from pathlib import Path
from typing import Any

_counted: dict[Path, tuple[int, int]] = {}  # per file: bytes that were seen, and mails in them


def kept_line(raw: bytes, recipients: list[str], received_at: str) -> str:
    """Return the line to keep of a mail."""
    text = raw.decode("utf-8", "surrogateescape")
    return json.dumps({"to": recipients, "receivedAt": received_at, "raw": text}) + "\n"


def read(folder: Path) -> list[dict[str, Any]]:
    """Return the mails below a state folder, oldest first: to, from, subject, text, html, receivedAt, messageId."""
    return [_described(line) for line in _lines(folder)]


def count(folder: Path) -> int:
    """Return how many mails there are; looks only at what came since it was asked last."""
    path = folder / "mail" / "mails.jsonl"
    seen, known = _counted.get(path, (0, 0))
    try:
        with path.open("rb") as kept:
            if kept.seek(0, os.SEEK_END) < seen:  # `make reset`
                seen, known = 0, 0
            kept.seek(seen)
            new = kept.read()
    except FileNotFoundError:
        return 0
    _counted[path] = (seen + len(new), known + new.count(b"\n"))
    return _counted[path][1]


def refuse(folder: Path, *, refuse: bool) -> None:
    """Make the sink answer every mail with a temporary refusal, or end that."""
    mark = folder / "mail" / "refuse"
    if refuse:
        mark.touch()
    else:
        mark.unlink(missing_ok=True)


def _lines(folder: Path) -> list[str]:
    try:
        kept = (folder / "mail" / "mails.jsonl").read_text(encoding="ascii")
    except FileNotFoundError:
        return []
    return kept[: kept.rfind("\n") + 1].splitlines()  # the last one may be half written


@lru_cache(maxsize=10_000)  # who waits for a mail looks again and again
def _described(line: str) -> dict[str, Any]:
    kept = json.loads(line)
    raw = str(kept["raw"]).encode("utf-8", "surrogateescape")
    message = email.message_from_bytes(raw, policy=email.policy.default)
    return {
        "to": kept["to"],
        "from": str(message.get("From", "")),
        "subject": str(message.get("Subject", "")),
        "text": _body(message, "plain"),
        "html": _body(message, "html"),
        "receivedAt": kept["receivedAt"],
        "messageId": str(message.get("Message-ID", "")).strip(),
    }


def _body(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return None
    try:
        content = str(part.get_content())
    except LookupError:  # a character set that nobody knows: show what can be read
        content = bytes(part.get_payload(decode=True)).decode(errors="replace")
    return content.replace("\r\n", "\n")
