"""What routing publishes, and its OpenAPI document."""

import json

import jsonschema
import pytest

from commonground import contracts
from commonground.database import Database
from routing.events import PUBLISHED
from routing.main import create_app
from routing.settings import Settings

# No personal data and no free text in open topics.
_FORBIDDEN = {"description", "text", "answers", "email", "phone", "name", "address", "note"}


@pytest.mark.parametrize("event", PUBLISHED, ids=lambda event: event.example.event_name)
def test_the_example_fits_its_schema(event):
    example = contracts.example(event, "routing")

    jsonschema.validate(json.loads(json.dumps(example["data"])), contracts.schema(event))
    assert example["type"].startswith("nl.meldstroom.routing.")


def test_a_routing_tells_no_free_text():
    routed = next(event for event in PUBLISHED if event.example.event_name == "report-routed")

    assert not _FORBIDDEN & set(contracts.example(routed, "routing")["data"])


def test_every_operation_of_the_api_is_described():
    settings = Settings(database_url="postgresql://none/none")
    document = create_app(settings, Database(settings, name="contracts")).openapi()

    operations = [one for path in document["paths"].values() for one in path.values()]
    assert all(one.get("description") for one in operations)
    assert len({one["operationId"] for one in operations}) == len(operations)
