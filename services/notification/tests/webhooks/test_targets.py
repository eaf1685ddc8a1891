"""Where webhooks may go: never to what only we can reach, however the way there is dressed up."""

import socket
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from notification.clients import webhooks as webhook_client
from notification.clients.webhooks import WebhookClient, resolve_by_system
from notification.settings import Settings

ALLOWED = "127.0.0.2"  # stands for an address in the internet; 127.0.0.1 for one inside the network


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"webhook_allowed_networks": f"{ALLOWED}/32"})


@pytest.fixture
def names():
    """What the name service says; changed by tests."""
    return {"receiver.example": [ALLOWED]}


@pytest.fixture
def resolve(names):
    async def look_up(host, port):
        if host not in names:
            raise OSError(host)
        return names[host]

    return look_up


@pytest.fixture
async def outside(receiving):
    async with receiving(ALLOWED) as made:
        yield made


@pytest.fixture
def by_name(app, resolve, subscribe, outside):
    """Subscribe with a name that leads to the receiver outside."""
    app.state.resolve = resolve

    async def make(path="/hook"):
        return await subscribe(url=f"http://receiver.example:{outside.address.rsplit(':', 1)[1]}{path}")

    return make


async def test_a_target_by_name_gets_its_own_name_in_the_request(by_name, happens, send_all, resolve, outside):
    subscription = await by_name()
    await happens.status()
    await send_all(resolve=resolve)
    outside.verify(subscription["secret"])
    assert outside.got[0].headers["host"].startswith("receiver.example:")


async def test_a_name_that_leads_inside_by_the_time_of_the_delivery_is_refused(
    by_name, happens, send_all, resolve, outside, receiver, names, log
):
    await by_name()
    port = receiver.address.rsplit(":", 1)[1]
    assert port
    names["receiver.example"] = ["127.0.0.1"]
    await happens.status()
    await send_all(resolve=resolve, attempts=2)
    assert {row.code for row in await log()} == {"address-refused"}
    names["receiver.example"] = [ALLOWED, "127.0.0.1"]
    await send_all(resolve=resolve, attempts=4)
    assert {row.code for row in await log()} == {"address-refused"}
    assert outside.got == receiver.got == []
    names["receiver.example"] = [ALLOWED]
    await send_all(resolve=resolve)
    assert len(outside.got) == 1


async def test_the_address_that_was_checked_is_the_one_that_is_called(
    by_name, happens, send_all, outside, receiver, log
):
    """A name service that says something else at each question (DNS rebinding) gains nothing."""
    await by_name()
    asked = []

    async def changing(host, port):
        asked.append(host)
        return [ALLOWED] if len(asked) % 2 else ["127.0.0.1"]

    await happens.many(4)
    await send_all(resolve=changing)
    assert len(outside.got) == 4
    assert receiver.got == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_a_failure_and_nobody_goes_there(
    by_name, happens, send_all, resolve, outside, receiver, log, status
):
    from aiohttp import web

    await by_name()
    outside.always["/hook"] = web.Response(status=status, headers={"Location": f"{receiver.address}/inside"})
    await happens.status()
    await send_all(resolve=resolve, attempts=1)
    row = (await log())[0]
    assert (row.code, row.status) == ("redirected", status)
    assert receiver.got == []


REFUSED = [
    "http://127.0.0.1/",
    "http://127.0.0.1:5432/",
    "http://localhost/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://0.0.0.0/",
    "http://10.0.0.1/",
    "http://172.16.5.4/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://192.0.2.1/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b:1::a00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2001:0:1::1]/",
    "http://[fd00::1]/",
    "http://[fe80::1]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
]


async def test_a_private_or_reserved_target_is_refused_when_it_is_chosen(client, manager):
    for url in REFUSED:
        body = {"name": "x", "targetUrl": url}
        answer = await client.post("/v1/webhook-subscriptions", json=body, headers=manager)
        assert answer.status_code == 400, url
        [error] = answer.json()["errors"]
        assert error["field"] == "body.targetUrl"
        assert error["code"] in _NEVER_CONNECTED, url


_NEVER_CONNECTED = {"address-refused", "host-unknown", "invalid-url"}


async def test_a_private_or_reserved_target_is_never_connected_to():
    """Also when nothing was checked before, as after a change of the settings."""
    strict = Settings(database_url="postgresql://none/none", webhook_allow_http=True)
    async with WebhookClient(strict, resolve_by_system) as client:
        for url in REFUSED:
            verdict = await client.send(url, {}, b"{}")
            assert verdict.code in _NEVER_CONNECTED, url
            assert verdict.status is None


async def test_an_address_is_checked_once_more_when_the_socket_is_made(receiver, monkeypatch):
    """The last line: even if the name service and the URL had both been believed."""
    strict = Settings(database_url="postgresql://none/none", webhook_allow_http=True)
    monkeypatch.setattr(webhook_client._CheckedResolver, "resolve", _believing)
    port = receiver.address.rsplit(":", 1)[1]
    async with WebhookClient(strict) as client:
        for host in ("inside.example", "127.0.0.1"):
            verdict = await client.send(f"http://{host}:{port}/", {}, b"{}")
            assert verdict.code == "address-refused"
    assert receiver.got == []


async def _believing(_self, host, port=0, family=0):
    place = {"hostname": host, "host": "127.0.0.1", "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}
    return [place]


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("ftp://receiver.example/", "scheme-refused"),
        ("https://", "invalid-url"),
        ("https:///path", "invalid-url"),
        ("https://user:password@receiver.example/", "credentials-in-url"),
        ("https://receiver.example\\@127.0.0.1/", "invalid-url"),
        ("https://receiver.example/#part", "fragment-in-url"),
        ("https://receiver.example:99999/", "invalid-url"),
        ("https://receiver.example/a b", "invalid-url"),
        ("https://receiver.example/\r\nX: y", "invalid-url"),
        ("https://[::1/", "invalid-url"),
        ("https://gemeenté.example/", "invalid-url"),
        ("https://nobody-knows.invalid/", "host-unknown"),
        ("javascript:alert(1)", "scheme-refused"),
        ("/relative", "scheme-refused"),
        ("https://receiver.example/" + "x" * 2000, "string_too_long"),
        ("", "string_too_short"),
    ],
)
async def test_what_is_no_good_url_is_refused_without_repeating_it(app, resolve, client, manager, url, code):
    app.state.resolve = resolve
    answer = await client.post("/v1/webhook-subscriptions", json={"name": "x", "targetUrl": url}, headers=manager)
    assert answer.status_code == 400, answer.text
    [error] = answer.json()["errors"]
    assert (error["field"], error["code"]) == ("body.targetUrl", code)
    assert "password" not in answer.text.replace("user name or password", "")


async def test_http_is_refused_unless_the_deployment_allows_it(app, resolve, client, manager):
    app.state.resolve = resolve
    app.state.settings = app.state.settings.model_copy(update={"webhook_allow_http": False})
    body = {"name": "x", "targetUrl": "http://receiver.example/"}
    answer = await client.post("/v1/webhook-subscriptions", json=body, headers=manager)
    assert [error["code"] for error in answer.json()["errors"]] == ["scheme-refused"]
    body["targetUrl"] = "https://receiver.example/"
    assert (await client.post("/v1/webhook-subscriptions", json=body, headers=manager)).status_code == 201


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    subscribe, receiving, happens, send_all, tmp_path, log, names
):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, ALLOWED)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    both = tmp_path / "both.pem"
    both.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    async with receiving(ALLOWED, ssl_context=context) as secure:
        await subscribe(url=secure.address.replace("http://", "https://") + "/hook")
        await happens.status()
        await send_all(attempts=1)
        assert secure.got == []
    row = (await log())[0]
    assert row.code == "tls-failed"


async def test_a_target_that_says_nothing_is_given_up_after_the_time_out(settings, receiving):
    import asyncio

    async with receiving(ALLOWED) as silent:
        silent.hold["/hook"] = asyncio.Event()
        async with WebhookClient(settings) as client:
            verdict = await client.send(f"{silent.address}/hook", {}, b"{}", timeout=0.2)
    assert verdict.code == "timeout"
    assert verdict.milliseconds >= 200


@pytest.mark.parametrize("value", ["10.0.0.0/33", "everything", "10.0.0.1/8"])
def test_a_setting_that_is_no_network_stops_the_start(value):
    with pytest.raises(ValidationError):
        Settings(database_url="postgresql://none/none", webhook_allowed_networks=value)
