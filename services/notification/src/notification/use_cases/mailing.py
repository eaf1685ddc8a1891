"""What somebody can do with messages."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from commonground import ids
from commonground.auth import Principal
from commonground.messaging import Outgoing, Received, publish_all
from notification import events
from notification.domain import letters, mails
from notification.domain.messages import (
    InvalidAddressError,
    Kind,
    MessageNotFoundError,
    MessageUnderWayError,
    NoAddressError,
    Outcome,
    Recipient,
    State,
    WordsRemovedError,
    recipient,
    retry_delay,
)
from notification.settings import Settings
from notification.store import delivery, history, mailbox, reports
from notification.use_cases import texts

log = structlog.get_logger(__name__)


# --- Becoming due ---


async def confirm_reports(session: AsyncSession, causes: Mapping[UUID, str], settings: Settings) -> None:
    """Confirm reports (id to trace of the cause) whose reporters can be mailed; each report at most once ever."""
    if not causes:
        return
    rows = [(ids.derived(report_id, "confirmation"), report_id, causes[report_id]) for report_id in sorted(causes)]
    await mailbox.add_confirmations(
        session,
        rows,
        grace=settings.confirmation_grace,
        retry=settings.retry_hours * 3600,
        oldest=settings.oldest_request_hours * 3600,
    )


async def let_go(session: AsyncSession, report_ids: Sequence[UUID], settings: Settings) -> None:
    """Send or skip what waited until it was known how the reporters of these reports can be reached."""
    await mailbox.let_go(session, report_ids, retry=settings.retry_hours * 3600)


@dataclass(frozen=True)
class MessageRequest:
    """What a handler wants to tell a reporter."""

    id: UUID
    report_id: UUID
    municipality: str
    case_id: UUID
    kind: str
    text: str
    requested_at: datetime
    traceparent: str


async def request_messages(session: AsyncSession, requests: Sequence[MessageRequest], settings: Settings) -> None:
    """Take in messages of handlers, each once; they wait while nothing is known of the reporter."""
    # Holding the reports' rows: a contact that arrives at the same moment must find these messages, or they it.
    known = {request.report_id: request.municipality for request in requests}
    await reports.lock(session, [{"id": key, "municipality": known[key]} for key in sorted(known)])
    columns: dict[str, list[Any]] = {
        "ids": [request.id for request in requests],
        "report_ids": [request.report_id for request in requests],
        "municipalities": [request.municipality for request in requests],
        "kinds": [request.kind for request in requests],
        "case_ids": [request.case_id for request in requests],
        "requests": [request.text for request in requests],
        "moments": [request.requested_at for request in requests],
        "traceparents": [request.traceparent for request in requests],
    }
    await mailbox.add_requests(
        session, columns, retry=settings.retry_hours * 3600, oldest=settings.oldest_request_hours * 3600
    )


# --- Sending ---


@dataclass(frozen=True)
class Parcel:
    """A message that this process has claimed, ready to be handed over."""

    id: UUID
    claim: UUID
    round: int
    attempt: int
    mail_id: str
    language: str
    sender: mails.Sender
    return_path: str
    to: Recipient
    letter: letters.Letter

    def mail(self) -> bytes:
        """Return the mail as it goes over the wire now."""
        return mails.build(
            self.letter,
            sender=self.sender,
            to=self.to.address,
            language=self.language,
            identity=self.mail_id,
            sent_at=datetime.now(UTC),
        )


async def take_messages(
    session: AsyncSession, settings: Settings, *, most: int
) -> tuple[list[Parcel], list[delivery.Attempt]]:
    """Claim due messages and write what they will say; return what to send, and what can never be sent.

    Words and recipient are kept in this transaction, before the first byte goes out: whatever happens afterwards,
    the same words go to the same address.
    """
    claim = ids.new()
    rows = await delivery.take(session, claim=claim, most=most, lease=settings.lease)
    if not rows:
        return [], []
    own = await texts.templates_in_use(session, {row.municipality for row in rows if row.body is None})
    parcels: list[Parcel] = []
    impossible: list[delivery.Attempt] = []
    written: list[dict[str, Any]] = []
    unreachable: list[UUID] = []
    for row in rows:
        if not row.email:
            unreachable.append(row.id)
            continue
        try:
            to = recipient(row.email)
        except InvalidAddressError:
            impossible.append(
                delivery.Attempt(row.id, claim, row.round, row.attempts, Outcome.REFUSED, reason="invalid-address")
            )
            continue
        try:
            parcel, change = _pack(row, to, claim, own, settings)
        except Exception:
            # Whatever it is, it is about this one message: the others must not wait for it.
            log.exception("message_not_written", message_id=str(row.id))
            wait = waiting_time(row.attempts, settings)
            impossible.append(
                delivery.Attempt(
                    row.id, claim, row.round, row.attempts, Outcome.DEFERRED, wait, reason="message-not-written"
                )
            )
            continue
        written.append({"message": row.id, "new_recipient": row.email, "new_mail_id": parcel.mail_id, **change})
        parcels.append(parcel)
    await delivery.keep_words(session, written)
    if unreachable:
        await mailbox.skip(session, unreachable, "no-address")
    return parcels, impossible


def _pack(row: Any, to: Recipient, claim: UUID, own: texts.Texts, settings: Settings) -> tuple[Parcel, dict[str, Any]]:
    language, words, change = _words(row, own, settings)
    name = settings.municipality_name(row.municipality)
    sender = mails.Sender(letters.sender_name(language, name), settings.sender_address(row.municipality))
    letter = letters.typeset(words, language=language, municipality=name)
    path = settings.return_path or sender.address
    mail_id = row.mail_id or mails.message_id(row.id, row.round, sender)
    return Parcel(row.id, claim, row.round, row.attempts, mail_id, language, sender, path, to, letter), change


def _words(row: Any, own: texts.Texts, settings: Settings) -> tuple[str, letters.Words, dict[str, Any]]:
    """Return language and words of a message, and what of them must be kept; a message keeps its first words."""
    if row.body is not None:
        return row.written_in, letters.Words(row.subject, row.body, tuple(row.facts or ())), {}
    language = row.language or "nl"
    template = texts.template_for(own, row.municipality, Kind(row.kind), language)
    facts = texts.facts_of(row, language, settings, message=row.request)
    words, version = texts.write_surely(template, facts)
    change = {
        "new_language": language,
        "new_subject": words.subject,
        "new_body": words.body,
        "new_facts": list(words.values),
        "new_template_version": version,
    }
    return language, words, change


def waiting_time(attempt: int, settings: Settings) -> float:
    """Return how many seconds to wait after failed ``attempt``."""
    return retry_delay(
        attempt,
        first=settings.retry_first,
        longest=settings.retry_longest,
        chance=random.random(),  # noqa: S311 - spreads load, keeps no secret
    )


async def record_attempts(session: AsyncSession, attempts: Sequence[delivery.Attempt]) -> int:
    """Write how attempts ended and tell the others; return how many messages are settled now."""
    return await _tell(session, await delivery.settle(session, attempts))


async def give_up(session: AsyncSession, *, most: int = 500) -> int:
    """Fail what could not be delivered in time while the mail server was away; return how many."""
    return await _tell(session, await delivery.expire(session, most=most))


async def _tell(session: AsyncSession, rows: Sequence[Any]) -> int:
    told = []
    for row in rows:
        if row.state not in {State.DELIVERED, State.FAILED}:
            continue
        event = events.MessageDelivered if row.state == State.DELIVERED else events.MessageFailed
        data = event(
            message_id=row.id,
            report_id=row.report_id,
            municipality=row.municipality,
            kind=row.kind,
            channel="email",
            at=row.settled_at,
            attempts=row.attempts,
        )
        cause = Received("", "", str(row.report_id), 0, row.settled_at, row.traceparent, None)
        told.append(Outgoing(data, str(row.report_id), str(row.id), row.sequence, cause))
    await publish_all(session, told)
    return len(told)


# --- Looking and sending again ---


async def read_message(session: AsyncSession, message_id: UUID, municipalities: frozenset[str]) -> Any:
    """Return a message for staff of its municipality."""
    row = await history.message(session, message_id)
    if row is None or row.municipality not in municipalities:
        raise MessageNotFoundError
    return row


async def resend_message(session: AsyncSession, message_id: UUID, principal: Principal, settings: Settings) -> None:
    """Send a settled message again, in the same words, to the address that is known now."""
    row = await mailbox.lock_for_resend(session, message_id)
    if row is None or row.municipality not in principal.municipalities:
        raise MessageNotFoundError
    if row.state in {State.DUE, State.WAITING}:
        raise MessageUnderWayError
    if not row.email:
        raise NoAddressError
    if row.body is None and row.request is None and row.kind != Kind.CONFIRMATION:
        raise WordsRemovedError
    entry = {
        "id": ids.new(),
        "message_id": message_id,
        "round": row.round + 1,
        "actor": principal.subject,
        "actor_name": principal.name,
    }
    await mailbox.send_again(session, message_id, retry=settings.retry_hours * 3600, log_entry=entry)
    log.info("message_resent", message_id=str(message_id))


# --- Removing ---


async def forget_contacts(session: AsyncSession, report_ids: Sequence[UUID]) -> None:
    """Remove the addresses of these reports, and everything that was written to them."""
    await reports.forget_contacts(session, report_ids)
    await mailbox.forget_recipients(session, report_ids)


async def forget_texts(session: AsyncSession, report_ids: Sequence[UUID]) -> None:
    """Remove what residents wrote, also where a mail quotes it."""
    await reports.forget_texts(session, report_ids)
    await mailbox.forget_quotations(session, report_ids)


async def forget_requests(session: AsyncSession, report_ids: Sequence[UUID]) -> None:
    """Remove what handlers wrote to the reporters of these reports."""
    await mailbox.forget_requests(session, report_ids)
