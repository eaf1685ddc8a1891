"""Loaded by schemathesis itself: puts values that exist into its calls, so that they reach more than a 404.

Calls that are wrong on purpose stay as they are; so does every fifth of the others, to try unknown values too.
"""

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import schemathesis

_EVERY = 5
_calls: Counter[str] = Counter()


@cache
def _known() -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = json.loads(Path("known.json").read_text())
    return found


@schemathesis.hook
def before_call(_context: schemathesis.HookContext, case: schemathesis.Case[Any], _kwargs: dict[str, Any]) -> None:
    """Replace what is known by name: in the path, in the query and in the fields of the body."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    operation = case.operation.label
    _calls[operation] += 1
    turn = _calls[operation]
    if turn % _EVERY == 0:
        return
    parts = {"path": case.path_parameters, "query": case.query, "body": case.body}
    for place, values in _known().items():
        part, _, name = place.partition(".")
        fields = parts[part]
        if isinstance(fields, dict) and name in fields:
            fields[name] = values[turn % len(values)]
