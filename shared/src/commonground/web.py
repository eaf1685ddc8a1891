"""The HTTP door of every block: one factory for the app, so that all answer alike.

Follows the Dutch API Design Rules 2.2: ``/v1`` in the path, ``API-Version`` and security headers on every answer,
problem+json for every error, 400 for wrong input, the OpenAPI document at ``/v1/openapi.json`` for everyone.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from time import perf_counter
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, Response
from opentelemetry import trace
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from commonground import dead_letters_api, problems
from commonground.auth import Authenticator
from commonground.database import Database
from commonground.observability import metrics, tracing
from commonground.settings import BlockSettings

log = structlog.get_logger(__name__)

API_VERSION = "1.0.0"
PREFIX = "/v1"
MAX_BODY = 1_048_576  # bytes; blocks that take files say how much more

HEADERS = {
    "API-Version": API_VERSION,
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Access-Control-Allow-Origin": "*",
}

_HEADERS = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    *,
    block: str,
    title: str,
    description: str,
    settings: BlockSettings,
    database: Database,
    routers: Sequence[APIRouter],
    problem_table: Mapping[type[Exception], problems.ProblemType],
    lifespan: Lifespan | None = None,
    max_body: int = MAX_BODY,
    ready: Callable[[], bool] | None = None,
    consumers: dead_letters_api.Consumers | None = None,
) -> FastAPI:
    """Return a block's app: ``routers`` below ``/v1``, health, metrics and problems.

    ``lifespan`` opens what the block needs besides the database, which is closed here. ``consumers`` makes the
    consumers of a block that hears events, so that its dead letters can be handled again; they are not run here.
    """

    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        async with lifespan(app) if lifespan else _nothing():
            yield
        await database.close()

    app = FastAPI(
        title=title,
        description=description,
        version=API_VERSION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # Off: the door makes the spans, and FastAPI's own logs would hold messages of errors, which quote input.
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
        lifespan=run,
        responses={"default": {"model": problems.Problem, "description": "A problem"}},
    )
    app.state.settings = settings
    app.state.database = database
    app.state.authenticator = Authenticator(settings)
    app.state.ready = ready or (lambda: True)
    for router in routers:
        app.include_router(router, prefix=PREFIX)
    if consumers is not None:
        app.include_router(dead_letters_api.router(consumers), prefix=PREFIX)
    app.include_router(_health)
    problems.install(app, {**dead_letters_api.PROBLEMS, **problem_table})
    app.openapi = lambda: _openapi(app, block, settings)  # type: ignore[method-assign]  # FastAPI's documented way
    app.add_middleware(_Door, block=block, max_body=max_body)
    return app


@asynccontextmanager
async def _nothing() -> AsyncIterator[None]:
    yield


async def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


DatabaseDep = Annotated[Database, Depends(_database)]

_health = APIRouter(include_in_schema=False)


@_health.get("/healthz")
async def healthz() -> dict[str, str]:
    """Tell that the process answers."""
    return {"status": "alive"}


@_health.get("/readyz")
async def readyz(request: Request) -> Response:
    """Tell whether the block can do its work: the database answers and no consumer has given up."""
    try:
        await request.app.state.database.ping()
    except Exception:  # noqa: BLE001 - whatever it is, the answer is the same
        return problems.response(503, "not-ready", "The database does not answer")
    if not request.app.state.ready():
        return problems.response(503, "not-ready", "Too many events failed in a row")
    return JSONResponse({"status": "ready"})


@_health.get("/metrics")
async def prometheus() -> Response:
    """Return the metrics of this process in Prometheus' text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@_health.get(f"{PREFIX}/openapi.json")
async def openapi_document(request: Request) -> dict[str, Any]:
    """Return this block's OpenAPI document."""
    document: dict[str, Any] = request.app.openapi()
    return document


def _openapi(app: FastAPI, block: str, settings: BlockSettings) -> dict[str, Any]:
    """Return the OpenAPI document as the design rules want it: version in the server, headers and problems."""
    if app.openapi_schema:
        return app.openapi_schema
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        servers=[{"url": f"{settings.base_url}/api/{block}{PREFIX}", "description": "Through the gateway"}],
        tags=[{"name": block, "description": app.description}],
    )
    document["info"]["contact"] = {
        "name": "Meldstroom community",
        "url": "https://github.com/meldstroom/meldstroom",
        "email": "meldstroom@example.org",
    }
    document["info"]["license"] = {"name": "EUPL-1.2", "identifier": "EUPL-1.2"}
    document["paths"] = {path.removeprefix(PREFIX) or "/": item for path, item in document["paths"].items()}
    for path, item in document["paths"].items():
        for operation in item.values():
            _complete(operation, has_input="{" in path, block=block)
    for unused in ("HTTPValidationError", "ValidationError"):
        document.get("components", {}).get("schemas", {}).pop(unused, None)
    app.openapi_schema = document
    return document


_VERSION_HEADER = {
    "API-Version": {
        "description": "Version of this API",
        "schema": {"type": "string", "example": API_VERSION},
    }
}


def _complete(operation: dict[str, Any], *, has_input: bool, block: str) -> None:
    answers: dict[str, Any] = operation["responses"]
    answers.pop("422", None)
    answers.pop("default", None)
    operation["tags"] = [block]
    wanted = {"500", "503"}
    if has_input or operation.get("parameters") or operation.get("requestBody"):
        wanted.add("400")
    if operation.get("requestBody"):
        wanted.add("413")
    if operation.get("security"):
        wanted |= {"401", "403"}
    else:
        operation["security"] = []
    for status in wanted - answers.keys():
        answers[status] = {"description": problems._TITLES.get(int(status), _DESCRIPTIONS[status])}  # noqa: SLF001
    for status, answer in answers.items():
        if status.startswith(("2", "3")):
            answer.setdefault("headers", {}).update(_VERSION_HEADER)
        else:
            answer["content"] = {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    operation["responses"] = dict(sorted(answers.items()))


_DESCRIPTIONS = {
    "400": "The request is not valid",
    "401": "A valid bearer token is needed",
    "403": "You do not have the right to do this",
    "413": "The body is too large",
    "500": "Something went wrong on our side",
    "503": "Temporarily unavailable, try again",
}


class _Door:
    """Trace, headers, metrics and the limit on bodies for every request, without buffering.

    FastAPI's own limit answers a body that declares to be too large in plain text, and is logged as a defect.
    """

    def __init__(self, app: ASGIApp, *, block: str, max_body: int) -> None:
        self.app = app
        self.block = block
        self.max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = perf_counter()
        headers = dict(scope["headers"])
        span = tracing.start_span(f"{scope['method']} {self.block}", headers.get(b"traceparent", b"").decode("latin-1"))
        status = 500
        answered = False
        received = 0
        declared = headers.get(b"content-length", b"")

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.max_body:
                raise HTTPException(413)
            return message

        async def completed(message: Message) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                answered = True
                status = message["status"]
                present = {name for name, _value in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *((name, value) for name, value in _HEADERS if name not in present),
                ]
            await send(message)

        with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            try:
                if declared.isdigit() and int(declared) > self.max_body:
                    await problems.too_large()(scope, receive, completed)
                else:
                    await self.app(scope, limited, completed)
            except Exception as error:
                # Caught here and not by Starlette's outermost layer, so that this answer has our headers too.
                refused = problems.unexpected(error)
                if answered:
                    raise
                await refused(scope, receive, completed)
            finally:
                # The route's template, never the path: paths hold identifiers and tokens.
                route = getattr(scope.get("route"), "path", "none")
                metrics.requests.labels(self.block, scope["method"], route, status).observe(perf_counter() - started)
