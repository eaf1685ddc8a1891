"""Messages: what was told to reporters, whether it arrived, and sending it again."""

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response

from commonground import idempotency
from commonground.auth import Principal
from commonground.problems import InvalidInputError
from commonground.web import DatabaseDep
from notification.api.dependencies import MessageReader, MessageSender, SettingsDep
from notification.domain import letters
from notification.domain.messages import Kind, State
from notification.domain.texts import mask
from notification.schemas import DeliveryAttempt, DeliveryError, MessageDetail, MessageItem, MessagePage, Resend
from notification.settings import Settings
from notification.store import history
from notification.use_cases import mailing

router = APIRouter()

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=idempotency.MAX_KEY_LENGTH,
        pattern=r"^[\x21-\x7e]+$",
        description="A repeat with the same key gives the first answer again",
    ),
]


@router.get("/messages")
async def list_messages(
    database: DatabaseDep,
    principal: MessageReader,
    report_id: Annotated[UUID | None, Query(alias="reportId")] = None,
    state: State | None = None,
    kind: Kind | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=200, description="`nextCursor` of the page before")] = None,
) -> MessagePage:
    """List messages to reporters, newest request first."""
    before = _place(cursor) if cursor else None
    async with database.transaction() as session:
        rows = await history.listed(
            session,
            municipalities=principal.municipalities,
            report_id=report_id,
            state=state,
            kind=kind,
            before=before,
            limit=limit + 1,
        )
    more = len(rows) > limit
    page = rows[:limit]
    return MessagePage(
        items=[MessageItem(**_item(row, principal)) for row in page],
        next_cursor=_cursor(page[-1]) if more else None,
    )


@router.get("/messages/{messageId}", responses={404: {"description": "There is no such message"}})
async def read_message(
    messageId: UUID,  # noqa: N803 - path parameters are camelCase in the API
    database: DatabaseDep,
    principal: MessageReader,
    settings: SettingsDep,
) -> MessageDetail:
    """Return a message with the exact words that were sent and each attempt to send them."""
    return await _detail(database, messageId, principal, settings)


@router.post(
    "/messages/{messageId}/resends",
    status_code=201,
    responses={
        404: {"description": "There is no such message"},
        409: {"description": "The message is still to be sent, or cannot be sent"},
    },
)
async def resend_message(
    messageId: UUID,  # noqa: N803
    response: Response,
    database: DatabaseDep,
    principal: MessageSender,
    settings: SettingsDep,
    idempotency_key: IdempotencyKey = None,
) -> MessageDetail:
    """Send a message again, in the same words, to the address that is known now."""
    async with database.transaction() as session:
        # A repeat finds its key and does nothing; the answer below is the message as it is by then.
        first = None
        if idempotency_key:
            digest = idempotency.fingerprint("resend", str(messageId))
            scope = f"resends:{principal.subject}"
            first = await idempotency.claim(session, scope, idempotency_key, digest, idempotency.Answer(201, {}))
        if first is None:
            await mailing.resend_message(session, messageId, principal, settings)
    response.headers["Location"] = f"{settings.base_url}/api/notification/v1/messages/{messageId}"
    return await _detail(database, messageId, principal, settings)


async def _detail(database: DatabaseDep, message_id: UUID, principal: Principal, settings: Settings) -> MessageDetail:
    async with database.transaction() as session:
        row = await mailing.read_message(session, message_id, principal.municipalities)
        attempts = await history.log(session, message_id)
        resends = await history.resends_of(session, message_id)
    letter = None
    if row.body is not None:
        words = letters.Words(row.subject, row.body, tuple(row.facts or ()))
        name = settings.municipality_name(row.municipality)
        letter = letters.typeset(words, language=row.language, municipality=name)
    return MessageDetail(
        **_item(row, principal),
        case_id=row.case_id,
        text=letter.text if letter else None,
        html=letter.html if letter else None,
        template_version=row.template_version,
        deliveries=[
            DeliveryAttempt(
                at=one.at,
                round=one.round,
                attempt=one.attempt,
                outcome=one.outcome,
                error=_error(one.outcome, one.reason, one.code, one.answer),
            )
            for one in attempts
        ],
        resends=[Resend(at=one.at, round=one.round, by=one.actor, by_name=one.actor_name) for one in resends],
    )


def _item(row: Any, principal: Principal) -> dict[str, Any]:
    recipient = row.recipient
    if recipient is not None and not principal.may("contact:read"):
        recipient = mask(recipient)
    return {
        "id": row.id,
        "report_id": row.report_id,
        "number": row.number,
        "municipality": row.municipality,
        "kind": row.kind,
        "channel": "email",
        "state": row.state,
        "recipient": recipient,
        "language": row.language,
        "subject": row.subject,
        "requested_at": row.requested_at,
        "next_attempt_at": row.due_at if row.state == State.DUE else None,
        "settled_at": row.settled_at,
        "attempts": row.attempts,
        "round": row.round,
        "error": _last_error(row),
    }


def _last_error(row: Any) -> DeliveryError | None:
    """Return what stands in the way now: the reason of the state, with the words of the last attempt if it failed."""
    last = _error(row.last_outcome, row.last_reason, row.last_code, row.last_answer)
    if row.state in {State.DELIVERED, State.WAITING}:
        return None
    if row.reason is not None:
        same = last is not None and last.reason == row.reason
        return last if same else DeliveryError(reason=row.reason, code=None, text=None)
    return last


def _error(outcome: str | None, reason: str | None, code: int | None, text: str | None) -> DeliveryError | None:
    if outcome is None or outcome == "delivered":
        return None
    return DeliveryError(reason=reason or "unknown", code=code, text=text)


def _cursor(row: Any) -> str:
    return base64.urlsafe_b64encode(f"{row.requested_at.isoformat()} {row.id}".encode()).decode().rstrip("=")


def _place(cursor: str) -> tuple[datetime, UUID]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        moment, _, key = text.partition(" ")
        return datetime.fromisoformat(moment).astimezone(UTC), UUID(key)
    except (ValueError, binascii.Error, OverflowError) as error:
        raise InvalidInputError(("query.cursor", "This is no cursor of ours", "invalid-cursor")) from error
