"""Signing in and out against the real development provider."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from sqlalchemy import func, select, update

from gateway import seed, use_cases
from gateway.domain import SignInRefusedError
from gateway.identity_provider import Attempt
from gateway.pages.dependencies import StaffSession
from gateway.tables import identities, sessions, users

CALLBACK = "http://127.0.0.1:8000/inloggen/terug"


def query_of(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


async def test_a_handler_signs_in_with_one_click_and_comes_back_where_they_wanted(sign_in, is_signed_in):
    answer = await sign_in("handler", "/inloggen?terug=/behandelen/M-10001%3Ftab%3Dnotities")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/behandelen/M-10001?tab=notities"
    assert await is_signed_in()


async def test_the_way_to_the_provider_carries_state_nonce_and_a_challenge(client):
    address = (await client.get("/inloggen")).headers["location"]
    query = query_of(address)
    assert query["response_type"] == "code"
    assert query["code_challenge_method"] == "S256"
    assert len(query["code_challenge"]) == 43
    assert query["state"] != query["nonce"]
    assert query["redirect_uri"] == "http://127.0.0.1:8000/inloggen/terug"
    assert query["scope"].split()[0] == "openid"


async def test_the_session_cookie_is_a_random_id_that_scripts_and_other_sites_cannot_use(sign_in, database):
    cookie = (await sign_in("handler")).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    async with database.transaction() as session:
        row = (await session.execute(select(sessions))).one()
    secret = cookie.split("=", 1)[1].split(";")[0]
    assert len(secret) >= 40
    assert secret not in str(row)
    assert row.digest == use_cases.digest_of(secret)


async def test_rights_come_from_our_table_and_not_from_the_provider(sign_in, app, client):
    await sign_in("contractor")
    staff = await staff_of(app, client)
    assert staff.principal.name == "Coen Aannemer"
    assert staff.principal.permissions == {"case:read", "case:change-status", "case:note"}
    assert staff.principal.departments == {"VRL"}
    assert staff.principal.municipalities == {"GM0106"}


async def staff_of(app, client) -> StaffSession | None:
    """Who the pages see behind this browser's cookies."""
    from starlette.requests import Request

    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    return await app.state.sessions.find(
        Request({"type": "http", "headers": [(b"cookie", cookies.encode())], "method": "GET", "path": "/"})
    )


async def test_a_valid_account_without_a_user_here_is_refused_with_a_clear_page(sign_in, is_signed_in):
    answer = await sign_in("stranger")
    assert answer.status_code == 403
    assert "U hebt nog geen toegang" in answer.text
    assert "stef" not in answer.text.lower()
    assert not await is_signed_in()


async def test_an_account_with_an_unverified_address_is_not_taken_for_the_owner_of_that_address(
    sign_in, provider, is_signed_in
):
    async with httpx.AsyncClient() as admin:
        claims = {"email": "ada.meijer@example.org", "email_verified": False}
        await admin.put(f"{provider}/users/impostor", json=claims)
    assert (await sign_in("impostor")).status_code == 403
    assert not await is_signed_in()


async def test_a_second_account_with_the_same_address_does_not_take_over_a_linked_user(
    sign_in, provider, is_signed_in, client
):
    await sign_in("administrator")
    client.cookies.clear()
    async with httpx.AsyncClient() as admin:
        claims = {"email": "ada.meijer@example.org", "email_verified": True}
        await admin.put(f"{provider}/users/second-ada", json=claims)
    assert (await sign_in("second-ada")).status_code == 403
    assert not await is_signed_in()


async def test_the_link_lasts_when_the_address_changes_at_the_provider(
    sign_in, provider, client, database, is_signed_in
):
    async with httpx.AsyncClient() as admin:
        before = {"email": "hanna.visser@example.org", "email_verified": True}
        await admin.put(f"{provider}/users/h-visser", json=before)
        await sign_in("h-visser")
        client.cookies.clear()
        await admin.put(f"{provider}/users/h-visser", json={"email": "hanna.vrolijk@example.org"})
    assert (await sign_in("h-visser")).status_code == 303
    assert await is_signed_in()
    async with database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(identities)) == 1


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "/%09/evil.example",
        "javascript:alert(1)",
        "/inloggen",
        "/api/handling/v1/cases",
        "\\\\evil.example",
        "http:evil.example",
    ],
)
async def test_nobody_is_led_to_another_site_after_signing_in(sign_in, elsewhere):
    answer = await sign_in("handler", f"/inloggen?terug={elsewhere}")
    assert answer.headers["location"] == "/behandelen"


async def test_an_answer_that_this_browser_did_not_ask_for_is_refused(client, seeded, is_signed_in):
    leave = await client.get("/inloggen")
    async with httpx.AsyncClient() as attacker:
        back = await attacker.post(leave.headers["location"], data={"sub": "handler"})
    query = query_of(back.headers["location"])
    client.cookies.clear()
    answer = await client.get("/inloggen/terug", params=query)
    assert answer.status_code == 400
    assert not await is_signed_in()


async def test_an_answer_with_another_state_is_refused(client, seeded, is_signed_in):
    leave = await client.get("/inloggen")
    async with httpx.AsyncClient() as browser:
        back = await browser.post(leave.headers["location"], data={"sub": "handler"})
    query = query_of(back.headers["location"])
    # The same first characters find the same cookie; the state as a whole must still be the same.
    query["state"] = query["state"][:8] + "x" * 14
    assert (await client.get("/inloggen/terug", params=query)).status_code == 400
    assert not await is_signed_in()


async def come_back_from(client, attempt, app, settings) -> str:
    """Let Hanna sign in at the provider for an attempt; returns the code."""
    address = await app.state.providers.authorization_url(settings.providers[0], attempt, CALLBACK)
    async with httpx.AsyncClient() as browser:
        back = await browser.post(address, data={"sub": "handler"})
    return query_of(back.headers["location"])["code"]


async def test_a_code_is_of_no_use_without_the_verifier_of_its_attempt(client, app, settings):
    attempt = Attempt.begin("dev", "/")
    code = await come_back_from(client, attempt, app, settings)
    with pytest.raises(SignInRefusedError, match="code_refused"):
        await app.state.providers.person(settings.providers[0], replace(attempt, verifier="x" * 43), code, CALLBACK)


async def test_an_id_token_that_was_made_for_another_attempt_is_refused(client, app, settings):
    attempt = Attempt.begin("dev", "/")
    code = await come_back_from(client, attempt, app, settings)
    with pytest.raises(SignInRefusedError, match="nonce_differs"):
        await app.state.providers.person(settings.providers[0], replace(attempt, nonce="another"), code, CALLBACK)


async def test_an_id_token_for_another_client_is_refused(client, app, settings):
    attempt = Attempt.begin("dev", "/")
    code = await come_back_from(client, attempt, app, settings)
    provider = settings.providers[0]
    metadata = await app.state.providers._metadata(provider)
    tokens = await app.state.providers._exchange(provider, metadata, attempt, code, CALLBACK)
    other = provider.model_copy(update={"client_id": "another-client"})
    with pytest.raises(SignInRefusedError, match="InvalidAudienceError"):
        await app.state.providers._verified(other, metadata, tokens["id_token"], attempt.nonce)


async def test_an_id_token_that_was_changed_or_not_signed_is_refused(client, app, settings):
    attempt = Attempt.begin("dev", "/")
    code = await come_back_from(client, attempt, app, settings)
    provider = settings.providers[0]
    metadata = await app.state.providers._metadata(provider)
    token = (await app.state.providers._exchange(provider, metadata, attempt, code, CALLBACK))["id_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    unsigned = jwt.encode({**claims, "sub": "administrator"}, "", algorithm="none")
    shared = jwt.encode({**claims, "sub": "administrator"}, "a" * 64, algorithm="HS256")
    head, _, signature = token.split(".")
    changed = ".".join([head, unsigned.split(".")[1], signature])
    for bad in (unsigned, shared, changed, "", "a.b.c"):
        with pytest.raises(SignInRefusedError):
            await app.state.providers._verified(provider, metadata, bad, attempt.nonce)


async def test_a_code_counts_once(client, seeded):
    leave = await client.get("/inloggen")
    kept = dict(client.cookies)
    async with httpx.AsyncClient() as browser:
        back = await browser.post(leave.headers["location"], data={"sub": "handler"})
    query = query_of(back.headers["location"])
    assert (await client.get("/inloggen/terug", params=query)).status_code == 303
    client.cookies.clear()
    cookies = "; ".join(f"{name}={value}" for name, value in kept.items())
    again = await client.get("/inloggen/terug", params=query, headers={"Cookie": cookies})
    assert again.status_code == 400


async def test_an_answer_that_names_another_issuer_is_refused(client, seeded):
    leave = await client.get("/inloggen")
    async with httpx.AsyncClient() as browser:
        back = await browser.post(leave.headers["location"], data={"sub": "handler"})
    query = query_of(back.headers["location"]) | {"iss": "https://evil.example"}
    assert (await client.get("/inloggen/terug", params=query)).status_code == 400


async def test_somebody_who_stops_at_the_provider_reads_that_and_can_try_again(client):
    leave = await client.get("/inloggen")
    state = query_of(leave.headers["location"])["state"]
    answer = await client.get("/inloggen/terug", params={"state": state, "error": "access_denied"})
    assert answer.status_code == 400
    assert "afgebroken" in answer.text
    assert "/inloggen?aanbieder=dev" in answer.text


async def test_signing_in_gives_a_new_session_and_ends_the_one_the_browser_had(sign_in, client, database):
    await sign_in("handler")
    first = dict(client.cookies)
    await sign_in("coordinator", "/inloggen?ander=1")
    assert dict(client.cookies) != first
    async with database.transaction() as session:
        rows = (await session.execute(select(sessions.c.user_id))).all()
    assert [row.user_id for row in rows] == [seed.user_id("coordinator")]


async def test_a_planted_session_id_is_never_taken_over(sign_in, client, database):
    client.cookies.set("meldstroom_sessie", "planted")
    await sign_in("handler")
    async with database.transaction() as session:
        digests = set((await session.execute(select(sessions.c.digest))).scalars())
    assert use_cases.digest_of("planted") not in digests


async def test_a_session_that_was_not_used_for_too_long_has_ended(sign_in, database, is_signed_in):
    await sign_in("handler")
    await move_sessions(database, seen_at=datetime.now(UTC) - timedelta(minutes=121))
    assert not await is_signed_in()


async def test_a_session_ends_after_its_longest_time_however_much_it_is_used(sign_in, database, is_signed_in):
    await sign_in("handler")
    await move_sessions(database, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert not await is_signed_in()


async def test_using_a_session_keeps_it_going(sign_in, database, is_signed_in):
    await sign_in("handler")
    await move_sessions(database, seen_at=datetime.now(UTC) - timedelta(minutes=100))
    assert await is_signed_in()
    async with database.transaction() as session:
        seen = await session.scalar(select(sessions.c.seen_at))
    assert seen > datetime.now(UTC) - timedelta(minutes=1)


async def move_sessions(database, **values):
    async with database.transaction() as session:
        await session.execute(update(sessions).values(**values))


async def test_a_deactivated_user_is_out_at_once_and_cannot_come_back(sign_in, database, is_signed_in, client):
    await sign_in("handler")
    assert await is_signed_in()
    async with database.transaction() as session:
        await session.execute(update(users).where(users.c.username == "handler").values(active=False))
    assert not await is_signed_in()
    client.cookies.clear()
    assert (await sign_in("handler")).status_code == 403


async def test_a_page_for_staff_leads_to_signing_in_and_back(client):
    answer = await client.get("/behandelen?status=reported")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/inloggen?terug=%2Fbehandelen%3Fstatus%3Dreported"


async def test_signing_out_ends_the_session_here_and_at_the_provider(sign_in, client, database, is_signed_in, provider):
    await sign_in("handler")
    answer = await client.post("/uitloggen", headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 303
    address = answer.headers["location"]
    assert address.startswith(f"{provider}/oauth2/end_session?")
    assert query_of(address) == {
        "client_id": "meldstroom",
        "post_logout_redirect_uri": "http://127.0.0.1:8000/",
    }
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    async with database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(sessions)) == 0
    assert not await is_signed_in()


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}])
async def test_another_site_cannot_sign_somebody_out(sign_in, client, is_signed_in, headers):
    await sign_in("handler")
    assert (await client.post("/uitloggen", headers=headers)).status_code == 403
    assert await is_signed_in()


async def test_signing_out_without_a_session_leads_to_the_start(client):
    answer = await client.post("/uitloggen", headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.headers["location"] == "/"
