"""One public API in front of the blocks: ``/api/<block>/v1/...``, passed through as it comes.

Every report of a resident's app passes here, so this is a plain ASGI application without routing, parsing or
copying: headers are filtered, bodies stream in both directions. What a block may not be asked from outside
(anything but ``/v1``: health, metrics) is not there. Cookies are dropped on the way in and out: the blocks' API is
used with bearer tokens only, so another site cannot use a visitor's session for it.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from time import perf_counter

import aiohttp
import structlog
from multidict import CIMultiDict
from opentelemetry import trace
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from yarl import URL

from commonground import problems
from commonground.observability import metrics, tracing
from commonground.web import HEADERS
from gateway.forwarding import Network, client_address, current_client

log = structlog.get_logger(__name__)

PREFIX = "/api/"
OWN = "gateway"
_CONNECT_SECONDS = 2.0
_QUEUE_SECONDS = 10.0
_WHOLE = 65_536  # bytes; answers up to this size are sent in one piece

# Headers that belong to one connection (RFC 9110 §7.6.1), and those with which a client could pretend.
_HOP_BY_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
    | {b"proxy-authenticate", b"proxy-authorization"}
)
_NOT_FORWARDED = _HOP_BY_HOP | {
    b"cookie", b"expect", b"forwarded", b"host", b"via", b"x-forwarded-for", b"x-forwarded-host",
    b"x-forwarded-port", b"x-forwarded-prefix", b"x-forwarded-proto", b"x-real-ip",
}  # fmt: skip
_NOT_RETURNED = _HOP_BY_HOP | {b"date", b"server", b"set-cookie"}
_AUTOMATIC = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")

_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, traceparent",
    "Access-Control-Expose-Headers": "API-Version, Location, Retry-After",
    "Access-Control-Max-Age": "600",
}


class _ClientGoneError(Exception):
    """The client left before its whole body was here."""


class BlockConnections:
    """The pool of connections to the blocks, opened and closed with the application."""

    def __init__(self, addresses: Mapping[str, str], *, timeout: float, connections: int) -> None:
        """Prepare, without opening anything."""
        self.addresses = dict(addresses)
        self._connections = connections
        self._timeout = aiohttp.ClientTimeout(
            total=None, connect=_QUEUE_SECONDS, sock_connect=_CONNECT_SECONDS, sock_read=timeout
        )
        self._raw: aiohttp.ClientSession | None = None
        self._pages: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Make the pool; blocks need not be there yet."""
        connector = aiohttp.TCPConnector(limit=0, limit_per_host=self._connections, keepalive_timeout=30)
        self._raw = aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=self._timeout,
            skip_auto_headers=_AUTOMATIC,
        )
        self._pages = aiohttp.ClientSession(
            connector=connector, connector_owner=False, cookie_jar=aiohttp.DummyCookieJar()
        )

    async def close(self) -> None:
        """Close all connections."""
        for session in (self._pages, self._raw):
            if session is not None:
                await session.close()

    @property
    def passing(self) -> aiohttp.ClientSession:
        """The session that passes requests through unchanged."""
        assert self._raw is not None  # noqa: S101 - opened in the lifespan, before any request
        return self._raw

    @property
    def asking(self) -> aiohttp.ClientSession:
        """The session with which the gateway asks something itself."""
        assert self._pages is not None  # noqa: S101 - likewise
        return self._pages


class PublicApi:
    """Answers below ``/api``; leaves everything else to the application behind it."""

    def __init__(
        self, app: ASGIApp, *, connections: BlockConnections, proxies: Sequence[Network], traced: bool = False
    ) -> None:
        """Take the pool, the known proxies, and whether spans of passing requests go anywhere."""
        self.app = app
        self._connections = connections
        self._proxies = proxies
        self._traced = traced

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path: str = scope["path"]
        if not path.startswith(PREFIX) or path == PREFIX:
            current_client.set(self._client_of(scope))
            await self.app(scope, receive, send)
            return
        block, _, rest = path[len(PREFIX) :].partition("/")
        if not _is_exposed(rest):
            await _problem(404, "not-found", "Not found")(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await _preflight()(scope, receive, send)
        elif block == OWN:
            own = {**scope, "path": f"/{rest}", "raw_path": f"/{rest}".encode()}
            await self.app(own, receive, send)
        elif block not in self._connections.addresses:
            await _problem(404, "not-found", "Not found")(scope, receive, send)
        elif self._traced:
            with trace.use_span(_span(block, scope), end_on_exit=True, record_exception=False):
                await self._pass_on(block, scope, receive, send)
        else:
            await self._pass_on(block, scope, receive, send)

    def _client_of(self, scope: Scope) -> str:
        peer = scope.get("client")
        return client_address(peer[0] if peer else "", scope["headers"], self._proxies)

    async def _pass_on(self, block: str, scope: Scope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        status = 500
        answered = False

        async def noted(message: Message) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                status, answered = message["status"], True
            await send(message)

        try:
            await self._exchange(block, scope, receive, noted)
        except _ClientGoneError:
            status = 499
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            late = isinstance(error, TimeoutError)
            log.warning("block_unavailable", called=block, kind=type(error).__name__)
            if answered:
                raise  # the connection breaks, so that the client sees that the answer is not whole
            refused = _late(block) if late else _away(block)
            await refused(scope, receive, noted)
        finally:
            metrics.requests.labels("gateway", scope["method"], f"/api/{block}", status).observe(
                perf_counter() - started
            )

    async def _exchange(self, block: str, scope: Scope, receive: Receive, send: Send) -> None:
        headers = self._headers(scope)
        body = await _body(headers, receive)
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        target = self._connections.addresses[block] + raw[len(PREFIX) + len(block) :].decode("ascii", "replace")
        if scope["query_string"]:
            target = f"{target}?{scope['query_string'].decode('latin-1')}"
        async with self._connections.passing.request(
            scope["method"], URL(target, encoded=True), headers=headers, data=body, allow_redirects=False
        ) as answer:
            await send(
                {
                    "type": "http.response.start",
                    "status": answer.status,
                    "headers": [
                        (name, value)
                        for raw_name, value in answer.raw_headers
                        if (name := raw_name.lower()) not in _NOT_RETURNED
                    ],
                }
            )
            if (answer.content_length or 0) > _WHOLE or answer.content_length is None:
                async for chunk in answer.content.iter_any():
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
            else:
                await send({"type": "http.response.body", "body": await answer.read()})

    def _headers(self, scope: Scope) -> CIMultiDict[str]:
        headers: CIMultiDict[str] = CIMultiDict()
        named: set[bytes] = set()
        for name, value in scope["headers"]:
            if name in _NOT_FORWARDED:
                if name == b"connection":
                    named.update(part.strip().lower() for part in value.split(b","))
                continue
            headers.add(name.decode("latin-1"), value.decode("utf-8", "replace"))
        for name in named - {b"close", b"keep-alive", b"content-length", b"content-type"}:
            headers.popall(name.decode("latin-1"), None)
        headers["X-Forwarded-For"] = self._client_of(scope)
        if self._traced:
            headers["traceparent"] = tracing.current_traceparent()
        return headers


def _span(block: str, scope: Scope) -> trace.Span:
    """Start the span of a passing request, below the caller's when it has one."""
    parent = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"traceparent"), None)
    return tracing.start_span(f"{scope['method']} /api/{block}", parent)


def _is_exposed(rest: str) -> bool:
    """Tell whether a path behind the block's name is part of its API; dots must not lead out of it."""
    segments = rest.split("/")
    return segments[0] == "v1" and len(segments) > 1 and ".." not in segments and "." not in segments


async def _body(headers: CIMultiDict[str], receive: Receive) -> bytes | AsyncIterator[bytes] | None:
    """Return the body: in one piece when it is here already, else as it arrives."""
    first = await receive()
    if first["type"] == "http.disconnect":
        raise _ClientGoneError
    content: bytes = first.get("body", b"")
    if not first.get("more_body", False):
        if not content and "content-length" not in headers:
            return None
        return content

    async def chunks() -> AsyncIterator[bytes]:
        if content:
            yield content
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _ClientGoneError
            if message.get("body"):
                yield message["body"]
            if not message.get("more_body", False):
                return

    return chunks()


def _completed(answer: Response) -> Response:
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    return answer


def _problem(status: int, code: str, title: str, detail: str = "", retry: int = 0) -> Response:
    headers = {"Retry-After": str(retry)} if retry else {}
    return _completed(problems.response(status, code, title, detail, headers=headers))


def _away(block: str) -> Response:
    return _problem(502, "block-away", "Temporarily unavailable, try again", f"{block} does not answer", retry=5)


def _late(block: str) -> Response:
    return _problem(504, "block-late", "Temporarily unavailable, try again", f"{block} takes too long", retry=5)


def _preflight() -> Response:
    return _completed(Response(status_code=204, headers=_PREFLIGHT))
