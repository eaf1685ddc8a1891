"""Submitting a report, through the HTTP door and with a real database."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from commonground.testing.events import outbox_events

BLNS = Path(__file__).parents[5] / "shared" / "data" / "files" / "blns.json"


async def test_a_report_gets_a_number_and_a_status_page(client, report):
    answer = await client.post("/v1/reports", json=report)
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert body["number"].startswith("M-")
    assert "/melding/" in body["statusUrl"]
    assert answer.headers["location"].endswith(body["id"])
    assert answer.headers["api-version"] == "1.0.0"

    token = body["statusUrl"].rsplit("/", 1)[1]
    status = (await client.get(f"/v1/status/{token}")).json()
    assert status["status"] == "received"
    assert status["description"] == report["description"]


async def test_a_report_is_told_in_three_privacy_tiers(client, database, report):
    report["contact"] = {"email": "melder@example.org", "phone": "0592 366911"}
    report["answers"] = [{"key": "since", "label": "Hoe lang al?", "value": "een week"}]
    body = (await client.post("/v1/reports", json=report)).json()
    events = await outbox_events(database)
    assert [event["topic"] for event in events] == [
        "meldstroom.intake.reports.v1",
        "meldstroom.intake.report-texts.v1",
        "meldstroom.intake.report-contacts.v1",
    ]
    assert {event["key"] for event in events} == {body["id"]}
    open_event = json.dumps(events[0]["data"])
    for secret in ("melder", "366911", "lantaarnpaal", "week"):
        assert secret not in open_event
    assert events[2]["data"]["phone"] == "+31592366911"
    assert events[2]["data"]["statusUrl"] == body["statusUrl"]


async def test_a_repeated_key_gives_the_first_answer_and_one_report(client, database, report):
    headers = {"Idempotency-Key": str(uuid4())}
    first = await client.post("/v1/reports", json=report, headers=headers)
    second = await client.post("/v1/reports", json=report, headers=headers)
    assert second.status_code == 201
    assert second.json() == first.json()
    assert len(await outbox_events(database, "intake.report-submitted")) == 1


async def test_the_same_key_at_the_same_moment_makes_one_report(client, database, report):
    headers = {"Idempotency-Key": str(uuid4())}
    answers = await asyncio.gather(*(client.post("/v1/reports", json=report, headers=headers) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(await outbox_events(database, "intake.report-submitted")) == 1


async def test_a_key_with_another_body_is_a_conflict(client, database, report):
    headers = {"Idempotency-Key": str(uuid4())}
    await client.post("/v1/reports", json=report, headers=headers)
    other = await client.post("/v1/reports", json=report | {"description": "Iets anders"}, headers=headers)
    assert other.status_code == 409
    assert other.headers["content-type"] == "application/problem+json"
    assert len(await outbox_events(database, "intake.report-submitted")) == 1


POINT = {"type": "Point", "coordinates": [6.5625, 52.9967]}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"description": ""}, "body.description"),
        ({"description": "   \n "}, "body.description"),
        ({"description": "x" * 100_000}, "body.description"),
        ({"description": "nul \x00 byte"}, "body.description"),
        ({"description": None}, "body.description"),
        ({"description": 12}, "body.description"),
        ({"location": {}}, "body.location.geometry"),
        ({"location": {"geometry": {"type": "Point", "coordinates": [6.5]}}}, "body.location.geometry.coordinates"),
        ({"location": {"geometry": {"type": "Point", "coordinates": [600, 52]}}}, "body.location.geometry.coordinates"),
        ({"location": {"geometry": {"type": "Polygon", "coordinates": []}}}, "body.location.geometry.type"),
        ({"location": {"geometry": {"type": "Point", "coordinates": [4.9, 52.37]}}}, "body.location.geometry"),
        ({"location": {"geometry": POINT, "address": {"postalCode": "12"}}}, "body.location.address.postalCode"),
        ({"contact": {"email": "geen adres"}}, "body.contact.email"),
        ({"contact": {"phone": "bel mij"}}, "body.contact.phone"),
        ({"category": "Geen Slug"}, "body.category"),
        ({"occurredAt": "2026-11-22T10:00:00"}, "body.occurredAt"),
        ({"occurredAt": "2999-01-01T00:00:00Z"}, "body.occurredAt"),
        ({"attachments": ["01930f2e-0000-7000-8000-000000000001"]}, "body.attachments"),
        ({"attachments": [str(uuid4()) for _ in range(11)]}, "body.attachments"),
        ({"answers": [{"key": "k", "label": "l", "value": 2**70}]}, "body.answers.0.value"),
        ({"unknown": 1}, "body.unknown"),
    ],
)
async def test_wrong_input_names_its_field_and_nothing_is_stored(client, database, report, change, field):
    answer = await client.post("/v1/reports", json=report | change)
    assert answer.status_code == 400, answer.text
    problem = answer.json()
    assert any(error["field"].startswith(field) for error in problem["errors"]), problem
    assert await outbox_events(database) == []


async def test_all_wrong_fields_are_named_at_once(client):
    answer = await client.post("/v1/reports", json={"description": "", "contact": {"email": "x"}})
    fields = {error["field"] for error in answer.json()["errors"]}
    assert fields == {"body.description", "body.location", "body.contact.email"}


async def test_a_problem_never_repeats_what_was_typed(client, report):
    report["contact"] = {"email": "geheim-adres@", "phone": "nul-zes-geheim"}
    answer = await client.post("/v1/reports", json=report)
    assert answer.status_code == 400
    assert "geheim" not in answer.text


async def test_a_place_elsewhere_is_named_with_its_municipality(client, report):
    report["location"] = {"geometry": {"type": "Point", "coordinates": [6.566, 53.219]}}
    answer = await client.post("/v1/reports", json=report)
    assert answer.status_code == 400
    assert "Groningen" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"text"', b'{"description": "\xff"}', b'{"a": NaN}'])
async def test_a_body_that_is_no_json_object_is_refused(client, body):
    answer = await client.post("/v1/reports", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x", ""])
async def test_another_content_type_is_refused(client, report, content_type):
    headers = {"Content-Type": content_type}
    answer = await client.post("/v1/reports", content=json.dumps(report), headers=headers)
    assert answer.status_code in {400, 415}
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_body_beyond_the_limit_is_refused(client):
    answer = await client.post("/v1/reports", content=b"x" * 22_000_000, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413


@pytest.mark.skipif(not BLNS.exists(), reason="the test-only strings of shared/data are not on this machine")
async def test_strings_that_break_software_are_stored_exactly_or_refused(client, report):
    for text in json.loads(BLNS.read_text()):
        answer = await client.post("/v1/reports", json=report | {"description": text})
        if answer.status_code == 201:
            token = answer.json()["statusUrl"].rsplit("/", 1)[1]
            assert (await client.get(f"/v1/status/{token}")).json()["description"] == text
        else:
            assert answer.status_code == 400, (answer.status_code, answer.text)


async def test_an_unknown_category_is_refused_once_the_tree_is_known(client, deliver, report):
    assert (await client.post("/v1/reports", json=report | {"category": "alles"})).status_code == 201
    category = {
        "municipality": "GM0106",
        "slug": "lantaarnpaal",
        "publicNameNl": "Lantaarnpaal",
        "publicNameEn": "Street light",
        "active": True,
    }
    await deliver("classification.categories", "classification.category-changed", category, key="GM0106:lantaarnpaal")
    assert (await client.post("/v1/reports", json=report | {"category": "alles"})).status_code == 400
    assert (await client.post("/v1/reports", json=report | {"category": "lantaarnpaal"})).status_code == 201


async def test_a_client_that_sends_too_much_is_told_to_wait(app, client, report):
    from intake.limits import ClientLimit

    app.state.resources = replace(app.state.resources, limit=ClientLimit("2/minute"))
    codes = [(await client.post("/v1/reports", json=report)).status_code for _ in range(3)]
    assert codes == [201, 201, 429]
    elsewhere = await client.post("/v1/reports", json=report, headers={"X-Forwarded-For": "203.0.113.9"})
    assert elsewhere.status_code == 201


async def test_staff_read_a_report_of_their_municipality_and_contact_data_only_with_the_right(client, tokens, report):
    report["contact"] = {"email": "melder@example.org"}
    report_id = (await client.post("/v1/reports", json=report)).json()["id"]
    path = f"/v1/reports/{report_id}"
    assert (await client.get(path)).status_code == 401
    assert (await client.get(path, headers=tokens.bearer(permissions=["case:read"]))).status_code == 403
    reader = await client.get(path, headers=tokens.bearer(permissions=["report:read"]))
    assert reader.status_code == 200
    assert reader.json()["contact"] is None
    full = await client.get(path, headers=tokens.bearer(permissions=["report:read", "contact:read"]))
    assert full.json()["contact"] == {"email": "melder@example.org", "phone": None}
    foreign = tokens.bearer("far", permissions=["report:read"], municipalities=["GM0014"])
    assert (await client.get(path, headers=foreign)).status_code == 404


async def test_the_status_page_follows_the_case_whatever_arrives_first(client, deliver, report):
    body = (await client.post("/v1/reports", json=report)).json()
    report_id, token = body["id"], body["statusUrl"].rsplit("/", 1)[1]
    message = {
        "messageId": str(uuid4()),
        "reportId": report_id,
        "kind": "closing",
        "text": "De lamp brandt weer.",
        "requestedAt": "2026-11-22T10:00:00Z",
    }
    closed = {"reportIds": [report_id], "status": "closed"}
    opened = {"reportIds": [report_id], "status": "reported"}
    await deliver("handling.case-messages", "handling.reporter-message-requested", message, key=report_id)
    await deliver("handling.cases", "handling.case-status-changed", closed, key=report_id, sequence=2)
    await deliver("handling.cases", "handling.case-opened", opened, key=report_id, sequence=1)
    status = (await client.get(f"/v1/status/{token}")).json()
    assert status["status"] == "closed"
    assert [item["text"] for item in status["messages"]] == ["De lamp brandt weer."]

    await deliver("handling.case-messages", "handling.reporter-message-requested", None, key=report_id)
    status = (await client.get(f"/v1/status/{token}")).json()
    assert status["messages"][0]["text"] is None


async def test_an_unknown_status_link_is_not_found(client):
    assert (await client.get("/v1/status/AAAAAAAAAAAAAAAAAAAAAA")).status_code == 404
    assert (await client.get("/v1/status/short")).status_code == 400
