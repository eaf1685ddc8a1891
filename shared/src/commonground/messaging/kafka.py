"""confluent-kafka's synchronous clients, each driven from one thread; only this and ``log.py`` import them.

The asyncio clients of the same package refuse record headers, which the binary mode of CloudEvents needs.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # exported, not declared
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from commonground.messaging.errors import TransientError
from commonground.messaging.events import Stream, Tier
from commonground.settings import BlockSettings

_logger = logging.getLogger(__name__)
_ANSWER_SECONDS = 5.0
_DAY_MS = 24 * 3600 * 1000
_RETENTION_MS = 30 * _DAY_MS  # what integrators may replay; see docs/integrators


@dataclass(frozen=True)
class Record:
    """One record as it came from Kafka."""

    topic: str
    partition: int
    offset: int
    key: str | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    timestamp_ms: int


def common_options(settings: BlockSettings, client_id: str) -> dict[str, Any]:
    """Return what every client of the broker is told."""
    return {
        "bootstrap.servers": settings.kafka_bootstrap_servers,
        "client.id": client_id,
        "socket.keepalive.enable": True,
        "topic.metadata.propagation.max.ms": 10_000,
        "reconnect.backoff.max.ms": 2_000,
        "log_level": 3,
        "logger": _logger,
        **settings.kafka_options,
    }


def finds_brokers(client: Any) -> bool:
    """Tell whether ``client`` knows a broker that answers, within five seconds."""
    try:
        return bool(client.list_topics(timeout=_ANSWER_SECONDS).brokers)
    except KafkaException:
        return False


class Producer:
    """Publishes batches and tells which records the brokers have acknowledged."""

    def __init__(self, settings: BlockSettings, client_id: str) -> None:
        """Prepare a producer that waits for all in-sync replicas and never reorders its own retries."""
        self._client = confluent_kafka.Producer(
            {
                "topic.metadata.refresh.interval.ms": 10_000,
                **common_options(settings, client_id),
                "acks": "all",
                "enable.idempotence": True,
                "linger.ms": 5,
                "compression.type": "lz4",
                "delivery.timeout.ms": 20_000,
                "statistics.interval.ms": 0,
            }
        )
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="kafka-producer")

    async def publish(self, records: Sequence[tuple[str, str, bytes | None, list[tuple[str, bytes]]]]) -> int:
        """Publish ``(topic, key, value, headers)`` in order; return how many from the start are surely there.

        A record behind the first failed one does not count even when it arrived: it is published again, so that
        the order of a key is kept.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._publish, records)

    def _publish(self, records: Sequence[tuple[str, str, bytes | None, list[tuple[str, bytes]]]]) -> int:
        outcome: list[bool | None] = [None] * len(records)
        first_error: list[KafkaError] = []

        def done(index: int, error: KafkaError | None, _message: object) -> None:
            outcome[index] = error is None
            if error is not None and not first_error:
                first_error.append(error)

        for index, (topic, key, value, headers) in enumerate(records):
            while True:
                try:
                    self._client.produce(
                        topic,
                        value=value,
                        key=key,
                        headers=list(headers),
                        on_delivery=partial(done, index),
                    )
                    break
                except BufferError:
                    self._client.poll(0.1)
        self._client.flush(25)
        acknowledged = next((index for index, ok in enumerate(outcome) if not ok), len(records))
        if acknowledged < len(records):
            _logger.warning("publish_failed code=%s", first_error[0].name() if first_error else "timeout")
        return acknowledged

    async def close(self) -> None:
        """Wait shortly for what is under way and stop the thread."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._client.flush, 2)
        self._thread.shutdown(wait=False)


def as_record(message: Any) -> Record:
    """Return what a client has read."""
    key = message.key()
    return Record(
        topic=message.topic() or "",
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        key=key.decode() if isinstance(key, bytes) else key,
        value=message.value(),
        headers=_headers(message.headers()),
        timestamp_ms=message.timestamp()[1],
    )


def _headers(raw: Any) -> list[tuple[str, bytes | None]]:
    return [(name, value.encode() if isinstance(value, str) else value) for name, value in raw or []]


async def ensure_topics(settings: BlockSettings, streams: Iterable[Stream]) -> None:
    """Create the topics of ``streams`` that are missing, and give the others the configuration that they should have.

    Raises ``TransientError`` when the broker is away.
    Only the block that publishes a stream creates its topic, so that its settings are never a consumer's guess.
    """
    await asyncio.to_thread(_ensure_topics, settings, list(streams))


def _ensure_topics(settings: BlockSettings, streams: list[Stream]) -> None:
    admin = AdminClient(common_options(settings, "topics"))
    try:
        cluster = admin.list_topics(timeout=10)
    except KafkaException as error:
        raise TransientError(error.args[0].name()) from error
    missing = [stream for stream in streams if stream.topic not in cluster.topics]
    if missing:
        _create_topics(admin, settings, missing)
    # The test broker inside librdkafka has no controller: whoever asks it for configurations waits for nothing.
    if cluster.controller_id in cluster.brokers:
        _bring_up_to_date(admin, [stream for stream in streams if stream.topic in cluster.topics])


def _create_topics(admin: AdminClient, settings: BlockSettings, missing: list[Stream]) -> None:
    wanted = [
        NewTopic(
            stream.topic,
            num_partitions=settings.kafka_partitions,
            replication_factor=settings.kafka_replication,
            config=_topic_config(stream),
        )
        for stream in missing
    ]
    for topic, future in admin.create_topics(wanted, request_timeout=20).items():
        try:
            future.result()
        except KafkaException as error:
            code = error.args[0].code()
            if code == KafkaError.TOPIC_ALREADY_EXISTS:
                continue
            if code in {KafkaError._UNSUPPORTED_FEATURE, KafkaError.UNSUPPORTED_VERSION}:  # noqa: SLF001
                # The test broker inside librdkafka knows no such request and creates topics when asked for them.
                admin.list_topics(topic, timeout=10)
                continue
            raise TransientError(error.args[0].name()) from error


def _bring_up_to_date(admin: AdminClient, streams: list[Stream]) -> None:
    """Alter what differs on topics that an earlier version created; other options of theirs stay as they are."""
    wanted = {stream.topic: _topic_config(stream) for stream in streams}
    if not wanted:
        return
    asked = [ConfigResource(ResourceType.TOPIC, topic) for topic in wanted]
    altered = []
    for resource, future in admin.describe_configs(asked, request_timeout=20).items():
        has = _done(future, "describe_topic")
        differs = {
            name: value
            for name, value in wanted[resource.name].items()
            if has is not None and (name not in has or has[name].value != value)
        }
        if differs:
            entries = [
                ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in differs.items()
            ]
            altered.append(ConfigResource(ResourceType.TOPIC, resource.name, incremental_configs=entries))
    if not altered:
        return
    for resource, future in admin.incremental_alter_configs(altered, request_timeout=20).items():
        _done(future, "alter_topic")
        _logger.info("topic_configured topic=%s", resource.name)


# Where topics are somebody else's to configure, a block that may not do it must still publish.
_LEFT_ALONE = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.INVALID_CONFIG,
    KafkaError.POLICY_VIOLATION,
}


def _done(future: Any, what: str) -> Any:
    """Return what came of a request, None when it is not for us to make; raise ``TransientError`` otherwise."""
    try:
        return future.result()
    except KafkaException as error:
        if error.args[0].code() not in _LEFT_ALONE:
            raise TransientError(error.args[0].name()) from error
        _logger.warning("%s_refused code=%s", what, error.args[0].name())
        return None


def _topic_config(stream: Stream) -> dict[str, str]:
    if not stream.compacted:
        return {"cleanup.policy": "delete", "retention.ms": str(_RETENTION_MS)}
    if stream.tier is Tier.OPEN:
        # All events for as long as the topics that are not compacted, and the newest of each key for ever: whoever
        # begins now, or begins again, gets the whole current state.
        return {
            "cleanup.policy": "compact",
            "min.compaction.lag.ms": str(_RETENTION_MS),
            # As the broker has it by itself: less than the least, as an earlier version may have asked, is refused.
            "max.compaction.lag.ms": str(2**63 - 1),
        }
    # A subscriber that was away for three days has missed nothing, also not the first of two messages on one
    # report; what was removed is gone from the log within a week, and the removal itself stays for another one.
    return {
        "cleanup.policy": "compact",
        "min.compaction.lag.ms": str(3 * _DAY_MS),
        "max.compaction.lag.ms": str(7 * _DAY_MS),
        "delete.retention.ms": str(7 * _DAY_MS),
    }
