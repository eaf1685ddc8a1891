"""What intake reads fits what the other blocks publish."""

import json
from pathlib import Path

import pytest

from intake.incoming import SUBSCRIPTIONS

EVENTS = Path(__file__).parents[4] / "contracts" / "events"
MODELS = [model for subscription in SUBSCRIPTIONS for model in subscription.models]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.event.rsplit(".", 1)[1])
def test_the_committed_example_can_be_read(model):
    block, name = model.event.removeprefix("nl.meldstroom.").split(".")
    example = json.loads((EVENTS / f"{block}.{name}.v1.example.json").read_text())
    assert example["type"] == model.event
    model.example(example["data"])
