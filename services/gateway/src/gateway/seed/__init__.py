"""What every deployment starts with (roles), and the people of the example municipality."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncSession

from commonground import ids
from gateway import store, use_cases
from gateway.domain import NewRole, NewUser

PEOPLE_FILE = Path(__file__).parent / "people.json"

# The same people have the same ids in every example set-up, so that examples and tests can name them.
_NAMESPACE = UUID("8c1f4a52-6f0e-4b39-9a0c-2f5c7d1be001")


def read() -> dict[str, Any]:
    """Return roles, people, and the strangers whom only the development provider knows."""
    content: dict[str, Any] = json.loads(PEOPLE_FILE.read_text())
    return content


def user_id(username: str) -> UUID:
    """Return the fixed id of one of the example people."""
    return uuid5(_NAMESPACE, username)


async def seed_roles(session: AsyncSession) -> int:
    """Add the roles that are missing; those that exist may have been changed and stay. Returns how many."""
    known = {role.code for role in await store.all_roles(session)}
    missing = [role for role in read()["roles"] if role["code"] not in known]
    for role in missing:
        await use_cases.add_role(session, NewRole(role["code"], role["name"], sorted(role["permissions"])), ids.new())
    return len(missing)


async def seed_people(session: AsyncSession, municipalities: list[str]) -> int:
    """Add the example people that are missing, and publish them. Returns how many."""
    roles = {role.code: role.id for role in await store.all_roles(session)}
    added = 0
    for person in read()["people"]:
        if await store.user(session, user_id(person["username"])) is not None:
            continue
        new = NewUser(
            name=person["name"],
            username=person["username"],
            email=person["email"],
            departments=person["departments"],
            municipalities=municipalities,
            roles=[roles[person["role"]]],
        )
        await use_cases.add_user(session, new, user_id(person["username"]))
        added += 1
    return added
