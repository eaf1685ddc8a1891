"""What a tombstone removes is gone from the outbox and stays away, whatever comes again."""

import pytest

from commonground.messaging import Consumer, Tier, publish, publish_removals
from commonground.testing.events import outbox_events, record


@pytest.fixture
def topic(effects):
    """Stream and event as ``record`` takes them."""
    stream = effects.subscription().topic.removeprefix("meldstroom.").removesuffix(".v1")
    return stream, f"{stream.split('.')[0]}.counted"


@pytest.fixture
def hear(settings, database, effects, topic):
    offsets = iter(range(1000))

    async def handle(*events):
        consumer = Consumer(settings, database, "sample", [effects.subscription()])
        await consumer.handle(
            [record(*topic, data and {"number": data}, key=key, offset=next(offsets)) for key, data in events]
        )

    return handle


async def test_an_event_that_comes_after_its_tombstone_brings_nothing_back(hear, effects, seen):
    await hear(("a", 1), ("b", 2))
    await hear(("a", None))
    await hear(("a", 3), ("b", 4))
    await hear(("a", 5))
    assert effects.forgotten == ["a"]
    assert await seen() == [1, 2, 4]


async def test_a_tombstone_before_anything_else_keeps_out_what_it_removed(hear, effects, seen):
    await hear(("a", None), ("a", None))
    await hear(("a", 1))
    assert set(effects.forgotten) == {"a"}
    assert await seen() == []


async def test_on_an_open_topic_a_key_can_come_back(hear, effects, seen):
    effects.tier = Tier.OPEN  # a category that ended and is used again
    await hear(("a", 1))
    await hear(("a", None))
    await hear(("a", 2))
    assert await seen() == [1, 2]


async def test_a_removal_empties_the_outbox_of_its_key_in_place_and_of_no_other(database, counts, counted_number):
    async with database.transaction() as session:
        for key in ("a", "b", "a"):
            await publish(session, counted_number(number=1), key=key, subject="s", sequence=1)
    async with database.transaction() as session:
        await publish_removals(session, counts, {"a": 2})
    events = await outbox_events(database)
    assert [(event["key"], event["data"]) for event in events] == [
        ("a", None),
        ("b", {"number": 1}),
        ("a", None),
        ("a", None),
    ]
    assert (events[-1]["type"], events[-1]["sequence"]) == ("tombstone", 2)
