"""Tokens: what blocks get, what programs get, and that others than ours are refused."""

import time
from datetime import UTC, datetime, timedelta
from threading import Thread
from uuid import uuid4

import jwt
import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import select, update

from commonground.auth import Authenticator
from commonground.database import Database
from commonground.problems import AuthenticationError
from gateway import seed, use_cases, worker
from gateway.domain import Rights
from gateway.keys import KeyRing
from gateway.main import create_app
from gateway.tables import clients, signing_keys, users

RIGHTS = Rights(uuid4(), "Hanna Visser", ("case:read",), ("VRL",), ("GM0106",))


@pytest.fixture
def running(settings):
    """The gateway behind a real socket, as the blocks see it; gives its address."""
    app = create_app(settings, Database(settings, name="test-running"))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(5)


@pytest.fixture
def ring(settings, database):
    return KeyRing(settings, database)


@pytest.fixture
def in_a_block(settings, running):
    """How another block verifies tokens: with the keys that the running gateway publishes."""
    return Authenticator(settings.model_copy(update={"jwks_url": f"{running}/.well-known/jwks.json"}))


async def test_a_block_accepts_our_token_with_the_published_keys(in_a_block, ring):
    principal = await in_a_block.principal(await ring.token(RIGHTS, seconds=300))
    assert principal.subject == str(RIGHTS.subject)
    assert principal.name == "Hanna Visser"
    assert principal.permissions == {"case:read"}
    assert principal.departments == {"VRL"}
    assert principal.municipalities == {"GM0106"}


async def test_a_block_refuses_a_foreign_token(in_a_block, ring, settings):
    ours = await ring.token(RIGHTS, seconds=300)
    kid = jwt.get_unverified_header(ours)["kid"]
    claims = jwt.decode(ours, options={"verify_signature": False})
    foreign = ec.generate_private_key(ec.SECP256R1())
    expired = await ring.token(RIGHTS, seconds=-10)
    bad = [
        jwt.encode(claims, foreign, algorithm="ES256", headers={"kid": kid}),
        jwt.encode(claims, foreign, algorithm="ES256", headers={"kid": "unknown"}),
        jwt.encode(claims, "", algorithm="none", headers={"kid": kid}),
        expired,
        "nonsense",
    ]
    for token in bad:
        with pytest.raises(AuthenticationError):
            await in_a_block.principal(token)


async def test_only_public_parts_are_published_and_a_copy_is_kept_shortly(client):
    answer = await client.get("/.well-known/jwks.json")
    assert answer.headers["content-type"] == "application/jwk-set+json"
    assert answer.headers["cache-control"] == "public, max-age=30"
    (key,) = answer.json()["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert key["alg"] == "ES256"


async def test_the_private_key_is_encrypted_in_the_database(ring, database, settings):
    await ring.token(RIGHTS, seconds=60)
    async with database.transaction() as session:
        kept = await session.scalar(select(signing_keys.c.private_key))
    assert "ENCRYPTED PRIVATE KEY" in kept


async def test_a_process_with_another_secret_signs_with_a_key_of_its_own(ring, settings, database, in_a_block):
    first = await ring.token(RIGHTS, seconds=60)
    changed = settings.model_copy(update={"secret": type(settings.secret)("quite another secret of 32 signs")})
    second = await KeyRing(changed, database).token(RIGHTS, seconds=60)
    assert jwt.get_unverified_header(first)["kid"] != jwt.get_unverified_header(second)["kid"]
    for token in (first, second):
        assert (await in_a_block.principal(token)).name == "Hanna Visser"


async def test_without_a_secret_keys_are_kept_readable_and_work_all_the_same(settings, database):
    bare = settings.model_copy(update={"secret": type(settings.secret)("")})
    token = await KeyRing(bare, database).token(RIGHTS, seconds=60)
    assert token == token.strip()
    async with database.transaction() as session:
        assert "BEGIN PRIVATE KEY" in await session.scalar(select(signing_keys.c.private_key))


async def test_a_new_key_is_published_before_it_signs_and_the_old_one_after(ring, database, in_a_block):
    before = await ring.token(RIGHTS, seconds=60)
    await ring.rotate(datetime.now(UTC))
    assert len((await ring.published())["keys"]) == 2
    still = await ring.token(RIGHTS, seconds=60)
    assert jwt.get_unverified_header(still)["kid"] == jwt.get_unverified_header(before)["kid"]
    async with database.transaction() as session:
        await session.execute(update(signing_keys).values(signs_from=signing_keys.c.signs_from - timedelta(minutes=2)))
    ring._read_at, ring._keys = -1000.0, []
    after = await ring.token(RIGHTS, seconds=60)
    assert jwt.get_unverified_header(after)["kid"] != jwt.get_unverified_header(before)["kid"]
    for token in (before, after):
        assert (await in_a_block.principal(token)).name == "Hanna Visser"


async def test_housekeeping_rotates_an_old_key_and_destroys_one_that_nobody_needs(ring, settings, database):
    await ring.token(RIGHTS, seconds=60)
    now = datetime.now(UTC)
    await worker.tidy_up(settings, database, ring, now)
    assert len((await ring.published())["keys"]) == 1
    await worker.tidy_up(settings, database, ring, now + timedelta(days=91))
    assert len((await ring.published())["keys"]) == 2
    await worker.tidy_up(settings, database, ring, now + timedelta(days=93))
    async with database.transaction() as session:
        assert len((await session.execute(select(signing_keys))).all()) == 1


async def test_a_token_for_blocks_lives_short_and_is_kept_until_shortly_before(sign_in, app, client):
    from starlette.requests import Request

    await sign_in("handler")
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    request = Request({"type": "http", "headers": [(b"cookie", cookies.encode())], "method": "GET", "path": "/"})
    first = await app.state.sessions.find(request)
    second = await app.state.sessions.find(request)
    assert first.token == second.token
    claims = jwt.decode(first.token, options={"verify_signature": False})
    assert 0 < claims["exp"] - time.time() <= 300
    assert claims["sub"] == str(seed.user_id("handler"))


async def test_changed_rights_are_in_the_next_token(sign_in, app, client, database):
    from starlette.requests import Request

    await sign_in("handler")
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    request = Request({"type": "http", "headers": [(b"cookie", cookies.encode())], "method": "GET", "path": "/"})
    first = await app.state.sessions.find(request)
    async with database.transaction() as session:
        await session.execute(update(users).where(users.c.username == "handler").values(departments=["AFV"]))
    second = await app.state.sessions.find(request)
    assert first.token != second.token
    assert second.principal.departments == {"AFV"}


# --- Programs -------------------------------------------------------------------------------------------------------


@pytest.fixture
async def warehouse(database):
    """A machine client; gives its secret."""
    values = {
        "name": "Datawarehouse",
        "permissions": ["case:read-all", "statistics:read"],
        "departments": [],
        "municipalities": ["GM0106"],
    }
    async with database.transaction() as session:
        return await use_cases.save_client(session, "datawarehouse", values)


async def ask(client, secret, **more):
    form = {"grant_type": "client_credentials", "client_id": "datawarehouse", "client_secret": secret, **more}
    return await client.post("/v1/tokens", data=form)


async def test_a_program_gets_a_token_for_its_secret(client, warehouse, in_a_block):
    answer = await ask(client, warehouse)
    assert answer.status_code == 200
    content = answer.json()
    assert content["token_type"] == "Bearer"
    assert content["expires_in"] == 300
    assert content["scope"] == "case:read-all statistics:read"
    principal = await in_a_block.principal(content["access_token"])
    assert principal.name == "Datawarehouse"
    assert principal.permissions == {"case:read-all", "statistics:read"}


async def test_a_program_may_prove_itself_with_http_basic_and_ask_for_less(client, warehouse):
    form = {"grant_type": "client_credentials", "scope": "statistics:read"}
    answer = await client.post("/v1/tokens", data=form, auth=("datawarehouse", warehouse))
    assert answer.json()["scope"] == "statistics:read"


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"client_secret": ""}, 401, "invalid_client"),
        ({"scope": "user:manage"}, 400, "invalid_scope"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
async def test_a_program_that_may_not_is_refused_in_the_words_of_oauth(client, warehouse, change, status, error):
    answer = await ask(client, **({"secret": warehouse} | dict(change.items())))
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["error"] == error
    assert answer.json()["status"] == status


async def test_a_deactivated_program_gets_nothing_and_its_token_is_refused_here(client, warehouse, database):
    token = (await ask(client, warehouse)).json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert (await client.get("/v1/me", headers=bearer)).json()["name"] == "Datawarehouse"
    async with database.transaction() as session:
        await session.execute(update(clients).values(active=False))
    assert (await client.get("/v1/me", headers=bearer)).status_code == 401
    assert (await ask(client, warehouse)).status_code == 401


async def test_a_program_without_a_grant_type_reads_what_is_missing(client):
    answer = await client.post("/v1/tokens", data={})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "body.grant_type"
