"""Tokens for programs: OAuth 2.0 client credentials (RFC 6749 §4.4), scopes are permissions."""

from datetime import UTC, datetime
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Form, Response
from fastapi.security import HTTPBasic, HTTPBasicCredentials

from commonground import problems
from commonground.web import DatabaseDep
from gateway import domain, use_cases
from gateway.api.dependencies import KeysDep, SettingsDep
from gateway.schemas import TokenAnswer, TokenRequest

router = APIRouter()
_basic = HTTPBasic(auto_error=False, description="Client id and secret of a machine client")


def _refused(status: int, error: str, title: str) -> Response:
    """Return a problem that also says ``error`` as RFC 6749 §5.2 names it, for ordinary OAuth libraries."""
    headers = {"WWW-Authenticate": 'Basic realm="meldstroom"'} if status == 401 else {}  # noqa: PLR2004 - the code itself
    answer = problems.response(status, error.replace("_", "-"), title, headers=headers)
    answer.body = orjson.dumps({**orjson.loads(answer.body), "error": error})
    answer.headers["Content-Length"] = str(len(answer.body))
    return answer


@router.post(
    "/tokens",
    operation_id="issueToken",
    summary="A token for a machine client",
    response_model=TokenAnswer,
)
async def issue_token(
    database: DatabaseDep,
    keys: KeysDep,
    settings: SettingsDep,
    credentials: Annotated[HTTPBasicCredentials | None, Depends(_basic)],
    body: Annotated[TokenRequest, Form()],
) -> TokenAnswer | Response:
    """Return a short-lived token for a client that proves its secret, by HTTP Basic or in the form."""
    if body.grant_type != "client_credentials":
        return _refused(400, "unsupported_grant_type", "Only client credentials get a token here")
    code, secret = body.client_id, body.client_secret
    if credentials is not None:
        code, secret = credentials.username, credentials.password
    try:
        async with database.transaction() as session:
            rights = await use_cases.client_rights(session, code, secret, body.scope, datetime.now(UTC))
    except domain.UnknownClientError:
        return _refused(401, "invalid_client", "There is no such client, or its secret is wrong")
    except domain.ScopeRefusedError:
        return _refused(400, "invalid_scope", "The client does not have these permissions")
    token = await keys.token(rights, seconds=settings.token_seconds)
    return TokenAnswer(
        access_token=token,
        token_type="Bearer",  # noqa: S106 - the kind of token, no secret
        expires_in=settings.token_seconds,
        scope=" ".join(rights.permissions),
    )
