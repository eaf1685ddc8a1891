"""Every SQL statement on users, roles, sessions, keys and clients."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Text, and_, delete, func, insert, literal, or_, select, true, update
from sqlalchemy import any_ as any_of
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.domain import MANAGE_USERS, NewRole, NewUser, Person, Rights
from gateway.tables import clients, identities, roles, sessions, signing_keys, user_roles, users

_KEYS_LOCK = 7_301_904_120  # any numbers, the same in all processes
_RIGHTS_LOCK = 7_301_904_121
_SEEN_EVERY = timedelta(seconds=60)


def _permissions_of(user_id: ColumnElement[UUID]) -> ColumnElement[list[str]]:
    single = func.unnest(roles.c.permissions).table_valued("permission").render_derived().lateral()
    found = (
        select(single.c.permission)
        .select_from(user_roles.join(roles, roles.c.id == user_roles.c.role_id).join(single, true()))
        .where(user_roles.c.user_id == user_id)
        .distinct()
        .order_by(single.c.permission)
        .correlate(users)
        .scalar_subquery()
    )
    return func.array(found, type_=ARRAY(Text))


_rights_columns = (
    users.c.id,
    users.c.name,
    users.c.departments,
    users.c.municipalities,
    _permissions_of(users.c.id).label("permissions"),
)


def _rights(row: Any) -> Rights:
    return Rights(
        row.id, row.name, tuple(row.permissions), tuple(sorted(row.departments)), tuple(sorted(row.municipalities))
    )


# --- Sessions -------------------------------------------------------------------------------------------------------


async def session_rights(
    session: AsyncSession, digest: str, now: datetime, idle: timedelta
) -> tuple[Rights, str] | None:
    """Return what the owner of a running session may do now, and through which provider; None when it has ended.

    The owner must still be active: a session ends at the moment in which an administrator says so.
    """
    query = (
        select(*_rights_columns, sessions.c.seen_at, sessions.c.provider)
        .select_from(sessions.join(users, users.c.id == sessions.c.user_id))
        .where(
            sessions.c.digest == digest,
            sessions.c.expires_at > now,
            sessions.c.seen_at > now - idle,
            users.c.active,
        )
    )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        return None
    if row.seen_at < now - _SEEN_EVERY:
        await session.execute(update(sessions).where(sessions.c.digest == digest).values(seen_at=now))
    return _rights(row), row.provider


async def add_session(
    session: AsyncSession, digest: str, user_id: UUID, provider: str, now: datetime, expires_at: datetime
) -> None:
    """Start a session."""
    await session.execute(
        insert(sessions).values(
            digest=digest, user_id=user_id, provider=provider, created_at=now, seen_at=now, expires_at=expires_at
        )
    )
    await session.execute(update(users).where(users.c.id == user_id).values(last_sign_in_at=now))


async def end_session(session: AsyncSession, digest: str) -> str | None:
    """End a session; returns its provider when it was still there."""
    statement = delete(sessions).where(sessions.c.digest == digest).returning(sessions.c.provider)
    provider: str | None = (await session.execute(statement)).scalar_one_or_none()
    return provider


async def end_sessions_of(session: AsyncSession, user_id: UUID) -> None:
    """End all sessions of one person."""
    await session.execute(delete(sessions).where(sessions.c.user_id == user_id))


async def destroy_ended_sessions(session: AsyncSession, now: datetime, idle: timedelta) -> int:
    """Remove sessions whose time is over; returns how many."""
    ended = or_(sessions.c.expires_at <= now, sessions.c.seen_at <= now - idle)
    result = await session.execute(delete(sessions).where(ended).returning(sessions.c.digest))
    return len(result.all())


# --- Who signs in ---------------------------------------------------------------------------------------------------


async def linked_user(session: AsyncSession, person: Person) -> tuple[UUID, bool] | None:
    """Return the user that this account was linked to, and whether that user is active."""
    query = (
        select(users.c.id, users.c.active)
        .join(identities, identities.c.user_id == users.c.id)
        .where(identities.c.issuer == person.issuer, identities.c.subject == person.subject)
    )
    row = (await session.execute(query)).one_or_none()
    return None if row is None else (row.id, row.active)


async def linkable_user(session: AsyncSession, person: Person, by: str, *, main_provider: bool) -> UUID | None:
    """Return the active user whom this account matches and that no other account of this provider has.

    Only users who are expected from this provider count, so that a second provider cannot hand out the names of
    the first one's people.
    """
    column, value = (users.c.email, person.email) if by == "email" else (users.c.username, person.username)
    if not value:
        return None
    expected = users.c.provider == person.provider
    if main_provider:
        expected = or_(expected, users.c.provider.is_(None))
    taken = select(identities.c.user_id).where(identities.c.issuer == person.issuer)
    query = select(users.c.id).where(
        func.lower(column) == value.lower(), users.c.active, expected, users.c.id.not_in(taken)
    )
    found: UUID | None = (await session.execute(query)).scalar_one_or_none()
    return found


async def link(session: AsyncSession, person: Person, user_id: UUID) -> None:
    """Remember that this account is this user; a second sign-in at the same moment changes nothing."""
    values = {"issuer": person.issuer, "subject": person.subject, "user_id": user_id}
    await session.execute(upsert(identities).values(values).on_conflict_do_nothing())


async def unlink(session: AsyncSession, user_id: UUID) -> None:
    """Forget which accounts belong to a user: the next sign-in must match anew."""
    await session.execute(delete(identities).where(identities.c.user_id == user_id))


# --- Users ----------------------------------------------------------------------------------------------------------


async def user(session: AsyncSession, user_id: UUID, *, lock: bool = False) -> Any:
    """Return one user's row, or None."""
    query = select(users).where(users.c.id == user_id)
    return (await session.execute(query.with_for_update() if lock else query)).one_or_none()


async def rights_of(session: AsyncSession, user_id: UUID) -> Rights | None:
    """Return what an active user may do."""
    row = (await session.execute(select(*_rights_columns).where(users.c.id == user_id, users.c.active))).one_or_none()
    return None if row is None else _rights(row)


async def rights_of_username(session: AsyncSession, username: str) -> Rights | None:
    """Return what the active user with this user name may do."""
    query = select(*_rights_columns).where(func.lower(users.c.username) == username.lower(), users.c.active)
    row = (await session.execute(query)).one_or_none()
    return None if row is None else _rights(row)


async def users_page(
    session: AsyncSession,
    municipalities: Sequence[str],
    *,
    active: bool | None,
    department: str | None,
    role: UUID | None,
    after: UUID | None,
    limit: int,
) -> list[Any]:
    """Return users of these municipalities by name, ``limit`` rows from the one behind ``after``."""
    place = func.lower(users.c.name)
    query = select(users).where(users.c.municipalities.overlap(literal(list(municipalities), ARRAY(Text))))
    if active is not None:
        query = query.where(users.c.active == active)
    if department is not None:
        query = query.where(literal(department) == any_of(users.c.departments))
    if role is not None:
        query = query.where(users.c.id.in_(select(user_roles.c.user_id).where(user_roles.c.role_id == role)))
    if after is not None:
        # The cursor is an id and not a name: names do not belong in addresses.
        before = select(func.lower(users.c.name), users.c.id).where(users.c.id == after).subquery()
        query = query.where(
            or_(
                place > select(before.c[0]).scalar_subquery(),
                and_(place == select(before.c[0]).scalar_subquery(), users.c.id > after),
            )
        )
    return list((await session.execute(query.order_by(place, users.c.id).limit(limit))).all())


async def roles_of(session: AsyncSession, user_ids: Sequence[UUID]) -> dict[UUID, list[Any]]:
    """Return the roles of each of these users, by code."""
    query = (
        select(user_roles.c.user_id, roles)
        .join(roles, roles.c.id == user_roles.c.role_id)
        .where(user_roles.c.user_id.in_(user_ids))
        .order_by(roles.c.code)
    )
    found: dict[UUID, list[Any]] = {user_id: [] for user_id in user_ids}
    for row in (await session.execute(query)).all():
        found[row.user_id].append(row)
    return found


async def add_user(session: AsyncSession, user_id: UUID, new: NewUser) -> None:
    """Add a user with roles."""
    await session.execute(insert(users).values(id=user_id, **_columns(new)))
    await _give_roles(session, user_id, new.roles)


async def change_user(session: AsyncSession, user_id: UUID, new: NewUser) -> int:
    """Replace what stands of a user; returns the new version."""
    statement = (
        update(users)
        .where(users.c.id == user_id)
        .values(**_columns(new), version=users.c.version + 1, changed_at=func.now())
        .returning(users.c.version)
    )
    version: int = (await session.execute(statement)).scalar_one()
    await session.execute(delete(user_roles).where(user_roles.c.user_id == user_id))
    await _give_roles(session, user_id, new.roles)
    return version


def _columns(new: NewUser) -> dict[str, Any]:
    values = asdict(new)
    del values["roles"]
    return values


async def _give_roles(session: AsyncSession, user_id: UUID, wanted: Sequence[UUID]) -> None:
    if wanted:
        await session.execute(insert(user_roles), [{"user_id": user_id, "role_id": role} for role in wanted])


async def lock_rights(session: AsyncSession) -> None:
    """Let one transaction at a time change who may do what, so that two cannot remove each other."""
    await session.execute(select(func.pg_advisory_xact_lock(_RIGHTS_LOCK)))


async def administered(session: AsyncSession) -> set[str]:
    """Return the municipalities in which somebody active may manage users."""
    query = (
        select(func.unnest(users.c.municipalities))
        .join(user_roles, user_roles.c.user_id == users.c.id)
        .join(roles, roles.c.id == user_roles.c.role_id)
        .where(users.c.active, literal(MANAGE_USERS) == any_of(roles.c.permissions))
        .distinct()
    )
    return set((await session.execute(query)).scalars())


async def is_deactivated(session: AsyncSession, subject: UUID) -> bool:
    """Tell whether a user or machine client with this id is known and no longer active."""
    query = (
        select(users.c.id)
        .where(users.c.id == subject, ~users.c.active)
        .union_all(select(clients.c.id).where(clients.c.id == subject, ~clients.c.active))
    )
    return (await session.execute(query)).first() is not None


# --- Roles ----------------------------------------------------------------------------------------------------------


async def all_roles(session: AsyncSession) -> list[Any]:
    """Return all roles by code, each with the number of users that have it."""
    number = select(func.count()).where(user_roles.c.role_id == roles.c.id).scalar_subquery()
    return list((await session.execute(select(roles, number.label("users")).order_by(roles.c.code))).all())


async def role(session: AsyncSession, role_id: UUID, *, lock: bool = False) -> Any:
    """Return one role's row, or None."""
    query = select(roles).where(roles.c.id == role_id)
    return (await session.execute(query.with_for_update() if lock else query)).one_or_none()


async def known_roles(session: AsyncSession, wanted: Sequence[UUID]) -> set[UUID]:
    """Return those of ``wanted`` that exist."""
    return set((await session.execute(select(roles.c.id).where(roles.c.id.in_(wanted)))).scalars())


async def add_role(session: AsyncSession, role_id: UUID, new: NewRole) -> None:
    """Add a role."""
    await session.execute(insert(roles).values(id=role_id, **asdict(new)))


async def change_role(session: AsyncSession, role_id: UUID, new: NewRole) -> None:
    """Replace what stands of a role."""
    await session.execute(update(roles).where(roles.c.id == role_id).values(**asdict(new), version=roles.c.version + 1))


async def municipalities_with_role(session: AsyncSession, role_id: UUID) -> set[str]:
    """Return the municipalities of everybody who has a role."""
    query = (
        select(func.unnest(users.c.municipalities))
        .join(user_roles, user_roles.c.user_id == users.c.id)
        .where(user_roles.c.role_id == role_id)
        .distinct()
    )
    return set((await session.execute(query)).scalars())


# --- Signing keys ---------------------------------------------------------------------------------------------------


async def lock_signing_keys(session: AsyncSession) -> None:
    """Let one transaction at a time make keys."""
    await session.execute(select(func.pg_advisory_xact_lock(_KEYS_LOCK)))


async def published_keys(session: AsyncSession, now: datetime) -> list[Any]:
    """Return the keys that are published now, the oldest first."""
    still = or_(signing_keys.c.published_until.is_(None), signing_keys.c.published_until > now)
    return list((await session.execute(select(signing_keys).where(still).order_by(signing_keys.c.signs_from))).all())


async def add_signing_key(
    session: AsyncSession, kid: str, public_key: str, private_key: str, signs_from: datetime
) -> None:
    """Add a key."""
    values = {"kid": kid, "public_key": public_key, "private_key": private_key, "signs_from": signs_from}
    await session.execute(insert(signing_keys).values(values))


async def retire_signing_keys(session: AsyncSession, published_until: datetime) -> None:
    """Give all keys that have no end yet one."""
    statement = update(signing_keys).where(signing_keys.c.published_until.is_(None))
    await session.execute(statement.values(published_until=published_until))


async def destroy_signing_keys(session: AsyncSession, now: datetime) -> None:
    """Remove keys that are no longer published."""
    await session.execute(delete(signing_keys).where(signing_keys.c.published_until <= now))


# --- Machine clients ------------------------------------------------------------------------------------------------


async def client(session: AsyncSession, code: str) -> Any:
    """Return the active machine client with this code, or None."""
    return (await session.execute(select(clients).where(clients.c.code == code, clients.c.active))).one_or_none()


async def client_used(session: AsyncSession, client_id: UUID, now: datetime) -> None:
    """Remember when a client last asked for a token, to the minute."""
    stale = or_(clients.c.used_at.is_(None), clients.c.used_at < now - _SEEN_EVERY)
    await session.execute(update(clients).where(clients.c.id == client_id, stale).values(used_at=now))


async def save_client(session: AsyncSession, values: dict[str, Any]) -> None:
    """Add a machine client, or give the one with this code a new secret and new rights."""
    statement = upsert(clients).values(values)
    changed = {name: statement.excluded[name] for name in values if name not in {"id", "code"}}
    await session.execute(
        statement.on_conflict_do_update(index_elements=[clients.c.code], set_={**changed, "active": True})
    )


async def deactivate_client(session: AsyncSession, code: str) -> bool:
    """Stop giving tokens to a client; returns whether there was one."""
    statement = update(clients).where(clients.c.code == code).values(active=False).returning(clients.c.id)
    return (await session.execute(statement)).first() is not None
