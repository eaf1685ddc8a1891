"""Input that breaks software: each gets a clear 4xx, or is stored exactly."""

import json
from pathlib import Path
from uuid import uuid4

import pytest

BLNS = Path(__file__).parents[5] / "shared" / "data" / "files" / "blns.json"
needs_strings = pytest.mark.skipif(not BLNS.is_file(), reason="the list of naughty strings is not here")
CONTROL = {chr(n) for n in range(32)} - {"\t", "\n", "\r"} | {"\x7f"}


@pytest.fixture
async def case(story, staff):
    return await story.all_of_it()


@needs_strings
async def test_naughty_strings_are_stored_exactly_or_refused_as_notes(client, stories, staff, hanna):
    strings = list(dict.fromkeys(json.loads(BLNS.read_text())))
    accepted = 0
    for start in range(0, len(strings), 50):  # every answer holds all notes of its case
        case = await stories().all_of_it()
        stored = []
        for string in strings[start : start + 50]:
            answer = await client.post(f"{case.path}/notes", json={"text": string}, headers=hanna)
            if not string.strip() or CONTROL & set(string):
                assert answer.status_code == 400, string
                assert answer.json()["errors"][0]["field"] == "body.text"
            else:
                assert answer.status_code == 201, string
                stored.append(string)
        notes = (await client.get(case.path, headers=hanna)).json()["notes"]
        assert [note["text"] for note in notes] == stored
        accepted += len(stored)
    assert accepted > 400


@needs_strings
async def test_naughty_strings_are_searched_for_without_harm(client, case, karim):
    for string in json.loads(BLNS.read_text())[::4]:
        for params in ({"q": string[:200]}, {"assignee": string[:100], "number": string[:40]}):
            answer = await client.get("/v1/cases", params=params, headers=karim)
            assert answer.status_code in {200, 400}, string


@pytest.mark.parametrize(
    ("what", "body", "field"),
    [
        ("notes", {"text": ""}, "body.text"),
        ("notes", {"text": "   \n"}, "body.text"),
        ("notes", {"text": "x" * 3001}, "body.text"),
        ("notes", {"text": "a\x00b"}, "body.text"),
        ("notes", {"text": 5}, "body.text"),
        ("notes", {}, "body.text"),
        ("notes", {"text": "goed", "colour": "red"}, "body.colour"),
        ("status-changes", {"status": "gone"}, "body.status"),
        ("status-changes", {"status": "closed", "expectedVersion": -1, "text": "Klaar"}, "body.expectedVersion"),
        ("status-changes", {"status": "closed", "expectedVersion": 2**31, "text": "Klaar"}, "body.expectedVersion"),
        ("status-changes", {"status": "closed"}, "body.text"),
        ("status-changes", {"status": "closed", "notifyReporter": "maybe", "text": "Klaar"}, "body.notifyReporter"),
        ("assignments", {}, "body.assignee"),
        ("assignments", {"assignee": ""}, "body.assignee"),
        ("assignments", {"assignee": "x" * 101}, "body.assignee"),
        ("priorities", {"priority": "burning"}, "body.priority"),
        ("priorities", [], "body"),
    ],
)
async def test_a_wrong_body_is_refused_by_the_name_of_the_field(client, case, hanna, what, body, field):
    answer = await client.post(f"{case.path}/{what}", json=body, headers=hanna)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_broken_json_and_other_content_types_are_refused(client, case, hanna):
    for headers, content in (
        ({"Content-Type": "application/json"}, b"{"),
        ({"Content-Type": "application/json"}, b'{"text": "\xff"}'),
        ({"Content-Type": "application/json"}, b'{"text": "\\ud800"}'),
        ({"Content-Type": "text/plain"}, b"text"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"text=goed"),
        ({}, b""),
    ):
        answer = await client.post(f"{case.path}/notes", content=content, headers={**hanna, **headers})
        assert answer.status_code == 400, (headers, content, answer.text)


async def test_a_body_that_is_too_large_is_refused(client, case, hanna):
    answer = await client.post(f"{case.path}/notes", json={"text": "x" * 1_100_000}, headers=hanna)
    assert answer.status_code == 413


async def test_an_id_that_is_none_is_refused_and_one_that_is_not_known_is_not_found(client, karim):
    assert (await client.get("/v1/cases/10001", headers=karim)).status_code == 400
    assert (await client.get(f"/v1/cases/{uuid4()}", headers=karim)).status_code == 404
    assert (await client.get(f"/v1/cases/{uuid4()}/history", headers=karim)).status_code == 404


@pytest.mark.parametrize("key", ["short", "with spaces in it", "x" * 201, "schlüssel-zu-lang"])
async def test_a_wrong_idempotency_key_is_refused(client, case, hanna, key):
    headers = [*hanna.items(), ("Idempotency-Key", key.encode("latin-1"))]
    answer = await client.post(f"{case.path}/notes", json={"text": "goed"}, headers=headers)
    assert answer.status_code == 400
