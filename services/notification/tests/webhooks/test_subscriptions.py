"""Webhook subscriptions over HTTP: making, changing, trying and deleting them, and who may."""

import logging
from uuid import uuid4

import pytest

URL = "/v1/webhook-subscriptions"


async def test_a_new_subscription_shows_its_secret_once_and_starts_with_what_comes_from_now_on(
    subscribe, happens, send_all, receiver, client, manager, look
):
    await happens.status()
    made = await subscribe(types=["nl.meldstroom.handling.case-status-changed"])
    assert made["secret"].startswith("whsec_")
    assert made["state"] == "active"
    assert made["createdByName"] == "ada"
    assert made["lag"] == {"events": 0, "seconds": 0.0}
    after = await happens.status()
    await send_all()
    assert receiver.ids() == [after]
    shown = await look(made)
    listed = (await client.get(URL, headers=manager)).json()["items"]
    assert shown == listed[0]
    assert "secret" not in shown
    assert made["secret"].removeprefix("whsec_") not in str(shown)


async def test_it_can_be_changed_and_a_change_from_an_old_page_is_refused(
    subscribe, client, manager, receiver, happens, send_all
):
    made = await subscribe()
    await subscribe()
    body = {
        "name": "Afvalbedrijf",
        "targetUrl": f"{receiver.address}/new",
        "filter": {"departments": ["AFV"]},
        "expectedVersion": made["version"],
    }
    changed = await client.put(f"{URL}/{made['id']}", json=body, headers=manager)
    assert changed.status_code == 200, changed.text
    assert changed.json()["filter"]["departments"] == ["AFV"]
    assert changed.json()["version"] == made["version"] + 1
    again = await client.put(f"{URL}/{made['id']}", json=body, headers=manager)
    assert (again.status_code, again.json()["type"]) == (409, "urn:meldstroom:problem:subscription-outdated")
    taken = body | {"name": "Afnemer 2", "expectedVersion": None}
    answer = await client.put(f"{URL}/{made['id']}", json=taken, headers=manager)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:meldstroom:problem:subscription-exists")
    await happens.routed("AFV")
    await send_all()
    assert len(receiver.ids("/new")) == 1


async def test_two_subscriptions_of_a_municipality_have_two_names(subscribe, client, manager, receiver):
    await subscribe()
    body = {"name": " Afnemer 1 ", "targetUrl": receiver.address}
    answer = await client.post(URL, json=body, headers=manager)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:meldstroom:problem:subscription-exists")


async def test_there_is_a_limit(subscribe, client, manager, receiver, app):
    app.state.settings = app.state.settings.model_copy(update={"webhook_subscriptions_most": 1})
    await subscribe()
    answer = await client.post(URL, json={"name": "x", "targetUrl": receiver.address}, headers=manager)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:meldstroom:problem:too-many-subscriptions")


async def test_deleting_takes_the_queue_and_the_log_along(
    subscribe, happens, send_all, receiver, client, manager, waiting, log
):
    made = await subscribe()
    receiver.always["/hook"] = 500
    await happens.many(3)
    await send_all(attempts=1)
    assert (await client.delete(f"{URL}/{made['id']}", headers=manager)).status_code == 204
    assert (await client.get(f"{URL}/{made['id']}", headers=manager)).status_code == 404
    assert await waiting() == 0
    assert await log() == []


async def test_a_test_event_is_signed_and_tells_at_once_what_came_of_it(subscribe, do, receiver, log, look):
    made = await subscribe()
    await do(made, "pauses")
    answer = await do(made, "tests")
    assert (answer["outcome"], answer["status"]) == ("delivered", 204)
    [event] = receiver.verify(made["secret"])
    assert event["type"] == "nl.meldstroom.notification.webhook-tested"
    assert event["id"] == answer["eventId"] == receiver.got[0].id
    receiver.always["/hook"] = 410
    answer = await do(made, "tests")
    assert (answer["outcome"], answer["status"], answer["error"]) == ("failed", 410, "gone")
    assert [row.lane for row in await log()] == ["test", "test"]
    assert (await look(made))["state"] == "paused"


async def test_the_list_and_the_log_are_paged_without_gaps_or_repeats(
    subscribe, happens, send_all, client, manager, receiver
):
    made = [await subscribe(f"/{number}") for number in range(5)]
    receiver.answers["/0"] = [500, 500]
    await happens.many(5)
    await send_all()

    async def all_pages(url):
        seen, cursor = [], None
        while True:
            params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            body = (await client.get(url, params=params, headers=manager)).json()
            seen += [item["id"] for item in body["items"]]
            cursor = body["nextCursor"]
            if cursor is None:
                return seen

    assert await all_pages(URL) == [one["id"] for one in made]
    deliveries = await all_pages(f"{URL}/{made[0]['id']}/deliveries")
    assert len(deliveries) == len(set(deliveries)) == 7
    assert deliveries == sorted(deliveries, reverse=True)
    failed = (await client.get(f"{URL}/{made[0]['id']}/deliveries?outcome=failed", headers=manager)).json()["items"]
    assert len(failed) == 2
    one = failed[0]["eventId"]
    of_one = (await client.get(f"{URL}/{made[0]['id']}/deliveries?eventId={one}", headers=manager)).json()["items"]
    assert [item["attempt"] for item in of_one] == [3, 2, 1]


CALLS = [
    ("GET", ""),
    ("PUT", ""),
    ("DELETE", ""),
    ("POST", "/pauses"),
    ("POST", "/resumptions"),
    ("POST", "/secrets"),
    ("POST", "/tests"),
    ("GET", "/deliveries"),
    ("POST", "/redeliveries"),
]


async def test_a_subscription_of_another_municipality_does_not_exist(subscribe, client, tokens, manager, receiver):
    made = await subscribe()
    other = tokens.bearer("x", permissions=["webhook:manage"], municipalities=["GM0363"])
    bodies = {"PUT": {"name": "x", "targetUrl": receiver.address}, "/redeliveries": {"since": "2026-01-01T00:00:00Z"}}
    for headers, subscription in ((other, made["id"]), (manager, str(uuid4()))):
        for method, path in CALLS:
            body = bodies.get(path) or bodies.get(method)
            answer = await client.request(method, f"{URL}/{subscription}{path}", json=body, headers=headers)
            assert answer.status_code == 404, (method, path, answer.text)
            assert subscription not in answer.text
    assert (await client.get(URL, headers=other)).json()["items"] == []
    assert (await client.get(f"{URL}?municipality=GM0106", headers=other)).status_code == 400
    body = {"name": "x", "targetUrl": receiver.address, "municipality": "GM0106"}
    assert (await client.post(URL, json=body, headers=other)).status_code == 400


async def test_nobody_comes_in_without_the_right(subscribe, client, tokens):
    made = await subscribe()
    reader = tokens.bearer("hanna", permissions=["message:read", "template:manage"])
    for headers, status in ((None, 401), (reader, 403)):
        for method, path in [*((method, f"/{made['id']}{path}") for method, path in CALLS), ("GET", ""), ("POST", "")]:
            answer = await client.request(method, URL + path, json={}, headers=headers)
            assert answer.status_code == status, (method, path)


FINE = {"name": "x", "targetUrl": "http://127.0.0.1/"}
WRONG = [
    ({"targetUrl": "http://127.0.0.1/"}, "body.name"),
    (FINE | {"name": "  "}, "body.name"),
    (FINE | {"name": "x" * 101}, "body.name"),
    (FINE | {"name": "a\0b"}, "body.name"),
    ({"name": "x"}, "body.targetUrl"),
    (FINE | {"secret": "whsec_mine"}, "body.secret"),
    (FINE | {"municipality": "Assen"}, "body.municipality"),
    (FINE | {"municipality": "GM9999"}, "body.municipality"),
    (FINE | {"filter": {"types": ["nl.meldstroom.intake.report-text-recorded"]}}, "body.filter.types.0"),
    (FINE | {"filter": {"types": "x"}}, "body.filter.types"),
    (FINE | {"filter": {"categories": ["A b"]}}, "body.filter.categories.0"),
    (FINE | {"filter": {"departments": [""]}}, "body.filter.departments.0"),
    (FINE | {"filter": {"departments": ["A"] * 201}}, "body.filter.departments"),
    (FINE | {"filter": {"bbox": [6.5, 52.9, 6.6]}}, "body.filter.bbox"),
    (FINE | {"filter": {"bbox": [6.6, 52.9, 6.5, 53.1]}}, "body.filter.bbox"),
    (FINE | {"filter": {"bbox": [6.5, 52.9, 6.6, 91]}}, "body.filter.bbox"),
    (FINE | {"filter": {"area": {"type": "Point", "coordinates": [6.5, 52.9]}}}, "body.filter.area"),
    (FINE | {"filter": {"area": {"type": "Polygon", "coordinates": []}}}, "body.filter.area"),
    (
        FINE | {"filter": {"area": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}}},
        "body.filter.area",
    ),
    (
        FINE | {"filter": {"area": {"type": "Polygon", "coordinates": [[[0, 0], [999, 1], [1, 0], [0, 0]]]}}},
        "body.filter",
    ),
    (
        FINE
        | {
            "filter": {
                "bbox": [6.5, 52.9, 6.6, 53.1],
                "area": {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]},
            }
        },
        "body.filter",
    ),
    (FINE | {"filter": {"colour": "red"}}, "body.filter.colour"),
    (FINE | {"filter": None}, "body.filter"),
]


async def test_wrong_input_is_refused_and_each_field_is_named(client, manager):
    for body, field in WRONG:
        answer = await client.post(URL, json=body, headers=manager)
        assert answer.status_code == 400, (field, answer.text)
        assert any(error["field"].startswith(field) for error in answer.json()["errors"]), (field, answer.text)
        assert "whsec_mine" not in answer.text


async def test_wrong_questions_are_refused(subscribe, client, manager):
    made = await subscribe()
    for query in ("limit=0", "limit=201", "cursor=!!", "cursor=YQ", "cursor=%00", "municipality=x"):
        assert (await client.get(f"{URL}?{query}", headers=manager)).status_code == 400, query
    for query in ("outcome=lost", "eventId=", "eventId=%00", "since=1", "since=2026-11-20", "cursor=YQ", "cursor=LTE"):
        answer = await client.get(f"{URL}/{made['id']}/deliveries?{query}", headers=manager)
        assert answer.status_code == 400, query
    assert (await client.get(f"{URL}/nothing", headers=manager)).status_code == 400


async def test_no_secret_and_no_address_is_ever_logged(
    subscribe, happens, send_all, receiver, do, caplog, client, manager, log
):
    caplog.set_level(logging.DEBUG)
    made = await subscribe("/hook?token=geheim")
    receiver.answers["/hook"] = [500, 410]
    await happens.status()
    await send_all(attempts=2)
    rotated = await do(made, "secrets")
    await do(made, "tests")
    answers = [
        (await client.get(URL, headers=manager)).text,
        (await client.get(f"{URL}/{made['id']}", headers=manager)).text,
        (await client.get(f"{URL}/{made['id']}/deliveries", headers=manager)).text,
    ]
    own = [record.getMessage() for record in caplog.records if not record.name.startswith(("sqlalchemy", "aiohttp"))]
    assert any("webhook_subscription_stopped" in line for line in own)
    for secret in (made["secret"], rotated["secret"]):
        kept = secret.removeprefix("whsec_")
        assert not any(kept in text for text in (*answers, *own, str(await log())))
    assert not any("geheim" in line for line in own)


@pytest.mark.parametrize("keys", ["", "one key"])
async def test_secrets_can_be_kept_with_and_without_a_key(keys, subscribe, happens, send_all, receiver, app, settings):
    from pydantic import SecretStr

    other = settings.model_copy(update={"webhook_keys": SecretStr(keys)})
    app.state.settings = other
    made = await subscribe()
    await happens.status()
    await send_all(settings=other)
    receiver.verify(made["secret"])
