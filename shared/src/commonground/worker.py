"""What a block does besides answering: consumers, the relay, and work that comes round."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from commonground import patience
from commonground.messaging.errors import Kind, describe, kind_of

log = structlog.get_logger(__name__)


class Component(Protocol):
    """Something that runs until it is told to stop."""

    name: str

    async def run(self, stop: asyncio.Event) -> None:
        """Run until ``stop`` is set."""

    def ready(self) -> bool:
        """Tell whether it can do its work."""


class Periodic:
    """Does ``work`` every ``seconds``, or at once again while it returns True; survives whatever it raises."""

    def __init__(self, name: str, seconds: float, work: Callable[[], Awaitable[object]]) -> None:
        """Prepare; ``work`` returns True when there is more to do right away."""
        self.name = name
        self._seconds = seconds
        self._work = work

    def ready(self) -> bool:
        """Return True: a failing round is logged and tried again."""
        return True

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set."""
        while not stop.is_set():
            try:
                if await self._work() is True:
                    continue
            except Exception as error:
                if kind_of(error) is Kind.TRANSIENT:
                    log.warning("periodic_work_waits", name=self.name, reason=describe(error))
                else:
                    log.exception("periodic_work_failed", name=self.name)
            await patience.pause(stop, self._seconds)


class Worker:
    """The components of one process."""

    def __init__(self, components: Sequence[Component]) -> None:
        """Take what runs beside each other."""
        self.components = list(components)

    def ready(self) -> bool:
        """Tell whether all components can do their work."""
        return all(component.ready() for component in self.components)

    async def run(self, stop: asyncio.Event) -> None:
        """Run all components until ``stop`` is set; when one breaks, stop the others and raise."""
        try:
            async with asyncio.TaskGroup() as group:
                for component in self.components:
                    group.create_task(self._run(component, stop), name=component.name)
        finally:
            stop.set()

    async def _run(self, component: Component, stop: asyncio.Event) -> None:
        await component.run(stop)
        if not stop.is_set():
            message = f"{component.name} ended by itself"
            raise RuntimeError(message)
