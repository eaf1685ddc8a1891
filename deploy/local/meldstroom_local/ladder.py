"""The first way that works: each engine can be started in several ways, tried in a fixed order."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from meldstroom_local.processes import NotStartedError

Engine = TypeVar("Engine")


class RungUnavailableError(Exception):
    """This way cannot work on this machine; the message says why, in a few words."""


def climb(
    rungs: Mapping[str, Callable[[], Engine]],
    *,
    switch: str,
    memory: Path | None = None,
    tell: Callable[[str], None] = lambda _line: None,
) -> Engine:
    """Return the engine of the first rung that works.

    Args:
        rungs: what to try, in order, by name; each raises ``RungUnavailableError`` when it cannot work here.
        switch: name of the environment variable that limits the choice to one rung (``auto``: all).
        memory: file that remembers the rung of the last time, so that data is found again when a better rung
            turns up later. An address in the environment always goes first.
        tell: is told why a rung was passed over.

    Raises:
        NotStartedError: when no rung works; the message holds every reason.
    """
    wanted = os.environ.get(switch, "auto").strip().lower() or "auto"
    if wanted != "auto" and wanted not in rungs:
        raise NotStartedError(f"{switch} is one of: auto, {', '.join(rungs)}")
    order = list(rungs) if wanted == "auto" else [wanted]
    if wanted == "auto" and memory is not None and memory.exists():
        last = memory.read_text().strip()
        order.sort(key=lambda name: (name != "address", name != last))
    reasons = []
    for name in order:
        try:
            engine = rungs[name]()
        except (RungUnavailableError, NotStartedError) as error:
            reasons.append(f"{name}: {error}")
            if name != "address":
                tell(f"{name}: {str(error).splitlines()[0]}")
            continue
        if memory is not None:
            memory.parent.mkdir(parents=True, exist_ok=True)
            memory.write_text(name + "\n")
        return engine
    raise NotStartedError(f"nothing that {switch}={wanted} allows works here\n" + "\n".join(reasons))
