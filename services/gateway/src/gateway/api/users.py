"""Users: who may sign in, and what each may do where."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from commonground import ids
from commonground.problems import InvalidInputError
from commonground.web import DatabaseDep
from gateway import domain, store, use_cases
from gateway.api.dependencies import CONFLICT, MISSING, Administrator, SettingsDep
from gateway.schemas import Department, RoleBrief, UserAnswer, UserChange, UserPage, UserRequest
from gateway.settings import Settings

router = APIRouter(prefix="/users")


def _answer(row: Any, roles: list[Any]) -> UserAnswer:
    return UserAnswer(
        id=row.id,
        name=row.name,
        username=row.username,
        email=row.email,
        provider=row.provider,
        active=row.active,
        departments=row.departments,
        municipalities=row.municipalities,
        roles=[RoleBrief(id=role.id, code=role.code, name=role.name) for role in roles],
        note=row.note,
        version=row.version,
        created_at=row.created_at,
        changed_at=row.changed_at,
        last_sign_in_at=row.last_sign_in_at,
    )


async def _read(session: AsyncSession, user_id: UUID) -> UserAnswer:
    row = await store.user(session, user_id)
    return _answer(row, (await store.roles_of(session, [user_id]))[user_id])


def _check_provider(wanted: str | None, settings: Settings) -> None:
    if wanted is not None and settings.provider(wanted) is None:
        raise InvalidInputError(("body.provider", "There is no such identity provider", "unknown"))


@router.get("", operation_id="listUsers", summary="Users by name")
async def list_users(
    administrator: Administrator,
    database: DatabaseDep,
    active: bool | None = None,
    department: Annotated[Department | None, Query()] = None,
    role: UUID | None = None,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> UserPage:
    """Return the users of the caller's municipalities, by name."""
    async with database.transaction() as session:
        rows = await store.users_page(
            session,
            sorted(administrator.municipalities),
            active=active,
            department=department,
            role=role,
            after=cursor,
            limit=limit + 1,
        )
        roles = await store.roles_of(session, [row.id for row in rows])
    page = rows[:limit]
    return UserPage(
        items=[_answer(row, roles[row.id]) for row in page],
        next_cursor=str(page[-1].id) if len(rows) > limit else None,
    )


@router.get("/{userId}", operation_id="readUser", summary="One user", responses=MISSING)
async def read_user(administrator: Administrator, database: DatabaseDep, userId: UUID) -> UserAnswer:  # noqa: N803 - as in the path
    """Return one user of the caller's municipalities."""
    async with database.transaction() as session:
        row = await store.user(session, userId)
        if row is None or not set(row.municipalities) & administrator.municipalities:
            raise domain.UserNotFoundError
        return await _read(session, userId)


@router.post("", operation_id="addUser", summary="Add a user", status_code=201, responses=CONFLICT)
async def add_user(
    administrator: Administrator, database: DatabaseDep, settings: SettingsDep, response: Response, body: UserRequest
) -> UserAnswer:
    """Add a user, who can sign in from now on."""
    _check_provider(body.provider, settings)
    user_id = ids.new()
    async with database.transaction() as session:
        await use_cases.add_user(session, body.to_domain(), user_id, administrator)
        answer = await _read(session, user_id)
    response.headers["Location"] = f"{settings.base_url}/api/gateway/v1/users/{user_id}"
    return answer


@router.put("/{userId}", operation_id="changeUser", summary="Change a user", responses=MISSING | CONFLICT)
async def change_user(
    administrator: Administrator,
    database: DatabaseDep,
    settings: SettingsDep,
    userId: UUID,  # noqa: N803 - as in the path
    body: UserChange,
) -> UserAnswer:
    """Replace what stands of a user. One who is deactivated is signed out at once."""
    _check_provider(body.provider, settings)
    async with database.transaction() as session:
        await use_cases.change_user(
            session, userId, body.to_domain(), principal=administrator, expected_version=body.expected_version
        )
        return await _read(session, userId)
