"""Webhooks as notification shows them, for the pages: one that works, one that stopped, and a log."""

from typing import Any
from uuid import UUID, uuid4, uuid5

from aiohttp import web

NAMESPACE = UUID("0198f2a0-0000-7000-8000-00000000000f")
HOOK = str(uuid5(NAMESPACE, "hook"))
STOPPED = str(uuid5(NAMESPACE, "stopped"))
EVENT = str(uuid5(NAMESPACE, "event"))
SECRET = "whsec_c3R1YiBzZWNyZXQgb2YgdGhlIHBhZ2VzIHRlc3RzIQ=="


def hook(hook_id: str = HOOK, **values: Any) -> dict[str, Any]:
    return {
        "id": hook_id,
        "municipality": "GM0106",
        "name": "Afvalbedrijf",
        "targetUrl": "https://receiver.example.org/meldstroom?token=geheim",
        "filter": {
            "types": ["nl.meldstroom.handling.case-opened"],
            "categories": ["grofvuil"],
            "departments": ["AFV"],
            "bbox": [6.5, 52.9, 6.6, 53.1],
            "area": None,
        },
        "state": "active",
        "reason": None,
        "stateSince": "2026-11-20T09:30:00Z",
        "lag": {"events": 0, "seconds": 0.0},
        "failure": None,
        "redelivery": {"events": 0, "requests": 0},
        "droppedEvents": 0,
        "previousSecretUntil": None,
        "version": 4,
        "createdAt": "2026-11-20T09:30:00Z",
        "createdBy": "x",
        "createdByName": "Ada Meijer",
        "changedAt": "2026-11-20T09:30:00Z",
        **values,
    }


def stopped() -> dict[str, Any]:
    return hook(
        STOPPED,
        name="Oude ontvanger",
        state="failed",
        reason="failed-for-too-long",
        lag={"events": 1234, "seconds": 270_000.0},
        failure={"since": "2026-11-17T09:30:00Z", "attempts": 31, "nextAttemptAt": None},
        droppedEvents=2,
    )


def _delivery(number: int, **values: Any) -> dict[str, Any]:
    return {
        "id": number,
        "at": "2026-11-20T09:30:00Z",
        "eventId": EVENT,
        "eventType": "nl.meldstroom.handling.case-opened",
        "position": number,
        "lane": "live",
        "attempt": 1,
        "outcome": "delivered",
        "status": 204,
        "milliseconds": 41,
        "error": None,
        "answer": None,
        **values,
    }


async def _hooks(_request: web.Request) -> web.Response:
    return web.json_response({"items": [hook(), stopped()], "nextCursor": "more"})


async def _hook(request: web.Request) -> web.Response:
    found = {HOOK: hook(), STOPPED: stopped()}.get(request.match_info["id"])
    return web.json_response(found or {"status": 404}, status=200 if found else 404)


async def _create(_request: web.Request) -> web.Response:
    return web.json_response(hook() | {"secret": SECRET}, status=201)


async def _deliveries(_request: web.Request) -> web.Response:
    failed = {"attempt": 3, "outcome": "failed", "status": 503, "error": "server-error", "answer": "<b>even niet</b>"}
    items = [
        _delivery(3, lane="test", eventType="nl.meldstroom.notification.webhook-tested", position=None),
        _delivery(2, **failed),
        _delivery(1, lane="redelivery"),
    ]
    return web.json_response({"items": items, "nextCursor": "older"})


async def _act(request: web.Request) -> web.Response:
    answers = {
        "secrets": {"secret": SECRET, "previousSecretUntil": "2026-11-21T09:30:00Z"},
        "tests": {"eventId": str(uuid4()), "outcome": "delivered", "status": 204, "milliseconds": 3, "error": None},
        "redeliveries": {"id": None, "queued": 1},
    }
    return web.json_response(answers.get(request.match_info["action"], hook()), status=201)


async def _delete(_request: web.Request) -> web.Response:
    return web.Response(status=204)


def add_to(app: web.Application) -> None:
    """Add notification's webhook subscriptions to the stub blocks."""
    start = "/notification/v1/webhook-subscriptions"
    add = app.router.add_route
    add("GET", start, _hooks)
    add("POST", start, _create)
    add("GET", start + "/{id}", _hook)
    add("PUT", start + "/{id}", _hook)
    add("DELETE", start + "/{id}", _delete)
    add("GET", start + "/{id}/deliveries", _deliveries)
    add("POST", start + "/{id}/{action}", _act)
