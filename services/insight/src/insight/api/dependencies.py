"""What the endpoints of insight share."""

from typing import Annotated

from fastapi import Depends, Query, Request

from commonground.auth import Principal, require
from insight.schemas import Municipality
from insight.settings import Settings


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


SettingsDep = Annotated[Settings, Depends(_settings)]
Analyst = Annotated[Principal, Depends(require("statistics:read"))]
MunicipalityQuery = Annotated[Municipality | None, Query(description="Only this municipality")]
