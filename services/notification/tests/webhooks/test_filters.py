"""Which events a subscription gets: by type, category, department and area."""

import json
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
import yaml

from commonground.messaging import Consumer
from commonground.testing.events import record
from notification.domain.webhooks import EVENT_TYPES
from notification.tables import webhook_events
from notification.webhook_incoming import GROUP, TOPICS, webhook_subscriptions

STATUS = "nl.meldstroom.handling.case-status-changed"
AROUND = {
    "type": "Polygon",
    "coordinates": [[[6.5, 52.9], [6.6, 52.9], [6.6, 53.1], [6.5, 53.1], [6.5, 52.9]],
                    [[6.56, 52.99], [6.57, 52.99], [6.57, 53.0], [6.56, 53.0], [6.56, 52.99]]],
}  # fmt: skip


@pytest.fixture
def gets(subscribe, send_all, receiver, do):
    """Subscribe with a filter, let something happen, and return the ids that came."""

    async def run(happening, **filters):
        await subscribe(**filters)
        await happening()
        await send_all()
        return receiver.ids()

    return run


async def test_without_a_filter_everything_comes(gets, happens):
    ids = []

    async def happening():
        ids.extend(
            [await happens.submitted(), await happens.classified(), await happens.routed(), await happens.status()]
        )

    assert await gets(happening) == ids


async def test_by_type(gets, happens):
    ids = []

    async def happening():
        await happens.submitted()
        ids.append(await happens.status())
        await happens.routed()
        ids.append(await happens.status())

    assert await gets(happening, types=[STATUS]) == ids


async def test_by_category_also_events_that_do_not_say_it_themselves(subscribe, happens, send_all, receiver):
    await subscribe(categories=["street-lighting"])
    other = uuid4()
    await happens.classified("bulky-waste", report=other)
    ids = [await happens.classified("street-lighting")]
    await happens.status(report=other)
    ids.append(await happens.status())
    await send_all()
    assert receiver.ids() == ids


async def test_the_latest_category_and_department_count(subscribe, happens, send_all, receiver):
    await subscribe("/light", categories=["street-lighting"], types=[STATUS])
    await subscribe("/vrl", departments=["VRL", "WEG"], types=[STATUS])
    await happens.classified("street-lighting")
    await happens.routed("VRL")
    first = await happens.status()
    await send_all()
    await happens.classified("bulky-waste")
    await happens.routed("AFV")
    await happens.status()
    await send_all()
    assert receiver.ids("/light") == receiver.ids("/vrl") == [first]


async def test_by_department_also_departments_themselves(subscribe, happens, send_all, receiver):
    await subscribe(departments=["VRL"])
    routed = await happens.routed("VRL")
    await happens.routed("AFV", report=uuid4())
    changed = await happens.event(
        "routing.departments",
        "routing.department-changed",
        {"code": "VRL", "name": "x", "active": True},
        key="GM0106:VRL",
    )
    await happens.event("classification.categories", "classification.category-changed", {"slug": "a"}, key="GM0106:a")
    await send_all()
    assert receiver.ids() == [routed, changed]


@pytest.mark.parametrize(
    ("place", "in_box", "in_area"),
    [([6.55, 52.95], True, True), ([6.565, 52.995], True, False), ([6.7, 52.95], False, False)],
    ids=["inside", "in the hole", "outside"],
)
async def test_by_bounding_box_and_by_polygon(subscribe, happens, send_all, receiver, place, in_box, in_area):
    await subscribe("/box", bbox=[6.5, 52.9, 6.6, 53.1])
    await subscribe("/area", area=AROUND)
    await subscribe("/areas", area={"type": "MultiPolygon", "coordinates": [AROUND["coordinates"]]})
    ids = [await happens.submitted(place=place), await happens.status()]
    await happens.status(report=uuid4())  # of a report whose place nobody knows
    await send_all()
    assert receiver.ids("/box") == (ids if in_box else [])
    assert receiver.ids("/area") == receiver.ids("/areas") == (ids if in_area else [])


async def test_all_that_is_given_must_fit(subscribe, happens, send_all, receiver):
    await subscribe(types=[STATUS], categories=["street-lighting"], departments=["VRL"], bbox=[6.5, 52.9, 6.6, 53.1])
    reports = {
        (category, department, east): uuid4()
        for category in ("street-lighting", "tree")
        for department in ("VRL", "AFV")
        for east in (6.55, 7.0)
    }
    for (category, department, east), report in reports.items():
        await happens.submitted(report=report, place=[east, 53.0])
        await happens.classified(category, report=report)
        await happens.routed(department, report=report)
    ids = {key: await happens.status(report=report) for key, report in reports.items()}
    await send_all()
    assert receiver.ids() == [ids["street-lighting", "VRL", 6.55]]


async def test_an_event_waits_a_little_for_its_category_to_become_known(
    subscribe, happens, settings, delivering, database, receiver, waiting, eventually
):
    patient = settings.model_copy(update={"webhook_settle": 30.0})
    await subscribe(categories=["street-lighting"])
    await subscribe("/all")
    submitted = await happens.submitted()
    status = await happens.status()
    async with delivering(settings=patient) as deliverer:
        await deliverer.queue_events()

        async def others_came():
            return len(receiver.ids("/all")) == 2

        await eventually(others_came)
        assert receiver.ids() == []
        classified = await happens.classified("street-lighting")
        await deliverer.queue_events()

        async def all_came():
            return await waiting() == 0 and len(receiver.ids()) == 3

        await eventually(all_came)
    assert receiver.ids() == [submitted, status, classified]


async def test_an_event_whose_category_never_becomes_known_does_not_fit_and_holds_up_nothing_for_long(
    subscribe, happens, settings, send_all, receiver, later, deliverer
):
    await subscribe(categories=["street-lighting"])
    await happens.submitted(report=uuid4())
    fitting = await happens.classified("street-lighting")
    await later(1)
    await send_all(settings=settings.model_copy(update={"webhook_settle": 30.0}))
    assert receiver.ids() == [fitting]


# --- What is heard at all ---


def _open_channels():
    document = yaml.safe_load((Path(__file__).parents[4] / "contracts" / "asyncapi.yaml").read_text())
    return [
        channel
        for channel in document["channels"].values()
        if {"name": "tier:open"} in channel["tags"] and not channel["address"].endswith("dead-letters.v1")
    ]


def test_webhooks_hear_every_open_topic_and_no_other():
    assert sorted(TOPICS) == sorted(channel["address"] for channel in _open_channels())


def test_the_types_that_can_be_chosen_are_those_of_the_open_topics():
    names = {f"nl.meldstroom.{name}" for channel in _open_channels() for name in channel["messages"]}
    assert set(EVENT_TYPES) == names


async def test_every_committed_example_can_be_passed_on(settings, database, subscribe, send_all, receiver):
    settings = settings.model_copy(update={"municipalities": "GM0106"})
    await subscribe()
    consumer = Consumer(settings, database, "notification", webhook_subscriptions(settings), group=GROUP)
    examples = []
    for channel in _open_channels():
        for name in channel["messages"]:
            path = Path(__file__).parents[4] / "contracts" / "events" / f"{name}.v1.example.json"
            example = json.loads(path.read_text())
            examples.append(example)
            stream = channel["address"].removeprefix("meldstroom.").removesuffix(".v1")
            one = record(
                stream, name, example["data"], key=example["partitionkey"], event_id=f"{name.replace('.', '-')}"
            )
            await consumer.handle([one])
    await send_all()
    assert [json.loads(got.body)["data"] for got in receiver.got] == [example["data"] for example in examples]
    assert [json.loads(got.body)["type"] for got in receiver.got] == [example["type"] for example in examples]


async def test_an_event_that_comes_twice_goes_out_once(subscribe, happens, send_all, receiver, report_id):
    await subscribe()
    event_id = await happens.status(event_id="0198-one")
    await happens.status(event_id="0198-one")
    await send_all()
    assert receiver.ids() == [event_id]


async def test_what_is_odd_in_an_event_stops_nothing(subscribe, happens, send_all, receiver, database):
    await subscribe(categories=["street-lighting"])
    for odd in (
        {"reportId": "no id", "category": 7},
        {"reportIds": "x"},
        {"reportIds": [None]},
        {"municipality": None},
        {"municipality": "GM9999", "category": "street-lighting"},
        {"category": "a\0b", "reportId": str(uuid4())},
        {"geometry": {"coordinates": ["x", None]}, "reportId": str(uuid4())},
        {"geometry": None},
    ):
        await happens.event("intake.reports", "intake.report-submitted", odd)
    fitting = await happens.classified("street-lighting")
    await send_all()
    assert receiver.ids() == [fitting]


async def test_of_one_topic_hears_the_mail_side_as_before(deliver, happens, database, report_id):
    """Both consumers of the block hear the same event; neither takes it away from the other."""
    event_id = str(uuid4())
    data = {"reportId": str(report_id), "municipality": "GM0106", "category": "street-lighting", "mainCategory": "x"}
    await deliver(
        "classification.classifications",
        "classification.report-classified",
        data,
        key=str(report_id),
        event_id=event_id,
    )
    await happens.event("classification.classifications", "classification.report-classified", data, event_id=event_id)
    async with database.transaction() as session:
        assert (await session.execute(sa.select(sa.func.count()).select_from(webhook_events))).scalar_one() == 1
