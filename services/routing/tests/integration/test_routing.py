"""Events come in, in any order, and a routing goes out."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from commonground.messaging.consumer import Consumer
from commonground.testing.events import buried, outbox_events, record
from routing import use_cases
from routing.configuration import Configurations

ROUTED = "routing.report-routed"


async def routed(database):
    return [event["data"] for event in await outbox_events(database, ROUTED)]


async def test_a_classified_report_goes_to_the_department_of_its_category(seeded, reporting):
    await reporting.all()

    (event,) = await outbox_events(seeded, ROUTED)
    assert event["topic"] == "meldstroom.routing.routings.v1"
    assert event["key"] == event["subject"] == str(reporting.report)
    assert event["sequence"] == 1
    data = event["data"]
    assert datetime.fromisoformat(data.pop("routedAt")) > datetime.now(UTC) - timedelta(minutes=1)
    areas = data.pop("areas")
    assert data == {
        "reportId": str(reporting.report),
        "municipality": "GM0106",
        "category": "lantaarnpaal-straatverlichting",
        "department": "VRL",
        "departmentName": "Openbare verlichting",
        "assignee": None,
        "deadline": "2026-12-21T22:59:59Z",
        "termDays": 21,
        "termKind": "working",
        "rule": None,
        "origin": "category",
        "actor": None,
    }
    assert areas[0].startswith("WK0106")
    assert areas[1].startswith("BU0106")


async def test_the_trace_of_the_report_goes_on_in_the_routing(seeded, reporting):
    await reporting.all()

    (event,) = await outbox_events(seeded, ROUTED)
    assert event["traceparent"].split("-")[1] == "1" * 32


@pytest.mark.parametrize("order", list(permutations(["submitted", "texts", "classified"])))
async def test_the_order_of_arrival_does_not_matter(seeded, reporting, order):
    for step in order:
        await getattr(reporting, step)()

    found = await routed(seeded)
    assert len(found) == 1
    assert found[0]["department"] == "VRL"


async def test_the_same_event_under_another_id_changes_nothing(seeded, reporting):
    await reporting.all()
    await reporting.all()

    assert len(await routed(seeded)) == 1


async def test_a_report_without_a_category_waits(seeded, reporting):
    await reporting.submitted()
    await reporting.texts()

    assert await routed(seeded) == []


async def test_a_new_classification_routes_again_with_the_next_sequence(seeded, reporting):
    await reporting.all()
    await reporting.classified(sequence=2, category="huisafval", mainCategory="afval", origin="handler")

    events = await outbox_events(seeded, ROUTED)
    assert [(event["sequence"], event["data"]["department"]) for event in events] == [(1, "VRL"), (2, "AFV")]
    assert events[1]["data"]["deadline"] == "2026-11-25T22:59:59Z"  # still counted from submission


async def test_an_older_classification_that_comes_late_is_passed_over(seeded, reporting):
    await reporting.submitted()
    await reporting.classified(sequence=2, category="huisafval", mainCategory="afval")
    await reporting.classified(sequence=1)

    assert [data["department"] for data in await routed(seeded)] == ["AFV"]


async def test_a_category_that_nobody_knows_goes_to_the_fallback(seeded, reporting):
    await reporting.all(category="never-heard-of")

    (data,) = await routed(seeded)
    assert (data["department"], data["departmentName"], data["origin"]) == ("MLD", "Meldpunt", "fallback")
    assert (data["termDays"], data["termKind"]) == (5, "working")


async def test_without_any_seed_a_report_is_still_routed(database, reporting):
    await reporting.all()

    (data,) = await routed(database)
    assert (data["department"], data["areas"]) == ("MLD", [])


async def test_street_lighting_goes_to_the_lighting_department_and_every_category_to_exactly_one(seeded, reporting):
    async with seeded.transaction() as session:
        rows = (await session.execute(text("SELECT slug, department, term_days FROM categories"))).all()

    assert len(rows) == 123
    assert all(row.department and row.term_days is not None for row in rows)
    assert {row.slug: row.department for row in rows}["lantaarnpaal-straatverlichting"] == "VRL"


async def test_an_answer_that_a_rule_looks_at_is_waited_for(seeded, reporting, client, administrator):
    await add_rule(client, administrator, department="STW", conditions={"answers": [{"key": "kind", "value": "Eik"}]})

    await reporting.submitted()
    await reporting.classified()
    assert await routed(seeded) == []

    await reporting.texts(kind=" eik")
    assert [data["department"] for data in await routed(seeded)] == ["STW"]


async def test_a_report_whose_answers_do_not_come_is_routed_without_and_again_when_they_come(
    seeded, reporting, client, administrator, settings
):
    await add_rule(client, administrator, department="STW", conditions={"answers": [{"key": "kind", "value": "eik"}]})
    await reporting.submitted()
    await reporting.classified()

    async with seeded.transaction() as session:
        await use_cases.route_waiting(session, Configurations(settings), datetime.now(UTC) - timedelta(minutes=5))
    assert await routed(seeded) == []

    async with seeded.transaction() as session:
        await use_cases.route_waiting(session, Configurations(settings), datetime.now(UTC) + timedelta(minutes=5))
    assert [data["department"] for data in await routed(seeded)] == ["VRL"]

    await reporting.texts(kind="eik")
    assert [data["department"] for data in await routed(seeded)] == ["VRL", "STW"]


async def test_removed_texts_leave_no_answer_behind(seeded, reporting):
    await reporting.all(phone_of_neighbour="0612345678")
    assert await count_of(seeded, "0612345678") == 1

    await reporting.texts_removed()

    assert await count_of(seeded, "0612345678") == 0
    await reporting.texts(phone_of_neighbour="0612345678")  # the old event once more
    assert await count_of(seeded, "0612345678") == 0


async def count_of(database, marker: str) -> int:
    async with database.transaction() as session:
        query = text("SELECT count(*) FROM reports WHERE answers::text LIKE :marker")
        return (await session.execute(query, {"marker": f"%{marker}%"})).scalar_one()


async def test_a_rule_by_area_and_person_decides(seeded, reporting, client, administrator):
    person = str(uuid4())
    await reporting.all()
    district = (await routed(seeded))[0]["areas"][0]
    rule = await add_rule(client, administrator, department="STW", conditions={"areas": [district]}, assignee=person)

    inside = reporting.another()
    await inside.all()
    outside = reporting.another()
    await outside.submitted(geometry={"type": "Point", "coordinates": [6.6, 53.02]})
    await outside.texts()
    await outside.classified()

    _, one, other = await routed(seeded)
    assert (one["department"], one["assignee"], one["rule"]) == ("STW", person, rule["id"])
    assert (other["department"], other["assignee"], other["rule"]) == ("VRL", None, None)


async def test_hours_of_a_rule_are_local_hours(seeded, reporting, client, administrator):
    await add_rule(
        client, administrator, department="HAN", conditions={"fromTime": "22:00:00", "untilTime": "06:00:00"}
    )

    await reporting.submitted(submittedAt="2026-07-20T20:30:00Z")  # half past ten in the evening in Amsterdam
    await reporting.texts()
    await reporting.classified()

    assert [data["department"] for data in await routed(seeded)] == ["HAN"]


async def test_a_broken_rule_is_passed_over_and_the_history_says_so(seeded, reporting, client, administrator):
    rule = await add_rule(client, administrator, department="STW", conditions={"areas": ["WK999999"]})
    assert rule["broken"] == [{"kind": "unknown-area", "reference": "WK999999"}]

    await reporting.all()

    history = await client.get(f"/v1/reports/{reporting.report}/routings", headers=administrator)
    (routing,) = history.json()["items"]
    assert routing["department"] == "VRL"
    assert routing["passedOver"] == [{"rule": rule["id"], "name": rule["name"], "faults": rule["broken"]}]


async def test_a_category_that_classification_tells_about_can_be_used_in_rules(seeded, deliver, client, administrator):
    rule = await add_rule(client, administrator, department="STW", conditions={"categories": ["fontein"]})
    assert rule["broken"] == [{"kind": "unknown-category", "reference": "fontein"}]

    data = {"municipality": "GM0106", "slug": "fontein", "mainCategory": "openbaar-groen-en-water", "active": True}
    await deliver("classification.categories", "classification.category-changed", data, key="GM0106:fontein")

    (shown,) = (await client.get("/v1/rules", headers=administrator)).json()["items"]
    assert shown["broken"] == []


async def test_one_bad_event_does_not_hold_the_good_ones(seeded, reporting, deliver):
    await deliver("intake.reports", "intake.report-submitted", {"reportId": "x"}, key="x")
    await reporting.all()

    assert len(await buried(seeded)) == 1
    assert len(await routed(seeded)) == 1


async def test_many_events_of_many_reports_in_one_batch(seeded, settings, block):
    consumer = Consumer(settings, seeded, "routing", block.subscriptions(settings))
    reports = [uuid4() for _ in range(60)]
    records = []
    for number, report in enumerate(reports):
        place = {"type": "Point", "coordinates": [6.5625, 52.9967]}
        base = {"reportId": str(report), "municipality": "GM0106"}
        records.append(
            record(
                "classification.classifications",
                "classification.report-classified",
                {
                    **base,
                    "category": "boom",
                    "mainCategory": "openbaar-groen-en-water",
                    "origin": "model",
                    "classifiedAt": "2026-11-20T09:30:01Z",
                },
                key=str(report),
                offset=number,
            )
        )
        records.append(
            record(
                "intake.reports",
                "intake.report-submitted",
                {**base, "geometry": place, "submittedAt": "2026-11-20T09:30:00Z", "source": "web"},
                key=str(report),
                offset=number,
            )
        )
    await consumer.handle(records)

    found = await routed(seeded)
    assert {UUID(data["reportId"]) for data in found} == set(reports)
    assert len(found) == 60
    assert await buried(seeded) == []


async def add_rule(client, administrator, **values):
    answer = await client.post("/v1/rules", headers=administrator, json={"name": "Regel", "conditions": {}, **values})
    assert answer.status_code == 201, answer.text
    return answer.json()
