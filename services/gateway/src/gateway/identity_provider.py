"""OpenID Connect, as a relying party: authorization code with PKCE, state and nonce.

Sources: OpenID Connect Core 1.0 (§3.1), Discovery 1.0, RFC 7636 (PKCE), RFC 9207 (`iss` in the answer),
RP-Initiated Logout 1.0. Nothing is fetched before somebody signs in, so that a provider that is away keeps nobody
from reporting.
"""

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
import jwt
import orjson
import structlog

from commonground import ids
from gateway.domain import Person, SignInRefusedError
from gateway.settings import Provider

log = structlog.get_logger(__name__)

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
_METADATA_SECONDS = 3600.0
_REFETCH_SECONDS = 10.0
_LARGEST_ANSWER = 1_000_000
_CLOCKS_DIFFER = 60
_GOOD = 200


class ProviderUnavailableError(Exception):
    """The identity provider did not answer, or not as it should."""

    def __init__(self, provider: str) -> None:
        super().__init__(f"identity provider {provider} did not answer")
        self.provider = provider


@dataclass(frozen=True)
class Attempt:
    """One try to sign in, between leaving for the provider and coming back; kept in a signed cookie."""

    provider: str
    state: str
    nonce: str
    verifier: str
    return_to: str

    @classmethod
    def begin(cls, provider: str, return_to: str) -> "Attempt":
        """Return a new attempt with fresh secrets; the verifier has 256 bits, as RFC 7636 asks."""
        return cls(
            provider,
            state=ids.secret_token(),
            nonce=ids.secret_token(),
            verifier=ids.secret_token() + ids.secret_token(),
            return_to=return_to,
        )

    @property
    def challenge(self) -> str:
        """The S256 challenge that belongs to the verifier."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@dataclass
class _Known:
    """What was fetched of one provider."""

    metadata: dict[str, Any] = field(default_factory=dict)
    fetched_at: float = -_METADATA_SECONDS
    keys: dict[str, Any] = field(default_factory=dict)
    keys_fetched_at: float = -_REFETCH_SECONDS
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class IdentityProviders:
    """Talks to the configured identity providers."""

    def __init__(self, http: aiohttp.ClientSession, *, timeout: float) -> None:
        """Prepare, without fetching anything."""
        self._http = http
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._known: dict[str, _Known] = {}

    async def authorization_url(
        self, provider: Provider, attempt: Attempt, redirect_uri: str, *, choose_account: bool = False
    ) -> str:
        """Return the address at the provider to which the browser is led."""
        metadata = await self._metadata(provider)
        query = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": redirect_uri,
            "scope": provider.scopes,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        if choose_account:
            query["prompt"] = "select_account"
        return _with_query(metadata["authorization_endpoint"], query)

    async def person(self, provider: Provider, attempt: Attempt, code: str, redirect_uri: str) -> Person:
        """Exchange the code for an ID token, verify it and return who signed in."""
        metadata = await self._metadata(provider)
        tokens = await self._exchange(provider, metadata, attempt, code, redirect_uri)
        claims = await self._verified(provider, metadata, str(tokens.get("id_token", "")), attempt.nonce)
        wanted = {"email": "email", "username": "preferred_username"}
        if any(wanted[by] not in claims for by in provider.link_by):
            claims = await self._completed(provider, metadata, claims, str(tokens.get("access_token", "")))
        return Person(
            provider=provider.name,
            issuer=str(claims["iss"]),
            subject=str(claims["sub"]),
            username=_text(claims.get("preferred_username")),
            email=_text(claims.get("email")) if _email_is_verified(provider, claims) else None,
        )

    async def sign_out_url(self, provider: Provider, back_to: str) -> str | None:
        """Return the address where the provider's own session ends, when it offers that.

        Without ``id_token_hint``: an ID token holds personal data, and those do not belong in an address. The
        provider then asks the person at the screen, which the standard foresees.
        """
        if not provider.sign_out_too:
            return None
        try:
            endpoint = (await self._metadata(provider)).get("end_session_endpoint")
        except ProviderUnavailableError:
            return None
        if not isinstance(endpoint, str):
            return None
        return _with_query(endpoint, {"client_id": provider.client_id, "post_logout_redirect_uri": back_to})

    async def _metadata(self, provider: Provider) -> dict[str, Any]:
        known = self._known.setdefault(provider.name, _Known())
        async with known.lock:
            if time.monotonic() - known.fetched_at < _METADATA_SECONDS:
                return known.metadata
            address = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
            try:
                metadata = await self._get(provider, address)
                _check_metadata(provider, metadata)
            except ProviderUnavailableError:
                if not known.metadata:
                    raise
                return known.metadata  # an old copy is better than nobody at work
            known.metadata, known.fetched_at = metadata, time.monotonic()
            return metadata

    async def _exchange(
        self, provider: Provider, metadata: Mapping[str, Any], attempt: Attempt, code: str, redirect_uri: str
    ) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": attempt.verifier,
        }
        headers = {"Accept": "application/json"}
        secret = provider.client_secret.get_secret_value()
        methods = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if secret and "client_secret_basic" in methods:
            pair = f"{quote(provider.client_id, safe='')}:{quote(secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form["client_id"] = provider.client_id
            if secret:
                form["client_secret"] = secret
        status, answer = await self._ask(provider, "POST", metadata["token_endpoint"], data=form, headers=headers)
        if status != _GOOD:
            reason = "code_refused" if answer.get("error") == "invalid_grant" else "client_refused"
            raise SignInRefusedError(reason)
        return answer

    async def _verified(
        self, provider: Provider, metadata: Mapping[str, Any], id_token: str, nonce: str
    ) -> dict[str, Any]:
        try:
            key = await self._key(provider, metadata, str(jwt.get_unverified_header(id_token).get("kid", "")))
            claims: dict[str, Any] = jwt.decode(
                id_token,
                key,
                algorithms=list(ALGORITHMS),
                audience=provider.client_id,
                issuer=metadata["issuer"],
                leeway=_CLOCKS_DIFFER,
                options={"require": ["iss", "sub", "aud", "exp", "iat"]},
            )
        except (jwt.PyJWTError, ValueError) as error:
            raise SignInRefusedError(f"id_token_{type(error).__name__}") from error
        if not hmac.compare_digest(str(claims.get("nonce", "")), nonce):
            raise SignInRefusedError("nonce_differs")
        authorised = claims.get("azp")
        if authorised is not None and authorised != provider.client_id:
            raise SignInRefusedError("for_another_client")
        return claims

    async def _key(self, provider: Provider, metadata: Mapping[str, Any], kid: str) -> Any:
        known = self._known[provider.name]
        async with known.lock:
            if kid not in known.keys and time.monotonic() - known.keys_fetched_at > _REFETCH_SECONDS:
                found = await self._get(provider, metadata["jwks_uri"])
                known.keys = _signing_keys(found)
                known.keys_fetched_at = time.monotonic()
        keys = known.keys
        # A provider with one key may leave its name out.
        if not kid and len(keys) == 1:
            return next(iter(keys.values()))
        if kid not in keys:
            raise SignInRefusedError("unknown_key")
        return keys[kid]

    async def _completed(
        self, provider: Provider, metadata: Mapping[str, Any], claims: dict[str, Any], access_token: str
    ) -> dict[str, Any]:
        endpoint = metadata.get("userinfo_endpoint")
        if not isinstance(endpoint, str) or not access_token:
            return claims
        headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}
        status, answer = await self._ask(provider, "GET", endpoint, headers=headers)
        if status != _GOOD or answer.get("sub") != claims["sub"]:
            raise SignInRefusedError("userinfo_refused")
        return {**answer, **claims}

    async def _get(self, provider: Provider, address: str) -> dict[str, Any]:
        status, answer = await self._ask(provider, "GET", address, headers={"Accept": "application/json"})
        if status != _GOOD:
            raise ProviderUnavailableError(provider.name)
        return answer

    async def _ask(self, provider: Provider, method: str, address: str, **options: Any) -> tuple[int, dict[str, Any]]:
        try:
            async with self._http.request(
                method, address, timeout=self._timeout, allow_redirects=False, **options
            ) as answer:
                content = await answer.content.read(_LARGEST_ANSWER)
                while content and not answer.content.at_eof() and len(content) < _LARGEST_ANSWER:
                    content += await answer.content.read(_LARGEST_ANSWER - len(content))
                decoded = orjson.loads(content)
        except (aiohttp.ClientError, TimeoutError, OSError, orjson.JSONDecodeError) as error:
            log.warning("identity_provider_unavailable", provider=provider.name, kind=type(error).__name__)
            raise ProviderUnavailableError(provider.name) from error
        if not isinstance(decoded, dict):
            raise ProviderUnavailableError(provider.name)
        return answer.status, decoded


def _check_metadata(provider: Provider, metadata: Mapping[str, Any]) -> None:
    """Refuse a document of another issuer, or one that leads from an encrypted issuer to plain addresses."""
    if str(metadata.get("issuer", "")).rstrip("/") != provider.issuer.rstrip("/"):
        log.error("identity_provider_has_another_issuer", provider=provider.name)
        raise ProviderUnavailableError(provider.name)
    wanted = urlsplit(provider.issuer).scheme
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if urlsplit(str(metadata.get(name, ""))).scheme not in {wanted, "https"}:
            log.error("identity_provider_is_incomplete", provider=provider.name, missing=name)
            raise ProviderUnavailableError(provider.name)


def _signing_keys(found: Mapping[str, Any]) -> dict[str, Any]:
    keys: dict[str, Any] = {}
    for item in found.get("keys", []):
        if not isinstance(item, dict) or item.get("use", "sig") != "sig" or item.get("kty") not in {"RSA", "EC"}:
            continue
        try:
            keys[str(item.get("kid", ""))] = jwt.PyJWK(item).key
        except jwt.PyJWTError:
            continue  # of a kind that we do not use
    return keys


def _email_is_verified(provider: Provider, claims: Mapping[str, Any]) -> bool:
    said = claims.get("email_verified")
    if said is None:
        return provider.emails_are_verified
    return said is True or said == "true"  # some providers write it as text


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _with_query(address: str, query: Mapping[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"
