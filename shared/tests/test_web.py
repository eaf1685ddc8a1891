"""What every block's HTTP door does alike."""

import asyncio
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from commonground.auth import AUDIENCE
from commonground.testing.tokens import Tokens


async def test_every_answer_carries_version_and_security_headers(client):
    for path in ("/v1/openapi.json", "/v1/nothing", "/v1/failures", "/healthz"):
        headers = (await client.get(path)).headers
        assert headers["api-version"] == "1.0.0"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == "no-store"
        assert "strict-transport-security" in headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nothing", 404),
        ("PUT", "/v1/things", 405),
        ("GET", "/v1/failures", 500),
        ("GET", "/v1/things/", 404),
    ],
)
async def test_errors_are_problems(client, method, path, status):
    answer = await client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert "personal text" not in answer.text


async def test_a_body_over_the_limit_is_refused_however_it_is_sent(client):
    whole = await client.post("/v1/things", content=b"x" * 2000)
    assert whole.status_code == 413
    assert whole.headers["content-type"] == "application/problem+json"
    assert whole.headers["api-version"] == "1.0.0"

    async def parts():
        for _ in range(20):
            yield b"x" * 100

    streamed = await client.post("/v1/things", content=parts())
    assert streamed.status_code == 413
    assert streamed.headers["content-type"] == "application/problem+json"


async def test_a_token_opens_only_what_it_permits(client, tokens):
    assert (await client.get("/v1/secrets")).status_code == 401
    assert (await client.get("/v1/secrets", headers={"Authorization": "Bearer nonsense"})).status_code == 401
    assert (await client.get("/v1/secrets", headers=tokens.bearer())).status_code == 403
    allowed = await client.get("/v1/secrets", headers=tokens.bearer("hanna", permissions=["secret:read"]))
    assert allowed.json() == {"name": "hanna"}


def _forged(settings, **changes):
    key = ec.generate_private_key(ec.SECP256R1())
    claims = {
        "iss": settings.issuer,
        "aud": AUDIENCE,
        "sub": "x",
        "permissions": ["secret:read"],
        "exp": time.time() + 60,
    }
    return jwt.encode({**claims, **changes}, key, algorithm="ES256", headers={"kid": "test"})


async def test_foreign_expired_and_unsigned_tokens_are_refused(client, app, settings, tokens):
    rights = {"permissions": ["secret:read"]}
    expired = tokens.token(seconds=-5, **rights)
    other_issuer = Tokens("http://elsewhere.test")
    other_issuer._key = tokens._key
    unsigned = jwt.encode({"iss": settings.issuer, "aud": AUDIENCE, "sub": "x", "exp": 9e9}, "", algorithm="none")
    for token in (_forged(settings), expired, other_issuer.token(**rights), unsigned):
        answer = await client.get("/v1/secrets", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401


async def test_an_issuer_that_is_away_is_no_reason_to_call_a_token_wrong(client, app):
    app.state.authenticator._keys.clear()
    app.state.authenticator._url = "http://127.0.0.1:9/none"
    stranger = Tokens(app.state.settings.issuer)
    answer = await client.get("/v1/secrets", headers=stranger.bearer(permissions=["secret:read"]))
    assert answer.status_code == 503


async def test_a_database_that_is_away_is_503_and_not_ready_and_comes_back(client, app, postgres_server):
    import asyncpg

    assert (await client.get("/readyz")).status_code == 200
    name = app.state.settings.database_url.get_secret_value().rsplit("/", 1)[1]
    connection = await asyncpg.connect(f"{postgres_server}/postgres")
    try:
        await connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()",
            name,
        )
        assert (await client.get("/v1/queries")).status_code == 503
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/healthz")).status_code == 200
        await connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    finally:
        await connection.close()
    async with asyncio.timeout(10):
        while (await client.get("/v1/queries")).status_code != 200:
            await asyncio.sleep(0.05)


async def test_the_openapi_document_follows_the_design_rules(client):
    document = (await client.get("/v1/openapi.json")).json()
    assert document["servers"][0]["url"].endswith("/v1")
    of_the_block = {path for path in document["paths"] if not path.startswith("/dead-letters")}
    assert of_the_block == {"/things", "/secrets", "/failures", "/queries"}
    answers = document["paths"]["/things"]["post"]["responses"]
    assert "422" not in answers
    assert answers["201"]["headers"]["API-Version"]
    assert list(answers["400"]["content"]) == ["application/problem+json"]
