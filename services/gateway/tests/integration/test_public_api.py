"""The public API in front of the blocks, against a real small block behind real sockets."""

import hashlib
import socket

import httpx
import pytest
import uvicorn

from commonground.database import Database
from gateway.main import create_app
from gateway.settings import Settings


@pytest.fixture
async def through(app):
    """A client whose address is that of a resident; the other fixture's is 127.0.0.1."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False, client=("203.0.113.7", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://block.test") as made:
        yield made


async def test_a_request_arrives_at_the_block_as_it_was_sent(through):
    headers = {
        "Authorization": "Bearer abc",
        "Idempotency-Key": "k-1",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "Accept-Language": "nl",
    }
    answer = await through.post("/api/intake/v1/reports?x=a%2Fb&x=%C3%A9&y", json={"a": "é"}, headers=headers)
    assert answer.status_code == 200
    seen = answer.json()
    got = dict(seen["headers"])
    assert seen["method"] == "POST"
    assert seen["path"] == "/v1/reports"
    assert seen["query"] == "x=a%2Fb&x=%C3%A9&y"
    assert seen["sha256"] == hashlib.sha256('{"a":"é"}'.encode()).hexdigest()
    assert got["content-type"] == "application/json"
    assert got["content-length"] == str(seen["size"])
    for name, value in headers.items():
        assert got[name.lower()] == value


async def test_encoded_slashes_and_letters_in_a_path_stay_as_they_are(through):
    seen = (await through.get("/api/intake/v1/status/a%2Fb%20c/%C3%A9")).json()
    assert seen["raw"] == "/v1/status/a%2Fb%20c/%C3%A9"


async def test_the_block_gets_the_address_of_the_peer_and_nothing_that_a_client_pretends(through):
    pretended = {
        "X-Forwarded-For": "198.51.100.1",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "X-Real-IP": "198.51.100.1",
        "Forwarded": "for=198.51.100.1",
        "Cookie": "meldstroom_sessie=secret",
        "Proxy-Authorization": "Basic eDp5",
        "Connection": "keep-alive, X-Secret-Hop",
        "X-Secret-Hop": "1",
        "TE": "trailers",
        "Upgrade": "h2c",
    }
    got = dict((await through.get("/api/intake/v1/x", headers=pretended)).json()["headers"])
    assert got["x-forwarded-for"] == "203.0.113.7"
    for name in pretended.keys() - {"X-Forwarded-For", "Connection"}:
        assert name.lower() not in got
    assert "X-Secret-Hop" not in got.get("connection", "")


async def test_behind_a_known_proxy_the_client_is_who_the_proxy_says(settings):
    changed = settings.model_copy(update={"trusted_proxies": "10.0.0.0/8"})
    seen = {}
    async with asgi(changed) as app:
        for peer in ("10.1.2.3", "192.0.2.1"):
            transport = httpx.ASGITransport(app=app, client=(peer, 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://block.test") as client:
                header = {"X-Forwarded-For": "198.51.100.66, 203.0.113.9, 10.0.0.7"}
                answer = await client.get("/api/intake/v1/x", headers=header)
                seen[peer] = dict(answer.json()["headers"])["x-forwarded-for"]
    assert seen == {"10.1.2.3": "203.0.113.9", "192.0.2.1": "192.0.2.1"}


def asgi(settings: Settings):
    from asgi_lifespan import LifespanManager

    app = create_app(settings, Database(settings, name="test-other"))

    class Running:
        async def __aenter__(self):
            self.manager = LifespanManager(app)
            await self.manager.__aenter__()
            return app

        async def __aexit__(self, *error):
            await self.manager.__aexit__(*error)

    return Running()


async def test_answers_come_back_unchanged_but_for_what_belongs_to_one_connection(through):
    refused = await through.post("/api/intake/v1/refused", json={})
    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"
    empty = await through.get("/api/intake/v1/cookies")
    assert empty.status_code == 204
    assert empty.headers["x-kept"] == "1"
    assert "set-cookie" not in empty.headers
    assert "connection" not in empty.headers


async def test_an_answer_without_a_length_is_passed_on_while_it_comes(through):
    answer = await through.get("/api/intake/v1/large")
    assert len(answer.content) == 64 * 65_536


@pytest.mark.parametrize(
    "path",
    [
        "/api/intake/metrics",
        "/api/intake/healthz",
        "/api/intake/readyz",
        "/api/intake",
        "/api/intake/",
        "/api/intake/v1",
        "/api/intake/v2/reports",
        "/api/intake//v1/reports",
        "/api/unknown/v1/reports",
        "/api/insight/v1/counts",
        "/api/gateway/metrics",
        "/api/gateway/healthz",
        "/api//v1/x",
    ],
)
async def test_nothing_but_v1_of_a_block_that_is_there_can_be_reached(through, path):
    answer = await through.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["api-version"]


@pytest.mark.parametrize(
    "path", ["/api/intake/v1/../metrics", "/api/intake/v1/%2e%2e/metrics", "/api/gateway/v1/%2e%2e/metrics"]
)
async def test_dots_do_not_lead_out_of_the_api(app, path):
    from urllib.parse import unquote

    sent = []
    scope = {
        "type": "http",
        "method": "GET",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "client": ("203.0.113.7", 1),
    }

    async def receive():
        return {"type": "http.request", "body": b""}

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    assert sent[0]["status"] == 404


async def test_a_block_that_is_away_is_a_problem_that_says_so(through):
    answer = await through.get("/api/handling/v1/cases")
    assert answer.status_code == 502
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:meldstroom:problem:block-away"
    assert answer.headers["retry-after"] == "5"
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_a_block_that_takes_too_long_is_a_problem_that_says_so(through):
    answer = await through.get("/api/intake/v1/slow")
    assert answer.status_code == 504
    assert answer.json()["type"] == "urn:meldstroom:problem:block-late"


async def test_the_gateways_own_api_stands_there_too(through, tokens):
    answer = await through.get("/api/gateway/v1/me", headers=tokens.bearer("hanna"))
    assert answer.json()["name"] == "hanna"
    document = (await through.get("/api/gateway/v1/openapi.json")).json()
    assert "/users" in document["paths"]


async def test_the_overview_names_each_api_for_programs_and_for_people(through):
    for path in ("/api", "/api/"):
        items = (await through.get(path)).json()["items"]
        assert [item["name"] for item in items] == ["intake", "handling", "gateway"]  # what is deployed here
        assert items[0]["openapi"] == "http://127.0.0.1:8000/api/intake/v1/openapi.json"
    page = await through.get("/api", headers={"Accept": "text/html,*/*"})
    assert page.headers["content-type"].startswith("text/html")
    assert "/api/handling/v1/openapi.json" in page.text


async def test_a_browser_application_elsewhere_may_ask_before_it_calls(through):
    headers = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    answer = await through.options("/api/intake/v1/reports", headers=headers)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "Idempotency-Key" in answer.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in answer.headers


async def test_with_a_collector_the_way_through_the_gateway_is_part_of_the_trace(settings):
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with asgi(settings.model_copy(update={"otlp_endpoint": "http://127.0.0.1:9"})) as app:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://block.test") as client:
            answer = await client.get("/api/intake/v1/x", headers={"traceparent": traceparent})
    passed = dict(answer.json()["headers"])["traceparent"]
    assert passed[:36] == traceparent[:36]
    assert passed != traceparent


async def test_a_page_tells_the_block_for_whom_it_asks(through, app, upstream):
    """A block limits requests per client: all visitors of the pages must not count as one."""
    answer = await through.get("/melding/unguessable", headers={"X-Forwarded-For": "198.51.100.1"})
    assert answer.status_code < 600
    assert dict(upstream.last_headers)["x-forwarded-for"] == "203.0.113.7"
    assert len(dict(upstream.last_headers)["traceparent"]) == 55


# --- Over real sockets on both sides --------------------------------------------------------------------------------


@pytest.fixture
def served(settings):
    """The gateway on a port; gives host and port."""
    from threading import Thread

    app = create_app(settings, Database(settings, name="test-served"))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, proxy_headers=False))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    yield server.servers[0].sockets[0].getsockname()
    server.should_exit = True
    thread.join(5)


async def test_a_large_upload_streams_through_in_pieces(served):
    piece = bytes(range(256)) * 256
    digest = hashlib.sha256()

    async def pieces():
        for _ in range(320):
            digest.update(piece)
            yield piece

    async with httpx.AsyncClient(base_url="http://{}:{}".format(*served)) as client:
        headers = {"Content-Length": str(320 * len(piece))}
        seen = (await client.post("/api/intake/v1/uploads", content=pieces(), headers=headers)).json()
        assert seen["sha256"] == digest.hexdigest()
        assert seen["size"] == 20 * 1024 * 1024
        assert dict(seen["headers"])["content-length"] == str(seen["size"])
        assert seen["pieces"] > 10
        chunked = (await client.post("/api/intake/v1/uploads", content=pieces())).json()
        assert chunked["size"] == seen["size"]
        assert dict(chunked["headers"])["transfer-encoding"] == "chunked"


async def test_an_answer_that_breaks_off_does_not_look_whole(served):
    async with httpx.AsyncClient(base_url="http://{}:{}".format(*served)) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/api/intake/v1/break")


async def test_connections_to_the_block_are_used_again(served):
    async with httpx.AsyncClient(base_url="http://{}:{}".format(*served)) as client:
        for _ in range(20):
            assert (await client.post("/api/intake/v1/echo", content=b"x")).content == b"x"


async def test_a_client_that_leaves_in_the_middle_of_an_upload_harms_nobody(served):
    with socket.create_connection(served) as connection:
        connection.sendall(b"POST /api/intake/v1/uploads HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nhalf")
    async with httpx.AsyncClient(base_url="http://{}:{}".format(*served)) as client:
        assert (await client.post("/api/intake/v1/echo", content=b"x")).status_code == 200


async def test_a_local_client_cannot_pretend_to_be_another_one(served):
    async with httpx.AsyncClient(base_url="http://{}:{}".format(*served)) as client:
        seen = (await client.get("/api/intake/v1/x", headers={"X-Forwarded-For": "198.51.100.1"})).json()
    assert dict(seen["headers"])["x-forwarded-for"] == "127.0.0.1"
