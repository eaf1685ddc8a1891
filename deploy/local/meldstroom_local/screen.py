"""What `make up` shows: progress while it starts, then the addresses and the people."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.table import Table

from meldstroom_local.people import people
from meldstroom_local.suite import Suite


class Screen:
    """Tells what happens, with a spinner on a terminal and as plain lines elsewhere."""

    def __init__(self) -> None:
        """Begin to count the seconds."""
        self._console = Console(highlight=False)
        self._began = time.monotonic()
        self._status = self._console.status("Starting the suite …")

    def __enter__(self) -> Self:
        """Show that something is going on."""
        self._status.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Show so no longer."""
        self._status.stop()

    def tell(self, part: str, news: str) -> None:
        """Show one piece of news."""
        seconds = time.monotonic() - self._began
        self._console.print(f"[dim]{seconds:6.1f} s[/dim]  {part:<15} {news}", soft_wrap=True)

    def welcome(self, suite: Suite) -> None:
        """Show where everything is and who can sign in."""
        self._status.stop()
        seconds = time.monotonic() - self._began
        url = suite.url
        places = Table(
            title=f"Meldstroom runs (started in {seconds:.1f} s)", title_justify="left", box=None, padding=(0, 2)
        )
        places.add_column("What", style="bold")
        places.add_column("Where", no_wrap=True)
        places.add_row("Report something, public map", f"{url}/")
        places.add_row("Desk for staff", f"{url}/behandelen")
        places.add_row("One API in front of the blocks", f"{url}/api/<block>/v1/…")
        for name, address in suite.urls.items():
            if name not in {"gateway", "identity"}:
                places.add_row(f"  {name}", f"{address}/v1/openapi.json")
        told = suite.addresses()
        places.add_row("Identity provider", suite.urls["identity"])
        places.add_row("Mail sink (`make mails`)", f"smtp://{told['smtp']}")
        places.add_row(f"PostgreSQL ({told['rungs']['postgres']})", _without_password(told["postgres"]))
        places.add_row(f"Kafka ({told['rungs']['kafka']})", told["kafka"])
        places.add_row("Logs and data", str(suite.folder))
        staff = Table(
            title="People who can sign in, without a password", title_justify="left", box=None, padding=(0, 2)
        )
        for heading in ("Account", "Name", "Role"):
            staff.add_column(heading, style="bold" if heading == "Account" else None)
        for person in people():
            staff.add_row(person.username, person.name, person.role)
        self._console.print()
        self._console.print(places)
        self._console.print()
        self._console.print(staff)
        self._console.print("\n`make token AS=coordinator` gives a bearer token. Ctrl-C stops everything.")


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    login, at, place = rest.rpartition("@")
    return f"{scheme}://{login.split(':', maxsplit=1)[0]}{at}{place}"
