"""Events on their way to a receiver: what goes out, in which order, and what happens when it does not arrive."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from aiohttp import web
from pydantic import SecretStr

from notification.store import webhook_events
from notification.tables import webhook_subscriptions


async def test_an_event_arrives_as_a_structured_cloudevent_with_a_signature_that_verifies(
    subscribe, happens, send_all, receiver, report_id
):
    subscription = await subscribe()
    event_id = await happens.status("planned")
    await send_all()
    [event] = receiver.verify(subscription["secret"])
    assert event["specversion"] == "1.0"
    assert event["id"] == event_id == receiver.got[0].id
    assert event["type"] == "nl.meldstroom.handling.case-status-changed"
    assert event["data"]["status"] == "planned"
    assert event["data"]["reportIds"] == [str(report_id)]
    assert {"source", "subject", "time", "sequence", "partitionkey", "traceparent", "datacontenttype"} <= set(event)
    assert receiver.got[0].headers["content-type"] == "application/cloudevents+json"
    assert "webhook-redelivery" not in receiver.got[0].headers


async def test_a_changed_body_or_another_secret_does_not_verify(subscribe, happens, send_all, receiver):
    subscription = await subscribe()
    other = await subscribe("/other")
    await happens.status()
    await send_all()
    with pytest.raises(Exception, match="No matching signature"):
        receiver.verify(other["secret"])
    receiver.got[0].body = receiver.got[0].body.replace(b"in-progress", b"closed")
    with pytest.raises(Exception, match="No matching signature"):
        receiver.verify(subscription["secret"])
    assert json.loads(receiver.got[0].body)["data"]["status"] == "closed"


async def test_events_arrive_in_order_although_the_first_one_fails_for_a_while(
    subscribe, happens, send_all, receiver, log
):
    subscription = await subscribe()
    receiver.answers["/hook"] = [503, "drop", 404, 500]
    sent = await happens.many(6)
    await send_all()
    assert receiver.ids() == [sent[0]] * 4 + sent
    receiver.verify(subscription["secret"])
    attempts = await log()
    assert [(row.attempt, row.code, row.status) for row in attempts[:5]] == [
        (1, "server-error", 503),
        (2, "connection-lost", None),
        (3, "refused", 404),
        (4, "server-error", 500),
        (5, None, 204),
    ]
    assert [row.attempt for row in attempts[5:]] == [1] * 5


async def test_a_target_that_fails_holds_up_nobody_else(subscribe, happens, send_all, receiver):
    await subscribe("/broken")
    await subscribe("/slow")
    await subscribe("/fine")
    receiver.always["/broken"] = 500
    receiver.hold["/slow"] = asyncio.Event()
    sent = await happens.many(5)

    async def all_there():
        return receiver.ids("/fine") == sent

    await send_all(until=all_there)
    assert set(receiver.ids("/broken")) == {sent[0]}
    assert receiver.ids("/slow") == [sent[0]]


async def test_repeats_come_later_each_time_until_three_days_are_over_and_then_it_stops_by_itself(
    subscribe, happens, receiver, queue_all, delivering, settings, eventually, lane, later, look, log
):
    subscription = await subscribe()
    receiver.always["/hook"] = 500
    await happens.many(2)
    await queue_all()
    waits = []
    async with delivering(settings=settings.model_copy(update={"webhook_retry_first": 5})):
        while True:
            tried = len(waits) + 1

            async def enough(tried=tried):
                return len(await log()) == tried

            await eventually(enough)
            if (await look(subscription))["state"] != "active":
                break
            state = await lane(subscription)
            waits.append((state.due_at - state.now).total_seconds())
            await later(max(waits[-1], 0) / 3600)
    wanted = [min(5 * 2**number, 14400) for number in range(len(waits))]
    assert all(0.7 * want < wait < 1.26 * want for wait, want in zip(waits[:-1], wanted, strict=False)), waits
    assert abs(sum(waits) - 72 * 3600) < 60
    assert waits[-1] < 1.26 * 14400
    shown = await look(subscription)
    assert (shown["state"], shown["reason"]) == ("failed", "failed-for-too-long")
    assert shown["lag"]["events"] == 2
    assert shown["failure"]["attempts"] == len(waits) + 1
    assert shown["failure"]["nextAttemptAt"] is None
    assert len(set(receiver.ids())) == 1


async def test_a_stopped_subscription_goes_on_with_the_first_event_that_was_not_delivered(
    subscribe, happens, send_all, receiver, do, look, later, lane, queue_all
):
    subscription = await subscribe()
    receiver.answers["/hook"] = [500, 410]
    sent = await happens.many(3)
    await send_all(attempts=2)
    assert (await look(subscription))["reason"] == "target-gone"
    sent += await happens.many(1)
    await queue_all()
    assert (await look(subscription))["lag"]["events"] == 4
    resumed = await do(subscription, "resumptions")
    assert (resumed["state"], resumed["reason"], resumed["failure"]) == ("active", None, None)
    await send_all()
    assert receiver.ids()[2:] == sent


async def test_gone_stops_at_once_and_nothing_is_sent_any_more(subscribe, happens, send_all, receiver, look, waiting):
    subscription = await subscribe()
    receiver.always["/hook"] = 410
    await happens.many(3)
    await send_all(attempts=1)
    shown = await look(subscription)
    assert (shown["state"], shown["reason"], shown["lag"]["events"]) == ("failed", "target-gone", 3)
    await send_all(until=_a_moment())
    assert len(receiver.got) == 1


def _a_moment():
    looks = iter(range(10))

    async def over():
        return next(looks, None) is None

    return over


async def test_a_target_that_asks_for_patience_gets_it(subscribe, happens, send_all, receiver, lane):
    subscription = await subscribe()
    receiver.always["/hook"] = web.Response(status=429, headers={"Retry-After": "120"})
    await happens.status()
    await send_all(attempts=1)
    state = await lane(subscription)
    assert 100 < (state.due_at - state.now).total_seconds() <= 120


async def test_paused_by_somebody_it_sends_nothing_and_shows_what_waits(
    subscribe, happens, send_all, receiver, do, look, queue_all
):
    subscription = await subscribe()
    await do(subscription, "pauses")
    sent = await happens.many(3)
    await send_all(until=_a_moment())
    assert receiver.got == []
    assert (await look(subscription))["lag"]["events"] == 3
    await do(subscription, "resumptions")
    await send_all()
    assert receiver.ids() == sent


async def test_the_lag_tells_how_much_waits_and_for_how_long(
    subscribe, happens, queue_all, look, later, deliverer, client
):
    subscription = await subscribe(types=["nl.meldstroom.handling.case-status-changed"])
    await happens.classified()
    await happens.many(2)
    await later(1)
    await happens.many(1)
    await queue_all()
    lag = (await look(subscription))["lag"]
    assert lag["events"] == 3
    assert 3600 <= lag["seconds"] < 3700
    await deliverer.measure()
    metrics = (await client.get("/metrics")).text
    place = f'{{municipality="GM0106",subscription="{subscription["id"]}"}}'
    assert f"meldstroom_notification_webhook_lag_events{place} 3.0" in metrics
    assert f"meldstroom_notification_webhook_lag_seconds{place} 36" in metrics
    assert f"meldstroom_notification_webhook_stopped{place} 0.0" in metrics


async def test_what_a_failing_receiver_says_is_kept_short_and_without_signatures(
    subscribe, happens, send_all, receiver, log, client, manager
):
    subscription = await subscribe()
    said = f"not valid: v1,{'A' * 43}= and {subscription['secret']}\x00\x1b[2J " + "x" * 100_000
    receiver.always["/hook"] = web.Response(status=400, text=said)
    await happens.status()
    await send_all(attempts=1)
    [row] = await log()
    assert len(row.answer) <= 1000
    assert row.answer.startswith("not valid: v1,… and whsec_… [2J xxx")
    address = f"/v1/webhook-subscriptions/{subscription['id']}/deliveries"
    [item] = (await client.get(address, headers=manager)).json()["items"]
    assert item["answer"] == row.answer
    assert (item["outcome"], item["status"], item["error"], item["lane"]) == ("failed", 400, "refused", "live")


async def test_after_a_rotation_both_secrets_verify_and_later_only_the_new_one(
    subscribe, happens, send_all, receiver, do, later, look
):
    subscription = await subscribe()
    rotated = await do(subscription, "secrets")
    assert rotated["secret"] != subscription["secret"]
    await happens.status()
    await send_all()
    receiver.verify(subscription["secret"])
    receiver.verify(rotated["secret"])
    await later(25)
    receiver.got.clear()
    await happens.status()
    await send_all()
    receiver.verify(rotated["secret"])
    with pytest.raises(Exception, match="No matching signature"):
        receiver.verify(subscription["secret"])


async def test_secrets_are_encrypted_in_the_database_and_another_key_sends_nothing_wrong(
    subscribe, happens, send_all, receiver, settings, database, log
):
    subscription = await subscribe()
    async with database.transaction() as session:
        [row] = (await session.execute(sa.select(webhook_subscriptions))).all()
    assert row.secret.startswith("sealed:")
    assert subscription["secret"].removeprefix("whsec_") not in row.secret
    await happens.status()
    other = settings.model_copy(update={"webhook_keys": SecretStr("another key")})
    await send_all(attempts=1, settings=other)
    assert [row.code for row in await log()] == ["secret-unreadable"]
    assert receiver.got == []
    both = settings.model_copy(update={"webhook_keys": SecretStr("another key, a key of the tests")})
    await send_all(settings=both)
    receiver.verify(subscription["secret"])


async def test_events_that_are_kept_no_longer_are_counted_for_who_still_waited(
    subscribe, happens, queue_all, do, look, later, database
):
    subscription = await subscribe()
    await do(subscription, "pauses")
    await happens.many(3)
    await queue_all()
    await later(31 * 24)
    await happens.many(1)
    await queue_all()
    async with database.transaction() as session:
        limit = datetime.now(UTC) - timedelta(days=30)
        assert await webhook_events.forget_before(session, limit, most=100) == 3
    shown = await look(subscription)
    assert shown["droppedEvents"] == 3
    assert shown["lag"]["events"] == 1
