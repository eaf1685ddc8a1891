"""The map of a whole city."""

import pytest
from click.testing import CliRunner

from commonground.messaging.consumer import Consumer
from commonground.testing.events import buried, record
from insight.manage import main


def test_a_city_of_made_up_cases_can_be_filled_in_for_measurements(database_url, monkeypatch):
    monkeypatch.setenv("INSIGHT_DATABASE_URL", database_url)

    done = CliRunner().invoke(main, ["fill", "--cases", "700"], catch_exceptions=False)

    assert done.output == "700 of 700\n"


@pytest.mark.parametrize("reverse", [False, True])
async def test_a_batch_with_several_events_of_the_same_case_gives_the_newest(
    client, telling, settings, database, block, reverse
):
    await telling.category()
    await telling.submitted()
    await telling.classified()
    consumer = Consumer(settings, database, "insight", block.subscriptions(settings))
    case = {
        "caseId": str(telling.case),
        "reportIds": [str(telling.report)],
        "municipality": "GM0106",
        "previousStatus": "reported",
    }
    moments = [("open", "in-progress", 2), ("closed", "closed", 3), ("open", "reopened", 4)]
    records = [
        record(
            "handling.cases",
            "handling.case-status-changed",
            {**case, "status": status, "publicStatus": public, "changedAt": f"2026-11-20T10:0{sequence}:00Z"},
            key=str(telling.report),
            sequence=sequence,
            offset=100 + sequence,
        )
        for public, status, sequence in moments
    ]
    await consumer.handle(records[::-1] if reverse else records)

    (feature,) = (await client.get("/v1/public-cases")).json()["features"]
    assert feature["properties"]["status"] == "open"
    assert await buried(database) == []
