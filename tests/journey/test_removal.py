"""A destroyed report is gone from every database, topic, log, trace and folder, and a replay does not bring it back."""

import asyncio
import io
import json
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType
from PIL import Image

from meldstroom_local import blocks, preparation

COMPACTED = (
    "meldstroom.intake.report-texts.v1",
    "meldstroom.intake.report-contacts.v1",
    "meldstroom.classification.explanations.v1",
    "meldstroom.handling.case-messages.v1",
)
TEXT_RECORDED = "nl.meldstroom.intake.report-text-recorded"
# In production this takes days; see `_topic_config` of commonground.
AT_ONCE = {
    "segment.ms": "100",
    "min.compaction.lag.ms": "0",
    "max.compaction.lag.ms": "1000",
    "min.cleanable.dirty.ratio": "0.001",
}


def photo() -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (64, 48), "green").save(target, "JPEG")
    return target.getvalue()


# --- Where to look ---


def databases(suite, secrets) -> set[tuple[str, str]]:
    """Return in which tables of which databases a row holds one of ``secrets``, also as bytes."""
    wanted = [*secrets, *(secret.encode().hex() for secret in secrets)]

    async def search() -> set[tuple[str, str]]:
        found = set()
        for block in suite.blocks:
            connection = await asyncpg.connect(f"{suite.postgres.url.rstrip('/')}/{blocks.database_of(block)}")
            try:
                names = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
                assert "outbox" in {name["tablename"] for name in names}
                for (name,) in names:
                    query = f"""SELECT count(*) FROM "{name}" t
                        WHERE EXISTS (SELECT FROM unnest($1::text[]) s WHERE strpos(lower(t::text), lower(s)) > 0)"""
                    if await connection.fetchval(query, wanted):
                        found.add((block, name))
            finally:
                await connection.close()
        return found

    # In a thread of its own: the browser of another test keeps an event loop in this one.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, search()).result()


def unpublished(suite) -> int:
    """Return how many events are still to be published."""

    async def count() -> int:
        total = 0
        for block in suite.blocks:
            connection = await asyncpg.connect(f"{suite.postgres.url.rstrip('/')}/{blocks.database_of(block)}")
            total += await connection.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NULL")
            await connection.close()
        return total

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, count()).result()


def topics(suite, secrets) -> set[str]:
    """Read every topic from its beginning; return in which of them a record holds one of ``secrets``."""
    reader = Consumer(
        {
            "bootstrap.servers": suite.kafka.bootstrap,
            "group.id": f"search-{uuid4().hex}",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    found, open_ends, read = set(), set(), 0
    try:
        for name, topic in reader.list_topics(timeout=20).topics.items():
            if name.startswith("meldstroom."):
                open_ends |= {(name, partition) for partition in topic.partitions}
        reader.assign([TopicPartition(name, partition, 0) for name, partition in open_ends])
        while open_ends:
            message = reader.poll(30)
            assert message is not None, "the broker does not answer"
            if message.error() is not None:
                open_ends.discard((message.topic(), message.partition()))
                continue
            read += 1
            content = str([message.key(), message.value(), message.headers()])
            if any(secret in content for secret in secrets):
                found.add(message.topic())
    finally:
        reader.close()
    assert read > 0
    return found


def logs(suite, secrets) -> set[str]:
    """Return which log files hold one of ``secrets``."""
    files = list((suite.folder / "logs").rglob("*.log"))
    assert {f"{name}.log" for name in suite.blocks} <= {file.name for file in files}
    return {file.name for file in files if any(secret in file.read_text(errors="replace") for secret in secrets)}


def files_of(suite, upload_id) -> list[Path]:
    """Return the files of a photo."""
    return [file for file in (suite.folder / "files").rglob("*.jpg") if upload_id.replace("-", "") in str(file)]


# --- Compaction ---


@pytest.fixture
def prompt_compaction(suite) -> Iterator[None]:
    """Compaction within seconds, while the test lasts."""
    if not suite.kafka.keeps:
        pytest.skip("the test broker of librdkafka compacts nothing")
    admin = AdminClient({"bootstrap.servers": suite.kafka.bootstrap})

    def set_all(wanted: dict[str, dict[str, str]]) -> None:
        operation = AlterConfigOpType.SET
        resources = [
            ConfigResource(
                ResourceType.TOPIC,
                topic,
                incremental_configs=[
                    ConfigEntry(name, value, incremental_operation=operation) for name, value in values.items()
                ],
            )
            for topic, values in wanted.items()
        ]
        for future in admin.incremental_alter_configs(resources).values():
            future.result(20)

    described = admin.describe_configs([ConfigResource(ResourceType.TOPIC, topic) for topic in COMPACTED])
    before = {resource.name: future.result(20) for resource, future in described.items()}
    assert {entries["cleanup.policy"].value for entries in before.values()} == {"compact"}
    set_all(dict.fromkeys(COMPACTED, AT_ONCE))
    yield
    set_all({topic: {name: entries[name].value for name in AT_ONCE} for topic, entries in before.items()})


def append_everywhere(suite) -> None:
    """Put one more record, of a type that nobody reads, in each partition: only a full segment is compacted."""
    producer = Producer({"bootstrap.servers": suite.kafka.bootstrap})
    for topic in COMPACTED:
        for partition in producer.list_topics(topic, timeout=20).topics[topic].partitions:
            head = {"ce_id": str(uuid4()), "ce_source": "urn:test", "ce_specversion": "1.0", "ce_type": "test.tick"}
            producer.produce(topic, b"{}", f"tick-{partition}", partition, headers=list(head.items()))
    assert producer.flush(20) == 0


def spoil(suite, report_id, marker) -> None:
    """Publish a text without what its readers need, for the same report."""
    producer = Producer({"bootstrap.servers": suite.kafka.bootstrap})
    head = {"ce_id": str(uuid4()), "ce_source": "urn:test", "ce_specversion": "1.0", "ce_type": TEXT_RECORDED}
    value = json.dumps({"reportId": report_id, "description": f"De lantaarnpaal bij {marker}", "answers": 1})
    producer.produce(COMPACTED[0], value.encode(), report_id, headers=list(head.items()))
    assert producer.flush(20) == 0


# --- The journey ---


@pytest.mark.kafka
def test_a_destroyed_report_is_found_nowhere(suite, api, wait, marker, collector, prompt_compaction):
    started = datetime.now(UTC)
    email, phone = f"geheim.{marker}@example.org", f"+31592{int(marker[-6:], 16) % 900_000 + 100_000}"
    upload = _upload(suite)
    report = api.report(
        f"De lantaarnpaal is kapot bij {marker}",
        contact={"email": email, "phone": phone},
        answers=[{"key": "extra", "label": "Nog iets?", "value": f"Ja, {marker}"}],
        attachments=[upload],
    )
    assert report.status == 201, report
    token = report.body["statusUrl"].rsplit("/", 1)[1]
    secrets = (email, phone, marker, token)

    # It travels: classified, routed, confirmed, noted and closed, with words that quote it.
    def listed():
        found = api.cases(f"q={marker}")
        return found and found[0]["category"] and found[0]["department"] and found[0]

    case = wait(listed, "the case", 60)
    path = f"/api/handling/v1/cases/{case['id']}"
    note = {"text": f"Gebeld met {phone} over {marker}"}
    assert api.call("POST", f"{path}/notes", note, person="coordinator").status == 201
    change = {"status": "closed", "text": f"De lamp bij {marker} brandt weer", "notifyReporter": True}
    assert api.call("POST", f"{path}/status-changes", change, person="coordinator").status == 201

    def mailed():
        return [mail for mail in suite.mails() if email in str(mail["to"])]

    wait(lambda: len(mailed()) == 2, "confirmation and closing mail", 60)
    wait(lambda: _message_shown(api, token), "the message on the status page")
    # An event that nobody can handle keeps its words as a dead letter in each block that reads the topic.
    spoil(suite, report.body["id"], marker)
    readers = {(block, "dead_letters") for block in ("classification", "routing", "handling", "notification")}
    wait(lambda: readers <= databases(suite, secrets), "dead letters", 60)
    found = databases(suite, secrets)
    assert {block for block, _table in found} == {"intake", "classification", "routing", "handling", "notification"}
    assert {(block, "outbox") for block in ("intake", "handling")} <= found
    assert topics(suite, secrets) >= {COMPACTED[0], COMPACTED[1], COMPACTED[3]}
    assert len(files_of(suite, upload)) == 2

    # It is destroyed, and every block follows by itself.
    gone = api.call("DELETE", f"/api/intake/v1/reports/{report.body['id']}", person="administrator")
    assert gone.status == 204, gone
    wait(lambda: databases(suite, secrets) == set(), "every database without it", 60)
    assert files_of(suite, upload) == []

    def compacted():
        append_everywhere(suite)
        time.sleep(1)  # between two records, or no segment is ever full
        return topics(suite, secrets) == set()

    wait(compacted, "every topic without it", 180)
    assert logs(suite, secrets) == set()
    wait(lambda: any("DELETE" in text for text in collector.texts), "the trace of the removal")
    assert [text for text in collector.texts if any(secret in text for secret in secrets)] == []

    # A replay publishes removals, and nothing comes back.
    preparation.replay(suite.blocks, started - timedelta(minutes=1), suite.block_environment)
    wait(lambda: unpublished(suite) == 0, "the replay", 60)
    assert topics(suite, secrets) == set()
    assert databases(suite, secrets) == set()

    # What stays: the bare facts, on the list and in the history.
    detail = api.call("GET", path, person="coordinator").body
    assert (detail["number"], detail["description"], detail["contact"]) == (report.body["number"], None, None)
    assert {"text-removed", "contact-removed"} <= {entry["kind"] for entry in detail["history"]}
    assert api.call("GET", f"/api/intake/v1/status/{token}").status == 404


def _upload(suite) -> str:
    """Upload a photo as a browser does; return its id."""
    edge = uuid4().hex
    head = (
        f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    )
    request = urllib.request.Request(
        f"{suite.url}/api/intake/v1/uploads",
        data=head.encode() + photo() + f"\r\n--{edge}--\r\n".encode(),
        headers={"Content-Type": f"multipart/form-data; boundary={edge}"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return str(json.loads(answer.read())["id"])


def _message_shown(api, token) -> bool:
    return bool(api.call("GET", f"/api/intake/v1/status/{token}").body["messages"])
