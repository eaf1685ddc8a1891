"""Somebody gives a report to another department."""

from uuid import uuid4

import pytest

from commonground.testing.events import outbox_events
from commonground.testing.tokens import user_id

ROUTED = "routing.report-routed"


def path(reporting) -> str:
    return f"/v1/reports/{reporting.report}/routings"


async def departments(database):
    return [event["data"]["department"] for event in await outbox_events(database, ROUTED)]


async def test_a_coordinator_gives_a_report_to_another_department_and_the_history_tells_who(
    seeded, reporting, client, administrator
):
    await reporting.all()

    answer = await client.post(path(reporting), headers=administrator, json={"department": "STW"})

    assert answer.status_code == 201
    assert (answer.json()["department"], answer.json()["origin"]) == ("STW", "manual")
    history = (await client.get(path(reporting), headers=administrator)).json()["items"]
    assert [(one["sequence"], one["department"], one["origin"], one["actor"]) for one in history] == [
        (1, "VRL", "category", None),
        (2, "STW", "manual", str(user_id("ada"))),
    ]
    last = (await outbox_events(seeded, ROUTED))[-1]
    assert (last["sequence"], last["data"]["department"], last["data"]["origin"]) == (2, "STW", "manual")
    assert last["data"]["actor"] == str(user_id("ada"))


async def test_what_the_model_says_later_leaves_the_department_and_changes_the_term(
    seeded, reporting, client, administrator
):
    await reporting.all()
    await client.post(path(reporting), headers=administrator, json={"department": "STW"})

    await reporting.classified(
        sequence=2, category="huisafval", mainCategory="afval", classifiedAt="2100-01-01T00:00:00Z"
    )

    events = [event["data"] for event in await outbox_events(seeded, ROUTED)]
    assert [(one["department"], one["termDays"]) for one in events] == [("VRL", 21), ("STW", 21), ("STW", 3)]


async def test_a_person_who_corrects_the_category_afterwards_routes_again(seeded, reporting, client, administrator):
    await reporting.all()
    await client.post(path(reporting), headers=administrator, json={"department": "STW"})
    correction = {"category": "huisafval", "mainCategory": "afval", "origin": "handler"}

    await reporting.classified(sequence=2, **correction, classifiedAt="2100-01-01T00:00:00Z")
    assert await departments(seeded) == ["VRL", "STW", "AFV"]

    # From here on the choice by hand is history: what the model says counts again.
    await reporting.classified(sequence=3, classifiedAt="2100-01-02T00:00:00Z")
    assert await departments(seeded) == ["VRL", "STW", "AFV", "VRL"]


async def test_a_correction_from_before_the_choice_that_comes_late_does_not_undo_it(
    seeded, reporting, client, administrator
):
    await reporting.all()
    await client.post(path(reporting), headers=administrator, json={"department": "STW"})

    await reporting.classified(
        sequence=2, category="huisafval", mainCategory="afval", origin="handler", classifiedAt="2020-01-01T00:00:00Z"
    )

    assert await departments(seeded) == ["VRL", "STW", "STW"]


@pytest.mark.parametrize("department", ["XXX", "OLD"])
async def test_a_department_that_does_not_exist_or_is_out_of_use_is_refused(
    seeded, reporting, client, administrator, department
):
    await client.put("/v1/departments/OLD", headers=administrator, json={"name": "Oud", "active": False})
    await reporting.all()

    answer = await client.post(path(reporting), headers=administrator, json={"department": department})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "body.department"
    assert department not in answer.text
    assert await departments(seeded) == ["VRL"]


async def test_an_unknown_report_and_one_of_another_municipality_do_not_exist(seeded, reporting, client, tokens):
    await reporting.all()
    rights = ["case:read", "case:read-all", "case:assign"]
    stranger = tokens.bearer("elsewhere", permissions=rights, municipalities=["GM0363"])
    known = tokens.bearer("karim", permissions=rights)

    assert (await client.get(path(reporting), headers=stranger)).status_code == 404
    answer = await client.post(path(reporting), headers=stranger, json={"department": "STW"})
    assert answer.status_code == 404
    unknown = await client.get(f"/v1/reports/{uuid4()}/routings", headers=known)
    assert (unknown.status_code, unknown.json()["type"]) == (404, "urn:meldstroom:problem:report-not-found")


async def test_a_handler_of_another_department_may_neither_look_nor_move(seeded, reporting, client, tokens):
    await reporting.all()
    own = tokens.bearer("hanna", permissions=["case:read", "case:assign"], departments=["VRL", "STW"])
    other = tokens.bearer("wim", permissions=["case:read", "case:assign"], departments=["AFV"])

    assert (await client.get(path(reporting), headers=own)).status_code == 200
    assert (await client.get(path(reporting), headers=other)).status_code == 403
    refused = await client.post(path(reporting), headers=other, json={"department": "AFV"})
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:meldstroom:problem:another-department")
    assert await departments(seeded) == ["VRL"]


async def test_a_report_without_a_category_cannot_be_moved_yet(seeded, reporting, client, administrator):
    await reporting.submitted()

    answer = await client.post(path(reporting), headers=administrator, json={"department": "STW"})

    assert (answer.status_code, answer.json()["type"]) == (409, "urn:meldstroom:problem:report-not-routed-yet")
    assert (await client.get(path(reporting), headers=administrator)).json() == {"items": [], "nextCursor": None}


async def test_a_repeat_with_the_same_key_gives_the_first_answer_and_one_routing(
    seeded, reporting, client, administrator
):
    await reporting.all()
    headers = {**administrator, "Idempotency-Key": "once-and-no-more"}

    first = await client.post(path(reporting), headers=headers, json={"department": "STW"})
    second = await client.post(path(reporting), headers=headers, json={"department": "STW"})
    other = await client.post(path(reporting), headers=headers, json={"department": "AFV"})

    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert (other.status_code, other.json()["type"]) == (409, "urn:meldstroom:problem:idempotency-conflict")
    assert await departments(seeded) == ["VRL", "STW"]


async def test_without_the_right_nobody_moves_a_report(seeded, reporting, client, tokens):
    await reporting.all()
    reader = tokens.bearer("reader", permissions=["case:read", "case:read-all"])

    assert (await client.post(path(reporting), json={"department": "STW"})).status_code == 401
    assert (await client.post(path(reporting), headers=reader, json={"department": "STW"})).status_code == 403
    assert (await client.get(path(reporting))).status_code == 401
