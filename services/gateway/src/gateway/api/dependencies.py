"""What the endpoints ask for."""

from typing import Annotated, Any, cast

from fastapi import Depends, Request

from commonground.auth import Principal, require
from gateway.domain import MANAGE_USERS
from gateway.keys import KeyRing
from gateway.settings import Settings

# Answers that an operation names in the API document beside those that all have.
MISSING: dict[int | str, dict[str, Any]] = {404: {"description": "It does not exist, or not for the caller"}}
CONFLICT: dict[int | str, dict[str, Any]] = {409: {"description": "It does not go with what is already there"}}

Administrator = Annotated[Principal, Depends(require(MANAGE_USERS))]


async def _settings(request: Request) -> Settings:
    return cast("Settings", request.app.state.settings)


async def _keys(request: Request) -> KeyRing:
    return cast("KeyRing", request.app.state.keys)


SettingsDep = Annotated[Settings, Depends(_settings)]
KeysDep = Annotated[KeyRing, Depends(_keys)]
