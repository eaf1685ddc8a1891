"""Departments, terms, rules and areas through the HTTP door."""

from uuid import uuid4

import pytest

from commonground.testing.events import outbox_events
from routing import use_cases

CHANGED = "routing.department-changed"
RULE = {"name": "Licht in het centrum", "conditions": {"categories": ["boom"]}, "department": "STW"}


async def test_the_seed_tells_the_departments_once(seeded):
    async with seeded.transaction() as session:
        again = await use_cases.seed(session, "GM0106")

    events = await outbox_events(seeded, CHANGED)
    assert (again.departments, again.categories, again.areas) == (0, 0, 0)
    assert len(events) == 13
    assert events[0]["key"] == f"GM0106:{events[0]['data']['code']}"
    assert {"municipality": "GM0106", "code": "VRL", "name": "Openbare verlichting", "active": True} in [
        event["data"] for event in events
    ]


async def test_the_seed_leaves_alone_what_an_administrator_decided(seeded, client, administrator):
    body = {"department": "STW", "termDays": 1, "termKind": "calendar"}
    await client.put("/v1/terms/boom", headers=administrator, json=body)
    await client.put("/v1/departments/VRL", headers=administrator, json={"name": "Licht"})
    async with seeded.transaction() as session:
        await use_cases.seed(session, "GM0106")

    terms = {one["category"]: one for one in (await client.get("/v1/terms", headers=administrator)).json()["items"]}
    assert (terms["boom"]["termDays"], terms["boom"]["termKind"]) == (1, "calendar")
    assert terms["lantaarnpaal-straatverlichting"]["departmentName"] == "Licht"


async def test_departments_are_listed_for_whoever_is_signed_in(seeded, client, tokens):
    answer = await client.get("/v1/departments", headers=tokens.bearer("anyone"))

    assert answer.status_code == 200
    assert answer.json()["nextCursor"] is None
    codes = [item["code"] for item in answer.json()["items"]]
    assert codes == sorted(codes)
    assert {"AFV", "STW", "WEG", "VRL", "VRI", "HAN", "VTH", "WAT", "GGD", "OMG", "WON", "OOV", "MLD"} == set(codes)
    assert (await client.get("/v1/departments")).status_code == 401


async def test_a_renamed_department_is_told_with_the_next_sequence(seeded, client, administrator):
    answer = await client.put("/v1/departments/VRL", headers=administrator, json={"name": "Licht"})

    assert answer.json() == {"municipality": "GM0106", "code": "VRL", "name": "Licht", "active": True}
    last = (await outbox_events(seeded, CHANGED))[-1]
    assert (last["key"], last["sequence"], last["data"]["name"]) == ("GM0106:VRL", 2, "Licht")


async def test_the_fallback_department_stays_active(seeded, client, administrator):
    answer = await client.put("/v1/departments/MLD", headers=administrator, json={"name": "Meldpunt", "active": False})

    assert (answer.status_code, answer.json()["type"]) == (409, "urn:meldstroom:problem:department-needed")


async def test_a_deactivated_department_breaks_its_rules_visibly(seeded, client, administrator):
    await client.post("/v1/rules", headers=administrator, json=RULE)
    await client.put("/v1/departments/STW", headers=administrator, json={"name": "Stadswerken", "active": False})

    (rule,) = (await client.get("/v1/rules", headers=administrator)).json()["items"]
    assert rule["active"]
    assert rule["broken"] == [{"kind": "inactive-department", "reference": "STW"}]


async def test_a_changed_term_counts_for_the_next_report(seeded, client, administrator, reporting):
    body = {"department": "STW", "termDays": 2, "termKind": "working"}
    answer = await client.put("/v1/terms/lantaarnpaal-straatverlichting", headers=administrator, json=body)
    await reporting.all()

    assert answer.json()["isDefault"] is False
    (event,) = await outbox_events(seeded, "routing.report-routed")
    assert (event["data"]["department"], event["data"]["deadline"]) == ("STW", "2026-11-24T22:59:59Z")


@pytest.mark.parametrize(
    ("category", "changes", "status"),
    [
        ("never-heard-of", {}, 404),
        ("boom", {"department": "XXX"}, 400),
        ("boom", {"termDays": -1}, 400),
        ("boom", {"termDays": 366}, 400),
        ("boom", {"termDays": "3"}, 400),
        ("boom", {"termKind": "lunar"}, 400),
        ("boom", {"surprise": 1}, 400),
        ("NOT A SLUG", {}, 400),
    ],
)
async def test_a_term_that_cannot_be_is_refused(seeded, client, administrator, category, changes, status):
    body = {"department": "STW", "termDays": 2, "termKind": "working", **changes}

    assert (await client.put(f"/v1/terms/{category}", headers=administrator, json=body)).status_code == status


async def test_a_rule_comes_back_as_it_was_given(seeded, client, administrator):
    person = str(uuid4())
    body = {
        "name": "Nacht",
        "conditions": {
            "categories": ["boom"],
            "mainCategories": ["afval"],
            "areas": ["WK010600"],
            "sources": ["web"],
            "answers": [{"key": "kind", "value": "Eik"}],
            "weekdays": [6, 7],
            "fromTime": "22:00:00",
            "untilTime": "06:00:00",
        },
        "department": "STW",
        "assignee": person,
        "active": True,
        "validFrom": "2026-01-01T00:00:00Z",
        "validUntil": "2027-01-01T00:00:00Z",
    }
    created = await client.post("/v1/rules", headers=administrator, json=body)

    assert created.status_code == 201
    assert {name: created.json()[name] for name in body} == body
    assert (created.json()["position"], created.json()["version"], created.json()["broken"]) == (1, 1, [])
    listed = (await client.get("/v1/rules", headers=administrator)).json()
    assert listed == {"items": [created.json()], "nextCursor": None}


async def test_rules_are_tried_in_the_order_that_was_set(seeded, client, administrator, reporting):
    made = [
        (await client.post("/v1/rules", headers=administrator, json={**RULE, "conditions": {}, "department": code}))
        for code in ("STW", "AFV", "WAT")
    ]
    ids = [one.json()["id"] for one in made]
    answer = await client.put("/v1/rule-order", headers=administrator, json={"rules": ids[::-1]})
    await reporting.all()

    assert [(one["id"], one["position"]) for one in answer.json()["items"]] == list(
        zip(ids[::-1], [1, 2, 3], strict=True)
    )
    (event,) = await outbox_events(seeded, "routing.report-routed")
    assert event["data"]["department"] == "WAT"


async def test_an_order_that_does_not_name_every_rule_is_refused(seeded, client, administrator):
    first = (await client.post("/v1/rules", headers=administrator, json=RULE)).json()["id"]
    await client.post("/v1/rules", headers=administrator, json=RULE)

    for order in ([first], [first, str(uuid4())], []):
        answer = await client.put("/v1/rule-order", headers=administrator, json={"rules": order})
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:meldstroom:problem:rule-order-changed")
    twice = await client.put("/v1/rule-order", headers=administrator, json={"rules": [first, first]})
    assert twice.status_code == 400


async def test_a_deactivated_rule_no_longer_routes_and_can_be_activated_again(seeded, client, administrator, reporting):
    rule = (await client.post("/v1/rules", headers=administrator, json={**RULE, "conditions": {}})).json()
    off = await client.post(f"/v1/rules/{rule['id']}/deactivations", headers=administrator)
    await reporting.all()
    on = await client.post(f"/v1/rules/{rule['id']}/activations", headers=administrator)
    another = reporting.another()
    await another.all()

    assert (off.status_code, off.json()["active"], on.json()["active"]) == (201, False, True)
    events = await outbox_events(seeded, "routing.report-routed")
    assert [event["data"]["department"] for event in events] == ["VRL", "STW"]


async def test_a_rule_that_somebody_else_changed_is_not_overwritten(seeded, client, administrator):
    rule = (await client.post("/v1/rules", headers=administrator, json=RULE)).json()
    first = await client.put(
        f"/v1/rules/{rule['id']}", headers=administrator, json={**RULE, "name": "Nieuw", "expectedVersion": 1}
    )
    second = await client.put(
        f"/v1/rules/{rule['id']}", headers=administrator, json={**RULE, "name": "Ook", "expectedVersion": 1}
    )

    assert (first.status_code, first.json()["name"], first.json()["version"]) == (200, "Nieuw", 2)
    assert (second.status_code, second.json()["type"]) == (409, "urn:meldstroom:problem:rule-changed")


async def test_a_rule_that_does_not_exist_cannot_be_changed(seeded, client, administrator):
    assert (await client.put(f"/v1/rules/{uuid4()}", headers=administrator, json=RULE)).status_code == 404
    assert (await client.post(f"/v1/rules/{uuid4()}/deactivations", headers=administrator)).status_code == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "body.name"),
        ({"name": "a\x00b"}, "body.name"),
        ({"department": "small"}, "body.department"),
        ({"department": None}, "body.department"),
        ({"conditions": {"weekdays": [8]}}, "body.conditions.weekdays.0"),
        ({"conditions": {"weekdays": [1, 1]}}, "body.conditions.weekdays"),
        ({"conditions": {"fromTime": "25:00"}}, "body.conditions.fromTime"),
        ({"conditions": {"fromTime": 3600}}, "body.conditions.fromTime"),
        ({"validFrom": 0}, "body.validFrom"),
        ({"conditions": {"fromTime": "10:00:00+02:00"}}, "body.conditions.fromTime"),
        ({"conditions": {"colour": "red"}}, "body.conditions.colour"),
        ({"validFrom": "2027-01-01T00:00:00Z", "validUntil": "2026-01-01T00:00:00Z"}, "body"),
        ({"validFrom": "2027-01-01T00:00:00"}, "body.validFrom"),
    ],
)
async def test_a_rule_that_cannot_be_is_refused_with_its_field(seeded, client, administrator, changes, field):
    answer = await client.post("/v1/rules", headers=administrator, json={**RULE, **changes})

    assert answer.status_code == 400
    assert field in [error["field"] for error in answer.json()["errors"]]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "/v1/rules"),
        ("put", f"/v1/rules/{uuid4()}"),
        ("put", "/v1/rule-order"),
        ("put", "/v1/departments/VRL"),
        ("put", "/v1/terms/boom"),
        ("post", f"/v1/rules/{uuid4()}/deactivations"),
    ],
)
async def test_only_who_manages_routing_changes_it(seeded, client, tokens, method, path):
    reader = tokens.bearer("karim", permissions=["case:read", "case:read-all", "case:assign"])

    for headers, status in (({}, 401), (reader, 403)):
        answer = await client.request(method, path, headers=headers, json={})
        assert answer.status_code == status


async def test_nobody_changes_another_municipality(seeded, client, tokens):
    elsewhere = tokens.bearer("eve", permissions=["routing:manage", "case:read"], municipalities=["GM0363"])

    answer = await client.post("/v1/rules", headers=elsewhere, json={**RULE, "municipality": "GM0106"})
    listed = await client.get("/v1/rules", headers=elsewhere)
    assert (answer.status_code, listed.json()["items"]) == (403, [])


async def test_areas_are_open_geojson(seeded, client):
    answer = await client.get("/v1/areas", params={"kind": "district"})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/geo+json"
    features = answer.json()["features"]
    assert len(features) == 10
    assert features[0]["properties"] == {
        "municipality": "GM0106",
        "code": "WK010600",
        "kind": "district",
        "name": "Assen centrum",
    }


async def test_areas_can_be_asked_for_in_a_box(seeded, client):
    whole = (await client.get("/v1/areas")).json()["features"]
    part = (await client.get("/v1/areas", params={"bbox": "6.56,52.99,6.57,53.00"})).json()["features"]
    nothing = (await client.get("/v1/areas", params={"bbox": "4,51,4.1,51.1"})).json()["features"]

    assert 0 < len(part) < len(whole)
    assert nothing == []


@pytest.mark.parametrize("box", ["x", "1,2,3", "7,52,6,53", "-200,0,0,1", "\x00", ""])
async def test_a_box_that_is_none_is_refused(seeded, client, box):
    answer = await client.get("/v1/areas", params={"bbox": box})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "query.bbox"
