"""Receivers of webhooks: one POST, to an address that was checked, and never further than there.

A name is resolved by us and the addresses are checked; the connection goes to one of exactly these addresses, so that
a name service which answers differently a moment later gains nothing. Every socket is checked once more when it is
made. A connection that is used again goes to the address it was checked for. Redirects are not followed.
"""

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from notification.domain.targets import HostUnknownError, Network, TargetRefusedError, check_addresses, networks, target
from notification.domain.webhooks import Outcome, Verdict, verdict_of
from notification.settings import Settings

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the addresses of a host; raises ``OSError`` when there are none."""

_MOST_READ = 1024  # bytes of an answer
_RESOLVE_SECONDS = 5.0
_IDLE_SECONDS = 15.0
_AGENT = "Meldstroom-Webhooks/1.0"


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver."""
    async with asyncio.timeout(_RESOLVE_SECONDS):
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[4][0]) for place in found))


class _CheckedResolver(AbstractResolver):
    """Gives aiohttp only addresses that may be connected to; raises ``TargetRefusedError`` otherwise."""

    def __init__(self, resolve: Resolve, allowed: Sequence[Network]) -> None:
        self._resolve = resolve
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        addresses = await self._resolve(host, port)
        check_addresses(addresses, self._allowed)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
            if family in {socket.AF_UNSPEC, socket.AF_INET6 if ":" in address else socket.AF_INET}
        ]

    async def close(self) -> None:
        """Do nothing: there is nothing open."""


class WebhookClient:
    """Sends webhooks; used as ``async with WebhookClient(settings) as client``."""

    def __init__(self, settings: Settings, resolve: Resolve = resolve_by_system) -> None:
        """Prepare, without connecting."""
        self._settings = settings
        self._resolve = resolve
        self._allowed = networks(settings.webhook_allowed_networks)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the pool of connections."""
        connector = aiohttp.TCPConnector(
            resolver=_CheckedResolver(self._resolve, self._allowed),
            use_dns_cache=False,
            socket_factory=self._checked_socket,
            keepalive_timeout=_IDLE_SECONDS,
            limit=0,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"User-Agent": _AGENT, "Accept-Encoding": "identity"},
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        assert self._session is not None  # noqa: S101 - opened by __aenter__
        await self._session.close()

    def _checked_socket(self, place: Any) -> socket.socket:
        """Return a socket for an address that aiohttp is about to connect to; also for one that stood in the URL."""
        family, kind, protocol, _name, address = place
        check_addresses([str(address[0])], self._allowed)
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)  # noqa: FBT003 - the standard library's own signature
        return made

    async def check(self, url: str) -> None:
        """Raise ``TargetRefusedError`` when nothing may be sent to ``url`` as its host is known now.

        Raises ``HostUnknownError`` when the name service does not know the host.
        """
        wanted = target(url, allow_http=self._settings.webhook_allow_http)
        try:
            addresses = await self._resolve(wanted.host, wanted.port)
        except (OSError, UnicodeError) as error:  # a time-out is an OSError too
            raise HostUnknownError from error
        check_addresses(addresses, self._allowed)

    async def send(self, url: str, headers: Mapping[str, str], body: bytes, *, timeout: float | None = None) -> Verdict:  # noqa: ASYNC109 - handed to aiohttp
        """Send one webhook; whatever goes wrong becomes a verdict."""
        assert self._session is not None  # noqa: S101 - opened by __aenter__
        started = time.perf_counter()
        try:
            target(url, allow_http=self._settings.webhook_allow_http)
            async with self._session.post(
                URL(url, encoded=True),
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout or self._settings.webhook_timeout),
            ) as answer:
                return verdict_of(
                    answer.status,
                    milliseconds=_since(started),
                    answer=await _beginning(answer),
                    retry_after=answer.headers.get("Retry-After"),
                )
        except TargetRefusedError as error:
            code = error.code
        except aiohttp.InvalidURL:
            code = "invalid-url"
        except aiohttp.ClientConnectorDNSError:
            code = "host-unknown"
        except TimeoutError:
            code = "timeout"
        except (aiohttp.ClientSSLError, ssl.SSLError):
            code = "tls-failed"
        except aiohttp.ClientConnectorError:
            code = "connection-failed"
        except (aiohttp.ClientError, OSError):
            code = "connection-lost"
        except (ValueError, UnicodeError):
            code = "invalid-url"
        return Verdict(Outcome.FAILED, code, milliseconds=_since(started))


async def _beginning(answer: aiohttp.ClientResponse) -> bytes:
    """Return the first bytes of an answer. What comes behind the status line cannot change what it means."""
    read = b""
    with contextlib.suppress(aiohttp.ClientError, OSError):
        while len(read) < _MOST_READ:
            chunk = await answer.content.read(_MOST_READ - len(read))
            if not chunk:
                break
            read += chunk
    return read


def _since(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)
