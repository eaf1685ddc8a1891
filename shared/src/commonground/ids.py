"""Identifiers: time-ordered for new things, derived for things that follow from another."""

import secrets
from uuid import UUID

import uuid_utils.compat


def new() -> UUID:
    """Return a new UUID version 7 (RFC 9562), which sorts by the time it was made."""
    return uuid_utils.compat.uuid7()


def derived(base: UUID, purpose: str) -> UUID:
    """Return the one UUID that belongs to ``base`` for ``purpose``: the same at every call.

    Two processes that both react to the same event arrive at the same identifier, so the second one
    meets the first one's row in place of making a double.
    """
    return uuid_utils.compat.uuid5(base, purpose)


def secret_token() -> str:
    """Return an unguessable, URL-safe token of 128 random bits."""
    return secrets.token_urlsafe(16)
