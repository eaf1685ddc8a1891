"""What endpoints share."""

from typing import Annotated, Any

import orjson
from fastapi import Depends, Header, Request, Response

from commonground import idempotency
from commonground.auth import CurrentPrincipal, Principal
from commonground.problems import PermissionDeniedError
from handling.domain.cases import READ, READ_ALL
from handling.settings import Settings


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _reader(principal: CurrentPrincipal) -> Principal:
    """Let whoever may read cases pass; the right to read all of them includes the right to read some."""
    if not principal.may(READ_ALL) and not principal.may(READ):
        raise PermissionDeniedError(READ)
    return principal


SettingsDep = Annotated[Settings, Depends(_settings)]
Reader = Annotated[Principal, Depends(_reader)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=idempotency.MAX_KEY_LENGTH,
        pattern=r"^[\x21-\x7e]+$",
        description="Makes a repeat harmless: the same key and body change nothing a second time",
    ),
]


def json_answer(body: Any, status: int = 200, **headers: str) -> Response:
    """Return ``body`` as JSON with times in UTC (``Z``).

    Written straight from rows: checking a page of a hundred cases against the model again takes longer than
    reading them. Tests hold the answers against the models.
    """
    content = orjson.dumps(body, default=str, option=orjson.OPT_UTC_Z)  # the driver has its own kind of UUID
    return Response(content, status_code=status, media_type="application/json", headers=headers)
