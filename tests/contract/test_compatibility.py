"""The gate: which changes of a released contract are additive and pass, and which are refused, with advice."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tools import compatibility

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ROOT / "contracts"
EVENT = "events/intake.report-submitted.v1.schema.json"
EXAMPLE = EVENT.replace(".schema.", ".example.")
ROUTED = "events/routing.report-routed.v1.schema.json"
API = "openapi/handling.json"
RELEASE = compatibility.newest_release(CONTRACTS)


@pytest.fixture
def change(tmp_path):
    """Change one file of a copy of the release; return what the gate says."""
    for part in ("events", "openapi"):
        shutil.copytree(RELEASE / part, tmp_path / part)
    shutil.copy(RELEASE / "asyncapi.yaml", tmp_path)

    def do(file, edit):
        path = tmp_path / file
        if edit is None:
            path.unlink()
        else:
            is_yaml = path.suffix == ".yaml"
            content = yaml.safe_load(path.read_text()) if is_yaml else json.loads(path.read_text())
            edit(content)
            path.write_text(yaml.safe_dump(content) if is_yaml else json.dumps(content))
        return compatibility.refused(RELEASE, tmp_path)

    return do


def test_nothing_changed_is_nothing_refused(change):
    assert change(EVENT, lambda _schema: None) == []


def _post(document, path="/cases/{caseId}/notes"):
    return document["paths"][path]["post"]


def _schema(document, name):
    return document["components"]["schemas"][name]


def _rename(schema):
    schema["properties"]["reference"] = schema["properties"].pop("number")
    schema["required"].remove("number")


ADDITIVE = {
    "a field of an event": (EVENT, lambda s: s["properties"].update(weather={"type": "string"})),
    "a field that every event has": (
        EVENT,
        lambda s: (s["properties"].update(weather={"type": "string"}), s["required"].append("weather")),
    ),
    "other words": (EVENT, lambda s: s.update(description="Something else")),
    "another order": (EVENT, lambda s: s["required"].reverse()),
    "a message on a topic": (
        "asyncapi.yaml",
        lambda d: d["channels"]["intake.reports"]["messages"].update({"intake.report-moved": {}}),
    ),
    "a topic that keeps the newest event of each key for ever": (
        "asyncapi.yaml",
        lambda d: d["channels"]["notification.deliveries"]["bindings"]["kafka"]["topicConfiguration"].update(
            {"cleanup.policy": ["compact"]}
        ),
    ),
    "an operation": (API, lambda d: d["paths"].update({"/new": {"get": {"responses": {}}}})),
    "an optional field of a request": (
        API,
        lambda d: _schema(d, "NoteRequest")["properties"].update(colour={"type": "string"}),
    ),
    "an optional parameter": (
        API,
        lambda d: (
            _post(d)
            .setdefault("parameters", [])
            .append({"in": "query", "name": "x", "required": False, "schema": {"type": "string"}})
        ),
    ),
    "a field of an answer": (API, lambda d: _schema(d, "CaseDetail")["properties"].update(colour={"type": "string"})),
    "a longer text in a request": (
        API,
        lambda d: _schema(d, "NoteRequest")["properties"]["text"].update(maxLength=1_000_000),
    ),
}


@pytest.mark.parametrize(("file", "edit"), ADDITIVE.values(), ids=ADDITIVE.keys())
def test_what_only_adds_passes(change, file, edit):
    assert change(file, edit) == []


REFUSED = {
    "a removed field": (EVENT, lambda s: s["properties"].pop("number"), "number", "is gone or has another name"),
    "a renamed field": (EVENT, _rename, "number", "is gone or has another name"),
    "a field that may be missing": (EVENT, lambda s: s["required"].remove("number"), "number", "may now be missing"),
    "another type": (
        EVENT,
        lambda s: s["properties"]["number"].update(type="integer"),
        "number",
        "integer is new here",
    ),
    "a field that may now be null": (
        EVENT,
        lambda s: s["properties"].update(number={"anyOf": [{"type": "string"}, {"type": "null"}]}),
        "number",
        "null is new here",
    ),
    "a field that is never null any more": (
        EVENT,
        lambda s: s["properties"].update(chosenCategory={"type": "string"}),
        "chosenCategory",
        "null is no longer possible",
    ),
    "another format": (
        EVENT,
        lambda s: s["properties"]["submittedAt"].update(format="date"),
        "submittedAt",
        "the format was date-time and is date",
    ),
    "a field inside a field": (
        EVENT,
        lambda s: s["$defs"]["Point"]["properties"].pop("coordinates"),
        "geometry.coordinates",
        "is gone or has another name",
    ),
    "a value that is gone": (
        ROUTED,
        lambda s: s["properties"]["termKind"].update(enum=["working"]),
        "termKind",
        "'calendar' is gone",
    ),
    "a value that readers do not know": (
        ROUTED,
        lambda s: s["properties"]["termKind"]["enum"].append("lunar"),
        "termKind",
        "'lunar' is new",
    ),
    "a removed event": (EVENT, None, "event", "the event is gone"),
    "another key": (EXAMPLE, lambda e: e.update(partitionkey="M-10001"), "partitionkey", "is number"),
    "another topic": (
        "asyncapi.yaml",
        lambda d: d["channels"]["intake.reports"].update(address="meldstroom.intake.all.v1"),
        "intake.reports",
        "the topic was meldstroom.intake.reports.v1 and is meldstroom.intake.all.v1",
    ),
    "another tier": (
        "asyncapi.yaml",
        lambda d: d["channels"]["intake.reports"]["tags"].__setitem__(0, {"name": "tier:personal"}),
        "intake.reports",
        "the privacy tier was tier:open",
    ),
    "another clean-up policy": (
        "asyncapi.yaml",
        lambda d: d["channels"]["intake.report-texts"]["bindings"]["kafka"]["topicConfiguration"].update(
            {"cleanup.policy": ["delete"]}
        ),
        "intake.report-texts",
        "the clean-up policy was compact and is delete",
    ),
    "a removed topic": (
        "asyncapi.yaml",
        lambda d: d["channels"].pop("intake.reports"),
        "intake.reports",
        "the topic is gone",
    ),
    "a header that may be missing": (
        "asyncapi.yaml",
        lambda d: d["components"]["schemas"]["CloudEventHeaders"]["required"].remove("ce_sequence"),
        "headers.ce_sequence",
        "may now be missing",
    ),
    "a removed operation": (
        API,
        lambda d: d["paths"].pop("/cases/{caseId}/notes"),
        "POST /cases/{caseId}/notes",
        "the operation is gone",
    ),
    "a field that is now required": (
        API,
        lambda d: (
            _schema(d, "NoteRequest")["properties"].update(colour={"type": "string"}),
            _schema(d, "NoteRequest")["required"].append("colour"),
        ),
        "body.colour",
        "the field is now required",
    ),
    "a shorter text in a request": (
        API,
        lambda d: _schema(d, "NoteRequest")["properties"]["text"].update(maxLength=3),
        "body.text",
        "and is 3",
    ),
    "a parameter that is now required": (
        API,
        lambda d: (
            _post(d)
            .setdefault("parameters", [])
            .append({"in": "query", "name": "x", "required": True, "schema": {"type": "string"}})
        ),
        "query.x",
        "a new parameter is required",
    ),
    "a field of an answer that is gone": (
        API,
        lambda d: _schema(d, "CaseDetail")["properties"].pop("version"),
        "answer 201 body.version",
        "is gone or has another name",
    ),
    "a token that is now needed": (
        "openapi/intake.json",
        lambda d: d["paths"]["/reports"]["post"].update(security=[{"HTTPBearer": []}]),
        "POST /reports",
        "a token is now needed",
    ),
}


@pytest.mark.parametrize(("file", "edit", "place", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_breaks_somebody_is_refused_with_file_place_and_advice(change, file, edit, place, words):
    found = change(file, edit)
    assert found, "the gate let it pass"
    said = [one for one in found if one.file == file and place in one.place and words in one.what]
    assert said, [str(one) for one in found]
    assert "beside it" in said[0].advice


def test_the_contracts_of_the_working_tree_are_additive_to_the_newest_release():
    assert [str(change) for change in compatibility.refused(RELEASE, CONTRACTS)] == []


def test_the_newest_release_is_told_by_number_and_not_by_letter(tmp_path):
    for version in ("0.9.0", "0.10.0"):
        (tmp_path / "released" / version).mkdir(parents=True)
    assert compatibility.newest_release(tmp_path).name == "0.10.0"


def test_a_version_is_released_once():
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "contracts.py", "--release"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "has been released" in done.stdout
