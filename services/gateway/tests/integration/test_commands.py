"""The commands, as somebody types them."""

import jwt
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from gateway import manage
from gateway.tables import clients, users


@pytest.fixture
def run(database_url, monkeypatch):
    """Run a command in a thread of its own, since it starts an event loop."""
    import asyncio

    monkeypatch.setenv("GATEWAY_DATABASE_URL", database_url)
    monkeypatch.setenv("GATEWAY_SECRET", "a secret of the tests, long enough to be one")

    async def go(*arguments, **environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return await asyncio.to_thread(CliRunner().invoke, manage.cli, list(arguments))

    return go


async def test_a_token_for_local_use_is_all_that_the_command_prints(run, app):
    assert (await run("seed")).output == "5 roles and 6 people added\n"
    done = await run("token", "--as", "coordinator")
    assert done.exit_code == 0
    (line,) = done.output.splitlines()
    principal = await app.state.authenticator.principal(line)
    assert principal.name == "Karim Bakker"
    assert "case:read-all" in principal.permissions
    claims = jwt.decode(line, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 8 * 3600


async def test_a_token_for_nobody_is_an_error_on_the_other_output(run):
    done = await run("token", "--as", "nobody")
    assert done.exit_code == 1
    assert done.stdout == ""


async def test_a_real_site_gets_no_example_people_and_no_local_tokens(run, database):
    done = await run("seed", GATEWAY_PUBLIC_URL="https://meldingen.example")
    assert done.output == "5 roles and 0 people added\n"
    assert (await run("token", "--as", "administrator")).exit_code == 1
    added = await run("administrator", "--name", "Ada", "--email", "ada@gemeente.example")
    assert added.exit_code == 0, added.output
    async with database.transaction() as session:
        (row,) = (await session.execute(select(users))).all()
    assert (row.name, row.email) == ("Ada", "ada@gemeente.example")


async def test_a_second_seed_changes_nothing(run):
    await run("seed")
    assert (await run("seed")).output == "0 roles and 0 people added\n"


async def test_the_secret_of_a_client_is_printed_once_and_kept_nowhere(run, database, client):
    done = await run("client", "datawarehouse", "--permission", "case:read-all")
    secret = done.output.strip()
    form = {"grant_type": "client_credentials", "client_id": "datawarehouse", "client_secret": secret}
    assert (await client.post("/v1/tokens", data=form)).status_code == 200
    async with database.transaction() as session:
        assert secret not in str((await session.execute(select(clients))).all())
    renewed = (await run("client", "datawarehouse", "--permission", "case:read")).output.strip()
    assert renewed != secret
    assert (await client.post("/v1/tokens", data=form)).status_code == 401
    answer = await client.post("/v1/tokens", data=form | {"client_secret": renewed})
    assert answer.json()["scope"] == "case:read"
    assert (await run("client", "datawarehouse", "--deactivate")).output == "deactivated\n"
    assert (await client.post("/v1/tokens", data=form | {"client_secret": renewed})).status_code == 401


async def test_keys_rotate_by_command(run, client):
    assert len((await client.get("/.well-known/jwks.json")).json()["keys"]) == 1
    assert (await run("rotate-keys")).exit_code == 0
    client._transport.app.state.keys._read_at = -1000.0
    assert len((await client.get("/.well-known/jwks.json")).json()["keys"]) == 2


async def test_what_was_sent_is_forgotten_within_the_hour(database, settings):
    from datetime import UTC, datetime, timedelta
    from uuid import uuid4

    from gateway import worker
    from gateway.drafts import DatabaseDrafts, Draft, Sent
    from gateway.keys import KeyRing

    kept, now = DatabaseDrafts(database), datetime.now(UTC)
    typed, sent = uuid4(), uuid4()
    await kept.save(typed, Draft(description="Er ligt grofvuil"))
    await kept.save(sent, Draft(sent=Sent(number="M-10001", status_url="http://x/melding/y", sent_at=now)))
    assert await kept.load(sent) is not None
    await worker.tidy_up(settings, database, KeyRing(settings, database), now + timedelta(minutes=61))
    assert await kept.load(sent) is None
    assert await kept.load(typed) is not None


async def test_housekeeping_removes_drafts_and_sessions_that_have_ended(database, settings, sign_in):
    from datetime import UTC, datetime, timedelta
    from uuid import uuid4

    from gateway import worker
    from gateway.keys import KeyRing
    from gateway.tables import drafts, sessions

    await sign_in("handler")
    now = datetime.now(UTC)
    async with database.transaction() as session:
        for hours in (-1, 1):
            values = {"id": uuid4(), "content": {}, "expires_at": now + timedelta(hours=hours)}
            await session.execute(drafts.insert().values(values))
    ring = KeyRing(settings, database)
    await worker.tidy_up(settings, database, ring, now)
    async with database.transaction() as session:
        assert len((await session.execute(select(drafts))).all()) == 1
        assert len((await session.execute(select(sessions))).all()) == 1
    await worker.tidy_up(settings, database, ring, now + timedelta(hours=12))
    async with database.transaction() as session:
        assert len((await session.execute(select(sessions))).all()) == 0
