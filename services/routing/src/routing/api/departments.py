"""Departments."""

from typing import Annotated

from fastapi import APIRouter, Path

from commonground.auth import CurrentPrincipal
from commonground.web import DatabaseDep
from routing import use_cases
from routing.api.dependencies import Administrator, MunicipalityQuery, SettingsDep
from routing.schemas import Code, DepartmentAnswer, DepartmentRequest, Departments
from routing.use_cases.configuring import mine, only_mine

router = APIRouter()


@router.get("/departments")
async def list_departments(
    database: DatabaseDep, settings: SettingsDep, principal: CurrentPrincipal, municipality: MunicipalityQuery = None
) -> Departments:
    """Return the departments of the caller's municipalities, also those out of use."""
    async with database.transaction() as session:
        rows = await use_cases.list_departments(session, mine(principal, settings, municipality))
    return Departments(items=[DepartmentAnswer.model_validate(row) for row in rows], next_cursor=None)


@router.put(
    "/departments/{code}", responses={409: {"description": "Everything that goes nowhere else goes to this department"}}
)
async def change_department(
    code: Annotated[Code, Path()],
    body: DepartmentRequest,
    database: DatabaseDep,
    settings: SettingsDep,
    principal: Administrator,
) -> DepartmentAnswer:
    """Add, rename, activate or deactivate a department."""
    municipality = only_mine(principal, settings, body.municipality)
    async with database.transaction() as session:
        row = await use_cases.change_department(session, settings, municipality, code, body.name, active=body.active)
    return DepartmentAnswer.model_validate(row)
