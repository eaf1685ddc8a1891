"""Tokens for tests, signed by a key that the app under test is told to trust."""

import time
from collections.abc import Iterable
from uuid import UUID, uuid5

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI

from commonground.auth import AUDIENCE

_NAMESPACE = UUID("3d0f0e44-54e0-4b0e-8a32-7a1f4f3f6f10")


def user_id(name: str) -> UUID:
    """Return the fixed id of a person in tests."""
    return uuid5(_NAMESPACE, name)


class Tokens:
    """Makes bearer headers: ``tokens.bearer("hanna", permissions=["case:read"], departments=["VRL"])``."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._key = ec.generate_private_key(ec.SECP256R1())

    def trust_in(self, app: FastAPI) -> None:
        """Let ``app`` know the public key, as if it had fetched it."""
        app.state.authenticator._keys["test"] = self._key.public_key()  # noqa: SLF001 - the one place that may

    def token(
        self,
        name: str = "test",
        *,
        permissions: Iterable[str] = (),
        departments: Iterable[str] = (),
        municipalities: Iterable[str] = ("GM0106",),
        seconds: int = 300,
    ) -> str:
        """Return a signed token for a person."""
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": str(user_id(name)),
            "name": name,
            "permissions": list(permissions),
            "departments": list(departments),
            "municipalities": list(municipalities),
            "exp": int(time.time()) + seconds,
        }
        return jwt.encode(claims, self._key, algorithm="ES256", headers={"kid": "test"})

    def bearer(self, name: str = "test", **rights: Iterable[str]) -> dict[str, str]:
        """Return the request header for a person."""
        return {"Authorization": f"Bearer {self.token(name, **rights)}"}  # type: ignore[arg-type]  # seconds is not a right
