"""Events on their way to a receiver: what goes out, in which order, and what happens when it does not arrive."""

import json

import pytest


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
