"""The keys that sign tokens: kept in the database, encrypted, published before they sign and after.

Any process of the gateway may sign, and a token of one is verified with the keys that another one publishes.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import orjson
import structlog
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from commonground import ids
from commonground.auth import AUDIENCE
from commonground.database import Database
from gateway import store
from gateway.domain import Rights
from gateway.settings import Settings

log = structlog.get_logger(__name__)

ALGORITHM = "ES256"
LONGEST_TOKEN = timedelta(hours=24)
PUBLISHED_FIRST = timedelta(seconds=60)  # longer than anybody keeps a copy of the public keys
COPY_SECONDS = 30
_LOOK_AGAIN_SECONDS = 15.0


@dataclass(frozen=True)
class SigningKey:
    """One key; ``private`` is None when this process has another secret than the one that wrote it."""

    kid: str
    public: dict[str, Any]
    private: ec.EllipticCurvePrivateKey | None
    signs_from: datetime


def make_key(secret: str) -> tuple[str, str, str]:
    """Make a key; returns its id, the public key as JWK and the private key as PEM, encrypted when possible."""
    key = ec.generate_private_key(ec.SECP256R1())
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if secret:
        encryption = serialization.BestAvailableEncryption(secret.encode())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    kid = ids.secret_token()
    public = ECAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": kid, "use": "sig", "alg": ALGORITHM}
    return kid, orjson.dumps(public).decode(), pem.decode()


def read_private_key(pem: str, secret: str) -> ec.EllipticCurvePrivateKey | None:
    """Return a private key, or None when ``secret`` does not open it."""
    encrypted = "ENCRYPTED" in pem
    try:
        key = serialization.load_pem_private_key(pem.encode(), secret.encode() if encrypted else None)
    except (ValueError, TypeError):
        return None
    return key if isinstance(key, ec.EllipticCurvePrivateKey) else None


class KeyRing:
    """Signs tokens and publishes the keys that verify them."""

    def __init__(self, settings: Settings, database: Database) -> None:
        """Prepare, without reading anything."""
        self._issuer = settings.issuer
        self._secret = settings.secret.get_secret_value()
        self._database = database
        self._keys: list[SigningKey] = []
        self._read_at = -_LOOK_AGAIN_SECONDS

    async def token(self, rights: Rights, *, seconds: int) -> str:
        """Return a signed token that says what somebody may do for so many seconds."""
        key = await self._signing_key()
        now = int(time.time())
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": str(rights.subject),
            "name": rights.name,
            "permissions": list(rights.permissions),
            "departments": list(rights.departments),
            "municipalities": list(rights.municipalities),
            "iat": now,
            "exp": now + seconds,
        }
        assert key.private is not None  # noqa: S101 - ``_signing_key`` gives no other
        return jwt.encode(claims, key.private, algorithm=ALGORITHM, headers={"kid": key.kid})

    async def published(self) -> dict[str, Any]:
        """Return the public keys as a JWK set (RFC 7517); makes the first key when there is none."""
        await self._signing_key()
        return {"keys": [key.public for key in self._keys]}

    async def public_key(self, kid: str) -> Any:
        """Return the public key with this id, or None."""
        for attempt in range(2):
            found = next((key for key in self._keys if key.kid == kid), None)
            if found is not None:
                return jwt.PyJWK(found.public).key
            if attempt == 0 and time.monotonic() - self._read_at > 1:
                await self._read()
        return None

    async def rotate(self, now: datetime) -> None:
        """Make a key that takes over after a minute; the others stay published until their tokens have ended."""
        async with self._database.transaction() as session:
            await store.lock_signing_keys(session)
            takes_over = now + PUBLISHED_FIRST
            await store.retire_signing_keys(session, takes_over + LONGEST_TOKEN)
            await store.add_signing_key(session, *make_key(self._secret), takes_over)
        await self._read()
        log.info("signing_key_made")

    async def rotate_when_due(self, now: datetime, days: int) -> None:
        """Rotate when the newest key is ``days`` old, and destroy the private keys that nobody needs any more."""
        await self._read()
        async with self._database.transaction() as session:
            await store.destroy_signing_keys(session, now)
        if self._keys and max(key.signs_from for key in self._keys) < now - timedelta(days=days):
            await self.rotate(now)

    async def _signing_key(self) -> SigningKey:
        if time.monotonic() - self._read_at > _LOOK_AGAIN_SECONDS:
            await self._read()
        key = self._newest()
        if key is None:
            await self._make_first()
            key = self._newest()
        if key is None:
            message = "no signing key can be read"
            raise RuntimeError(message)
        return key

    def _newest(self) -> SigningKey | None:
        now = datetime.now(UTC)
        usable = [key for key in self._keys if key.private is not None and key.signs_from <= now]
        return max(usable, key=lambda key: key.signs_from, default=None)

    async def _make_first(self) -> None:
        async with self._database.transaction() as session:
            await store.lock_signing_keys(session)
            rows = await store.published_keys(session, datetime.now(UTC))
            # Another process may have been first; one with another secret leaves a key that cannot be read here.
            if not any(self._key(row).private for row in rows):
                await store.add_signing_key(session, *make_key(self._secret), datetime.now(UTC))
        await self._read()

    async def _read(self) -> None:
        async with self._database.transaction() as session:
            rows = await store.published_keys(session, datetime.now(UTC))
        known = {key.kid: key for key in self._keys}
        self._keys = [known.get(row.kid) or self._key(row) for row in rows]
        self._read_at = time.monotonic()

    def _key(self, row: Any) -> SigningKey:
        return SigningKey(
            row.kid, orjson.loads(row.public_key), read_private_key(row.private_key, self._secret), row.signs_from
        )
