"""What the endpoints of routing share."""

from typing import Annotated

from fastapi import Depends, Header, Query, Request

from commonground import idempotency
from commonground.auth import Principal, require
from routing.configuration import Configurations
from routing.schemas import Municipality
from routing.settings import Settings


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _configurations(request: Request) -> Configurations:
    configurations: Configurations = request.app.state.configurations
    return configurations


SettingsDep = Annotated[Settings, Depends(_settings)]
ConfigurationsDep = Annotated[Configurations, Depends(_configurations)]
Reader = Annotated[Principal, Depends(require("case:read"))]
Assigner = Annotated[Principal, Depends(require("case:assign"))]
Administrator = Annotated[Principal, Depends(require("routing:manage"))]
MunicipalityQuery = Annotated[
    Municipality | None, Query(description="Only this municipality; all of the caller's when absent")
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=idempotency.MAX_KEY_LENGTH,
        pattern=r"^[\x21-\x7e]+$",
        description="Makes a repeat harmless: the same key and body give the first answer again",
    ),
]
