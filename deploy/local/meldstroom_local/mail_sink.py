"""A mail server that keeps what it receives, for development and tests: real SMTP, no delivery.

`python -m meldstroom_local.mail_sink PORT FOLDER` appends each mail to FOLDER/mails.jsonl, see `mails`. While
FOLDER/refuse exists, each mail is refused for the time being (451), as a server does that is full or under repair.
"""

import asyncio
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import uvloop
from aiosmtpd.smtp import SMTP, Envelope, Session

from meldstroom_local import mails

_LARGEST = 50 * 1024 * 1024


class Sink:
    """Writes every accepted mail to a file before it says that it was accepted."""

    def __init__(self, folder: Path) -> None:
        """Keep mails in ``folder``, behind those that are there."""
        folder.mkdir(parents=True, exist_ok=True)
        self._refuse = folder / "refuse"
        self._file: TextIO = (folder / "mails.jsonl").open("a", encoding="ascii")

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd
        """Keep one mail."""
        if self._refuse.exists():
            return "451 4.3.2 Try again later"
        content = envelope.content
        raw = content.encode() if isinstance(content, str) else content or b""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._file.write(mails.kept_line(raw, envelope.rcpt_tos, now))
        self._file.flush()
        return "250 2.0.0 Kept"


async def serve(port: int, folder: Path) -> None:
    """Receive mail until told to stop."""
    sink = Sink(folder)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(sink, data_size_limit=_LARGEST, enable_SMTPUTF8=True, hostname="localhost", ident="Meldstroom"),
        "127.0.0.1",
        port,
    )
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    print(f"mail sink on 127.0.0.1:{port}", flush=True)
    await stopped.wait()
    server.close()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
