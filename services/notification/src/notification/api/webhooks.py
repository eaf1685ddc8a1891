"""Webhook subscriptions: who gets events, how far they are, what was delivered, and delivering it again."""

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime

from commonground.auth import Principal
from commonground.moments import WRITTEN_OUT
from commonground.problems import InvalidInputError
from commonground.web import DatabaseDep
from notification.api.dependencies import SettingsDep, WebhookManager, municipality_of
from notification.clients.webhooks import WebhookClient
from notification.domain.webhooks import Outcome, State
from notification.schemas import Municipality
from notification.store import subscriptions
from notification.use_cases import webhooks
from notification.use_cases.webhooks import Stretch, Wish
from notification.webhook_schemas import (
    DeliveryItem,
    DeliveryPage,
    Failure,
    Lag,
    NewSecret,
    NewSubscription,
    PendingRedelivery,
    RedeliveryAnswer,
    RedeliveryRequest,
    SubscriptionAnswer,
    SubscriptionChange,
    SubscriptionPage,
    SubscriptionRequest,
    TestAnswer,
    WebhookFilterAnswer,
)

router = APIRouter(prefix="/webhook-subscriptions")
one = APIRouter(
    prefix="/webhook-subscriptions/{subscriptionId}", responses={404: {"description": "There is no such subscription"}}
)

Cursor = Annotated[str | None, Query(max_length=600, description="`nextCursor` of the page before")]
Limit = Annotated[int, Query(ge=1, le=200)]

_CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"description": "The name is taken, there are too many, or somebody was faster"}
}


@dataclass(frozen=True)
class Asked:
    """The subscription that a request names, and who asks; whether the caller has such a one is found out later."""

    subscription_id: UUID
    municipalities: list[str]
    principal: Principal


async def _asked(subscriptionId: UUID, principal: WebhookManager, settings: SettingsDep) -> Asked:  # noqa: N803 - path parameters are camelCase in the API
    return Asked(subscriptionId, sorted(principal.municipalities & settings.served), principal)


AskedDep = Annotated[Asked, Depends(_asked)]


async def _client(request: Request, settings: SettingsDep) -> WebhookClient:
    return WebhookClient(settings, request.app.state.resolve)


ClientDep = Annotated[WebhookClient, Depends(_client)]


@router.get("")
async def list_webhook_subscriptions(
    database: DatabaseDep,
    principal: WebhookManager,
    settings: SettingsDep,
    municipality: Annotated[Municipality | None, Query(description="Only those of one municipality")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> SubscriptionPage:
    """List webhook subscriptions by name, with how far each is behind."""
    mine = sorted(principal.municipalities & settings.served)
    if municipality is not None:
        mine = [municipality_of(principal, settings, municipality, "query.municipality")]
    async with database.transaction() as session:
        rows = await subscriptions.listed(session, mine, behind=_place(cursor) if cursor else None, limit=limit + 1)
    page = rows[:limit]
    return SubscriptionPage(
        items=[SubscriptionAnswer(**_shown(row)) for row in page],
        next_cursor=_encoded(f"{page[-1].id} {page[-1].name}") if len(rows) > limit else None,
    )


@router.post("", status_code=201, responses=_CONFLICT)
async def create_webhook_subscription(
    body: SubscriptionRequest,
    response: Response,
    database: DatabaseDep,
    principal: WebhookManager,
    settings: SettingsDep,
    client: ClientDep,
) -> NewSubscription:
    """Send everything that fits to a target from now on. The secret in the answer is never shown again."""
    municipality = municipality_of(principal, settings, body.municipality, "body.municipality")
    wish = Wish(body.name, body.target_url, body.filter.kept())
    await webhooks.check_wish(wish, client)
    async with database.transaction() as session:
        made, secret = await webhooks.subscribe(session, wish, municipality, principal, settings)
        row = await webhooks.read(session, made, [municipality])
    response.headers["Location"] = f"{settings.base_url}/api/notification/v1/webhook-subscriptions/{made}"
    return NewSubscription(**_shown(row), secret=secret)


@one.get("")
async def read_webhook_subscription(asked: AskedDep, database: DatabaseDep) -> SubscriptionAnswer:
    """Return a subscription and how far it is behind; never its secret."""
    async with database.transaction() as session:
        row = await webhooks.read(session, asked.subscription_id, asked.municipalities)
    return SubscriptionAnswer(**_shown(row))


@one.put("", responses=_CONFLICT)
async def change_webhook_subscription(
    asked: AskedDep,
    body: SubscriptionChange,
    database: DatabaseDep,
    client: ClientDep,
) -> SubscriptionAnswer:
    """Change name, target and filter. Another filter counts for events from now on."""
    async with database.transaction() as session:
        await webhooks.read(session, asked.subscription_id, asked.municipalities)
    wish = Wish(body.name, body.target_url, body.filter.kept())
    await webhooks.check_wish(wish, client)
    async with database.transaction() as session:
        await webhooks.change(
            session,
            asked.subscription_id,
            wish,
            expected_version=body.expected_version,
            municipalities=asked.municipalities,
            principal=asked.principal,
        )
        row = await webhooks.read(session, asked.subscription_id, asked.municipalities)
    return SubscriptionAnswer(**_shown(row))


@one.delete("", status_code=204)
async def delete_webhook_subscription(asked: AskedDep, database: DatabaseDep) -> None:
    """Delete a subscription with all that waits for it and its delivery log."""
    async with database.transaction() as session:
        await webhooks.unsubscribe(session, asked.subscription_id, asked.municipalities, asked.principal)


@one.post("/pauses", status_code=201)
async def pause_webhook_subscription(asked: AskedDep, database: DatabaseDep) -> SubscriptionAnswer:
    """Send nothing until it is resumed; events wait as long as they are kept."""
    async with database.transaction() as session:
        await webhooks.pause(session, asked.subscription_id, asked.municipalities, asked.principal)
        row = await webhooks.read(session, asked.subscription_id, asked.municipalities)
    return SubscriptionAnswer(**_shown(row))


@one.post("/resumptions", status_code=201)
async def resume_webhook_subscription(asked: AskedDep, database: DatabaseDep) -> SubscriptionAnswer:
    """Go on with the first event that was not delivered, now; also when it only waited for its next attempt."""
    async with database.transaction() as session:
        await webhooks.resume(session, asked.subscription_id, asked.municipalities, asked.principal)
        row = await webhooks.read(session, asked.subscription_id, asked.municipalities)
    return SubscriptionAnswer(**_shown(row))


@one.post("/secrets", status_code=201)
async def rotate_webhook_secret(asked: AskedDep, database: DatabaseDep, settings: SettingsDep) -> NewSecret:
    """Make a new secret, shown once. The one before signs too for a while, so that receivers can change in peace."""
    async with database.transaction() as session:
        secret, until = await webhooks.rotate_secret(
            session, asked.subscription_id, asked.municipalities, asked.principal, settings
        )
    return NewSecret(secret=secret, previous_secret_until=until)


@one.post("/tests", status_code=201)
async def test_webhook_subscription(
    asked: AskedDep,
    database: DatabaseDep,
    settings: SettingsDep,
    client: ClientDep,
) -> TestAnswer:
    """Send a signed test event now, outside of the order of events, and tell what came of it; also while paused."""
    async with database.transaction() as session:
        test = await webhooks.prepare_test(session, asked.subscription_id, asked.municipalities, settings)
    async with client:
        verdict = await webhooks.send_test(test, client)
    async with database.transaction() as session:
        await webhooks.record_test(session, test, verdict)
    return TestAnswer(
        event_id=test.event_id,
        outcome=verdict.outcome,
        status=verdict.status,
        milliseconds=verdict.milliseconds,
        error=verdict.code,
        answer=verdict.answer,
    )


@one.get("/deliveries")
async def list_webhook_deliveries(
    asked: AskedDep,
    database: DatabaseDep,
    outcome: Outcome | None = None,
    event_id: Annotated[str | None, Query(alias="eventId", min_length=1, max_length=200, pattern=r"^[^\x00]+$")] = None,
    since: Annotated[AwareDatetime | None, WRITTEN_OUT, Query(description="Attempts from this moment on")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> DeliveryPage:
    """List the attempts to deliver events, newest first."""
    before = _log_place(cursor) if cursor else None
    async with database.transaction() as session:
        await webhooks.read(session, asked.subscription_id, asked.municipalities)
        rows = await subscriptions.deliveries(
            session,
            asked.subscription_id,
            outcome=outcome,
            event_id=event_id,
            since=since,
            before=before,
            limit=limit + 1,
        )
    page = rows[:limit]
    return DeliveryPage(
        items=[
            DeliveryItem(
                id=row.id,
                at=row.at,
                event_id=row.event_id,
                event_type=row.type,
                position=row.position,
                lane=row.lane,
                attempt=row.attempt,
                outcome=row.outcome,
                status=row.status,
                milliseconds=row.milliseconds,
                error=row.code,
                answer=row.answer,
            )
            for row in page
        ],
        next_cursor=_encoded(str(page[-1].id)) if len(rows) > limit else None,
    )


@one.post("/redeliveries", status_code=201)
async def redeliver_webhook_events(
    asked: AskedDep,
    body: RedeliveryRequest,
    database: DatabaseDep,
) -> RedeliveryAnswer:
    """Deliver events again: single ones, a range, or all from a moment on.

    They go through a queue of their own, under the same `webhook-id` and with the header `webhook-redelivery: true`, so
    that new events neither wait for them nor change their order.
    """
    async with database.transaction() as session:
        if body.event_ids is not None:
            number = await webhooks.redeliver_events(
                session, asked.subscription_id, body.event_ids, asked.municipalities
            )
            return RedeliveryAnswer(id=None, queued=number)
        made = await webhooks.redeliver_stretch(
            session, asked.subscription_id, _stretch(body), asked.municipalities, asked.principal
        )
    return RedeliveryAnswer(id=made, queued=None)


def _stretch(body: RedeliveryRequest) -> Stretch:
    if body.positions is not None:
        return Stretch(first=body.positions.first, last=body.positions.last)
    if body.times is not None:
        return Stretch(time_from=body.times.first, time_until=body.times.until)
    return Stretch(time_from=body.since)


def _shown(row: Any) -> dict[str, Any]:
    failure = None
    if row.failing_since is not None:
        sending = row.state == State.ACTIVE
        failure = Failure(
            since=row.failing_since, attempts=row.attempts, next_attempt_at=row.due_at if sending else None
        )
    return {
        "id": row.id,
        "municipality": row.municipality,
        "name": row.name,
        "target_url": row.url,
        "filter": WebhookFilterAnswer(**row.filter),
        "state": row.state,
        "reason": row.reason,
        "state_since": row.state_since,
        "lag": Lag(events=row.waiting, seconds=round(row.oldest_seconds, 1)),
        "failure": failure,
        "redelivery": PendingRedelivery(events=row.redelivering, requests=row.redelivery_requests),
        "dropped_events": row.dropped,
        "previous_secret_until": row.previous_until,
        "version": row.version,
        "created_at": row.created_at,
        "created_by": row.created_by,
        "created_by_name": row.created_by_name,
        "changed_at": row.changed_at,
    }


# --- Cursors ---


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decoded(cursor: str) -> str:
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (ValueError, binascii.Error) as error:
        raise _wrong_cursor() from error


def _wrong_cursor() -> InvalidInputError:
    return InvalidInputError(("query.cursor", "This is no cursor of ours", "invalid-cursor"))


def _place(cursor: str) -> tuple[str, UUID]:
    key, separator, name = _decoded(cursor).partition(" ")
    try:
        found = UUID(key)
    except ValueError as error:
        raise _wrong_cursor() from error
    if not separator or "\0" in name:
        raise _wrong_cursor()
    return name, found


def _log_place(cursor: str) -> int:
    text = _decoded(cursor)
    if not (text.isascii() and text.isdigit()) or int(text) >= 2**63:
        raise _wrong_cursor()
    return int(text)
