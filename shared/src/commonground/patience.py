"""Waiting that ends when the process is told to stop."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from commonground.messaging.errors import Kind, describe, kind_of

log = structlog.get_logger(__name__)

T = TypeVar("T")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_PACE_PER_WORK = 4.0


def pace(work: float, least: float, longest: float) -> float:
    """Return how many seconds lie between the beginnings of two rounds when the last one took ``work`` of them.

    Four times as long, between ``least`` and ``longest``: the busier a machine is, the longer a round takes, and the
    more the next one finds to do at once (ADR 9).
    """
    return max(least, min(_PACE_PER_WORK * work, longest))


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait ``seconds``, or until ``stop`` is set."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def insist(work: Callable[[], Awaitable[T]], stop: asyncio.Event, name: str) -> T | None:
    """Do ``work`` again and again until it succeeds; None when told to stop before that. ``name`` is for the log."""
    seconds = _FIRST_PAUSE
    while True:
        try:
            return await work()
        except Exception as error:
            if kind_of(error) is not Kind.TRANSIENT:
                log.exception("work_failed", name=name)
            log.warning("work_waits", name=name, reason=describe(error))
        await pause(stop, seconds)
        if stop.is_set():
            return None
        seconds = min(seconds * 2, _LONGEST_PAUSE)
