"""Sessions of staff: the browser holds a random id, everything else stands on the server.

Each request reads anew what its owner may do, so that a deactivated user or a changed role counts at once. Only the
signed token for the blocks is kept for a while, and only as long as the rights in it are those of this moment.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from commonground.auth import Principal
from commonground.database import Database
from gateway import store
from gateway.domain import Rights
from gateway.keys import KeyRing
from gateway.pages.dependencies import StaffSession
from gateway.settings import Settings
from gateway.use_cases import digest_of

_LEFT_SECONDS = 60.0  # a token is renewed when it has less than this to live
_REMEMBERED = 5_000


@dataclass(frozen=True)
class _Token:
    rights: Rights
    text: str
    until: float


class Sessions:
    """Finds who is signed in, and hands out and takes back the cookie."""

    def __init__(self, settings: Settings, database: Database, keys: KeyRing) -> None:
        """Prepare, without reading anything."""
        self._settings = settings
        self._database = database
        self._keys = keys
        self._tokens: dict[str, _Token] = {}
        # With the prefix, browsers take the cookie only from this very host and only over HTTPS.
        self.cookie = "__Host-meldstroom_sessie" if settings.over_https else "meldstroom_sessie"

    @property
    def lifetime(self) -> timedelta:
        """How long a session lasts at most."""
        return timedelta(hours=self._settings.session_hours)

    @property
    def idle(self) -> timedelta:
        """How long a session lasts without being used."""
        return timedelta(minutes=self._settings.session_idle_minutes)

    async def find(self, request: Request) -> StaffSession | None:
        """Return who sent this request, when that is somebody with a running session and an active user."""
        secret = request.cookies.get(self.cookie)
        if not secret:
            return None
        digest = digest_of(secret)
        async with self._database.transaction() as session:
            found = await store.session_rights(session, digest, datetime.now(UTC), self.idle)
        if found is None:
            self._tokens.pop(digest, None)
            return None
        rights = found[0]
        return StaffSession(await self._token(digest, rights), principal_of(rights))

    async def _token(self, digest: str, rights: Rights) -> str:
        kept = self._tokens.get(digest)
        now = time.monotonic()
        if kept is not None and kept.rights == rights and kept.until > now:
            return kept.text
        seconds = self._settings.token_seconds
        text = await self._keys.token(rights, seconds=seconds)
        if len(self._tokens) >= _REMEMBERED:
            self._tokens.clear()
        self._tokens[digest] = _Token(rights, text, now + max(seconds - _LEFT_SECONDS, seconds / 2))
        return text

    def give(self, response: Response, secret: str) -> None:
        """Give the browser the id of its session; it ends with the browser or on the server, whichever is first."""
        response.set_cookie(
            self.cookie, secret, httponly=True, samesite="lax", secure=self._settings.over_https, path="/"
        )

    def take_back(self, response: Response) -> None:
        """Remove the cookie."""
        response.delete_cookie(self.cookie, httponly=True, samesite="lax", secure=self._settings.over_https, path="/")


def principal_of(rights: Rights) -> Principal:
    """Return rights as the pages look at them."""
    return Principal(
        subject=str(rights.subject),
        name=rights.name,
        permissions=frozenset(rights.permissions),
        departments=frozenset(rights.departments),
        municipalities=frozenset(rights.municipalities),
    )
