"""The recorded city-week: what it is made of, and that every block can live on it without a dead letter."""

import gzip
import importlib
import json
from pathlib import Path

import jsonschema
import orjson
import pytest
import yaml
from sqlalchemy import select
from tools import compatibility
from tools.recording.__main__ import FILE, read, rendered

from commonground.messaging import Consumer
from commonground.messaging.kafka import Record
from commonground.messaging.tables import inbox
from commonground.testing.events import buried
from commonground.testing.plugin import BlockUnderTest

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
READERS = ("intake", "classification", "routing", "handling", "notification", "insight")


@pytest.fixture(scope="module")
def week():
    return list(read())


@pytest.fixture(params=READERS)
def block(request, tmp_path):
    """Each block that hears events, one after the other."""
    name = request.param
    incoming = importlib.import_module(f"{name}.incoming")
    extra = {"storage_url": f"file://{tmp_path}"} if name == "intake" else {}
    return BlockUnderTest(
        name=name,
        package_file=str(importlib.import_module(name).__file__),
        settings_class=importlib.import_module(f"{name}.settings").Settings,
        create_app=importlib.import_module(f"{name}.main").create_app,
        subscriptions=getattr(incoming, "subscriptions", lambda _settings: list(incoming.SUBSCRIPTIONS)),
        extra_settings=extra,
    )


def _record(line, offset):
    value = None if line["value"] is None else orjson.dumps(line["value"])
    headers = [(name, text.encode()) for name, text in line["headers"]]
    return Record(line["topic"], 0, offset, line["key"], value, headers, 0)


def test_the_committed_recording_is_what_the_event_models_make():
    # Compared unpacked: another zlib packs the same lines into other bytes.
    assert gzip.decompress(FILE.read_bytes()) == gzip.decompress(rendered()), "run `make contracts`"


def test_it_is_a_week_with_every_released_topic_and_with_removals(week):
    document = yaml.safe_load((compatibility.newest_release(CONTRACTS) / "asyncapi.yaml").read_text())
    assert {channel["address"] for channel in document["channels"].values()} <= {line["topic"] for line in week}
    times = [dict(line["headers"])["ce_time"] for line in week]
    assert times == sorted(times)
    assert (times[0][:10], times[-1][:7]) == ("2026-11-02", "2026-11")
    assert {line["topic"] for line in week if line["value"] is None} == {
        "meldstroom.intake.report-texts.v1",
        "meldstroom.intake.report-contacts.v1",
    }


def test_every_record_follows_its_schema(week):
    validators = {}
    for path in (CONTRACTS / "events").glob("*.v1.schema.json"):
        validators[path.name.removesuffix(".v1.schema.json")] = jsonschema.Draft202012Validator(
            json.loads(path.read_text())
        )
    for line in week:
        if line["value"] is not None:
            validators[dict(line["headers"])["ce_type"].removeprefix("nl.meldstroom.")].validate(line["value"])


@pytest.mark.timeout(300)
async def test_a_block_handles_the_whole_week_without_a_dead_letter(block, settings, database, week):
    subscriptions = block.subscriptions(settings)
    topics = {subscription.topic for subscription in subscriptions}
    consumer = Consumer(settings, database, block.name, subscriptions)
    heard = [_record(line, offset) for offset, line in enumerate(week) if line["topic"] in topics]
    for begin in range(0, len(heard), 200):
        await consumer.handle(heard[begin : begin + 200])
    letters = await buried(database)
    assert [(letter.type, letter.error) for letter in letters] == []
    async with database.transaction() as session:
        received = len((await session.execute(select(inbox.c.event_id))).all())
    assert received == len(heard)
