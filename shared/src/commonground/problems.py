"""Errors as problem+json (RFC 9457), all validation errors at once, and never the value that was wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"


class FieldError(BaseModel):
    """What is wrong with one field."""

    field: str = Field(description="Place of the field, for instance `body.location.geometry`", examples=["body.text"])
    message: str = Field(examples=["Field required"])
    code: str = Field(examples=["missing"])


class Problem(BaseModel):
    """A problem as every block answers it."""

    type: str = Field(description="Identifies the kind of problem", examples=["urn:meldstroom:problem:invalid-input"])
    title: str = Field(examples=["The request is not valid"])
    status: int = Field(examples=[400])
    detail: str = Field(examples=["1 field is not right"])
    errors: list[FieldError] = Field(default_factory=list, description="Each field that is wrong")


@dataclass(frozen=True)
class ProblemType:
    """How an error of the domain is answered: ``PROBLEMS = {CaseNotFoundError: ProblemType(404, ...)}``."""

    status: int
    code: str
    title: str
    headers: Mapping[str, str] | None = None


class InvalidInputError(Exception):
    """Input that only the domain can judge; becomes a 400 that names the field."""

    def __init__(self, *errors: tuple[str, str, str]) -> None:
        """Take ``(field, message, code)`` for each field; messages hold no input."""
        super().__init__("invalid input")
        self.errors = [FieldError(field=field, message=message, code=code) for field, message, code in errors]


class AuthenticationError(Exception):
    """No token, or one that is not valid."""


class PermissionDeniedError(Exception):
    """A valid token without the right; ``permission`` is what is missing."""

    def __init__(self, permission: str) -> None:
        """Name the missing permission."""
        super().__init__(permission)
        self.permission = permission


_COMMON: dict[type[Exception], ProblemType] = {
    AuthenticationError: ProblemType(
        401, "not-authenticated", "A valid bearer token is needed", {"WWW-Authenticate": "Bearer"}
    ),
    PermissionDeniedError: ProblemType(403, "permission-denied", "You do not have the right to do this"),
}


def response(
    status: int,
    code: str,
    title: str,
    detail: str = "",
    *,
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a problem as an HTTP answer."""
    body: dict[str, Any] = {
        "type": f"urn:meldstroom:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail or title,
    }
    if errors:
        body["errors"] = [error.model_dump() for error in errors]
    return Response(orjson.dumps(body), status_code=status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def invalid(errors: Sequence[FieldError], headers: Mapping[str, str] | None = None) -> Response:
    """Return the 400 for input that is not valid."""
    number = len(errors)
    detail = "1 field is not right" if number == 1 else f"{number} fields are not right"
    return response(400, "invalid-input", "The request is not valid", detail, errors=errors, headers=headers)


def install(app: FastAPI, table: Mapping[type[Exception], ProblemType]) -> None:
    """Answer the errors of ``table``, wrong input, HTTP errors and a database that is away as problems."""
    known = {**_COMMON, **table}
    for error_class in known:
        app.add_exception_handler(error_class, _known(known))
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(InvalidInputError, _on_invalid_input)
    app.add_exception_handler(HTTPException, _on_http_error)
    for unavailable in (OperationalError, InterfaceError, PoolTimeoutError, ConnectionError, DBAPIError):
        app.add_exception_handler(unavailable, _on_database_error)


def _known(table: Mapping[type[Exception], ProblemType]) -> Any:
    async def handle(_request: Request, error: Exception) -> Response:
        kind = next(table[parent] for parent in type(error).__mro__ if parent in table)
        detail = f"Missing permission: {error.permission}" if isinstance(error, PermissionDeniedError) else str(error)
        return response(kind.status, kind.code, kind.title, detail or kind.title, headers=kind.headers)

    return handle


async def _on_validation_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class only
    items = error.errors()
    if any(item["type"] == "json_invalid" for item in items):
        return response(400, "invalid-json", "The body is not valid JSON")
    # FastAPI reports a JSON body under another content type as a body that is no object.
    return invalid([_field_error(item) for item in items])


def _field_error(item: Mapping[str, Any]) -> FieldError:
    code = str(item["type"])
    # Messages of these types repeat the value, or come from libraries that may; the field and the code are enough.
    message = str(item["msg"]) if code not in {"value_error", "assertion_error"} else _own_message(item)
    field = ".".join(str(part) for part in item["loc"] if not str(part).startswith("function-"))
    return FieldError(field=field, message=message, code=code)


def _own_message(item: Mapping[str, Any]) -> str:
    error = item.get("ctx", {}).get("error")
    return str(error) if isinstance(error, SafeValueError) else "The value is not valid"


class SafeValueError(ValueError):
    """For validators of our own models: a message that holds nothing of the value."""


async def _on_invalid_input(_request: Request, error: Exception) -> Response:
    assert isinstance(error, InvalidInputError)  # noqa: S101 - registered for this class only
    return invalid(error.errors)


_TITLES = {404: "Not found", 405: "Method not allowed", 406: "Not acceptable", 413: "The body is too large"}


async def _on_http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    title = _TITLES.get(error.status_code, "The request cannot be handled")
    code = title.lower().replace(" ", "-")
    return response(error.status_code, code, title, headers=error.headers)


async def _on_database_error(_request: Request, error: Exception) -> Response:
    state = str(getattr(getattr(error, "orig", None), "sqlstate", "") or "")
    if state.startswith(("22", "23")):
        # Data that PostgreSQL refuses and that no rule of ours caught: the client's input all the same.
        log.warning("input_refused_by_database", sqlstate=state)
        return response(400, "invalid-input", "The request is not valid", "The database refused a value")
    log.error("database_unavailable", kind=type(error).__name__, sqlstate=state)
    return response(503, "unavailable", "Temporarily unavailable, try again", headers={"Retry-After": "5"})


def too_large() -> Response:
    """Return the 413 for a body above the limit."""
    return response(413, "the-body-is-too-large", _TITLES[413])


def unexpected(error: Exception) -> Response:
    """Log a defect of ours, without any of its data, and return the 500."""
    log.error("request_failed", exc_info=error)
    return response(500, "internal-error", "Something went wrong on our side")
