"""What the endpoints of notification share."""

from typing import Annotated

from fastapi import Depends, Request

from commonground.auth import Principal, require
from commonground.problems import InvalidInputError
from notification.settings import Settings


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


SettingsDep = Annotated[Settings, Depends(_settings)]
MessageReader = Annotated[Principal, Depends(require("message:read"))]
MessageSender = Annotated[Principal, Depends(require("message:resend"))]
TemplateManager = Annotated[Principal, Depends(require("template:manage"))]
WebhookManager = Annotated[Principal, Depends(require("webhook:manage"))]


def municipality_of(principal: Principal, settings: Settings, wanted: str | None, field: str) -> str:
    """Return the municipality that a request is about: the one named, or the only one that the caller works for."""
    mine = sorted(principal.municipalities & settings.served)
    if wanted is None and len(mine) == 1:
        return mine[0]
    if wanted is None:
        raise InvalidInputError((field, "Name the municipality that this is about", "missing"))
    if wanted not in mine:
        raise InvalidInputError((field, "You do not work for this municipality", "unknown-municipality"))
    return wanted
