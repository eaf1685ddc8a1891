"""The suite that another process has started here, for commands that work with it."""

from pathlib import Path

from meldstroom_local import blocks, places, preparation
from meldstroom_local.processes import NotStartedError
from meldstroom_local.state import State


class RunningSuite:
    """Addresses, settings and tokens of a running suite."""

    def __init__(self, folder: Path | None = None) -> None:
        """Read what the suite in ``folder`` (``.local``) has noted; raise ``NotStartedError`` when it never ran."""
        self._folder = folder or places.default_state_folder()
        self._known = State(self._folder).read()
        if not self._known.get("postgres"):
            raise NotStartedError("the suite has not been started here; run `make up` first")

    @property
    def url(self) -> str:
        """Address of the pages and the public API."""
        return f"http://127.0.0.1:{self._known['port']}"

    def block_environment(self, block: str) -> dict[str, str]:
        """Return the settings that a block was started with."""
        return blocks.environment(
            block,
            port=self._known["port"],
            postgres=self._known["postgres"],
            kafka=self._known["kafka"],
            state=self._folder,
        )

    def token(self, person: str = "coordinator") -> str:
        """Return a bearer token for one of the ready-made people."""
        return preparation.manage("gateway", ["token", "--as", person], self.block_environment("gateway")).strip()
