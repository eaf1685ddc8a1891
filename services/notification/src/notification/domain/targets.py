"""Where webhooks may go: rules about addresses in the internet, and about the URL that somebody gives.

A target is chosen by a user and called by us from inside the municipality's network, so it must not lead to anything
that only we can reach (server-side request forgery).
"""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST_URL = 2000

# The special-purpose registries of IANA (RFC 6890), and the ranges in which IPv6 carries an IPv4 address. They stand
# here in full because what the standard library calls private differs between versions of Python.
_REFUSED: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared by customers of a provider
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local; clouds answer with credentials here
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "::/96",  # unspecified, loopback, and IPv4-compatible
        "::ffff:0:0/96",  # IPv4-mapped
        "::ffff:0:0:0/96",  # IPv4-translated
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",  # local NAT64
        "100::/64",  # discard
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fc00::/7",  # unique local
        "fe80::/10",  # link-local
        "fec0::/10",  # site-local
        "ff00::/8",  # multicast
    )
)


class TargetRefusedError(Exception):
    """Nothing is sent to this target; ``code`` says why, in a word for logs and people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


class HostUnknownError(Exception):
    """The name service knows no address of the target, or does not answer."""


@dataclass(frozen=True)
class Target:
    """The parts of a target's URL that decide where a connection goes."""

    scheme: str
    host: str
    port: int


def target(url: str, *, allow_http: bool) -> Target:
    """Return where ``url`` leads; raise ``TargetRefusedError`` when it is no URL that webhooks can be sent to."""
    if len(url) > LONGEST_URL:
        raise TargetRefusedError("too-long", "The URL is too long")
    if not url.isascii() or any(character <= " " or character in '\x7f"<>\\^`{|}' for character in url):
        raise TargetRefusedError("invalid-url", "This is not a URL (letters outside ASCII must be encoded)")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise TargetRefusedError("invalid-url", "This is not a URL") from None
    if parts.scheme not in ({"http", "https"} if allow_http else {"https"}):
        wanted = "https:// or http://" if allow_http else "https://"
        raise TargetRefusedError("scheme-refused", f"The URL must begin with {wanted}")
    if not host:
        raise TargetRefusedError("invalid-url", "The URL names no host")
    if _looks_like_an_address(host) and not _is_address(host):
        raise TargetRefusedError("invalid-url", "The host of the URL is no name and no address")
    if "@" in parts.netloc:
        raise TargetRefusedError("credentials-in-url", "The URL must not hold a user name or password")
    if parts.fragment:
        raise TargetRefusedError("fragment-in-url", "The URL must not have a part behind #")
    return Target(parts.scheme, host, port or (443 if parts.scheme == "https" else 80))


def _looks_like_an_address(host: str) -> bool:
    """Tell whether some programs would take ``host`` for an address: 127.1, 2130706433, 0x7f.1."""
    return ":" in host or re.fullmatch(r"(0x[0-9a-f]*|\d+)", host.rstrip(".").rpartition(".")[2]) is not None


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def networks(text: str) -> tuple[Network, ...]:
    """Return the networks that ``text`` lists with commas; raise ``ValueError`` when one is not a network."""
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())


def check_addresses(addresses: Sequence[str], allowed: Iterable[Network]) -> None:
    """Raise ``TargetRefusedError`` unless a connection may go to each of ``addresses``.

    One refused address among good ones is enough: which of them is used would be chance.
    """
    exceptions = tuple(allowed)
    for text in addresses:
        if not _may_connect(text, exceptions):
            raise TargetRefusedError("address-refused", "The target is in a private or reserved address range")


def _may_connect(text: str, allowed: Sequence[Network]) -> bool:
    try:
        address: Address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        # The system connects to the IPv4 address itself, so that is what counts.
        address = address.ipv4_mapped
    if any(address in network for network in allowed):
        return True
    return not any(address in network for network in _REFUSED)
