"""What the endpoints of classification share."""

from typing import Annotated

from fastapi import Depends, Request

from classification.settings import Settings
from commonground.problems import InvalidInputError


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


SettingsDep = Annotated[Settings, Depends(_settings)]


def served_municipality(settings: Settings, named: str | None, field: str) -> str:
    """Return the municipality that is meant: the one named, or the first that is served."""
    if named is None:
        return settings.municipalities.split(",")[0].strip()
    if named not in settings.served:
        raise InvalidInputError((field, "This municipality is not served here", "municipality_not_served"))
    return named
