"""Verifies tokens at the gateway's own API: with its own keys, and against its own users."""

from typing import Any
from uuid import UUID

from commonground.auth import Authenticator, Principal
from commonground.database import Database
from commonground.problems import AuthenticationError
from gateway import domain, store
from gateway.keys import KeyRing
from gateway.settings import Settings


class OwnAuthenticator(Authenticator):
    """Like every block's, but the keys come from the own database and a deactivated owner is refused at once."""

    def __init__(self, settings: Settings, database: Database, keys: KeyRing) -> None:
        """Prepare, without reading anything."""
        super().__init__(settings)
        self._ring = keys
        self._database = database

    async def principal(self, token: str) -> Principal:
        """Return whom ``token`` speaks for, unless that user or client has been deactivated."""
        found = await super().principal(token)
        try:
            subject = UUID(found.subject)
        except ValueError:
            return found  # of another issuer, whose people we do not know
        async with self._database.transaction() as session:
            if await store.is_deactivated(session, subject):
                raise domain.AccountInactiveError
        return found

    async def _key(self, kid: str) -> Any:
        key = self._keys.get(kid) or await self._ring.public_key(kid)
        if key is None:
            raise AuthenticationError
        return key
