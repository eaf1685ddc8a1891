"""What the endpoints ask for."""

from typing import Annotated, cast

from fastapi import Depends, Request

from commonground.auth import Principal, require
from gateway.domain import MANAGE_USERS
from gateway.keys import KeyRing
from gateway.settings import Settings

Administrator = Annotated[Principal, Depends(require(MANAGE_USERS))]


def _settings(request: Request) -> Settings:
    return cast("Settings", request.app.state.settings)


def _keys(request: Request) -> KeyRing:
    return cast("KeyRing", request.app.state.keys)


SettingsDep = Annotated[Settings, Depends(_settings)]
KeysDep = Annotated[KeyRing, Depends(_keys)]
