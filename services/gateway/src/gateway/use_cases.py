"""What somebody can do in the gateway: sign in, manage users and roles, get a token for a program."""

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from commonground import ids
from commonground.auth import Principal
from commonground.messaging import publish
from commonground.problems import InvalidInputError, PermissionDeniedError
from gateway import domain, store
from gateway.domain import NewRole, NewUser, Person, Rights
from gateway.events import UserChanged


def digest_of(secret: str) -> str:
    """Return what is kept of a random secret. It has 128 bits or more, so a plain hash cannot be guessed back."""
    return hashlib.sha256(secret.encode()).hexdigest()


# --- Signing in -----------------------------------------------------------------------------------------------------


async def sign_in(
    session: AsyncSession,
    person: Person,
    *,
    link_by: tuple[str, ...],
    main_provider: bool,
    now: datetime,
    lifetime: timedelta,
    earlier: str | None,
) -> str:
    """Start a session for whoever the provider says this is; returns the random id for the cookie.

    ``earlier`` is the session id that the browser had: it ends, so that nobody can have planted it. Raises
    ``NoLocalUserError`` when no active user belongs to the account.
    """
    user_id = await _recognise(session, person, link_by, main_provider=main_provider)
    if earlier:
        await store.end_session(session, digest_of(earlier))
    secret = ids.secret_token() + ids.secret_token()
    await store.add_session(session, digest_of(secret), user_id, person.provider, now, now + lifetime)
    return secret


async def _recognise(session: AsyncSession, person: Person, link_by: tuple[str, ...], *, main_provider: bool) -> UUID:
    linked = await store.linked_user(session, person)
    if linked is None:
        for by in link_by:
            user_id = await store.linkable_user(session, person, by, main_provider=main_provider)
            if user_id is not None:
                await store.link(session, person, user_id)
                break
        # Read back: of two first sign-ins at the same moment, one has made the link.
        linked = await store.linked_user(session, person)
    if linked is None or not linked[1]:
        raise domain.NoLocalUserError
    return linked[0]


async def sign_out(session: AsyncSession, secret: str) -> str | None:
    """End a session; returns the provider through which it was started, when it was still running."""
    return await store.end_session(session, digest_of(secret))


# --- Users ----------------------------------------------------------------------------------------------------------


def _within(principal: Principal, municipalities: list[str]) -> None:
    """Raise when an administrator reaches outside the municipalities of the own token."""
    if set(municipalities) - principal.municipalities:
        raise PermissionDeniedError(domain.MANAGE_USERS)


async def _check_roles(session: AsyncSession, wanted: list[UUID]) -> None:
    known = await store.known_roles(session, wanted)
    errors = [
        (f"body.roles.{place}", "There is no such role", "unknown")
        for place, role_id in enumerate(wanted)
        if role_id not in known
    ]
    if errors:
        raise InvalidInputError(*errors)


async def _announce(session: AsyncSession, user_id: UUID, new: NewUser, version: int) -> None:
    event = UserChanged(
        user_id=user_id,
        name=new.name,
        email=new.email,
        departments=sorted(new.departments),
        municipalities=sorted(new.municipalities),
        active=new.active,
    )
    await publish(session, event, key=str(user_id), subject=str(user_id), sequence=version)


async def add_user(session: AsyncSession, new: NewUser, user_id: UUID, principal: Principal | None = None) -> None:
    """Add a user; ``principal`` is the administrator who does it, None for the commands."""
    if principal is not None:
        _within(principal, new.municipalities)
    await _check_roles(session, new.roles)
    try:
        await store.add_user(session, user_id, new)
    except IntegrityError as error:
        raise _known_conflict(error) from error
    await _announce(session, user_id, new, 1)


async def change_user(
    session: AsyncSession, user_id: UUID, new: NewUser, *, principal: Principal, expected_version: int | None
) -> None:
    """Replace what stands of a user. A deactivated one is out at once: the running sessions end here.

    When the user name, address or provider changes, so may the person behind it: sessions end and the account
    must be recognised anew.
    """
    await store.lock_rights(session)
    before = await store.administered(session)
    old = await store.user(session, user_id, lock=True)
    if old is None or not set(old.municipalities) & principal.municipalities:
        raise domain.UserNotFoundError
    _within(principal, [*old.municipalities, *new.municipalities])
    if expected_version is not None and old.version != expected_version:
        raise domain.ChangedMeanwhileError
    await _check_roles(session, new.roles)
    try:
        version = await store.change_user(session, user_id, new)
    except IntegrityError as error:
        raise _known_conflict(error) from error
    domain.require_administrators(before, await store.administered(session))
    other_person = (old.username, old.email, old.provider) != (new.username, new.email, new.provider)
    if other_person:
        await store.unlink(session, user_id)
    if other_person or not new.active:
        await store.end_sessions_of(session, user_id)
    await _announce(session, user_id, new, version)


def _known_conflict(error: IntegrityError) -> Exception:
    for name, meaning in (
        ("uq_users_username", domain.UserExistsError()),
        ("uq_users_email", domain.UserExistsError()),
        ("uq_roles_code", domain.RoleExistsError()),
    ):
        if name in str(error.orig):
            return meaning
    return error


# --- Roles ----------------------------------------------------------------------------------------------------------


async def add_role(session: AsyncSession, new: NewRole, role_id: UUID) -> None:
    """Add a role made of single permissions."""
    try:
        await store.add_role(session, role_id, new)
    except IntegrityError as error:
        raise _known_conflict(error) from error


async def change_role(
    session: AsyncSession, role_id: UUID, new: NewRole, *, principal: Principal, expected_version: int | None
) -> None:
    """Replace what stands of a role; everybody who has it may do so from the next request."""
    await store.lock_rights(session)
    before = await store.administered(session)
    old = await store.role(session, role_id, lock=True)
    if old is None:
        raise domain.RoleNotFoundError
    _within(principal, sorted(await store.municipalities_with_role(session, role_id)))
    if expected_version is not None and old.version != expected_version:
        raise domain.ChangedMeanwhileError
    try:
        await store.change_role(session, role_id, new)
    except IntegrityError as error:
        raise _known_conflict(error) from error
    domain.require_administrators(before, await store.administered(session))


# --- Programs -------------------------------------------------------------------------------------------------------


async def client_rights(session: AsyncSession, code: str, secret: str, scope: str, now: datetime) -> Rights:
    """Return what a machine client may do with the token that it asks for."""
    row = await store.client(session, code)
    kept = row.secret_digest if row is not None else digest_of("")
    if not hmac.compare_digest(kept, digest_of(secret)) or row is None:
        raise domain.UnknownClientError
    permissions = domain.granted(scope, row.permissions)
    await store.client_used(session, row.id, now)
    return Rights(row.id, row.name, permissions, tuple(row.departments), tuple(row.municipalities))


async def save_client(session: AsyncSession, code: str, values: dict[str, Any]) -> str:
    """Add a machine client or renew it; returns its secret, which cannot be read again."""
    secret = ids.secret_token() + ids.secret_token()
    row = {"id": ids.new(), "code": code, "secret_digest": digest_of(secret), **values}
    await store.save_client(session, row)
    return secret
