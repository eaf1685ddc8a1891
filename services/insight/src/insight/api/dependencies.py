"""What the endpoints of insight share."""

from typing import Annotated

from fastapi import Depends, Query, Request

from commonground.auth import Principal, require
from insight.kept import KeptAnswers
from insight.schemas import Municipality
from insight.settings import Settings


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _kept_answers(request: Request) -> KeptAnswers:
    kept: KeptAnswers = request.app.state.kept_answers
    return kept


KeptAnswersDep = Annotated[KeptAnswers, Depends(_kept_answers)]
SettingsDep = Annotated[Settings, Depends(_settings)]
Analyst = Annotated[Principal, Depends(require("statistics:read"))]
MunicipalityQuery = Annotated[Municipality | None, Query(description="Only this municipality")]
