"""Who the client is, also behind proxies: believed from known proxies only."""

from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from ipaddress import IPv4Network, IPv6Network, ip_address

Network = IPv4Network | IPv6Network
RawHeaders = Iterable[tuple[bytes, bytes]]

# The client of the page that is being made, for the calls to blocks that it leads to.
current_client: ContextVar[str] = ContextVar("current_client", default="")


def _is_proxy(address: str, proxies: Sequence[Network]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in proxies)


def client_address(peer: str, headers: RawHeaders, proxies: Sequence[Network]) -> str:
    """Return the address of the client: the peer, or behind known proxies the nearest address that is none.

    ``X-Forwarded-For`` is read from its end, since only the last entries were written by our own proxies; what a
    client wrote itself stands before them.
    """
    if not proxies or not _is_proxy(peer, proxies):
        return peer
    written = b",".join(value for name, value in headers if name == b"x-forwarded-for").decode("latin-1")
    for entry in reversed([part.strip() for part in written.split(",")]):
        try:
            ip_address(entry)
        except ValueError:
            return peer
        if not _is_proxy(entry, proxies):
            return entry
        peer = entry
    return peer
