"""Delivering again: one event, a range, or from a moment on, without disturbing what is new."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest


@pytest.fixture
async def delivered(subscribe, happens, send_all, receiver):
    """A subscription to cases with five events that arrived, and one classification that does not fit."""
    subscription = await subscribe(types=["nl.meldstroom.handling.case-status-changed"])
    sent = await happens.many(2)
    await happens.classified()
    sent += await happens.many(3)
    await send_all()
    assert receiver.ids() == sent
    receiver.got.clear()
    return subscription, sent


async def test_one_event_goes_again_under_the_same_id_and_says_that_it_is_a_redelivery(
    delivered, do, send_all, receiver, log
):
    subscription, sent = delivered
    answer = await do(subscription, "redeliveries", {"eventIds": [sent[3]]})
    assert answer == {"id": None, "queued": 1}
    await send_all()
    [got] = receiver.got
    assert got.id == sent[3]
    assert got.headers["webhook-redelivery"] == "true"
    receiver.verify(subscription["secret"])
    assert (await log())[-1].lane == "redelivery"


async def test_a_range_of_positions_goes_again_as_far_as_it_fits(delivered, do, send_all, receiver, client, manager):
    subscription, sent = delivered
    address = f"/v1/webhook-subscriptions/{subscription['id']}/deliveries"
    items = (await client.get(address, headers=manager)).json()["items"]
    place = {item["eventId"]: item["position"] for item in items}
    body = {"positions": {"first": place[sent[1]], "last": place[sent[3]]}}
    answer = await do(subscription, "redeliveries", body)
    assert answer["id"]
    await send_all()
    assert receiver.ids() == sent[1:4]


async def test_a_range_of_times_and_from_a_moment_on(
    subscribe, happens, send_all, receiver, do, later, look, queue_all
):
    subscription = await subscribe()
    old = await happens.many(2)
    await later(3)
    middle = await happens.many(2)
    await later(3)
    new = await happens.many(2)
    await send_all()
    now = datetime.now(UTC)

    def ago(hours):
        return (now - timedelta(hours=hours)).isoformat()

    receiver.got.clear()
    await do(subscription, "redeliveries", {"times": {"from": ago(5), "until": ago(2)}})
    await send_all()
    assert receiver.ids() == middle
    receiver.got.clear()
    await do(subscription, "redeliveries", {"since": ago(4)})
    await send_all()
    assert receiver.ids() == middle + new
    receiver.got.clear()
    await do(subscription, "redeliveries", {"since": ago(30)})
    assert (await look(subscription))["redelivery"] == {"events": 0, "requests": 1}
    await queue_all()
    assert (await look(subscription))["redelivery"] == {"events": 6, "requests": 0}
    await send_all()
    assert receiver.ids() == old + middle + new


async def test_new_events_neither_wait_for_a_redelivery_nor_change_their_order(
    delivered, do, happens, queue_all, delivering, receiver, eventually, look
):
    subscription, sent = delivered
    await do(subscription, "redeliveries", {"eventIds": sent})
    failing = iter([500] * 1000)

    class Answers(list):
        """Refuses redeliveries and takes what is new."""

        def __bool__(self):
            return "webhook-redelivery" in receiver.got[-1].headers

        def pop(self, _place):
            return next(failing)

    receiver.answers["/hook"] = Answers()
    new = await happens.many(4)
    await queue_all()

    async def new_ones_came():
        return [got.id for got in receiver.got if "webhook-redelivery" not in got.headers] == new

    async with delivering():
        await eventually(new_ones_came)
        await asyncio.sleep(0)
    again = {got.id for got in receiver.got if "webhook-redelivery" in got.headers}
    assert again <= {sent[0]}
    shown = await look(subscription)
    assert shown["lag"]["events"] == 0
    assert shown["redelivery"]["events"] == len(sent)


async def test_events_that_are_not_kept_are_named_by_their_place(delivered, client, manager):
    subscription, sent = delivered
    address = f"/v1/webhook-subscriptions/{subscription['id']}/redeliveries"
    unknown = str(uuid4())
    answer = await client.post(address, json={"eventIds": [sent[0], unknown]}, headers=manager)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["body.eventIds.1"]
    assert unknown not in answer.text


async def test_events_of_another_municipality_cannot_be_asked_for(
    delivered, client, manager, happens, database, settings, do
):
    subscription, _sent = delivered
    foreign = await happens.status(municipality="GM0363")
    address = f"/v1/webhook-subscriptions/{subscription['id']}/redeliveries"
    assert (await client.post(address, json={"eventIds": [foreign]}, headers=manager)).status_code == 400


WRONG = [
    {},
    {"eventIds": []},
    {"eventIds": ["a"], "since": "2026-11-20T00:00:00Z"},
    {"eventIds": ["\u0000"]},
    {"eventIds": ["x"] * 1001},
    {"positions": {"first": 2, "last": 1}},
    {"positions": {"first": 0, "last": 1}},
    {"positions": {"first": 1, "last": 2**63}},
    {"times": {"from": "2026-11-20T00:00:00Z", "until": "2026-11-19T00:00:00Z"}},
    {"times": {"from": "2026-11-20T00:00:00Z"}},
    {"since": 1},
    {"since": "2026-11-20T00:00:00"},
    {"since": "yesterday"},
    {"everything": True},
]


@pytest.mark.parametrize("body", WRONG, ids=range(len(WRONG)))
async def test_a_request_that_is_not_clear_is_refused_and_names_what_is_wrong(delivered, client, manager, body):
    subscription, _sent = delivered
    address = f"/v1/webhook-subscriptions/{subscription['id']}/redeliveries"
    answer = await client.post(address, json=body, headers=manager)
    assert answer.status_code == 400, answer.text
    assert all(error["field"].startswith("body") for error in answer.json()["errors"])
