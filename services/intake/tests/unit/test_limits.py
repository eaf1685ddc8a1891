"""Who a client is, behind proxies and without."""

import pytest

from intake.domain import RateLimitedError
from intake.limits import ClientLimit, client_address, networks

TRUSTED = networks("127.0.0.1, 10.0.0.0/8")


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.5", "", "203.0.113.5"),
        ("203.0.113.5", "198.51.100.1", "203.0.113.5"),
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.4.5.6", "1.2.3.4, 198.51.100.1, 10.9.9.9", "198.51.100.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "no address", "no address"),
    ],
)
def test_only_trusted_proxies_tell_who_the_client_is(peer, forwarded, client):
    assert client_address(peer, forwarded, TRUSTED) == client


def test_what_is_no_network_is_refused_at_the_start():
    with pytest.raises(ValueError, match="does not appear"):
        networks("gateway")


async def test_each_client_and_kind_of_request_is_counted_alone():
    limit = ClientLimit("1/minute")
    await limit.count("report", "a")
    await limit.count("report", "b")
    await limit.count("upload", "a")
    with pytest.raises(RateLimitedError) as error:
        await limit.count("report", "a")
    assert 0 < error.value.seconds <= 61
