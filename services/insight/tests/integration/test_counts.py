"""Counts of what came and went."""

import pytest

PERIOD = {"from": "2026-11-19", "to": "2026-11-21"}


@pytest.fixture
def analyst(tokens):
    return tokens.bearer("tessa", permissions=["statistics:read"])


@pytest.fixture
async def three_reports(telling):
    """Two lamps and a tree, one of the lamps closed, the tree not routed."""
    first, second, third = telling, telling.another(), telling.another()
    await first.category()
    await first.department()
    for one in (first, second):
        await one.submitted(at="2026-11-20T09:30:00Z")
        await one.classified()
        await one.routed()
    await third.submitted(at="2026-11-20T23:30:00Z")  # the 21st in Amsterdam
    await third.classified("boom")
    await first.changed(at="2026-11-20T10:30:00Z")


async def counts(client, analyst, **params):
    answer = await client.get("/v1/counts", params={**PERIOD, **params}, headers=analyst)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_reports_are_counted_by_local_day_and_quiet_days_are_there_too(client, analyst, three_reports):
    answer = await counts(client, analyst)

    assert answer == {
        "from": "2026-11-19",
        "to": "2026-11-21",
        "groupBy": "day",
        "items": [
            {"key": "2026-11-19", "name": None, "received": 0, "closed": 0},
            {"key": "2026-11-20", "name": None, "received": 2, "closed": 1},
            {"key": "2026-11-21", "name": None, "received": 1, "closed": 0},
        ],
        "nextCursor": None,
    }


async def test_reports_are_counted_by_category_department_and_district(client, analyst, three_reports):
    by_category = (await counts(client, analyst, groupBy="category"))["items"]
    by_department = (await counts(client, analyst, groupBy="department"))["items"]
    by_district = (await counts(client, analyst, groupBy="district"))["items"]

    lamp = {"nl": "Straatverlichting", "en": "Street lighting"}
    assert by_category == [
        {"key": "lantaarnpaal-straatverlichting", "name": lamp, "received": 2, "closed": 1},
        {"key": "boom", "name": None, "received": 1, "closed": 0},
    ]
    lighting = {"nl": "Openbare verlichting", "en": "Openbare verlichting"}
    assert by_department == [
        {"key": "VRL", "name": lighting, "received": 2, "closed": 1},
        {"key": None, "name": None, "received": 1, "closed": 0},
    ]
    assert [(one["key"], one["received"]) for one in by_district] == [("WK010600", 2), (None, 1)]


async def test_what_lies_outside_the_period_is_not_counted(client, analyst, three_reports):
    answer = await counts(client, analyst, **{"from": "2026-01-01", "to": "2026-01-31"}, groupBy="category")

    assert answer["items"] == []


async def test_only_the_callers_own_municipalities_are_counted(client, tokens, three_reports):
    elsewhere = tokens.bearer("eve", permissions=["statistics:read"], municipalities=["GM0363"])

    assert (await counts(client, elsewhere, groupBy="category"))["items"] == []
    named = await client.get("/v1/counts", params={"municipality": "GM0106"}, headers=elsewhere)
    assert (named.status_code, named.json()["type"]) == (403, "urn:meldstroom:problem:another-municipality")


async def test_without_the_right_nobody_counts(client, tokens):
    handler = tokens.bearer("hanna", permissions=["case:read"])

    assert (await client.get("/v1/counts")).status_code == 401
    assert (await client.get("/v1/counts", headers=handler)).status_code == 403


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"from": "yesterday"}, "query.from"),
        ({"from": "2026-02-30"}, "query.from"),
        ({"to": "0"}, "query.to"),
        ({"from": "2026-02-02", "to": "2026-02-01"}, "query.to"),
        ({"from": "1990-01-01", "to": "2026-02-01"}, "query.from"),
        ({"groupBy": "weather"}, "query.groupBy"),
    ],
)
async def test_a_period_that_cannot_be_is_refused_with_its_field(client, analyst, params, field):
    answer = await client.get("/v1/counts", params=params, headers=analyst)

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]
