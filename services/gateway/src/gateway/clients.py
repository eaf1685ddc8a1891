"""The blocks over HTTP, for people who wait at a screen: one session, time-outs, typed errors.

Only the gateway calls blocks synchronously. A block that is away makes one box on a page say so; it never
makes a page fail, so every caller handles ``BlockUnavailableError``.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import aiohttp
import orjson

from commonground.observability import tracing
from gateway.forwarding import current_client

Params = Sequence[tuple[str, str]] | Mapping[str, str]
Method = Literal["GET", "POST", "PUT", "DELETE"]

CLIENT_ERROR = 400
SERVER_ERROR = 500
TOO_MANY_REQUESTS = 429


class BlockUnavailableError(Exception):
    """A block did not answer in time, could not be reached, or failed on its side."""

    def __init__(self, block: str) -> None:
        super().__init__(f"block {block} did not answer")
        self.block = block


class BlockAbsentError(BlockUnavailableError):
    """A block is not deployed here, so trying again does not help."""


@dataclass(frozen=True)
class FieldProblem:
    """One thing that is wrong with one field, as problem+json names it."""

    field: str
    message: str
    code: str


class BlockRefusedError(Exception):
    """A block answered with a 4xx problem: what was asked cannot be done as asked."""

    def __init__(self, block: str, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(f"block {block} refused with {status}")
        self.block = block
        self.status = status
        self.kind = str(problem.get("type", "about:blank"))
        self.title = str(problem.get("title", ""))
        self.detail = str(problem.get("detail", ""))
        self.errors = tuple(
            FieldProblem(
                str(item.get("field", "")),
                str(item.get("message", "")),
                str(item.get("code", "")),
            )
            for item in problem.get("errors") or ()
            if isinstance(item, Mapping)
        )


@dataclass(frozen=True)
class BlockFile:
    """A photo that a block gave: its type and its bytes, piece by piece."""

    content_type: str
    chunks: AsyncIterator[bytes]


@dataclass
class Blocks:
    """Typed door to the other blocks.

    ``addresses`` gives the base address of each block, for example ``{"intake": "http://127.0.0.1:8001"}``.
    The session is made and closed by whoever runs the application.
    """

    session: aiohttp.ClientSession
    addresses: Mapping[str, str]
    timeout: float = 5.0
    headers: Mapping[str, str] = field(default_factory=dict)

    def has(self, block: str) -> bool:
        """Tell whether a block is deployed here; pages leave out what they cannot show without it."""
        return block in self.addresses

    def _url(self, block: str, path: str) -> str:
        try:
            return f"{self.addresses[block].rstrip('/')}/v1{path}"
        except KeyError:
            raise BlockAbsentError(block) from None

    def _headers(self, token: str | None) -> dict[str, str]:
        """Return what every request carries: for whom it is made, in which trace, and who is at the screen."""
        headers = {**self.headers, "traceparent": tracing.current_traceparent()}
        client = current_client.get()
        if client:
            # A block counts requests per client; without this all visitors of the pages would be one.
            headers["X-Forwarded-For"] = client
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return headers

    async def ask(
        self,
        block: str,
        path: str,
        *,
        method: Method = "GET",
        params: Params | None = None,
        json: Any = None,
        data: aiohttp.FormData | None = None,
        token: str | None = None,
        key: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - handed to aiohttp, which cancels the request
    ) -> Any:
        """Send one request and return the JSON answer (``None`` for an empty one).

        ``token`` is the signed token of the person at the screen, ``key`` an idempotency key. Raises
        ``BlockRefusedError`` on 4xx and ``BlockUnavailableError`` when there is no usable answer.
        """
        headers = self._headers(token)
        if key:
            headers["Idempotency-Key"] = key
        body: Any = data
        if json is not None:
            body = orjson.dumps(json)
            headers["Content-Type"] = "application/json"
        try:
            async with self.session.request(
                method,
                self._url(block, path),
                params=params,
                data=body,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=timeout or self.timeout),
                allow_redirects=False,
            ) as answer:
                content = await answer.read()
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise BlockUnavailableError(block) from error
        return _understand(block, status, content)

    async def fetch_file(self, block: str, path: str, *, token: str | None = None) -> BlockFile:
        """Open a photo; the bytes are read while they are sent on."""
        headers = self._headers(token)
        try:
            answer = await self.session.get(
                self._url(block, path),
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=30, connect=self.timeout),
                allow_redirects=False,
            )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise BlockUnavailableError(block) from error
        if answer.status >= CLIENT_ERROR or not answer.content_type.startswith("image/"):
            content = await answer.read()
            answer.release()
            _understand(block, answer.status, content)
            raise BlockUnavailableError(block)
        return BlockFile(answer.content_type, _chunks(answer))


async def _chunks(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.content.iter_chunked(65536):
            yield chunk
    finally:
        answer.release()


def _understand(block: str, status: int, content: bytes) -> Any:
    """Return the JSON of a good answer, raise the typed error for any other."""
    try:
        decoded = orjson.loads(content) if content else None
    except orjson.JSONDecodeError:
        decoded = None
        if status < CLIENT_ERROR:
            raise BlockUnavailableError(block) from None
    if status >= SERVER_ERROR:
        raise BlockUnavailableError(block)
    if status >= CLIENT_ERROR:
        raise BlockRefusedError(block, status, decoded if isinstance(decoded, Mapping) else {})
    return decoded
