"""Reading topics from their beginning, for who builds copies again."""

import asyncio
import logging
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import confluent_kafka
from confluent_kafka import IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # exported, not declared

from commonground.messaging.errors import TransientError
from commonground.messaging.kafka import Record, as_record, common_options
from commonground.settings import BlockSettings

_logger = logging.getLogger(__name__)

Place = tuple[str, int]  # topic and partition

# What a partition answers while it has no leader, as after its creation or when a broker went away.
_BETWEEN_LEADERS = {
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001
    KafkaError._TRANSPORT,  # noqa: SLF001
    KafkaError._TIMED_OUT,  # noqa: SLF001
}
_ELECTION_SECONDS = 15.0


class LogReader:
    """Reads whole topics from their beginning, beside the block's consumer group and without a memory of its own."""

    def __init__(self, settings: BlockSettings, name: str, topics: Iterable[str]) -> None:
        """Prepare; ``name`` is what the broker sees as the client."""
        self._topics = sorted(topics)
        self._read: dict[Place, int] = {}
        self._client = confluent_kafka.Consumer(
            {
                **common_options(settings, name),
                "group.id": name,  # asked for by the client; nothing is committed, so no such group ever exists
                "enable.auto.commit": False,
                "enable.partition.eof": True,  # the end of a compacted log may lie behind its last record
                "allow.auto.create.topics": False,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
            }
        )
        self._admin = AdminClient(common_options(settings, name))
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="kafka-log")

    async def _call(self, function: Any, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *arguments)

    async def start(self) -> None:
        """Begin at the beginning of all partitions that exist; raise ``TransientError`` when the broker is away."""
        await self._call(self._start)

    def _start(self) -> None:
        try:
            known = self._client.list_topics(timeout=10).topics
        except KafkaException as error:
            raise TransientError(error.args[0].name()) from error
        # A topic whose publisher has never run holds nothing to read.
        self._read = {
            (topic, number): 0 for topic in self._topics if topic in known for number in known[topic].partitions
        }
        self._client.assign([TopicPartition(*place, confluent_kafka.OFFSET_BEGINNING) for place in self._read])

    async def ends(self) -> dict[Place, int]:
        """Return where each partition ends now; raise ``TransientError`` when the broker is away."""
        ends: dict[Place, int] = await self._call(self._ends)
        return ends

    def _ends(self) -> dict[Place, int]:
        wanted = {TopicPartition(*place): OffsetSpec.latest() for place in self._read}  # type: ignore[no-untyped-call]  # of the package
        if not wanted:
            return {}
        until = time.monotonic() + _ELECTION_SECONDS
        while True:
            try:
                # By a connection of its own: on the reader's, a question waits behind a fetch that waits for records.
                asked = self._admin.list_offsets(
                    wanted, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=10
                )
                return {(place.topic, place.partition): future.result().offset for place, future in asked.items()}
            except KafkaException as error:
                if error.args[0].code() not in _BETWEEN_LEADERS or time.monotonic() > until:
                    raise TransientError(error.args[0].name()) from error
            time.sleep(0.2)

    def reached(self, ends: dict[Place, int]) -> bool:
        """Tell whether all that lies before ``ends`` has been read."""
        return all(self._read[place] >= end for place, end in ends.items())

    def left(self, ends: dict[Place, int]) -> int:
        """Return about how many records lie between what was read and ``ends``."""
        return sum(max(0, end - self._read[place]) for place, end in ends.items())

    async def fetch(self, most: int) -> list[Record]:
        """Return the next records, none when none came within half a second."""
        records: list[Record] = await self._call(self._fetch, most)
        return records

    def _fetch(self, most: int) -> list[Record]:
        records = []
        for message in self._client.consume(most, 0.5):
            error = message.error()
            place = (message.topic() or "", message.partition() or 0)
            if error is None:
                records.append(as_record(message))
                self._read[place] = (message.offset() or 0) + 1
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
                self._read[place] = max(self._read[place], message.offset() or 0)
            else:
                _logger.warning("fetch_failed code=%s", error.name())
        return records

    async def close(self) -> None:
        """Let go of the broker."""
        await self._call(self._client.close)
        self._thread.shutdown(wait=False)
