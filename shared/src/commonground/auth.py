"""Who calls, and what they may do: a signed token from a configured issuer, verified in every block.

Keys are fetched when the first token comes, never at start-up, so that no block waits for another one.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

import jwt
import structlog
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from commonground.problems import AuthenticationError, PermissionDeniedError
from commonground.settings import BlockSettings

log = structlog.get_logger(__name__)

AUDIENCE = "meldstroom"
ALGORITHMS = ["ES256", "RS256", "PS256"]
_REMEMBERED = 2_000
_REFETCH_SECONDS = 10.0


@dataclass(frozen=True)
class Principal:
    """Whoever a token speaks for."""

    subject: str
    name: str
    permissions: frozenset[str] = field(default_factory=frozenset)
    departments: frozenset[str] = field(default_factory=frozenset)
    municipalities: frozenset[str] = field(default_factory=frozenset)

    def may(self, permission: str) -> bool:
        """Tell whether the token holds ``permission``."""
        return permission in self.permissions

    def demand(self, permission: str) -> None:
        """Raise ``PermissionDeniedError`` when the token lacks ``permission``."""
        if not self.may(permission):
            raise PermissionDeniedError(permission)


class Authenticator:
    """Verifies tokens of one issuer; remembers those it has verified until they expire."""

    def __init__(self, settings: BlockSettings) -> None:
        """Prepare, without fetching anything."""
        self._issuer = settings.issuer
        self._url = settings.keys_url
        self._keys: dict[str, Any] = {}
        self._fetched_at = 0.0
        self._lock = asyncio.Lock()
        self._verified: dict[str, tuple[float, Principal]] = {}

    async def principal(self, token: str) -> Principal:
        """Return whom ``token`` speaks for; raise ``AuthenticationError`` when it is not valid now."""
        known = self._verified.get(token)
        if known is not None and known[0] > time.time():
            return known[1]
        try:
            claims = jwt.decode(
                token,
                await self._key(str(jwt.get_unverified_header(token).get("kid", ""))),
                algorithms=ALGORITHMS,
                audience=AUDIENCE,
                issuer=self._issuer,
                options={"require": ["exp", "iss", "sub", "aud"]},
            )
        except jwt.PyJWTError as error:
            raise AuthenticationError from error
        found = Principal(
            subject=str(claims["sub"]),
            name=str(claims.get("name", "")),
            permissions=_strings(claims.get("permissions")),
            departments=_strings(claims.get("departments")),
            municipalities=_strings(claims.get("municipalities")),
        )
        if len(self._verified) >= _REMEMBERED:
            self._verified.clear()
        self._verified[token] = (float(claims["exp"]), found)
        return found

    async def _key(self, kid: str) -> Any:
        if not kid:
            raise AuthenticationError
        async with self._lock:
            if kid not in self._keys and time.monotonic() - self._fetched_at > _REFETCH_SECONDS:
                self._keys = {**self._keys, **await asyncio.to_thread(self._fetch)}
                self._fetched_at = time.monotonic()
        try:
            return self._keys[kid]
        except KeyError as error:
            raise AuthenticationError from error

    def _fetch(self) -> dict[str, Any]:
        try:
            found = jwt.PyJWKClient(self._url, cache_keys=False, timeout=5).get_jwk_set()
        except jwt.PyJWKClientConnectionError as error:
            log.warning("keys_unavailable")
            raise ConnectionError from error  # answered as 503: the caller's token may well be right
        return {key.key_id: key for key in found.keys if key.key_id}


def _strings(value: Any) -> frozenset[str]:
    return frozenset(str(item) for item in value) if isinstance(value, list) else frozenset()


_bearer = HTTPBearer(auto_error=False, description="Token of the gateway or of the configured issuer")


async def current_principal(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Principal:
    """Return whom the request's token speaks for; a FastAPI dependency."""
    if credentials is None:
        raise AuthenticationError
    authenticator: Authenticator = request.app.state.authenticator
    return await authenticator.principal(credentials.credentials)


CurrentPrincipal = Annotated[Principal, Depends(current_principal)]


def require(permission: str) -> Callable[[Principal], Awaitable[Principal]]:
    """Return a FastAPI dependency that lets only tokens with ``permission`` pass.

    ``Reader = Annotated[Principal, Depends(require("case:read"))]``
    """

    async def check(principal: CurrentPrincipal) -> Principal:
        principal.demand(permission)
        return principal

    return check
