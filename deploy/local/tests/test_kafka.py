"""Each way to Kafka that this machine offers is really taken."""

import shutil
import time
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic

from meldstroom_local import blocks, docker, kafka, kafka_java, mock_broker, preparation
from meldstroom_local.ladder import RungUnavailableError
from meldstroom_local.processes import NotStartedError

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]


def allow(monkeypatch, rung):
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    monkeypatch.setenv("MELDSTROOM_KAFKA", rung)
    if rung == "docker" and (reason := docker.answers()) is not None:
        pytest.skip(reason)
    if rung == "java":
        try:
            kafka_java.find_java()
        except RungUnavailableError as error:
            pytest.skip(str(error))
        if shutil.which("mvn") is None:
            pytest.skip("no Maven")


def publish(bootstrap, topic, value):
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "enable.idempotence": True})
    failures = []
    producer.produce(
        topic, key=b"key", value=value, headers=[("ce_id", b"1")], on_delivery=lambda e, _m: failures.append(e)
    )
    assert producer.flush(20) == 0
    assert failures == [None]


def read(bootstrap, topic, seconds=20.0):
    options = {"bootstrap.servers": bootstrap, "group.id": uuid4().hex, "auto.offset.reset": "earliest"}
    consumer = Consumer(options)
    consumer.subscribe([topic])
    deadline = time.monotonic() + seconds
    try:
        while time.monotonic() < deadline:
            message = consumer.poll(0.2)
            if message is not None and message.error() is None:
                return message.value(), message.headers()
    finally:
        consumer.close()
    return None


def make_topic(bootstrap, topic):
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])[topic].result(20)


@pytest.mark.parametrize("rung", ["docker", "java"])
def test_records_are_there_after_a_restart_and_after_a_kill(monkeypatch, tmp_path, rung):
    allow(monkeypatch, rung)
    broker = kafka.start(tmp_path)
    try:
        assert broker.rung == rung
        assert broker.keeps
        make_topic(broker.bootstrap, "kept")
        publish(broker.bootstrap, "kept", b"before")
        broker.stop()
        broker.start_again()
        broker.wait_until_ready()
        assert read(broker.bootstrap, "kept") == (b"before", [("ce_id", b"1")])
        if broker.process is not None:
            broker.process.kill()
            broker.start_again()
            broker.wait_until_ready()
            assert read(broker.bootstrap, "kept") == (b"before", [("ce_id", b"1")])
    finally:
        broker.stop()
        kafka.remove_data(tmp_path)


def test_the_java_broker_makes_no_topic_by_accident(monkeypatch, tmp_path):
    allow(monkeypatch, "java")
    broker = kafka.start(tmp_path, throwaway=True)
    try:
        client = Producer({"bootstrap.servers": broker.bootstrap})
        client.list_topics("typing-error", timeout=10)
        assert "typing-error" not in client.list_topics(timeout=10).topics
    finally:
        broker.stop()
    assert not (tmp_path / "kafka-data").exists()


def test_the_test_broker_carries_records_and_says_that_it_keeps_nothing(monkeypatch, tmp_path):
    allow(monkeypatch, "librdkafka")
    monkeypatch.setattr(mock_broker, "topics", list)
    broker = kafka.start(tmp_path)
    try:
        assert not broker.keeps
        publish(broker.bootstrap, "anything", b"before")
        assert read(broker.bootstrap, "anything") == (b"before", [("ce_id", b"1")])
        broker.process.kill()
        broker.start_again()
        with pytest.raises((KafkaException, AssertionError)):
            assert read(broker.bootstrap, "anything", seconds=2) is not None
    finally:
        broker.stop()


def test_the_test_broker_has_the_topics_of_the_contracts_when_it_starts(monkeypatch, tmp_path):
    allow(monkeypatch, "librdkafka")
    broker = kafka.start(tmp_path)
    try:
        there = AdminClient({"bootstrap.servers": broker.bootstrap}).list_topics(timeout=10).topics
        assert set(mock_broker.topics()) <= set(there)
        assert "meldstroom.intake.dead-letters.v1" in there
    finally:
        broker.stop()


def test_one_process_makes_the_topics_of_all_blocks_with_their_settings(monkeypatch, tmp_path):
    allow(monkeypatch, "java")
    broker = kafka.start(tmp_path, throwaway=True)
    try:
        nothing = "postgresql://nobody@127.0.0.1:1"
        work = {
            name: blocks.environment(name, port=1024, postgres=nothing, kafka=broker.bootstrap, state=tmp_path)
            for name in blocks.names()
        }
        with preparation.Nursery() as nursery:
            assert list(nursery.order(work, topics=True)) == []
        client = AdminClient({"bootstrap.servers": broker.bootstrap})
        wanted = set(mock_broker.topics()) - {"meldstroom.gateway.dead-letters.v1"}  # the gateway reads nothing
        deadline = time.monotonic() + 20
        while missing := wanted - set(client.list_topics(timeout=10).topics):  # a new topic is told a moment later
            assert time.monotonic() < deadline, missing
        texts = ConfigResource(ConfigResource.Type.TOPIC, "meldstroom.intake.report-texts.v1")
        assert client.describe_configs([texts])[texts].result(20)["cleanup.policy"].value == "compact"
    finally:
        broker.stop()


def test_an_address_in_the_environment_is_used_and_left_alone(monkeypatch, tmp_path):
    allow(monkeypatch, "librdkafka")
    given = kafka.start(tmp_path / "given")
    try:
        monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", given.bootstrap)
        monkeypatch.setenv("MELDSTROOM_KAFKA", "auto")
        broker = kafka.start(tmp_path / "suite")
        assert (broker.rung, broker.bootstrap) == ("address", given.bootstrap)
        broker.stop()
        assert given.process.pid is not None
    finally:
        given.stop()


def test_without_java_maven_and_docker_the_test_broker_carries_the_suite(monkeypatch, tmp_path):
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    monkeypatch.setenv("MELDSTROOM_KAFKA", "auto")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(docker, "answers", lambda: "no Docker engine")
    told = []
    broker = kafka.start(tmp_path / "suite", tell=told.append)
    broker.stop()
    assert broker.rung == "librdkafka"
    assert told == ["docker: no Docker engine", "java: no Java"]


def test_a_broker_that_ends_at_once_is_reported_with_its_log(monkeypatch, tmp_path):
    allow(monkeypatch, "java")
    broker = kafka.start(tmp_path, wait=False)
    broker.stop()
    (tmp_path / "kafka.properties").write_text("process.roles=nonsense\n")
    broker.start_again()
    with pytest.raises(NotStartedError, match="nonsense"):
        broker.wait_until_ready(30)
