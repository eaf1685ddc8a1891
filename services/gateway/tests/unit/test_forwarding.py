"""Who the client is, also behind proxies."""

from ipaddress import ip_network

import pytest

from gateway.forwarding import client_address

PROXIES = (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))


@pytest.mark.parametrize(
    ("peer", "written", "client"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.66, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.66, 203.0.113.9 , 10.9.9.9", "203.0.113.9"),
        ("2001:db8::1", "2001:470::7", "2001:470::7"),
        ("10.0.0.1", "203.0.113.9, nonsense", "10.0.0.1"),
        ("10.0.0.1", "10.2.2.2, 10.3.3.3", "10.2.2.2"),
        ("", "203.0.113.9", ""),
        ("unix", "203.0.113.9", "unix"),
    ],
)
def test_only_what_a_known_proxy_wrote_is_believed(peer, written, client):
    headers = [(b"host", b"x"), (b"x-forwarded-for", written.encode())] if written else []
    assert client_address(peer, headers, PROXIES) == client


def test_several_headers_are_read_as_one_list():
    headers = [(b"x-forwarded-for", b"198.51.100.66"), (b"x-forwarded-for", b"203.0.113.9")]
    assert client_address("10.0.0.1", headers, PROXIES) == "203.0.113.9"


def test_without_known_proxies_nobody_is_believed():
    assert client_address("127.0.0.1", [(b"x-forwarded-for", b"203.0.113.9")], ()) == "127.0.0.1"
