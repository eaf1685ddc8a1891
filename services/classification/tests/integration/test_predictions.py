"""Asking the model about a text."""

import pytest

pytestmark = pytest.mark.usefixtures("seeded")

LAMP = "Er ligt al een week een kapotte lamp in de lantaarnpaal voor nummer 12"


async def test_a_broken_lamp_is_street_lighting_and_the_lamp_post_tells_why(client):
    answer = await client.post("/v1/predictions", json={"text": LAMP})
    assert answer.status_code == 200
    found = answer.json()
    assert found["chosen"]["category"] == "lantaarnpaal-straatverlichting"
    assert found["chosen"]["mainCategory"] == "wegen-verkeer-straatmeubilair"
    best = found["predictions"][0]
    assert best["category"] == "lantaarnpaal-straatverlichting"
    assert best["confidence"] > 0.5
    assert "lantaarnpaal" in best["words"]
    assert all(word in LAMP for word in best["words"])


async def test_three_predictions_come_best_first_and_name_the_model(client):
    found = (await client.post("/v1/predictions", json={"text": "vuilniszakken op straat"})).json()
    confidences = [one["confidence"] for one in found["predictions"]]
    assert len(confidences) == 3
    assert confidences == sorted(confidences, reverse=True)
    assert 0 < sum(confidences) <= 1.001
    assert len(found["modelVersion"]) == 12


@pytest.mark.parametrize("text", ["???", "12345", "asdfgh qwerty", "🙂", "\u0000\u0001x", "<script>alert(1)</script>"])
async def test_a_text_that_says_nothing_becomes_overig(client, text):
    answer = await client.post("/v1/predictions", json={"text": text})
    assert answer.status_code == 200
    assert answer.json()["chosen"]["category"] == "overig"


async def test_a_long_text_is_taken(client):
    answer = await client.post("/v1/predictions", json={"text": (LAMP + " ") * 56})
    assert answer.status_code == 200
    assert answer.json()["chosen"]["category"] == "lantaarnpaal-straatverlichting"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body.text"),
        ({"text": ""}, "body.text"),
        ({"text": "  \n "}, "body.text"),
        ({"text": "x" * 4001}, "body.text"),
        ({"text": 12}, "body.text"),
        ({"text": "lamp", "municipality": "Assen"}, "body.municipality"),
        ({"text": "lamp", "municipality": "GM9999"}, "body.municipality"),
        ({"text": "lamp", "colour": "red"}, "body.colour"),
    ],
)
async def test_wrong_input_is_refused_and_the_field_named(client, body, field):
    answer = await client.post("/v1/predictions", json=body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_a_text_is_not_kept(client, database):
    marker = "zwartepietsnaarzebrapad"
    await client.post("/v1/predictions", json={"text": f"lamp {marker}"})
    async with database.transaction() as session:
        from sqlalchemy import text

        for table in ("reports", "classifications", "outbox"):
            rows = (await session.execute(text(f"SELECT * FROM {table}"))).all()
            assert marker not in str(rows)
