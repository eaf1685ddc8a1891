"""What routing reads fits what the others publish, by the committed examples."""

import json
from pathlib import Path

import pytest

from routing.incoming import INCOMING
from routing.settings import Settings

EXAMPLES = Path(__file__).parents[4] / "contracts" / "events"


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the contracts are not here")
@pytest.mark.parametrize("model", INCOMING, ids=lambda model: model.event)
def test_the_committed_example_can_be_read(model):
    name = model.event.removeprefix("nl.meldstroom.")
    path = EXAMPLES / f"{name}.v1.example.json"

    event = json.loads(path.read_text())

    assert event["type"] == model.event
    assert model.example(event["data"]).municipality == event["data"]["municipality"]


def test_every_model_is_subscribed_to_on_the_topic_of_its_block(block):
    settings = Settings(database_url="postgresql://none/none")
    subscribed = {
        model: subscription.topic for subscription in block.subscriptions(settings) for model in subscription.models
    }

    assert set(subscribed) == set(INCOMING)
    for model, topic in subscribed.items():
        assert topic.split(".")[1] == model.event.split(".")[2]
