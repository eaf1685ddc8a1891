"""Routing does what its OpenAPI document says, whatever it is asked."""

import pytest

from commonground.testing.fuzzing import answers_as_documented


@pytest.fixture
async def known(seeded, client, reporting, administrator) -> dict[str, list]:
    """Parameters of the seed, of a rule and of a report that went to a department."""
    await reporting.all()
    rule = {"municipality": "GM0106", "name": "Lampen", "department": "VRL", "conditions": {"sources": ["app"]}}
    made = await client.post("/v1/rules", json=rule, headers=administrator)
    assert made.status_code == 201, made.text
    return {
        "path.reportId": [str(reporting.report)],
        "path.ruleId": [made.json()["id"]],
        "path.code": ["VRL", "STW"],
        "path.category": ["lantaarnpaal-straatverlichting"],
        "query.municipality": ["GM0106"],
        "body.municipality": ["GM0106"],
        "body.department": ["VRL", "STW"],
        "body.rules": [await ids(client, administrator, "/v1/rules")],
        "body.conditions": [{"sources": ["app"]}, {"weekdays": [6, 7]}],
        "body.expectedVersion": [None],
    }


async def ids(client, headers, path):
    return [item["id"] for item in (await client.get(path, headers=headers)).json()["items"]]


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_whatever_is_asked_the_answer_is_one_that_the_document_names(app, known, administrator, tmp_path):
    await answers_as_documented(app, administrator, tmp_path, known=known)
