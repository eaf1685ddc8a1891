"""What handling publishes, what it reads of others, and its OpenAPI document."""

import json
from pathlib import Path

import jsonschema
import pytest

from commonground import contracts, settings_table
from commonground.database import Database
from commonground.messaging.events import Tier
from handling import events, incoming
from handling.main import create_app
from handling.settings import Settings

ROOT = Path(__file__).parents[4]
README = Path(__file__).parents[2] / "README.md"
READ = [model for subscription in incoming.SUBSCRIPTIONS for model in subscription.models]
FREE_OR_PERSONAL = {"description", "text", "answers", "email", "phone", "name", "address", "note"}


@pytest.mark.parametrize("event", events.PUBLISHED, ids=lambda event: event.example.event_name)
def test_an_example_fits_its_schema(event):
    example = contracts.example(event, "handling")
    jsonschema.validate(json.loads(json.dumps(example["data"])), contracts.schema(event))
    assert example["type"].startswith("nl.meldstroom.handling.")


def test_open_events_hold_no_free_text_and_nobody_by_name():
    for event in events.PUBLISHED:
        if event.example.stream.tier is Tier.OPEN:
            assert not FREE_OR_PERSONAL & set(contracts.example(event, "handling")["data"])


@pytest.mark.skipif(not (ROOT / "contracts").is_dir(), reason="the contracts are not here")
@pytest.mark.parametrize("model", READ, ids=lambda model: model.event)
def test_the_committed_example_of_another_block_can_be_read(model):
    path = ROOT / "contracts" / "events" / f"{model.event.removeprefix('nl.meldstroom.')}.v1.example.json"
    event = json.loads(path.read_text())
    assert event["type"] == model.event
    model.example(event["data"])


def test_every_event_is_heard_on_a_topic_of_its_own_block():
    for subscription in incoming.SUBSCRIPTIONS:
        for model in subscription.models:
            assert model.event.split(".")[2] == subscription.topic.split(".")[1]


def test_restricted_and_personal_copies_can_be_forgotten():
    forgettable = {subscription.topic for subscription in incoming.SUBSCRIPTIONS if subscription.forget}
    assert forgettable == {
        "meldstroom.intake.report-texts.v1",
        "meldstroom.intake.report-contacts.v1",
        "meldstroom.classification.explanations.v1",
        "meldstroom.gateway.users.v1",
    }


def test_every_operation_of_the_api_is_described():
    settings = Settings(database_url="postgresql://none/none")
    document = create_app(settings, Database(settings, name="contracts")).openapi()
    operations = [one for path in document["paths"].values() for one in path.values()]
    assert all(one.get("description") for one in operations)
    assert len({one["operationId"] for one in operations}) == len(operations)


def test_the_settings_in_the_readme_are_those_of_the_code():
    assert README.read_text().endswith(settings_table.render(Settings))
