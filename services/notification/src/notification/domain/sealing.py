"""Keeping secrets that we must be able to read again: encrypted with a key that is not in the database."""

import base64
import hashlib
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

_OPEN = "open:"
_SEALED = "sealed:"


class UnreadableSecretError(Exception):
    """A secret was encrypted with a key that this process does not have."""


class Sealer:
    """Encrypts with the first of ``keys`` and reads what any of them encrypted; without keys it keeps text as it is."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Take passphrases; several of them make it possible to change the key."""
        made = [Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"webhooks\n" + key.encode()).digest())) for key in keys]
        self._box = MultiFernet(made) if made else None

    def seal(self, text: str) -> str:
        """Return ``text`` as it may be kept."""
        if self._box is None:
            return _OPEN + text
        return _SEALED + self._box.encrypt(text.encode()).decode()

    def unseal(self, kept: str) -> str:
        """Return the text again; raise ``UnreadableSecretError`` without the right key."""
        if kept.startswith(_OPEN):
            return kept.removeprefix(_OPEN)
        if self._box is None:
            raise UnreadableSecretError
        try:
            return self._box.decrypt(kept.removeprefix(_SEALED).encode()).decode()
        except InvalidToken as error:
            raise UnreadableSecretError from error
