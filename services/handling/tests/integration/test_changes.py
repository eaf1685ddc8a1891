"""What people do with a case."""

import asyncio
import json
from uuid import uuid4

import pytest
from sqlalchemy import text

from commonground.testing.events import outbox_events
from commonground.testing.tokens import user_id
from handling.schemas import CaseDetail


@pytest.fixture
async def case(story, staff):
    """A case of street lighting."""
    return await story.all_of_it()


async def change(client, case, headers, status, **more):
    return await client.post(f"{case.path}/status-changes", json={"status": status, **more}, headers=headers)


async def test_a_whole_day_with_a_case(client, case, staff, hanna, database):
    answer = await client.post(f"{case.path}/assignments", json={"assignee": staff["hanna"]}, headers=hanna)
    assert answer.status_code == 201, answer.text
    answer = await client.post(f"{case.path}/notes", json={"text": "Monteur gebeld."}, headers=hanna)
    assert answer.status_code == 201, answer.text
    assert answer.json()["notes"][0]["text"] == "Monteur gebeld."
    assert answer.json()["notes"][0]["author"] == {"id": staff["hanna"], "name": "Hanna"}
    answer = await client.post(f"{case.path}/priorities", json={"priority": "high"}, headers=hanna)
    assert answer.json()["priority"] == "high"
    answer = await change(client, case, hanna, "in-progress")
    assert answer.json()["status"] == "in-progress"
    answer = await change(client, case, hanna, "closed", text="De lamp is vervangen.", notifyReporter=True)
    assert answer.status_code == 201, answer.text
    CaseDetail.model_validate_json(answer.content)
    detail = answer.json()
    assert detail["status"] == "closed"
    assert detail["allowedStatuses"] == ["reopened"]
    assert answer.headers["location"].endswith(f"/api/handling/v1/cases/{case.case_id}")
    people = [(entry["kind"], entry["fromName"], entry["toName"], entry["text"]) for entry in detail["history"][3:]]
    assert people == [
        ("assignment", None, {"nl": "Hanna", "en": "Hanna"}, None),
        ("note", None, None, "Monteur gebeld."),
        ("priority", {"nl": "Normaal", "en": "Normal"}, {"nl": "Hoog", "en": "High"}, None),
        ("status", {"nl": "Gemeld", "en": "Reported"}, {"nl": "In behandeling", "en": "In progress"}, None),
        (
            "status",
            {"nl": "In behandeling", "en": "In progress"},
            {"nl": "Afgehandeld", "en": "Closed"},
            "De lamp is vervangen.",
        ),
    ]
    assert {entry["actor"]["name"] for entry in detail["history"][3:]} == {"Hanna"}
    history = (await client.get(f"{case.path}/history", headers=hanna)).json()
    assert history == {"items": detail["history"], "nextCursor": None}

    events = await outbox_events(database)
    assert [(event["type"].rsplit(".", 1)[1], event["sequence"]) for event in events] == [
        ("case-opened", 1),
        ("case-assigned", 2),
        ("case-prioritised", 3),
        ("case-status-changed", 4),
        ("case-status-changed", 5),
        ("reporter-message-requested", 1),
    ]
    assert {event["key"] for event in events} == {str(case.report_id)}
    closed, message = events[-2:]
    assert closed["data"]["publicStatus"] == "closed"
    assert closed["data"]["previousStatus"] == "in-progress"
    assert message["topic"] == "meldstroom.handling.case-messages.v1"
    assert message["data"]["text"] == "De lamp is vervangen."
    assert message["data"]["kind"] == "closing"
    assert message["subject"] == message["data"]["messageId"] == detail["history"][-1]["details"]["messageId"]
    openly = json.dumps([event["data"] for event in events if event["topic"] == "meldstroom.handling.cases.v1"])
    for secret in ("lamp", "Monteur", "Hanna", "melder"):
        assert secret not in openly


async def test_an_impossible_step_is_refused_and_says_what_is_possible(client, case, hanna, database):
    answer = await change(client, case, hanna, "reopened", text="Toch niet")
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:meldstroom:problem:transition-not-allowed"
    assert "closed" in answer.json()["detail"]
    assert len(await outbox_events(database)) == 1


async def test_a_closed_case_cannot_be_closed_again(client, case, hanna):
    assert (await change(client, case, hanna, "closed", text="Klaar")).status_code == 201
    assert (await change(client, case, hanna, "closed", text="Klaar")).status_code == 409


async def test_statuses_of_the_application_are_refused(client, case, hanna):
    for status in ("external-sent", "external-failed", "external-done", "reopen-requested"):
        answer = await change(client, case, hanna, status, text="Tekst")
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["code"] == "application-only"


async def test_a_question_needs_an_address_of_the_reporter(client, stories, staff, hanna, database):
    case = stories()
    await case.submitted(hasContact=False)
    await case.reachable(None)
    await case.routed()
    refused = await change(client, case, hanna, "reaction-requested", text="Waar precies?")
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["code"] == "no-email"
    await case.reachable("melder@example.org")
    assert (await change(client, case, hanna, "reaction-requested", text="Waar precies?")).status_code == 201
    message = (await outbox_events(database, "handling.reporter-message-requested"))[0]
    assert message["data"]["kind"] == "question"


async def test_external_systems_are_named(client, case, hanna):
    assert (await change(client, case, hanna, "external-to-send")).status_code == 400
    answer = await change(client, case, hanna, "external-to-send", target="sweepers")
    assert answer.status_code == 201
    assert answer.json()["history"][-1]["details"]["target"] == "sweepers"


async def test_of_two_racing_changes_one_wins(client, case, hanna, database):
    both = await asyncio.gather(
        *(change(client, case, hanna, "closed", text=word, notifyReporter=False) for word in ("Een", "Twee"))
    )
    assert sorted(answer.status_code for answer in both) == [201, 409]
    assert len(await outbox_events(database, "handling.case-status-changed")) == 1


async def test_of_many_changes_that_saw_the_same_version_one_wins(client, case, hanna, database):
    version = (await client.get(case.path, headers=hanna)).json()["version"]
    answers = await asyncio.gather(
        *(change(client, case, hanna, "in-progress", expectedVersion=version) for _ in range(6))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
    problem = next(answer for answer in answers if answer.status_code == 409).json()
    assert problem["type"] == "urn:meldstroom:problem:version-conflict"
    assert problem["detail"] == f"The case is at version {version + 1} now; changed since: status"


async def test_a_conflict_names_all_that_changed_meanwhile(client, case, staff, hanna):
    version = (await client.get(case.path, headers=hanna)).json()["version"]
    await client.post(f"{case.path}/assignments", json={"assignee": staff["hanna"]}, headers=hanna)
    await case.classified("grofvuil", mainCategory="afval")
    await client.post(f"{case.path}/notes", json={"text": "Een notitie is geen wijziging"}, headers=hanna)
    answer = await client.post(
        f"{case.path}/priorities", json={"priority": "low", "expectedVersion": version}, headers=hanna
    )
    assert answer.status_code == 409
    assert answer.json()["detail"].endswith("changed since: assignment, category")


async def test_a_note_does_not_get_in_the_way_of_others(client, case, hanna):
    version = (await client.get(case.path, headers=hanna)).json()["version"]
    await client.post(f"{case.path}/notes", json={"text": "Let op"}, headers=hanna)
    assert (await change(client, case, hanna, "in-progress", expectedVersion=version)).status_code == 201


async def test_a_repeat_with_the_same_key_changes_nothing(client, case, hanna, database):
    headers = {**hanna, "Idempotency-Key": str(uuid4())}
    answers = await asyncio.gather(
        *(client.post(f"{case.path}/notes", json={"text": "Eenmaal"}, headers=headers) for _ in range(5))
    )
    assert [answer.status_code for answer in answers] == [201] * 5
    assert len((await client.get(case.path, headers=hanna)).json()["notes"]) == 1
    other = await client.post(f"{case.path}/notes", json={"text": "Anders"}, headers=headers)
    assert other.status_code == 409
    async with database.transaction() as session:
        kept = (await session.execute(text("SELECT answer::text FROM idempotency_keys"))).scalars().all()
    assert kept == ["{}"]


async def test_a_refused_change_does_not_use_up_its_key(client, case, hanna):
    headers = {**hanna, "Idempotency-Key": str(uuid4())}
    assert (await change(client, case, headers, "closed")).status_code == 400
    assert (await change(client, case, headers, "closed", text="Klaar")).status_code == 201


async def test_a_repeat_of_a_closing_gives_the_closed_case(client, case, hanna, database):
    headers = {**hanna, "Idempotency-Key": str(uuid4())}
    for _ in range(2):
        answer = await change(client, case, headers, "closed", text="Klaar")
        assert (answer.status_code, answer.json()["status"]) == (201, "closed")
    assert len(await outbox_events(database, "handling.reporter-message-requested")) == 1


@pytest.mark.parametrize("who", ["wim", "gone", "nobody"])
async def test_only_active_members_of_the_department_can_have_a_case(client, case, hanna, who):
    answer = await client.post(f"{case.path}/assignments", json={"assignee": str(user_id(who))}, headers=hanna)
    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {
            "field": "body.assignee",
            "message": "Not an active member of the department of this case",
            "code": "not-a-member",
        }
    ]


async def test_a_case_without_a_department_can_be_given_to_nobody(client, stories, staff, karim):
    case = stories()
    await case.submitted()
    answer = await client.post(f"{case.path}/assignments", json={"assignee": staff["karim"]}, headers=karim)
    assert answer.status_code == 400


async def test_taking_a_case_away_from_its_assignee(client, case, staff, hanna, database):
    for assignee in (staff["hanna"], staff["hanna"], None, None):
        answer = await client.post(f"{case.path}/assignments", json={"assignee": assignee}, headers=hanna)
        assert answer.json()["assignee"] == assignee
    told = await outbox_events(database, "handling.case-assigned")
    assert [event["data"]["assignee"] for event in told] == [staff["hanna"], None]


async def test_the_same_priority_again_is_no_change(client, case, hanna, database):
    answer = await client.post(f"{case.path}/priorities", json={"priority": "normal"}, headers=hanna)
    assert answer.status_code == 201
    assert await outbox_events(database, "handling.case-prioritised") == []


CHANGES = {
    "status-changes": ({"status": "in-progress"}, "case:change-status"),
    "assignments": ({"assignee": None}, "case:assign"),
    "notes": ({"text": "Let op"}, "case:note"),
    "priorities": ({"priority": "low"}, "case:prioritise"),
}


@pytest.mark.parametrize("what", CHANGES)
async def test_every_change_needs_its_own_right(client, case, tokens, what):
    body, right = CHANGES[what]
    others = {wanted for _, wanted in CHANGES.values()} - {right}
    without = tokens.bearer("x", permissions=["case:read", *others], departments=["VRL"])
    answer = await client.post(f"{case.path}/{what}", json=body, headers=without)
    assert (answer.status_code, answer.json()["detail"]) == (403, f"Missing permission: {right}")
    enough = tokens.bearer("x", permissions=["case:read", right], departments=["VRL"])
    assert (await client.post(f"{case.path}/{what}", json=body, headers=enough)).status_code == 201
    assert (await client.post(f"{case.path}/{what}", json=body)).status_code == 401


@pytest.mark.parametrize("what", CHANGES)
async def test_a_handler_of_another_department_cannot_change_a_case(client, case, wim, database, what):
    answer = await client.post(f"{case.path}/{what}", json=CHANGES[what][0], headers=wim)
    assert (answer.status_code, answer.json()["detail"]) == (403, "Missing permission: case:read-all")
    assert len(await outbox_events(database)) == 1


@pytest.mark.parametrize("what", CHANGES)
async def test_a_case_of_another_municipality_does_not_exist(client, case, tokens, what):
    _, right = CHANGES[what]
    there = tokens.bearer("x", permissions=["case:read-all", right], municipalities=["GM0363"])
    assert (await client.post(f"{case.path}/{what}", json=CHANGES[what][0], headers=there)).status_code == 404
    nowhere = f"/v1/cases/{uuid4()}/{what}"
    assert (await client.post(nowhere, json=CHANGES[what][0], headers=there)).status_code == 404


async def test_contact_data_are_for_those_who_may_see_them(client, case, hanna, karim):
    hidden = (await client.get(case.path, headers=hanna)).json()
    assert (hidden["contact"], hidden["contactHidden"], hidden["hasContact"]) == (None, True, True)
    shown = (await client.get(case.path, headers=karim)).json()
    assert (shown["contact"]["email"], shown["contactHidden"]) == ("melder@example.org", False)
