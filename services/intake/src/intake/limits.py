"""How much one client may send."""

import ipaddress
import time
from collections.abc import Collection

from limits import parse_many
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from intake.domain import RateLimitedError


class ClientLimit:
    """A moving window per client and kind of request, in this process; the rate `none` sets no limit."""

    def __init__(self, rate: str) -> None:
        """Take rates like ``30/minute;200/hour``."""
        self._limits = [] if rate in {"", "none"} else parse_many(rate)
        self._window = MovingWindowRateLimiter(MemoryStorage())

    async def count(self, kind: str, client: str) -> None:
        """Count one request; raise ``RateLimitedError`` when it is one too many."""
        for limit in self._limits:
            if not await self._window.hit(limit, kind, client):
                stats = await self._window.get_window_stats(limit, kind, client)
                raise RateLimitedError(max(1, int(stats.reset_time - time.time()) + 1))


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(text: str) -> tuple[Network, ...]:
    """Read addresses and networks, with commas: ``127.0.0.1,10.0.0.0/8``; raise ``ValueError`` for anything else."""
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())


def client_address(peer: str, forwarded_for: str, trusted: Collection[Network]) -> str:
    """Return who the client is: the last address that a trusted proxy did not set itself."""
    address = peer
    for hop in reversed([part.strip() for part in forwarded_for.split(",") if part.strip()]):
        if not _is_within(address, trusted):
            break
        address = hop
    return address


def _is_within(address: str, trusted: Collection[Network]) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in trusted)
