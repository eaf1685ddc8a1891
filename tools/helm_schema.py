"""Renders the `values.schema.json` of the charts from the settings classes of the blocks.

So a misspelt setting is refused when the chart is installed, in place of being ignored by a process that runs; and a
setting that holds a secret is refused among the values, since it belongs in a Secret.
"""

import importlib
import json
from pathlib import Path
from typing import Any

from commonground.settings import BlockSettings

PROJECT = Path(__file__).resolve().parents[1]
CHARTS = PROJECT / "deploy" / "helm"
LIBRARY = CHARTS / "meldstroom-block"
UMBRELLA = CHARTS / "meldstroom"
_DRAFT = "http://json-schema.org/draft-07/schema#"
_KEPT = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "pattern", "enum")
_TEXTS = {
    "integer": {"pattern": r"^-?\d+$"},
    "number": {"pattern": r"^-?\d+(\.\d+)?$"},
    "boolean": {"pattern": "^(true|false)$"},
}
# The chart decides these itself.
_FIXED = {"host", "port"}


def blocks() -> list[str]:
    """Return the names of all blocks."""
    return sorted(file.parent.name for file in (PROJECT / "services").glob("*/pyproject.toml"))


def chart_of(block: str) -> Path:
    """Return the folder of a block's chart."""
    return CHARTS / f"meldstroom-{block}"


def settings_of(block: str) -> type[BlockSettings]:
    """Return the settings class of a block."""
    package = block.replace("-", "_")
    found: type[BlockSettings] = importlib.import_module(f"{package}.settings").Settings
    return found


def variables(block: str) -> dict[str, str]:
    """Return the environment variables that a block reads, with the field that each sets."""
    settings = settings_of(block)
    prefix = settings.model_config.get("env_prefix", "")
    return {f"{prefix}{name}".upper(): name for name in settings.model_fields}


def render() -> dict[Path, str]:
    """Return the schemas of all charts but the library's, which is written by hand."""
    library = json.loads((LIBRARY / "values.schema.json").read_text())
    found = {chart_of(block) / "values.schema.json": _block_schema(block, library) for block in blocks()}
    found[UMBRELLA / "values.schema.json"] = _umbrella_schema(library)
    return {file: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for file, schema in found.items()}


def _block_schema(block: str, library: dict[str, Any]) -> dict[str, Any]:
    definitions = {name: value for name, value in library["definitions"].items() if name != "block"}
    own = library["definitions"]["block"]["properties"]
    prefix = settings_of(block).model_config.get("env_prefix", "")
    plain, secret = split(settings_of(block))
    names = sorted(f"{prefix}{name}".upper() for name in (*plain, *secret))
    return {
        "$schema": _DRAFT,
        "type": "object",
        "properties": {
            **own,
            "settings": {
                "description": f"Settings of {block} that are no secrets.",
                "type": "object",
                "properties": {f"{prefix}{name}".upper(): schema for name, schema in sorted(plain.items())},
                "additionalProperties": False,
            },
            "secretSettings": {"allOf": [own["secretSettings"], {"propertyNames": {"enum": names}}]},
            "commonSettings": _common(),
            "global": {"type": "object"},
            "meldstroom-block": {"type": "object"},
        },
        "additionalProperties": False,
        "definitions": definitions,
    }


def _umbrella_schema(library: dict[str, Any]) -> dict[str, Any]:
    return {
        "$schema": _DRAFT,
        "type": "object",
        "properties": {"global": _global(library), **{block: {"type": "object"} for block in blocks()}},
        "additionalProperties": False,
        "definitions": library["definitions"],
    }


def _global(library: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of `global`; charts beside ours may have more in it."""
    # What differs from block to block cannot be said for all of them at once.
    single = ("fullnameOverride", "settings", "secretSettings", "upstreams", "commonSettings", "persistence")
    shared = {name: rule for name, rule in library["definitions"]["block"]["properties"].items() if name not in single}
    one = {
        "type": "object",
        "properties": {"enabled": {"type": "boolean"}, "url": {"type": "string"}},
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {
            "blocks": {"type": "object", "properties": dict.fromkeys(blocks(), one), "additionalProperties": False},
            "settings": _common(),
            "block": {"type": "object", "properties": shared, "additionalProperties": False},
        },
    }


def _common() -> dict[str, Any]:
    plain, _secret = split(BlockSettings)
    return {
        "description": "Settings that every block has, without a prefix.",
        "type": "object",
        "properties": {name.upper(): schema for name, schema in sorted(plain.items())},
        "additionalProperties": False,
    }


def split(settings: type[BlockSettings]) -> tuple[dict[str, Any], set[str]]:
    """Return the fields that may stand among the values, with their schemas, and those that hold a secret."""
    whole = settings.model_json_schema()
    fields = {name: schema for name, schema in whole["properties"].items() if name not in _FIXED}
    secret = {name for name, schema in fields.items() if _holds_secret(schema, whole.get("$defs", {}))}
    return {name: _value(schema) for name, schema in fields.items() if name not in secret}, secret


def _holds_secret(schema: object, definitions: dict[str, Any]) -> bool:
    if isinstance(schema, list):
        return any(_holds_secret(part, definitions) for part in schema)
    if not isinstance(schema, dict):
        return False
    reference = schema.get("$ref")
    if reference:
        return _holds_secret(definitions[reference.rsplit("/", 1)[-1]], definitions)
    return bool(schema.get("writeOnly")) or any(_holds_secret(part, definitions) for part in schema.values())


def _value(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a value: environment variables are texts, but values may also be written as they are."""
    forms = schema.get("anyOf", [schema])
    kinds = {form.get("type", "string") for form in forms}
    known: dict[str, Any] = {"description": schema["description"]} if "description" in schema else {}
    if kinds == {"string"}:
        return {**known, "type": "string", **{key: schema[key] for key in _KEPT if key in schema}}
    # A number may stand in quotes, a list or an object may be given as JSON text.
    text = _TEXTS.get(next(iter(kinds)), {}) if len(kinds) == 1 else {}
    limits = {key: schema[key] for key in _KEPT if key in schema}
    return {**known, "type": sorted({*kinds, "string"}), **text, **limits}
