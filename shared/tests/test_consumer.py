"""What a consumer does with events that work, fail, come twice or cannot be read."""

from dataclasses import replace

import pytest

from commonground.messaging import Consumer, PermanentError, Subscription, TransientError
from commonground.messaging import consumer as consumer_module
from commonground.messaging.consumer import MOST_IN_A_ROW, TRIES, TooManyFailuresError
from commonground.testing.events import buried, outbox_events, record


@pytest.fixture
def topic(effects):
    """Stream and event as ``record`` takes them."""
    stream = effects.subscription().topic.removeprefix("meldstroom.").removesuffix(".v1")
    return stream, f"{stream.split('.')[0]}.counted"


@pytest.fixture
def counted(topic):
    def make(number, key="a", offset=None, **more):
        offset = number if offset is None else offset
        return record(*topic, {"number": number}, key=key, sequence=number + 1, offset=offset, **more)

    return make


@pytest.fixture
def consumer(settings, database, effects):
    return Consumer(settings, database, "sample", [effects.subscription()])


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    async def at_once(_seconds):
        return None

    monkeypatch.setattr(consumer_module.asyncio, "sleep", at_once)


async def test_a_batch_is_handled_in_order(consumer, counted, seen):
    await consumer.handle([counted(number) for number in range(20)])
    assert await seen() == list(range(20))


async def test_an_event_that_comes_twice_has_one_effect(consumer, counted, seen):
    event = counted(1)
    await consumer.handle([event, event])
    await consumer.handle([event])
    await consumer.handle([replace(event, offset=99)])  # published again by a relay that was killed
    assert await seen() == [1]


@pytest.mark.parametrize("first", ["1970-01-01T00:00:00Z", "2100-01-01T00:00:00Z"])
async def test_the_time_of_an_event_decides_nothing(consumer, counted, seen, first):
    def at(event, moment):
        return replace(event, headers=[*(h for h in event.headers if h[0] != "ce_time"), ("ce_time", moment.encode())])

    await consumer.handle([at(counted(1), first), counted(2), at(counted(3), "1990-01-01T00:00:00Z")])
    await consumer.handle([at(counted(4), first)])
    assert await seen() == [1, 2, 3, 4]


async def test_after_a_failure_nothing_of_the_batch_is_left_behind_and_a_retry_does_all(
    consumer, counted, effects, seen
):
    effects.failures = [TransientError("away")]
    batch = [counted(1), counted(2)]
    with pytest.raises(TransientError):
        await consumer.handle(batch)
    assert await seen() == []
    await consumer.handle(batch)
    assert await seen() == [1, 2]


async def test_one_bad_event_does_not_hold_the_good_ones(consumer, counted, effects, seen, database):
    effects.poison = {2}
    await consumer.handle([counted(1), counted(2), counted(3)])
    assert await seen() == [1, 3]
    letters = await buried(database)
    assert [(letter.offset, letter.attempts) for letter in letters] == [(2, TRIES)]
    assert letters[0].data == b'{"number":2}'


async def test_a_permanent_error_is_a_dead_letter_at_once(consumer, counted, effects, database):
    effects.failures = [PermanentError("never"), PermanentError("never")]  # in the batch, and alone
    await consumer.handle([counted(1)])
    assert [letter.attempts for letter in await buried(database)] == [1]


async def test_a_value_that_is_not_what_the_block_reads_is_a_dead_letter_without_its_content(
    consumer, topic, counted, seen, database
):
    wrong = record(*topic, {"number": "Jan de Vries"}, key="a", offset=7)
    await consumer.handle([wrong, counted(1)])
    assert await seen() == [1]
    [letter] = await buried(database)
    assert letter.error == "ValidationError(number: int_parsing)"
    [told] = await outbox_events(database)
    assert "Jan" not in str(told)


@pytest.mark.parametrize(
    "change",
    [{"headers": []}, {"value": b"no json"}, {"headers": [("ce_id", b"1")]}],
    ids=["no envelope", "no json", "half an envelope"],
)
async def test_a_record_that_is_no_event_is_a_dead_letter(consumer, counted, seen, database, change):
    await consumer.handle([replace(counted(1, offset=5), **change), counted(2)])
    assert await seen() == [2]
    assert [letter.offset for letter in await buried(database)] == [5]


async def test_a_dead_letter_is_told_once_however_often_its_record_comes(consumer, counted, effects, database):
    effects.poison = {1}
    event = counted(1)
    await consumer.handle([event])
    await consumer.handle([event])
    assert len(await buried(database)) == 1
    assert len(await outbox_events(database)) == 1


async def test_many_failures_in_a_row_stop_the_consumer(consumer, counted, effects, database):
    effects.poison = set(range(1000))
    with pytest.raises(TooManyFailuresError):
        await consumer.handle([counted(number) for number in range(MOST_IN_A_ROW + 5)])
    assert len(await buried(database)) == MOST_IN_A_ROW


async def test_a_dead_letter_can_be_handled_again_by_the_handler_itself(consumer, counted, effects, seen, database):
    effects.poison = {1}
    await consumer.handle([counted(1)])
    effects.poison = set()
    assert await consumer.retry(await buried(database)) == 1
    assert await seen() == [1]
    [letter] = await buried(database)
    assert letter.settlement == "retried"


async def test_a_tombstone_reaches_the_block_and_other_types_are_passed_over(consumer, topic, effects, seen):
    stream, event = topic
    tombstone = record(stream, event, None, key="gone", offset=1)
    other = record(stream, event.replace("counted", "something-newer"), {"x": 1}, key="a", offset=2)
    await consumer.handle([tombstone, other])
    assert effects.forgotten == ["gone"]
    assert await seen() == []


# --- A second group of the same block, which takes whole events ---


@pytest.fixture
def heard():
    return []


@pytest.fixture
def second(settings, database, effects, heard):
    async def hear(_session, events):
        for event in events:
            if event.data.data.get("number") == 13:
                message = "a defect of the second handler"
                raise LookupError(message)
        heard.extend(event.data for event in events)

    whole = Subscription(effects.subscription().topic, (), hear, whole=True)
    return Consumer(settings, database, "sample", [whole], group="meldstroom-sample-second")


async def test_two_groups_of_a_block_each_hear_an_event_once(consumer, second, counted, seen, heard):
    event = counted(1)
    for _ in range(2):
        await consumer.handle([event])
        await second.handle([event])
    assert await seen() == [1]
    assert len(heard) == 1


async def test_a_whole_event_has_all_attributes_and_data_of_any_type(second, topic, heard):
    stream, event = topic
    newer = event.replace("counted", "something-newer")
    await second.handle([record(stream, newer, {"x": {"y": 1}}, key="a", sequence=7)])
    [whole] = heard
    assert whole.data == {"x": {"y": 1}}
    assert whole.attributes["type"] == f"nl.meldstroom.{newer}"
    assert whole.attributes["sequence"] == "000000000007"
    assert {"id", "source", "specversion", "subject", "time", "traceparent"} <= set(whole.attributes)


async def test_a_dead_letter_of_one_group_is_not_handled_again_by_the_other(consumer, second, counted, seen, database):
    await second.handle([counted(13)])
    letters = await buried(database)
    assert await consumer.retry(letters) == 0
    assert await seen() == []
    [letter] = await buried(database)
    assert letter.settlement is None
