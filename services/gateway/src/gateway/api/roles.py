"""Roles, built from single permissions."""

from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from commonground import ids
from commonground.web import DatabaseDep
from gateway import domain, store, use_cases
from gateway.api.dependencies import CONFLICT, MISSING, Administrator, SettingsDep
from gateway.schemas import PermissionAnswer, PermissionList, RoleAnswer, RoleChange, RoleList, RoleRequest

router = APIRouter()


@router.get("/permissions", operation_id="listPermissions", summary="All permissions")
async def list_permissions(_administrator: Administrator) -> PermissionList:
    """Return every single right of which roles are built."""
    items = [
        PermissionAnswer(code=code, name_nl=dutch, name_en=english)
        for code, (dutch, english) in domain.PERMISSIONS.items()
    ]
    return PermissionList(items=items, next_cursor=None)


async def _roles(session: AsyncSession) -> list[RoleAnswer]:
    return [
        RoleAnswer(
            id=row.id,
            code=row.code,
            name=row.name,
            permissions=row.permissions,
            version=row.version,
            users=row.users,
        )
        for row in await store.all_roles(session)
    ]


async def _read(session: AsyncSession, role_id: UUID) -> RoleAnswer:
    found = next((role for role in await _roles(session) if role.id == role_id), None)
    if found is None:
        raise domain.RoleNotFoundError
    return found


@router.get("/roles", operation_id="listRoles", summary="All roles")
async def list_roles(_administrator: Administrator, database: DatabaseDep) -> RoleList:
    """Return all roles by code; there are never so many that they need pages."""
    async with database.transaction() as session:
        return RoleList(items=await _roles(session), next_cursor=None)


@router.get("/roles/{roleId}", operation_id="readRole", summary="One role", responses=MISSING)
async def read_role(_administrator: Administrator, database: DatabaseDep, roleId: UUID) -> RoleAnswer:  # noqa: N803 - as in the path
    """Return one role."""
    async with database.transaction() as session:
        return await _read(session, roleId)


@router.post("/roles", operation_id="addRole", summary="Add a role", status_code=201, responses=CONFLICT)
async def add_role(
    _administrator: Administrator, database: DatabaseDep, settings: SettingsDep, response: Response, body: RoleRequest
) -> RoleAnswer:
    """Add a role made of single permissions."""
    role_id = ids.new()
    async with database.transaction() as session:
        await use_cases.add_role(session, body.to_domain(), role_id)
        answer = await _read(session, role_id)
    response.headers["Location"] = f"{settings.base_url}/api/gateway/v1/roles/{role_id}"
    return answer


@router.put("/roles/{roleId}", operation_id="changeRole", summary="Change a role", responses=MISSING | CONFLICT)
async def change_role(
    administrator: Administrator,
    database: DatabaseDep,
    roleId: UUID,  # noqa: N803 - as in the path
    body: RoleChange,
) -> RoleAnswer:
    """Replace what stands of a role; it counts from the next request of everybody who has it."""
    async with database.transaction() as session:
        await use_cases.change_role(
            session, roleId, body.to_domain(), principal=administrator, expected_version=body.expected_version
        )
        return await _read(session, roleId)
