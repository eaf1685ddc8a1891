"""The committed contracts are what the code says, follow the standards, and keep what is private private."""

import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from commonground.messaging import Tier

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ROOT / "contracts"
STANDARDS = ROOT.parent / "shared" / "standards"
LINT = ROOT / "tools" / "lint"
# Where the Dutch API Design Rules are published, for machines without the folder above.
PUBLISHED_RULES = "https://gitdocumentatie.logius.nl/publicatie/api/adr/2.2.0/media/linter.yaml"

EXAMPLES = sorted((CONTRACTS / "events").glob("*.example.json"))
OPENAPI = sorted((CONTRACTS / "openapi").glob("*.json"))


def test_the_committed_contracts_are_what_the_code_renders():
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "contracts.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_block_has_an_openapi_document():
    assert {path.stem for path in OPENAPI} == {
        "intake",
        "classification",
        "routing",
        "handling",
        "notification",
        "insight",
        "gateway",
    }


@pytest.fixture(scope="session")
def spectral():
    """The linter, installed by npm from the committed lock."""
    program = LINT / "node_modules" / ".bin" / "spectral"
    if not program.exists():
        npm = shutil.which("npm")
        assert npm, "npm is needed for the API linter; `make test` installs it"
        subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=LINT, check=True)

    def run(document: Path, rules: str):
        command = [str(program), "lint", "--fail-severity", "error", "-r", rules, str(document)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run


@pytest.mark.parametrize("document", OPENAPI, ids=lambda path: path.stem)
def test_every_openapi_document_follows_the_dutch_api_design_rules(spectral, document):
    local = STANDARDS / "nl-api-design-rules-2.2.linter.yaml"
    done = spectral(document, str(local) if local.exists() else PUBLISHED_RULES)
    if done.returncode == 2 and not local.exists():
        pytest.skip("the rules are neither in shared/standards nor reachable where they are published")
    assert done.returncode == 0, done.stdout


def test_the_asyncapi_document_is_valid(spectral):
    done = spectral(CONTRACTS / "asyncapi.yaml", str(LINT / "asyncapi.spectral.yaml"))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name.removesuffix(".example.json"))
def test_every_example_is_a_cloudevent_and_follows_its_schema(example):
    event = json.loads(example.read_text())
    schema = json.loads((CONTRACTS / "events" / example.name.replace(".example.", ".schema.")).read_text())
    jsonschema.validate(event["data"], schema, format_checker=jsonschema.FormatChecker())
    envelope = STANDARDS / "cloudevents-1.0.schema.json"
    if envelope.exists():
        jsonschema.validate(event, json.loads(envelope.read_text()))
    # What the NL GOV profile adds.
    assert event["source"].startswith("urn:nld:oin:")
    assert event["type"].startswith("nl.meldstroom.")
    assert event["sequencetype"] == "Integer"
    assert event["partitionkey"]


# Names of fields that hold free text or tell who somebody is.
PRIVATE = {
    "description",
    "text",
    "note",
    "email",
    "phone",
    "statusUrl",
    "words",
    "answers",
    "address",
    "street",
    "houseNumber",
    "postalCode",
    "name",
    "assigneeName",
    "contact",
    "subject",
    "body",
}


def _names(schema):
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "properties":
                yield from value
            yield from _names(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from _names(item)


def _open_messages():
    document = yaml.safe_load((CONTRACTS / "asyncapi.yaml").read_text()) if CONTRACTS.exists() else {"channels": {}}
    for channel in document["channels"].values():
        if {"name": "tier:open"} in channel["tags"]:
            yield from ((channel["address"], name) for name in channel["messages"])


@pytest.mark.parametrize(("topic", "message"), list(_open_messages()))
def test_open_topics_hold_no_free_text_and_no_person(topic, message):
    schema = json.loads((CONTRACTS / "events" / f"{message}.v1.schema.json").read_text())
    allowed = {"name"} if message == "routing.department-changed" else set()
    assert not (set(_names(schema)) & PRIVATE) - allowed


def test_topics_with_text_or_persons_are_compacted_so_that_removal_reaches_everyone():
    document = yaml.safe_load((CONTRACTS / "asyncapi.yaml").read_text())
    for channel in document["channels"].values():
        if {"name": "tier:open"} not in channel["tags"]:
            assert channel["bindings"]["kafka"]["topicConfiguration"]["cleanup.policy"] == ["compact"]


# Of an event and not of the state that it leaves behind.
OF_THE_EVENT = {"openedAt", "changedAt", "previousStatus"}


def _open_channels():
    document = yaml.safe_load((CONTRACTS / "asyncapi.yaml").read_text())
    return {name: channel for name, channel in document["channels"].items() if {"name": "tier:open"} in channel["tags"]}


def test_open_topics_that_hold_a_state_keep_the_newest_event_of_each_key_for_ever():
    policies = {
        name: channel["bindings"]["kafka"]["topicConfiguration"]["cleanup.policy"]
        for name, channel in _open_channels().items()
    }
    assert {name for name, policy in policies.items() if policy == ["compact"]} >= {
        "intake.reports",
        "classification.classifications",
        "classification.categories",
        "routing.routings",
        "routing.departments",
        "handling.cases",
    }
    assert policies["notification.deliveries"] == ["delete"]


@pytest.mark.parametrize("name", sorted(_open_channels()))
def test_the_newest_event_of_a_compacted_open_topic_tells_the_whole_state(name):
    """Compaction removes the others: what only they told would be lost to everyone who begins, or begins again."""
    channel = _open_channels()[name]
    if channel["bindings"]["kafka"]["topicConfiguration"]["cleanup.policy"] != ["compact"]:
        pytest.skip("the topic holds no state")
    fields = {
        message: set(json.loads((CONTRACTS / "events" / f"{message}.v1.schema.json").read_text())["properties"])
        for message in channel["messages"]
    }
    state = set().union(*fields.values()) - OF_THE_EVENT
    assert {message: state - told for message, told in fields.items() if state - told} == {}


@pytest.mark.parametrize("block", ["intake", "classification", "routing", "handling", "notification", "insight"])
def test_a_reader_calls_a_topic_open_only_when_its_publisher_does(block):
    """What a reader calls open is shown to everyone who deals with dead letters."""
    incoming = importlib.import_module(f"{block}.incoming")
    settings = importlib.import_module(f"{block}.settings").Settings(database_url="postgresql://none/none")
    heard = incoming.SUBSCRIPTIONS if hasattr(incoming, "SUBSCRIPTIONS") else incoming.subscriptions(settings)
    document = yaml.safe_load((CONTRACTS / "asyncapi.yaml").read_text())
    tiers = {
        channel["address"]: tag["name"].removeprefix("tier:")
        for channel in document["channels"].values()
        for tag in channel["tags"]
        if tag["name"].startswith("tier:")
    }
    assert {one.topic: one.tier is Tier.OPEN for one in heard} == {
        one.topic: tiers[one.topic] == "open" for one in heard
    }
