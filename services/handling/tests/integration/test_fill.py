"""Synthetic cases for measurements look like real ones to the API."""

from handling.schemas import CaseDetail, CasePage
from handling.store import synthetic


async def test_synthetic_cases_are_listed_and_can_be_worked(client, database, karim):
    async with database.transaction() as session:
        await synthetic.add_cases(session, "GM0106", 300)
    await synthetic.analyze(database)
    answer = await client.get("/v1/cases", params={"limit": 200}, headers=karim)
    items = CasePage.model_validate_json(answer.content).items
    assert len(items) == 200
    assert (await client.get("/v1/cases/count", headers=karim)).json()["count"] == 300
    opened = next(item for item in items if item.status == "reported")
    path = f"/v1/cases/{opened.id}/status-changes"
    answer = await client.post(path, json={"status": "closed", "text": "Klaar"}, headers=karim)
    assert answer.status_code == 201, answer.text
    CaseDetail.model_validate_json(answer.content)
