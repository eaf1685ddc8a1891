"""Who reads events can read those of the newest release too: a publisher may be older than its readers."""

import importlib
import json
from pathlib import Path

import pytest
from tools import compatibility

from commonground.messaging import IncomingData

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
READERS = ("intake", "classification", "routing", "handling", "notification", "insight")
FOLDERS = {"now": CONTRACTS, "released": compatibility.newest_release(CONTRACTS)}


def _models():
    for block in READERS:
        incoming = importlib.import_module(f"{block}.incoming")
        found = [value for value in vars(incoming).values() if isinstance(value, type)]
        for model in found:
            if issubclass(model, IncomingData) and getattr(model, "event", "").count(".") > 2:
                yield pytest.param(model, id=f"{block} reads {model.event.removeprefix('nl.meldstroom.')}")


@pytest.mark.parametrize("folder", FOLDERS.values(), ids=FOLDERS.keys())
@pytest.mark.parametrize("model", list(_models()))
def test_a_reader_understands_the_example(model, folder):
    path = folder / "events" / f"{model.event.removeprefix('nl.meldstroom.')}.v1.example.json"
    if not path.exists() and folder != CONTRACTS:
        pytest.skip("the event is newer than the release")
    event = json.loads(path.read_text())
    assert event["type"] == model.event
    assert model.example(event["data"])
