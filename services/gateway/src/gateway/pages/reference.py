"""Lists that pages offer to choose from: categories, departments, colleagues. Kept for a minute.

They change a few times a year; asking for them with every page would only make pages slower, and a block that is
away for a moment would empty every choice.
"""

import time
from collections.abc import Sequence
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from gateway.clients import BlockRefusedError, Blocks, BlockUnavailableError
from gateway.upstream import Answer, Department, MainCategory, Person, Topic

KEPT_SECONDS = 60.0
Kept = TypeVar("Kept", bound=Answer)

_kept: dict[tuple[int, str, str], tuple[float, Sequence[Answer]]] = {}


async def _ask(
    blocks: Blocks, kind: type[Kept], block: str, path: str, *, token: str | None = None, whose: str = ""
) -> list[Kept]:
    """Return a list from a block, or the last known one when the block is away; empty when never known."""
    key = (id(blocks), f"{block} {path}", whose)
    known = _kept.get(key)
    now = time.monotonic()
    if known is not None and now - known[0] < KEPT_SECONDS:
        return list(known[1])  # type: ignore[arg-type]  # each path always gives one kind
    try:
        answer = await blocks.ask(block, path, token=token, timeout=2)
        found = TypeAdapter(list[kind]).validate_python((answer or {}).get("items", []))  # type: ignore[valid-type]
    except (BlockUnavailableError, BlockRefusedError, ValidationError):
        return list(known[1]) if known is not None else []  # type: ignore[arg-type]
    _kept[key] = (now, found)
    return list(found)


async def categories(blocks: Blocks) -> list[MainCategory]:
    """Return the category tree."""
    return await _ask(blocks, MainCategory, "classification", "/categories")


async def topics(blocks: Blocks) -> list[Topic]:
    """Return the categories that can stand on the public map."""
    return await _ask(blocks, Topic, "insight", "/categories")


async def departments(blocks: Blocks, token: str) -> list[Department]:
    """Return the departments that are in use."""
    found = await _ask(blocks, Department, "routing", "/departments", token=token)
    return sorted((department for department in found if department.active), key=lambda item: item.name)


async def colleagues(blocks: Blocks, token: str, department: str) -> list[Person]:
    """Return the people who can get a case of a department."""
    path = f"/assignees?department={department}"
    found = await _ask(blocks, Person, "handling", path, token=token)
    return sorted(found, key=lambda person: person.label)


def category_names(tree: Sequence[MainCategory]) -> dict[str, dict[str, str]]:
    """Return the names of every subcategory by slug."""
    return {sub.slug: sub.names for main in tree for sub in main.subcategories}


def forget() -> None:
    """Forget everything that was kept; tests start with nothing."""
    _kept.clear()
