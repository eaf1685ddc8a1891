"""What other blocks tell about a report becomes a case, in whatever order it arrives."""

import random
from itertools import permutations
from uuid import uuid4

import pytest
from sqlalchemy import text

from commonground.testing.events import buried, outbox_events
from handling.schemas import CaseDetail

# These meet in the row of the case; text, contact and explanation each have columns that nothing else touches.
MEETING = ["submitted", "classified", "routed", "wrote"]
APART = ["reachable", "explained"]


async def test_a_report_stands_in_the_list_with_category_department_and_deadline(client, story, staff, hanna):
    await story.all_of_it()
    items = (await client.get("/v1/cases", headers=hanna)).json()["items"]
    assert len(items) == 1
    case = items[0]
    assert case["id"] == str(story.case_id)
    assert case["number"] == "M-10001"
    assert case["status"] == "reported"
    assert case["category"] == "straatverlichting"
    assert case["categoryName"] == {"nl": "Straatverlichting", "en": "straatverlichting (en)"}
    assert case["department"] == "VRL"
    assert case["departmentName"] == "Openbare verlichting"
    assert case["deadline"] == "2026-11-27T16:00:00Z"
    assert case["priority"] == "normal"
    assert case["assignee"] is None
    assert case["summary"] == "De lantaarnpaal is stuk"
    assert case["address"]["street"] == "Vaart"
    assert case["geometry"] == {"type": "Point", "coordinates": [6.5625, 52.9967]}


async def test_the_detail_shows_all_that_was_told(client, story, staff, karim):
    await story.all_of_it()
    answer = await client.get(story.path, headers=karim)
    CaseDetail.model_validate_json(answer.content)
    case = answer.json()
    assert case["description"] == "De lantaarnpaal is stuk"
    assert case["answers"][0]["value"] == "een week"
    assert case["attachments"][0]["contentType"] == "image/jpeg"
    assert case["contact"] == {"email": "melder@example.org", "phone": None, "language": "nl"}
    assert case["explanation"]["predictions"][0]["words"] == ["lantaarnpaal"]
    assert [entry["kind"] for entry in case["history"]] == ["opened", "category", "department"]
    assert case["history"][1]["toName"] == {"nl": "Straatverlichting", "en": "straatverlichting (en)"}
    assert case["history"][2]["details"] == {"deadline": "2026-11-27T16:00:00Z", "termDays": 5, "termKind": "working"}
    assert all(entry["actor"] is None for entry in case["history"])
    assert case["version"] == 3


async def test_nothing_is_listed_before_the_report_itself_is_known(client, story, karim):
    await story.classified()
    await story.routed()
    await story.wrote()
    assert (await client.get("/v1/cases", headers=karim)).json()["items"] == []
    assert (await client.get("/v1/cases/count", headers=karim)).json()["count"] == 0
    assert (await client.get(story.path, headers=karim)).status_code == 404
    await story.submitted()
    assert len((await client.get("/v1/cases", headers=karim)).json()["items"]) == 1


def outcome(case: dict) -> dict:
    """Return what must be the same whatever the order: all but times of arrival and random ids."""
    history = sorted((entry["kind"], entry["from"], entry["to"]) for entry in case["history"])
    return {**case, "id": 0, "reportId": 0, "changedAt": 0, "history": history}


async def test_every_order_of_arrival_leads_to_the_same_case(client, stories, staff, karim, database):
    usual = await stories(number="M-1").all_of_it()
    wanted = outcome((await client.get(usual.path, headers=karim)).json())
    place = random.Random(1106).randint
    for meeting in permutations(MEETING):
        order = list(meeting)
        for source in APART:
            order.insert(place(0, len(order)), source)
        story = stories(number="M-1")
        for source in order:
            await getattr(story, source)()
        case = (await client.get(story.path, headers=karim)).json()
        assert outcome(case) == wanted, order
    assert await buried(database) == []
    opened = await outbox_events(database, "handling.case-opened")
    assert len(opened) == 25
    assert {event["sequence"] for event in opened} == {1}


async def test_one_batch_in_any_order_and_twice_leads_to_the_same_case(client, stories, staff, karim, database, handle):
    usual = await stories(number="M-1").all_of_it()
    wanted = outcome((await client.get(usual.path, headers=karim)).json())
    shuffle = random.Random(1106).shuffle
    for _round in range(20):
        batch, of_batch = [], []

        async def collect(stream, event, data, *, key, sequence, batch=batch):
            batch.append((stream, event, data, key, sequence, str(uuid4())))

        for _ in range(5):
            story = stories(number="M-1")
            story.deliver = collect
            await story.all_of_it()
            of_batch.append(story)
        shuffle(batch)
        await handle(batch)
        shuffle(batch)
        await handle(batch)
        for story in of_batch:
            assert outcome((await client.get(story.path, headers=karim)).json()) == wanted
    assert len(await outbox_events(database, "handling.case-opened")) == 101


async def test_an_older_event_changes_nothing_any_more(client, story, karim, staff):
    await story.all_of_it()
    await story.classified("grofvuil", mainCategory="afval")
    await story.routed("AFV", departmentName="Afval en grondstoffen")
    before = (await client.get(story.path, headers=karim)).json()
    await story.classified("oud", sequence=1)
    await story.routed("OUD", sequence=1)
    await story.submitted(number="M-1", sequence=1)
    assert (await client.get(story.path, headers=karim)).json() == before
    assert before["category"] == "grofvuil"
    assert before["department"] == "AFV"


async def test_opening_is_told_once_and_openly(story, database):
    await story.all_of_it()
    await story.submitted()
    events = await outbox_events(database)
    assert [event["type"] for event in events] == ["nl.meldstroom.handling.case-opened"]
    event = events[0]
    assert event["topic"] == "meldstroom.handling.cases.v1"
    assert event["key"] == str(story.report_id)
    assert event["subject"] == str(story.case_id)
    assert event["sequence"] == 1
    assert event["data"]["reportIds"] == [str(story.report_id)]
    assert event["data"]["status"] == "reported"


async def test_a_new_department_takes_the_case_from_its_assignee(client, story, staff, karim, database):
    await story.all_of_it()
    answer = await client.post(f"{story.path}/assignments", json={"assignee": staff["hanna"]}, headers=karim)
    assert answer.json()["assigneeName"] == "Hanna"
    await story.routed("VRL", deadline="2026-12-01T16:00:00Z")
    assert (await client.get(story.path, headers=karim)).json()["assignee"] == staff["hanna"]
    await story.routed("AFV", departmentName="Afval en grondstoffen")
    case = (await client.get(story.path, headers=karim)).json()
    assert case["assignee"] is None
    assert case["departmentName"] == "Afval en grondstoffen"
    taken = [entry for entry in case["history"] if entry["kind"] == "assignment"][-1]
    assert (taken["actor"], taken["fromName"], taken["to"]) == (None, {"nl": "Hanna", "en": "Hanna"}, None)
    told = await outbox_events(database, "handling.case-assigned")
    assert [event["data"]["assignee"] for event in told] == [staff["hanna"], None]
    assert [event["sequence"] for event in told] == [2, 3]


@pytest.mark.parametrize("first", ["submitted", "routed"])
async def test_whoever_routing_names_has_the_case_and_it_is_told_after_opening(
    story, staff, database, client, karim, first
):
    steps = {"submitted": story.submitted, "routed": lambda: story.routed(assignee=staff["hanna"])}
    for step in sorted(steps, key=lambda name: name != first):
        await steps[step]()
    assert (await client.get(story.path, headers=karim)).json()["assigneeName"] == "Hanna"
    events = await outbox_events(database)
    assert [(event["type"].rsplit(".", 1)[1], event["sequence"]) for event in events] == [
        ("case-opened", 1),
        ("case-assigned", 2),
    ]


async def test_what_became_of_messages_stands_in_the_history(client, story, karim):
    await story.all_of_it()
    data = {
        "messageId": str(uuid4()),
        "reportId": str(story.report_id),
        "municipality": "GM0106",
        "kind": "confirmation",
        "channel": "email",
        "at": "2126-11-20T09:31:00Z",
        "attempts": 2,
    }
    await story.deliver("notification.deliveries", "notification.message-failed", data, key=str(story.report_id))
    later = {**data, "at": "2126-11-20T10:00:00Z", "attempts": 3}
    await story.deliver("notification.deliveries", "notification.message-delivered", later, key=str(story.report_id))
    case = (await client.get(story.path, headers=karim)).json()
    assert [entry["kind"] for entry in case["history"]][-2:] == ["message-failed", "message-delivered"]
    assert case["deliveries"] == [
        {
            "messageId": data["messageId"],
            "kind": "confirmation",
            "channel": "email",
            "state": "delivered",
            "at": "2126-11-20T10:00:00Z",
            "attempts": 3,
        }
    ]
    assert case["version"] == 3


async def test_history_cannot_be_changed_even_by_hand(story, database):
    await story.all_of_it()
    for statement in ("UPDATE history SET kind = 'note'", "DELETE FROM history", "TRUNCATE history"):
        with pytest.raises(Exception, match="append-only"):
            async with database.transaction() as session:
                await session.execute(text(statement))


async def test_renaming_reaches_cases_that_are_there(client, story, staff, karim):
    await story.all_of_it()
    data = {"municipality": "GM0106", "code": "VRL", "name": "Licht", "active": True}
    await story.deliver("routing.departments", "routing.department-changed", data, key="GM0106:VRL", sequence=2)
    old = {**data, "name": "Oud"}
    await story.deliver("routing.departments", "routing.department-changed", old, key="GM0106:VRL", sequence=1)
    assert (await client.get(story.path, headers=karim)).json()["departmentName"] == "Licht"
