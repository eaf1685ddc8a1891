"""What notification publishes keeps its contract; what it reads, it can read."""

import json
from pathlib import Path

import jsonschema
import pytest
from pydantic import SecretStr

from commonground import contracts, settings_table
from commonground.database import Database
from notification.events import PUBLISHED
from notification.incoming import subscriptions
from notification.main import create_app
from notification.settings import Settings

EXAMPLES = Path(__file__).parents[4] / "contracts" / "events"
README = Path(__file__).parents[2] / "README.md"
SETTINGS = Settings(database_url=SecretStr("postgresql://none/none"))
READ = [(one.topic, model) for one in subscriptions(SETTINGS) for model in one.models]


@pytest.mark.parametrize("event", PUBLISHED, ids=lambda event: event.example.event_name)
def test_the_example_of_each_event_keeps_its_schema(event):
    example = contracts.example(event, "notification")
    jsonschema.validate(example["data"], contracts.schema(event), cls=jsonschema.Draft202012Validator)
    assert example["type"].startswith("nl.meldstroom.notification.message-")


def test_an_open_event_has_no_field_for_a_person_or_a_text():
    for event in PUBLISHED:
        assert event.example.stream.tier == "open"
        fields = set(contracts.schema(event)["properties"])
        assert fields == {"messageId", "reportId", "municipality", "kind", "channel", "at", "attempts"}


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the contracts are not here")
@pytest.mark.parametrize(("topic", "model"), READ, ids=[model.event for _, model in READ])
def test_the_committed_example_of_what_is_read_can_be_read(topic, model):
    name = model.event.removeprefix("nl.meldstroom.")
    path = EXAMPLES / f"{name}.v1.example.json"
    event = json.loads(path.read_text())
    assert event["type"] == model.event
    assert model.example(event["data"]).municipality == "GM0106"
    assert topic.split(".")[1] == name.split(".", maxsplit=1)[0]


def test_every_operation_of_the_api_is_described():
    document = create_app(SETTINGS, Database(SETTINGS, name="contracts")).openapi()
    operations = [one for path in document["paths"].values() for one in path.values()]
    assert all(one.get("description") for one in operations)


def test_the_settings_in_the_readme_are_those_of_the_code():
    assert README.read_text().endswith(settings_table.render(Settings))
