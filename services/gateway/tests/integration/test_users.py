"""Users and roles through the API, and the events that tell others."""

from uuid import uuid4

import pytest
from sqlalchemy import select

from commonground.testing.events import outbox_events
from gateway import seed
from gateway.domain import PERMISSIONS
from gateway.events import PUBLISHED
from gateway.tables import users


@pytest.fixture
def ada(tokens, seeded):
    """The seeded administrator's bearer header."""
    return tokens.bearer("ada", permissions=["user:manage"])


async def role_id(client, ada, code):
    return next(r["id"] for r in (await client.get("/v1/roles", headers=ada)).json()["items"] if r["code"] == code)


async def user_named(client, ada, username):
    return (await client.get(f"/v1/users/{seed.user_id(username)}", headers=ada)).json()


def as_request(user, **changes):
    kept = ("name", "username", "email", "provider", "active", "departments", "municipalities", "note")
    return {name: user[name] for name in kept} | {"roles": [role["id"] for role in user["roles"]]} | changes


async def test_the_seed_adds_roles_and_people_once_and_tells_others(database, seeded, client, ada):
    async with database.transaction() as session:
        assert await seed.seed_roles(session) == 0
        assert await seed.seed_people(session, ["GM0106"]) == 0
    events = await outbox_events(database, "gateway.user-changed")
    assert len(events) == 6
    hanna = next(event for event in events if event["key"] == str(seed.user_id("handler")))
    assert hanna["subject"] == hanna["key"]
    assert hanna["sequence"] == 1
    assert hanna["topic"] == "meldstroom.gateway.users.v1"
    assert hanna["data"] == {
        "userId": str(seed.user_id("handler")),
        "name": "Hanna Visser",
        "email": "hanna.visser@example.org",
        "departments": ["STW", "VRL"],
        "municipalities": ["GM0106"],
        "active": True,
    }


async def test_the_people_have_the_rights_that_their_roles_say(database, seeded):
    from gateway import store

    async with database.transaction() as session:
        rights = {
            name: set((await store.rights_of_username(session, name)).permissions)
            for name in ("handler", "coordinator", "team-lead", "administrator", "contractor")
        }
    assert "case:read-all" not in rights["handler"]
    assert rights["coordinator"] >= {"case:read-all", "contact:read", "category:correct", "message:resend"}
    assert rights["team-lead"] == rights["coordinator"] | {"statistics:read"}
    assert rights["administrator"] == set(PERMISSIONS) - {"dead-letter:read-personal"}
    assert rights["contractor"] == {"case:read", "case:change-status", "case:note"}


async def test_an_administrator_adds_a_user_who_is_announced(client, ada, database):
    role = await role_id(client, ada, "handler")
    body = {
        "name": "  Noor de Wit ",
        "email": "noor@example.org",
        "municipalities": ["GM0106"],
        "departments": ["AFV", "AFV"],
        "roles": [role],
    }
    answer = await client.post("/v1/users", json=body, headers=ada)
    assert answer.status_code == 201, answer.text
    user = answer.json()
    assert answer.headers["location"] == f"http://127.0.0.1:8000/api/gateway/v1/users/{user['id']}"
    assert user["name"] == "Noor de Wit"
    assert user["departments"] == ["AFV"]
    assert user["roles"] == [{"id": role, "code": "handler", "name": "Behandelaar"}]
    assert user["version"] == 1
    assert user["lastSignInAt"] is None
    assert (await client.get(f"/v1/users/{user['id']}", headers=ada)).json() == user
    event = (await outbox_events(database, "gateway.user-changed"))[-1]
    assert event["data"]["name"] == "Noor de Wit"


async def test_users_are_listed_by_name_in_pages_with_filters(client, ada):
    names, cursor = [], None
    while True:
        params = {"limit": 4} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/v1/users", params=params, headers=ada)).json()
        names += [item["name"] for item in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert names == ["Ada Meijer", "Coen Aannemer", "Hanna Visser", "Karim Bakker", "Tessa Leeuw", "Wim Afman"]
    waste = (await client.get("/v1/users", params={"department": "AFV"}, headers=ada)).json()["items"]
    assert [item["name"] for item in waste] == ["Wim Afman"]
    role = await role_id(client, ada, "handler")
    handlers = (await client.get("/v1/users", params={"role": role, "active": True}, headers=ada)).json()["items"]
    assert [item["name"] for item in handlers] == ["Hanna Visser", "Wim Afman"]


async def test_a_deactivated_user_keeps_no_session_and_is_announced(client, ada, database, sign_in, is_signed_in):
    await sign_in("handler")
    assert await is_signed_in()
    user = await user_named(client, ada, "handler")
    answer = await client.put(f"/v1/users/{user['id']}", json=as_request(user, active=False), headers=ada)
    assert answer.status_code == 200
    assert answer.json()["version"] == 2
    assert not await is_signed_in()
    event = (await outbox_events(database, "gateway.user-changed"))[-1]
    assert event["sequence"] == 2
    assert event["data"]["active"] is False
    back = await client.put(f"/v1/users/{user['id']}", json=as_request(user), headers=ada)
    assert back.json()["active"] is True
    client.cookies.clear()
    await sign_in("handler")
    assert await is_signed_in()


async def test_a_user_who_becomes_another_person_must_be_recognised_anew(client, ada, sign_in, is_signed_in):
    await sign_in("handler")
    user = await user_named(client, ada, "handler")
    changed = as_request(user, email="successor@example.org", name="Opvolger")
    assert (await client.put(f"/v1/users/{user['id']}", json=changed, headers=ada)).status_code == 200
    assert not await is_signed_in()
    client.cookies.clear()
    assert (await sign_in("handler")).status_code == 403


async def test_a_deactivated_administrators_token_is_refused_here_at_once(client, tokens, app, database, seeded):
    from gateway.domain import Rights

    rights = Rights(seed.user_id("administrator"), "Ada Meijer", ("user:manage",), (), ("GM0106",))
    bearer = {"Authorization": f"Bearer {await app.state.keys.token(rights, seconds=300)}"}
    assert (await client.get("/v1/users", headers=bearer)).status_code == 200
    async with database.transaction() as session:
        await session.execute(users.update().where(users.c.username == "administrator").values(active=False))
    answer = await client.get("/v1/users", headers=bearer)
    assert answer.status_code == 401
    assert answer.json()["type"] == "urn:meldstroom:problem:account-inactive"


async def test_the_last_administrator_cannot_be_deactivated_or_lose_the_right(client, ada):
    user = await user_named(client, ada, "administrator")
    path = f"/v1/users/{user['id']}"
    for change in ({"active": False}, {"roles": []}):
        answer = await client.put(path, json=as_request(user, **change), headers=ada)
        assert answer.status_code == 409
        assert answer.json()["type"] == "urn:meldstroom:problem:last-administrator"
    role = await role_id(client, ada, "administrator")
    emptied = {"code": "administrator", "name": "Beheerder", "permissions": ["case:read"]}
    assert (await client.put(f"/v1/roles/{role}", json=emptied, headers=ada)).status_code == 409
    assert (await user_named(client, ada, "administrator"))["active"] is True
    # With a second one, the first may go.
    successor = await user_named(client, ada, "team-lead")
    promoted = as_request(successor, roles=[role])
    assert (await client.put(f"/v1/users/{successor['id']}", json=promoted, headers=ada)).status_code == 200
    assert (await client.put(path, json=as_request(user, active=False), headers=ada)).status_code == 200


async def test_a_role_is_built_from_single_permissions_and_counts_at_once(client, ada, database):
    from gateway import store

    body = {"code": "key-user", "name": "Kerngebruiker", "permissions": ["template:manage"]}
    answer = await client.post("/v1/roles", json=body, headers=ada)
    assert answer.status_code == 201
    role = answer.json()
    assert role == {**body, "id": role["id"], "version": 1, "users": 0}
    user = await user_named(client, ada, "contractor")
    await client.put(f"/v1/users/{user['id']}", json=as_request(user, roles=[role["id"]]), headers=ada)
    async with database.transaction() as session:
        assert (await store.rights_of(session, seed.user_id("contractor"))).permissions == ("template:manage",)
    changed = {**body, "permissions": ["case:read", "template:manage"], "expectedVersion": 1}
    assert (await client.put(f"/v1/roles/{role['id']}", json=changed, headers=ada)).json()["users"] == 1
    async with database.transaction() as session:
        rights = await store.rights_of(session, seed.user_id("contractor"))
    assert rights.permissions == ("case:read", "template:manage")


async def test_two_administrators_at_once_do_not_overwrite_each_other(client, ada):
    user = await user_named(client, ada, "handler")
    path = f"/v1/users/{user['id']}"
    first = await client.put(path, json=as_request(user, note="een", expectedVersion=1), headers=ada)
    second = await client.put(path, json=as_request(user, note="twee", expectedVersion=1), headers=ada)
    assert (first.status_code, second.status_code) == (200, 409)
    assert second.json()["type"] == "urn:meldstroom:problem:changed-meanwhile"


@pytest.mark.parametrize("field", ["email", "username"])
async def test_a_name_or_address_belongs_to_one_user(client, ada, field):
    taken = (await user_named(client, ada, "handler"))[field]
    body = {"name": "Dubbel", "municipalities": ["GM0106"], field: taken.upper()}
    answer = await client.post("/v1/users", json=body, headers=ada)
    assert answer.status_code == 409
    assert taken.lower() not in answer.text.lower()


async def test_an_administrator_of_one_municipality_cannot_reach_another(client, ada, tokens):
    neighbour = tokens.bearer("buur", permissions=["user:manage"], municipalities=["GM0114"])
    hanna = f"/v1/users/{seed.user_id('handler')}"
    assert (await client.get("/v1/users", headers=neighbour)).json()["items"] == []
    assert (await client.get(hanna, headers=neighbour)).status_code == 404
    user = await user_named(client, ada, "handler")
    assert (await client.put(hanna, json=as_request(user), headers=neighbour)).status_code == 404
    assert (await client.put(hanna, json=as_request(user, municipalities=["GM0114"]), headers=ada)).status_code == 403
    body = {"name": "X", "email": "x@example.org", "municipalities": ["GM0106"]}
    assert (await client.post("/v1/users", json=body, headers=neighbour)).status_code == 403
    role = await role_id(client, ada, "handler")
    change = {"code": "handler", "name": "Behandelaar", "permissions": list(PERMISSIONS)}
    assert (await client.put(f"/v1/roles/{role}", json=change, headers=neighbour)).status_code == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/users"),
        ("POST", "/v1/users"),
        ("GET", f"/v1/users/{uuid4()}"),
        ("PUT", f"/v1/users/{uuid4()}"),
        ("GET", "/v1/roles"),
        ("POST", "/v1/roles"),
        ("GET", f"/v1/roles/{uuid4()}"),
        ("PUT", f"/v1/roles/{uuid4()}"),
        ("GET", "/v1/permissions"),
    ],
)
async def test_only_who_may_manage_users_comes_in(client, tokens, method, path):
    body = {} if method in {"POST", "PUT"} else None
    assert (await client.request(method, path, json=body)).status_code == 401
    handler = tokens.bearer("hanna", permissions=["case:read", "case:read-all"])
    assert (await client.request(method, path, json=body, headers=handler)).status_code == 403


async def test_a_session_cookie_opens_no_api(client, sign_in):
    await sign_in("administrator")
    assert client.cookies
    for path in ("/v1/users", "/api/gateway/v1/users", "/v1/me"):
        assert (await client.get(path)).status_code == 401
    role = {"code": "mine", "name": "Mijn", "permissions": []}
    assert (await client.post("/api/gateway/v1/roles", json=role)).status_code == 401


async def test_all_that_is_wrong_with_a_user_is_said_at_once_and_not_repeated(client, ada):
    body = {
        "name": "Regel\nbreuk",
        "email": "geheim adres",
        "departments": ["heel lang"],
        "municipalities": [],
        "roles": ["x"],
        "extra": "verrassing",
    }
    answer = await client.post("/v1/users", json=body, headers=ada)
    assert answer.status_code == 400
    fields = {error["field"] for error in answer.json()["errors"]}
    assert fields == {
        "body.name",
        "body.email",
        "body.departments.0",
        "body.municipalities",
        "body.roles.0",
        "body.extra",
    }
    for value in ("geheim", "heel lang", "breuk", "verrassing"):
        assert value not in answer.text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"roles": [str(uuid4())]}, "body.roles.0"),
        ({"provider": "unknown"}, "body.provider"),
        ({"email": None, "username": ""}, "body"),
    ],
)
async def test_what_does_not_exist_cannot_be_given_to_a_user(client, ada, change, field):
    body = {"name": "Noor", "email": "noor@example.org", "municipalities": ["GM0106"]} | change
    answer = await client.post("/v1/users", json=body, headers=ada)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field


async def test_an_unknown_permission_makes_no_role(client, ada):
    body = {"code": "x", "name": "X", "permissions": ["case:read", "case:everything"]}
    answer = await client.post("/v1/roles", json=body, headers=ada)
    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {"field": "body.permissions.1", "message": "There is no such permission", "code": "value_error"}
    ]


async def test_me_says_whom_the_token_speaks_for(client, tokens):
    bearer = tokens.bearer("hanna", permissions=["case:read"], departments=["VRL", "STW"])
    me = (await client.get("/v1/me", headers=bearer)).json()
    assert me["name"] == "hanna"
    assert me["permissions"] == ["case:read"]
    assert me["departments"] == ["STW", "VRL"]
    assert me["municipalities"] == ["GM0106"]


async def test_the_published_example_is_what_is_really_published(database, seeded):
    event = (await outbox_events(database, "gateway.user-changed"))[0]
    example = PUBLISHED[0].example.model_dump(by_alias=True, mode="json")
    assert event["data"].keys() == example.keys()
    async with database.transaction() as session:
        assert len((await session.execute(select(users))).all()) == 6
