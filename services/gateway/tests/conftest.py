"""The gateway under test: with the real development identity provider, and a real small block behind it."""

import asyncio
import hashlib
import logging
from collections.abc import Iterator
from threading import Thread
from urllib.parse import urlsplit

import httpx
import pytest
import uvicorn
from werkzeug.serving import make_server

import gateway
from commonground.testing.plugin import BlockUnderTest
from gateway import seed
from gateway.main import create_app
from gateway.settings import Settings
from meldstroom_local import identity


@pytest.fixture(scope="session")
def provider() -> Iterator[str]:
    """Address of the development provider, with the people of the seed; it checks PKCE."""
    app = identity.create_app()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(5)
    server.server_close()


@pytest.fixture(scope="session")
def upstream() -> Iterator["Upstream"]:
    """A block behind the gateway, over real sockets."""
    made = Upstream()
    server = uvicorn.Server(uvicorn.Config(made, host="127.0.0.1", port=0, log_config=None, lifespan="off"))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    made.address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield made
    server.should_exit = True
    thread.join(5)


class Upstream:
    """Says what it got; ``/v1/echo`` answers the body, ``/v1/slow`` never answers, ``/v1/break`` breaks off."""

    address = ""
    last_headers: list = []  # noqa: RUF012 - set anew at each request

    async def __call__(self, scope, receive, send):
        path = scope["path"]
        headers = [(name.decode(), value.decode("latin-1")) for name, value in scope["headers"]]
        self.last_headers = headers
        size, digest, body, pieces = 0, hashlib.sha256(), b"", 0
        while True:
            message = await receive()
            chunk = message.get("body", b"")
            size, pieces = size + len(chunk), pieces + 1
            digest.update(chunk)
            body = body + chunk if size < 100_000 else body
            if not message.get("more_body"):
                break
        if path == "/v1/slow":
            await asyncio.sleep(30)
        if path == "/v1/echo":
            await _send(
                send, 200, [(b"content-type", b"application/octet-stream"), (b"x-size", str(size).encode())], body
            )
        elif path == "/v1/large":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for _ in range(64):
                await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        elif path == "/v1/break":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"100")]})
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
            raise RuntimeError
        elif path == "/v1/refused":
            problem = b'{"type":"urn:x","title":"No","status":409,"detail":"No"}'
            await _send(send, 409, [(b"content-type", b"application/problem+json")], problem)
        elif path == "/v1/cookies":
            await _send(send, 204, [(b"set-cookie", b"a=b"), (b"x-kept", b"1"), (b"connection", b"keep-alive")], b"")
        else:
            content = httpx.Response(
                200,
                json={
                    "method": scope["method"],
                    "path": path,
                    "raw": scope["raw_path"].decode(),
                    "query": scope["query_string"].decode(),
                    "headers": headers,
                    "size": size,
                    "sha256": digest.hexdigest(),
                    "pieces": pieces,
                },
            ).content
            await _send(send, 200, [(b"content-type", b"application/json")], content)


async def _send(send, status, headers, body):
    length = [] if status == 204 else [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers + length})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="session")
def block(provider: str, upstream: Upstream) -> BlockUnderTest:
    return BlockUnderTest(
        name="gateway",
        package_file=str(gateway.__file__),
        settings_class=Settings,
        create_app=create_app,
        extra_settings={
            "secret": "a secret of the tests, long enough to be one",
            "providers": [
                {
                    "name": "dev",
                    "label": "Ontwikkeling",
                    "issuer": provider,
                    "client_id": "meldstroom",
                    "client_secret": "anything",
                    "link_by": ["email"],
                }
            ],
            "intake_url": upstream.address,
            "handling_url": "http://127.0.0.1:9",  # nobody listens at the discard port
            "insight_url": "",
            "block_timeout": 1.0,
        },
    )


@pytest.fixture
async def seeded(database):
    """The standard roles and the example people."""
    async with database.transaction() as session:
        await seed.seed_roles(session)
        await seed.seed_people(session, ["GM0106"])


def path_of(address: str) -> str:
    """Path and query of an address, to ask for at the app under test."""
    parts = urlsplit(address)
    return parts.path + (f"?{parts.query}" if parts.query else "")


@pytest.fixture
def sign_in(client, seeded):
    """Sign somebody in as a browser does; returns the gateway's last answer."""

    async def go(username: str, start: str = "/inloggen") -> httpx.Response:
        leave = await client.get(start)
        assert leave.status_code == 303, leave.text
        async with httpx.AsyncClient() as browser:
            back = await browser.post(leave.headers["location"], data={"sub": username})
        assert back.status_code == 302, back.text
        return await client.get(path_of(back.headers["location"]))

    return go


@pytest.fixture
def is_signed_in(client):
    """Tell whether the browser's session runs: then ``/inloggen`` leads on at once."""

    async def look() -> bool:
        answer = await client.get("/inloggen?terug=/profiel")
        assert answer.status_code == 303
        return answer.headers["location"] == "/profiel"

    return look
