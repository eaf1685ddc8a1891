"""Residents and handlers who try again until they are heard, each time with the same idempotency key."""

import asyncio
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

_TEXTS = ("Lantaarnpaal kapot", "Grofvuil naast de container", "Losse stoeptegel", "Prullenbak vol", "Kuil in het pad")
_HANDLED = 10  # of every so many reports one gets a handler


class RefusedError(Exception):
    """A request was called wrong that was right."""


@dataclass
class Crowd:
    """So many reports, sent over so many connections; what was accepted and what was changed."""

    url: str
    token: str
    reports: int
    connections: int
    seed: int
    accepted: dict[int, dict[str, Any]] = field(default_factory=dict)  # by the number of the reporter
    handled: set[str] = field(default_factory=set)  # ids of cases
    tries: int = 0
    _to_handle: asyncio.Queue[int] = field(default_factory=asyncio.Queue)

    @property
    def progress(self) -> float:
        """Share of the reports that are accepted, 0 to 1."""
        return len(self.accepted) / self.reports

    def address(self, reporter: int) -> str:
        """Return the mail address of a reporter."""
        return f"reporter-{reporter}@example.org"

    async def act(self, room: Callable[[], float]) -> None:
        """Send everything and have some of it handled; return when all was heard.

        ``room`` tells the share of the reports (0 to 1) that may be sent by now.
        """
        numbers = iter(range(self.reports))
        asking = httpx.AsyncClient(base_url=self.url, timeout=15, trust_env=False)
        async with asking as client, asyncio.TaskGroup() as group:
            for _ in range(self.connections):
                group.create_task(self._report(client, numbers, room))
            group.create_task(self._handle(client))

    async def _report(self, client: httpx.AsyncClient, numbers: Iterator[int], room: Callable[[], float]) -> None:
        for number in numbers:
            while number / self.reports > room():  # noqa: ASYNC110 - threads move it, which set no asyncio event
                await asyncio.sleep(0.05)
            chance = random.Random(self.seed * 1_000_003 + number)
            body = {
                "description": f"{chance.choice(_TEXTS)} {number}",
                "location": {
                    "geometry": {
                        "type": "Point",
                        "coordinates": [6.53 + chance.random() * 0.06, 52.98 + chance.random() * 0.03],
                    }
                },
                "contact": {"email": self.address(number)},
            }
            self.accepted[number] = await self._until_heard(client, "/api/intake/v1/reports", body)
            if number % _HANDLED == 0:
                self._to_handle.put_nowait(number)

    async def _handle(self, client: httpx.AsyncClient) -> None:
        for _ in range(0, self.reports, _HANDLED):
            number = await self._to_handle.get()
            case_id = await self._case_of(client, self.accepted[number]["number"])
            body = {"status": "in-progress", "text": None, "notifyReporter": False}
            await self._until_heard(client, f"/api/handling/v1/cases/{case_id}/status-changes", body)
            self.handled.add(case_id)

    async def _case_of(self, client: httpx.AsyncClient, number: str) -> str:
        while True:
            try:
                answer = await client.get(
                    "/api/handling/v1/cases", params={"number": number}, headers=self._authorization()
                )
                if answer.status_code == 200 and answer.json()["items"]:
                    return str(answer.json()["items"][0]["id"])
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.3)

    async def _until_heard(self, client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Idempotency-Key": str(uuid4()), **self._authorization()}
        while True:
            self.tries += 1
            try:
                answer = await client.post(path, json=body, headers=headers)
                if answer.status_code == 201:
                    heard: dict[str, Any] = answer.json()
                    return heard
                if answer.status_code < 500:  # nobody did anything wrong here: it must be a fault that passes
                    raise RefusedError(f"{path} answered {answer.status_code}: {answer.text}")
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.2 + random.random() * 0.3)

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}
