"""Reads topics for a consumer group, and goes on whatever happens to the broker."""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from commonground.messaging.kafka import Record, as_record, common_options, finds_brokers
from commonground.settings import BlockSettings

_logger = logging.getLogger(__name__)

_COMMIT_SECONDS = 1.0  # between two commits, and for the last one at most
_SILENT_SECONDS = 15.0  # without a record, before the reader asks whether its client still finds the broker
_CLOSE_SECONDS = 5.0


class Reader:
    """Reads batches of records for a named consumer group, from the beginning when the group is new."""

    def __init__(self, settings: BlockSettings, group: str, topics: Iterable[str]) -> None:
        """Prepare; nothing connects before ``start``."""
        self._topics = sorted(topics)
        self._common = common_options(settings, group)
        self._options = {
            # A topic that its publisher makes later is found this soon; one request for a few topics costs nothing.
            "topic.metadata.refresh.interval.ms": 2_000,
            # A process that cannot finish a batch for so long, for want of its database perhaps, loses its partitions
            # to the others, and joins again when it reads on.
            "max.poll.interval.ms": 300_000,
            "session.timeout.ms": 15_000,
            **self._common,
            # What the guarantees rest on stands behind the options of the installation, which cannot change it.
            "group.id": group,
            "auto.offset.reset": "earliest",
            # See ``_commit``.
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "on_commit": self._committed,
            "allow.auto.create.topics": False,
            "partition.assignment.strategy": "cooperative-sticky",
            "fetch.wait.max.ms": 500,
            "fetch.queue.backoff.ms": 50,
            "queued.max.messages.kbytes": 16_384,
            "isolation.level": "read_committed",
        }
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="kafka-reader")
        self._begin()

    def _begin(self) -> None:
        self._client = confluent_kafka.Consumer(self._options)
        self._to_commit = False  # something was marked as done since the last commit began
        self._committing = False  # the broker has not answered yet
        self._next_commit = 0.0
        self._heard = time.monotonic()

    async def _call(self, function: Any, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *arguments)

    async def start(self) -> None:
        """Join the group."""
        await self._call(self._client.subscribe, self._topics)

    async def fetch(self, most: int, seconds: float, gather: float = 0.0, until: float = 0.0) -> list[Record]:
        """Return up to ``most`` records.

        Waits up to ``seconds`` for the first, and after it for more: ``gather`` seconds, and at least to the moment
        ``until`` on the monotonic clock.
        """
        records: list[Record] = await self._call(self._fetch, most, seconds, gather, until)
        return records

    def _fetch(self, most: int, seconds: float, gather: float, until: float) -> list[Record]:
        self._commit()
        first = self._client.poll(seconds)
        if first is None:
            self._renew()
            return []
        records = []
        for message in [first, *self._client.consume(most - 1, max(gather, until - time.monotonic()))]:
            error = message.error()
            if error is not None:
                # A topic that is not there yet, or a broker that is away: the client goes on trying by itself.
                if error.code() not in {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._PARTITION_EOF}:  # noqa: SLF001
                    _logger.warning("fetch_failed code=%s", error.name())
                continue
            records.append(as_record(message))
        if records:
            self._heard = time.monotonic()
        return records

    def _renew(self) -> None:
        """Begin with a new client when this one finds no broker while a new one does.

        A broker that stood still for seconds tells for a moment that the cluster has no brokers, and so do clusters
        that are upgraded. The client believes it, has nobody left to ask, and never reads again (librdkafka 2.10 to
        2.16, its issue 5301).
        """
        if time.monotonic() < self._heard + _SILENT_SECONDS:
            return
        self._heard = time.monotonic()
        if finds_brokers(self._client) or not finds_brokers(AdminClient(self._common)):
            return
        _logger.warning("client_renewed group=%s", self._options["group.id"])
        _close_beside(self._client)
        self._begin()
        self._client.subscribe(self._topics)

    def done(self, records: Sequence[Record]) -> None:
        """Mark ``records`` and all before them as done; the broker is told within about a second.

        What a crash, or partitions that move, make somebody read again, the inbox passes over.
        """
        places: dict[tuple[str, int], int] = {}
        for record in records:
            place = (record.topic, record.partition)
            places[place] = max(places.get(place, 0), record.offset + 1)
        for (topic, partition), offset in places.items():
            # A partition that meanwhile went to another process is that one's to commit.
            with contextlib.suppress(KafkaException):
                self._client.store_offsets(offsets=[TopicPartition(topic, partition, offset)])
        self._to_commit = True

    def _commit(self) -> None:
        """Tell the broker what is done, unless it owes an answer to the time before.

        The client's own commits begin every second, whether or not the broker answers. When it comes back, each of
        those that wait declares the coordinator dead that another one has just found, and until all of them are
        through, which may be never, the client does not enter its group again (librdkafka 2.16).
        """
        if not self._to_commit or self._committing or time.monotonic() < self._next_commit:
            return
        self._next_commit = time.monotonic() + _COMMIT_SECONDS
        self._to_commit = False
        with contextlib.suppress(KafkaException):  # no partition any more
            self._client.commit(asynchronous=True)
            self._committing = True

    def _committed(self, error: KafkaError | None, _places: object) -> None:
        self._committing = False
        if error is not None and error.code() != KafkaError._NO_OFFSET:  # noqa: SLF001
            self._to_commit = True

    async def behind(self) -> dict[str, int]:
        """Return per topic how many records wait, as far as the client knows without asking the broker."""
        waiting: dict[str, int] = await self._call(self._behind)
        return waiting

    def _behind(self) -> dict[str, int]:
        waiting: dict[str, int] = {}
        for place in self._client.position(self._client.assignment()):
            _low, high = self._client.get_watermark_offsets(place, cached=True)
            if high >= 0 and place.offset >= 0:
                waiting[place.topic] = waiting.get(place.topic, 0) + max(0, high - place.offset)
        return waiting

    async def close(self) -> None:
        """Commit, and leave the group at once, so that others need not wait for a time-out.

        Ends within some seconds also when the broker does not answer; then the broker finds out by itself.
        """
        await self._call(self._close)
        self._thread.shutdown(wait=False)

    def _close(self) -> None:
        self._next_commit = 0.0
        deadline = time.monotonic() + _COMMIT_SECONDS
        while (self._to_commit or self._committing) and time.monotonic() < deadline:
            self._commit()
            self._client.poll(0.05)  # hears the answer; a record that comes is not marked as done
        _close_beside(self._client).join(_CLOSE_SECONDS)


def _close_beside(client: Any) -> threading.Thread:
    """Close ``client`` in a thread that no process waits for at its end: with no broker it may take for ever."""
    closing = threading.Thread(target=client.close, name="kafka-close", daemon=True)
    closing.start()
    return closing
