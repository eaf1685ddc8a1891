"""What classification publishes keeps its contract; what it reads, it can read."""

import json
from pathlib import Path

import jsonschema
import pytest

from classification.events import PUBLISHED, STREAMS
from classification.incoming import ReportSubmitted, ReportTextRecorded
from commonground import contracts

EXAMPLES = Path(__file__).parents[4] / "contracts" / "events"


@pytest.mark.parametrize("event", PUBLISHED, ids=lambda event: event.example.event_name)
def test_the_example_of_each_event_keeps_its_schema(event):
    example = contracts.example(event, "classification")
    jsonschema.validate(example["data"], contracts.schema(event), cls=jsonschema.Draft202012Validator)
    assert example["type"].startswith("nl.meldstroom.classification.")
    assert example["partitionkey"]


def test_every_stream_of_the_block_has_an_event():
    streams = {stream for stream in STREAMS if stream.name != "dead-letters"}
    assert {event.example.stream for event in PUBLISHED} == streams


def test_open_streams_hold_no_words_of_residents():
    for event in PUBLISHED:
        if event.example.stream.tier == "open":
            assert "words" not in json.dumps(contracts.schema(event)["properties"])


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the contracts are not here")
@pytest.mark.parametrize(
    ("model", "name"),
    [(ReportSubmitted, "intake.report-submitted.v1"), (ReportTextRecorded, "intake.report-text-recorded.v1")],
)
def test_what_intake_publishes_can_be_read(model, name):
    path = EXAMPLES / f"{name}.example.json"
    event = json.loads(path.read_text())
    assert model.event == event["type"]
    assert model.example(event["data"]).report_id
