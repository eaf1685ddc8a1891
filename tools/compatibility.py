"""Refuses what breaks those who use a released contract: within a version a contract may only grow.

Compares event schemas, AsyncAPI topics and OpenAPI documents with the newest release below ``contracts/released``.
Own code: the libraries for this in Python look at OpenAPI alone, and oasdiff is no Python.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson
import yaml

RELEASED = "released"
ADVICE_EVENT = "keep it and add a new version beside it (version=2 of the stream), or add another field"
ADVICE_API = "keep it and add another field, parameter or operation beside it, or a new API version"

# Who must go on working: a reader of what we send (events, answers), or a sender of what we take (requests).
Side = Literal["event", "answer", "request"]
_SMALLEST = ("minLength", "minimum", "exclusiveMinimum", "minItems")
_LARGEST = ("maxLength", "maximum", "exclusiveMaximum", "maxItems")


@dataclass(frozen=True)
class Change:
    """A change that is not additive: in which file, where, what, and what to do instead."""

    file: str
    place: str
    what: str
    advice: str

    def __str__(self) -> str:
        return f"{self.file}: {self.place}: {self.what}; {self.advice}"


def newest_release(contracts: Path) -> Path | None:
    """Return the folder of the newest release; None before the first one."""
    found = [folder for folder in (contracts / RELEASED).glob("*") if folder.is_dir()]
    return max(found, key=lambda folder: tuple(int(part) for part in folder.name.split(".")), default=None)


def refused(old: Path, new: Path) -> list[Change]:
    """Return every change from ``old`` to ``new`` that is not additive."""
    return [*_events(old, new), *_topics(old, new), *_apis(old, new)]


# --- Schemas ---


@dataclass(frozen=True)
class _Schemas:
    """Compares two schemas, each with the document that its references point into."""

    old_root: Mapping[str, Any]
    new_root: Mapping[str, Any]
    side: Side

    def compare(
        self, old: Any, new: Any, place: str, seen: frozenset[tuple[str, str]] = frozenset()
    ) -> Iterator[tuple[str, str]]:
        """Yield the place and the words of each change that breaks somebody."""
        pair = (str(_ref(old)), str(_ref(new)))
        if "None" not in pair:
            if pair in seen:
                return
            seen |= {pair}
        olds, news = _alternatives(old, self.old_root), _alternatives(new, self.new_root)
        if self.side != "request" and (extra := self._unmatched(news, olds, seen, flip=True)):
            yield from self._explain(olds, extra, place, seen, "is new here, and readers do not know it")
        if missing := self._unmatched(olds, news, seen, flip=False):
            yield from self._explain(missing, news, place, seen, "is no longer possible")

    def _unmatched(self, these: list[Any], those: list[Any], seen: Any, *, flip: bool) -> list[Any]:
        def fits(one: Any, other: Any) -> bool:
            old, new = (other, one) if flip else (one, other)
            return not any(self._one(old, new, "", seen))

        return [one for one in these if not any(fits(one, other) for other in those)]

    def _explain(
        self, olds: list[Any], news: list[Any], place: str, seen: Any, otherwise: str
    ) -> Iterator[tuple[str, str]]:
        """Say it as precisely as can be: by the fields of the two alternatives of one kind, else by their kinds."""
        for old in olds:
            alike = [new for new in news if _kind(new) == _kind(old)]
            if len(alike) == 1 and (found := list(self._one(old, alike[0], place, seen))):
                yield from found
                return
        odd = news if "new" in otherwise else olds
        yield place, f"{', '.join(sorted({_kind(one) for one in odd}))} {otherwise}"

    def _one(self, old: Any, new: Any, place: str, seen: Any) -> Iterator[tuple[str, str]]:
        if not old or (not new and self.side == "request"):
            return  # it said nothing before, or it takes anything now
        if _kind(old) != _kind(new):
            yield place, f"the type was {_kind(old)} and is {_kind(new)}"
            return
        yield from self._values(old, new, place)
        yield from self._limits(old, new, place)
        yield from self._properties(old, new, place, seen)
        if "items" in old and "items" in new:
            yield from self.compare(old["items"], new["items"], f"{place}[]", seen)

    def _values(self, old: Any, new: Any, place: str) -> Iterator[tuple[str, str]]:
        before, after = _choices(old), _choices(new)
        if before is not None and after is not None:
            if gone := sorted(before - after):
                yield place, f"the value {', '.join(gone)} is gone"
            if self.side == "event" and (added := sorted(after - before)):
                yield place, f"the value {', '.join(added)} is new, and readers of a closed list do not know it"
        elif before is None and after is not None:
            yield place, "only certain values are left"
        elif self.side == "event" and before is not None:
            yield place, "any value can come now, and readers know a closed list"

    def _limits(self, old: Any, new: Any, place: str) -> Iterator[tuple[str, str]]:
        if self.side != "request":
            if old.get("format") != new.get("format"):
                yield place, f"the format was {old.get('format')} and is {new.get('format')}"
            return
        for name in _SMALLEST:
            if name in new and new[name] > old.get(name, float("-inf")):
                yield place, f"{name} was {old.get(name)} and is {new[name]}"
        for name in _LARGEST:
            if name in new and new[name] < old.get(name, float("inf")):
                yield place, f"{name} was {old.get(name)} and is {new[name]}"
        for name in ("pattern", "format"):
            if name in new and new[name] != old.get(name):
                yield place, f"the {name} was {old.get(name)} and is {new[name]}"

    def _properties(self, old: Any, new: Any, place: str, seen: Any) -> Iterator[tuple[str, str]]:
        before, after = old.get("properties", {}), new.get("properties", {})
        needed_before, needed_after = set(old.get("required", ())), set(new.get("required", ()))
        for name, schema in before.items():
            inside = f"{place}.{name}".lstrip(".")
            if name not in after:
                yield inside, "the field is gone or has another name"
                continue
            if self.side != "request" and name in needed_before and name not in needed_after:
                yield inside, "the field was always there and may now be missing"
            yield from self.compare(schema, after[name], inside, seen)
        if self.side == "request":
            for name in sorted(needed_after - needed_before):
                yield f"{place}.{name}".lstrip("."), "the field is now required"


def _ref(schema: Any) -> str | None:
    return schema.get("$ref") if isinstance(schema, Mapping) else None


def _resolved(schema: Any, root: Mapping[str, Any]) -> Any:
    while (pointer := _ref(schema)) is not None and pointer.startswith("#/"):
        schema = root
        for part in pointer[2:].split("/"):
            schema = schema[part.replace("~1", "/").replace("~0", "~")]
    return schema if isinstance(schema, Mapping) else {}


def _alternatives(schema: Any, root: Mapping[str, Any]) -> list[Any]:
    """Return what a schema allows as a flat list: the parts of anyOf and oneOf, and each of several types."""
    found = _resolved(schema, root)
    for word in ("anyOf", "oneOf"):
        if word in found:
            return [one for part in found[word] for one in _alternatives(part, root)]
    if len(found.get("allOf", ())) == 1:
        return _alternatives(found["allOf"][0], root)
    if isinstance(found.get("type"), list):
        return [{**found, "type": kind} for kind in found["type"]]
    return [found]


def _kind(schema: Any) -> str:
    if "type" in schema:
        return str(schema["type"])
    if "const" in schema:
        return type(schema["const"]).__name__
    return "object" if "properties" in schema else "anything"


def _choices(schema: Any) -> set[str] | None:
    if "const" in schema:
        return {repr(schema["const"])}
    return {repr(value) for value in schema["enum"]} if "enum" in schema else None


# --- Events and topics ---


def _load(path: Path) -> Any:
    return orjson.loads(path.read_bytes())


def _events(old: Path, new: Path) -> Iterator[Change]:
    for path in sorted((old / "events").glob("*.schema.json")):
        file, other = f"events/{path.name}", new / "events" / path.name
        if not other.exists():
            yield Change(file, "event", "the event is gone or has another name", ADVICE_EVENT)
            continue
        before, after = _load(path), _load(other)
        for place, what in _Schemas(before, after, "event").compare(before, after, ""):
            yield Change(file, place or "data", what, ADVICE_EVENT)
        name = path.name.replace(".schema.", ".example.")
        was, now = (_key_of(_load(root / "events" / name)) for root in (old, new))
        if was and not was & now:
            words = f"the key was {' or '.join(sorted(was))} and is {' or '.join(sorted(now)) or 'something else'}"
            yield Change(f"events/{name}", "partitionkey", words, ADVICE_EVENT)


def _key_of(event: Mapping[str, Any]) -> set[str]:
    """Return the fields of an example that its key is made of, as far as they can be told by their values."""
    key, data = event["partitionkey"], event["data"]
    exact = {name for name, value in {**data, "subject": event["subject"]}.items() if value == key}
    parts = key.split(":")
    made = [next((name for name, value in data.items() if value == part), "") for part in parts]
    return exact or ({":".join(made)} if len(parts) > 1 and all(made) else set())


# Open topics that became compacted keep all events for as long as before, and the newest of each key for ever.
KEEPS_MORE = ((["delete"], ["compact"]),)


def _topics(old: Path, new: Path) -> Iterator[Change]:
    file = "asyncapi.yaml"
    before, after = (yaml.safe_load((root / file).read_text()) for root in (old, new))
    for name, channel in before["channels"].items():
        other = after["channels"].get(name)
        if other is None:
            yield Change(file, name, "the topic is gone", ADVICE_EVENT)
            continue
        for words, path in (
            ("the topic", ("address",)),
            ("the clean-up policy", ("bindings", "kafka", "topicConfiguration", "cleanup.policy")),
            ("the privacy tier", ("tags",)),
        ):
            was, now = _at(channel, path), _at(other, path)
            if was != now and (was, now) not in KEEPS_MORE:
                yield Change(file, name, f"{words} was {_said(was)} and is {_said(now)}", ADVICE_EVENT)
        for message in channel["messages"].keys() - other["messages"].keys():
            yield Change(file, name, f"the message {message} is gone", ADVICE_EVENT)
    headers, now_headers = (root["components"]["schemas"]["CloudEventHeaders"] for root in (before, after))
    for place, what in _Schemas(headers, now_headers, "event").compare(headers, now_headers, ""):
        yield Change(file, f"headers.{place}", what, ADVICE_EVENT)


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        value = value[part]
    return value


def _said(value: Any) -> str:
    items = value if isinstance(value, list) else [value]
    return ", ".join(item["name"] if isinstance(item, Mapping) else str(item) for item in items)


# --- OpenAPI ---


def _apis(old: Path, new: Path) -> Iterator[Change]:
    for path in sorted((old / "openapi").glob("*.json")):
        file, other = f"openapi/{path.name}", new / "openapi" / path.name
        if not other.exists():
            yield Change(file, "document", "the API is gone", ADVICE_API)
            continue
        before, after = _load(path), _load(other)
        for place, operation in _operations(before):
            now = dict(_operations(after)).get(place)
            if now is None:
                yield Change(file, place, "the operation is gone", ADVICE_API)
                continue
            for inside, what in _operation(before, after, operation, now):
                yield Change(file, f"{place} {inside}".rstrip(), what, ADVICE_API)


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def _operation(before: Any, after: Any, old: Any, new: Any) -> Iterator[tuple[str, str]]:
    if not old.get("security") and new.get("security"):
        yield "", "a token is now needed"
    asked, asked_now = (
        {(one["in"], one["name"]): one for one in operation.get("parameters", ())} for operation in (old, new)
    )
    requests = _Schemas(before, after, "request")
    for key, parameter in asked.items():
        place = f"{key[0]}.{key[1]}"
        if key not in asked_now:
            yield place, "the parameter is gone"
            continue
        if asked_now[key].get("required") and not parameter.get("required"):
            yield place, "the parameter is now required"
        yield from requests.compare(parameter["schema"], asked_now[key]["schema"], place)
    for key in sorted(asked_now.keys() - asked.keys()):
        if asked_now[key].get("required"):
            yield f"{key[0]}.{key[1]}", "a new parameter is required"
    yield from _body(requests, old, new)
    yield from _answers(_Schemas(before, after, "answer"), old, new)


def _body(requests: _Schemas, old: Any, new: Any) -> Iterator[tuple[str, str]]:
    before, after = old.get("requestBody", {}), new.get("requestBody", {})
    if after.get("required") and not before.get("required"):
        yield "body", "a body is now required"
    if before and not after:
        yield "body", "the body is gone"
    for kind, content in before.get("content", {}).items():
        if after and kind not in after["content"]:
            yield "body", f"{kind} is no longer taken"
        elif after:
            yield from requests.compare(content.get("schema", {}), after["content"][kind].get("schema", {}), "body")


def _answers(answers: _Schemas, old: Any, new: Any) -> Iterator[tuple[str, str]]:
    for status, answer in old["responses"].items():
        if not status.startswith("2"):
            continue
        if status not in new["responses"]:
            yield f"answer {status}", "it is no longer given"
            continue
        contents = new["responses"][status].get("content", {})
        for kind, content in answer.get("content", {}).items():
            if kind not in contents:
                yield f"answer {status}", f"{kind} is no longer given"
            else:
                place = f"answer {status} body"
                yield from answers.compare(content.get("schema", {}), contents[kind].get("schema", {}), place)
