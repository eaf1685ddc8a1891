"""What the topics keep, over a real broker."""

import asyncio
from uuid import uuid4

import confluent_kafka
import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, ResourceType

from commonground.messaging import Stream, Tier, kafka

DAY = 24 * 3600 * 1000


@pytest.fixture
def settings(settings, kafka_broker):
    return settings.model_copy(update={"kafka_bootstrap_servers": kafka_broker, "kafka_partitions": 2})


@pytest.fixture
def admin(kafka_broker):
    return AdminClient({"bootstrap.servers": kafka_broker})


def stream(tier=Tier.OPEN, *, compacted=True):
    return Stream(f"sample{uuid4().hex[:8]}", "things", tier, "Things", compacted=compacted)


def configuration(admin, topic):
    resource = ConfigResource(ResourceType.TOPIC, topic)
    (future,) = admin.describe_configs([resource], request_timeout=20).values()
    return {name: entry.value for name, entry in future.result(20).items()}


async def compacted(admin, topic):
    """The broker answers from what it knows, and hears of a change a moment after the controller accepted it."""
    async with asyncio.timeout(20):
        while int((found := configuration(admin, topic))["min.compaction.lag.ms"]) != 30 * DAY:
            await asyncio.sleep(0.05)
    return found


@pytest.mark.kafka
async def test_an_open_topic_with_state_keeps_all_for_thirty_days_and_the_newest_of_each_key_for_ever(settings, admin):
    cases = stream()
    await kafka.ensure_topics(settings, [cases])
    found = configuration(admin, cases.topic)
    assert found["cleanup.policy"] == "compact"
    assert int(found["min.compaction.lag.ms"]) == 30 * DAY


@pytest.mark.kafka
async def test_what_was_removed_from_a_personal_topic_is_gone_from_its_log_within_a_week(settings, admin):
    people = stream(Tier.PERSONAL)
    await kafka.ensure_topics(settings, [people])
    found = configuration(admin, people.topic)
    assert found["cleanup.policy"] == "compact"
    assert int(found["max.compaction.lag.ms"]) == 7 * DAY


@pytest.mark.kafka
@pytest.mark.parametrize(
    "earlier",
    [
        {"cleanup.policy": "delete", "retention.ms": str(30 * DAY), "max.message.bytes": "123456"},
        {"cleanup.policy": "compact", "max.compaction.lag.ms": str(7 * DAY), "max.message.bytes": "123456"},
    ],
)
async def test_a_topic_of_an_earlier_version_gets_the_new_configuration_and_keeps_the_rest(settings, admin, earlier):
    cases, deliveries = stream(), stream(compacted=False)
    expiring = {"cleanup.policy": "delete", "retention.ms": str(30 * DAY), "max.message.bytes": "123456"}
    for one, old in ((cases, earlier), (deliveries, expiring)):
        (made,) = admin.create_topics([NewTopic(one.topic, num_partitions=1, config=old)]).values()
        made.result(20)
    await kafka.ensure_topics(settings, [cases, deliveries])
    found = await compacted(admin, cases.topic)
    assert (found["cleanup.policy"], found["max.message.bytes"]) == ("compact", "123456")
    assert configuration(admin, deliveries.topic)["cleanup.policy"] == "delete"


async def test_a_broker_that_knows_no_configuration_holds_nobody_up(settings):
    """The broker inside librdkafka, on a machine without Java and Docker."""
    broker = confluent_kafka.Producer({"bootstrap.servers": "none", "test.mock.num.brokers": 1})
    try:
        address = next(iter(broker.list_topics(timeout=10).brokers.values()))
        plain = settings.model_copy(update={"kafka_bootstrap_servers": f"{address.host}:{address.port}"})
        cases = stream()
        broker.list_topics(cases.topic, timeout=10)  # asking for a topic creates it
        async with asyncio.timeout(10):
            await kafka.ensure_topics(plain, [cases])
    finally:
        broker.flush(1)
