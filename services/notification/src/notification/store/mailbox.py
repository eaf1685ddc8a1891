"""SQL about messages, their delivery and their log.

All times are those of the database, so that the clocks of two processes never matter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncSession

from notification.tables import deliveries, messages, reports, resends

_UUIDS = pg.ARRAY(pg.UUID)
_TEXTS = pg.ARRAY(sa.Text)
_MOMENTS = pg.ARRAY(sa.DateTime(timezone=True))
_FLOATS = pg.ARRAY(sa.Double)
_NUMBERS = pg.ARRAY(sa.Integer)


def _statement(sql: str, **types: Any) -> sa.TextClause:
    return sa.text(sql).bindparams(*(sa.bindparam(name, type_=type_) for name, type_ in types.items()))


# The term is in the confirmation when the routing is known, or else it waits a while for it. What waited too long
# already (this block was away) still gets some seconds, because the routing may be the next event.
_confirm = _statement(
    """
    INSERT INTO messages (id, report_id, municipality, kind, cause, requested_at, traceparent,
                          state, reason, due_at, give_up_at, settled_at)
    SELECT n.id, r.id, r.municipality, 'confirmation', 'submitted', r.submitted_at, n.traceparent,
           CASE WHEN o.too_old THEN 'skipped' ELSE 'due' END,
           CASE WHEN o.too_old THEN 'too-old' END,
           d.due_at,
           d.due_at + make_interval(secs => :retry),
           CASE WHEN o.too_old THEN now() END
      FROM unnest(:ids, :report_ids, :traceparents) AS n (id, report_id, traceparent)
      JOIN reports r ON r.id = n.report_id
     CROSS JOIN LATERAL (SELECT r.submitted_at < now() - make_interval(secs => :oldest) AS too_old) o
     CROSS JOIN LATERAL (
           SELECT CASE WHEN r.routing_sequence > 0 THEN now()
                       ELSE greatest(r.submitted_at + make_interval(secs => :grace),
                                     now() + make_interval(secs => least(:grace, 10))) END AS due_at) d
     WHERE r.email IS NOT NULL AND r.contact_sequence > 0
    ON CONFLICT ON CONSTRAINT uq_messages_cause DO UPDATE
       SET due_at = least(messages.due_at, excluded.due_at)
     WHERE messages.state = 'due' AND messages.attempts = 0
    """,
    ids=_UUIDS,
    report_ids=_UUIDS,
    traceparents=_TEXTS,
    grace=sa.Double,
    retry=sa.Double,
    oldest=sa.Double,
)


async def add_confirmations(
    session: AsyncSession, rows: Sequence[tuple[UUID, UUID, str]], *, grace: float, retry: float, oldest: float
) -> None:
    """Add the confirmation ``(id, report id, traceparent)`` of each report whose reporter can be mailed, once.

    It is due at once when the report has been routed, else ``grace`` seconds after its submission.
    """
    ids, report_ids, traceparents = (list(column) for column in zip(*rows, strict=True))
    values = {"ids": ids, "report_ids": report_ids, "traceparents": traceparents}
    await session.execute(_confirm, {**values, "grace": grace, "retry": retry, "oldest": oldest})


_request = _statement(
    """
    INSERT INTO messages (id, report_id, municipality, kind, cause, case_id, request, requested_at, traceparent,
                          state, reason, due_at, give_up_at, settled_at)
    SELECT n.id, n.report_id, n.municipality, n.kind, n.id::text, n.case_id,
           CASE WHEN s.state <> 'skipped' OR o.too_old THEN n.request END,
           n.requested_at, n.traceparent, s.state,
           CASE WHEN s.state = 'skipped' THEN CASE WHEN o.too_old THEN 'too-old' ELSE 'no-address' END END,
           now(), now() + make_interval(secs => :retry),
           CASE WHEN s.state = 'skipped' THEN now() END
      FROM unnest(:ids, :report_ids, :municipalities, :kinds, :case_ids, :requests, :moments, :traceparents)
           AS n (id, report_id, municipality, kind, case_id, request, requested_at, traceparent)
      JOIN reports r ON r.id = n.report_id
     CROSS JOIN LATERAL (SELECT n.requested_at < now() - make_interval(secs => :oldest) AS too_old) o
     CROSS JOIN LATERAL (
           SELECT CASE WHEN o.too_old THEN 'skipped'
                       WHEN r.contact_sequence = 0 THEN 'waiting'
                       WHEN r.email IS NULL THEN 'skipped'
                       ELSE 'due' END AS state) s
    ON CONFLICT ON CONSTRAINT uq_messages_cause DO NOTHING
    """,
    ids=_UUIDS,
    report_ids=_UUIDS,
    municipalities=_TEXTS,
    kinds=_TEXTS,
    case_ids=_UUIDS,
    requests=_TEXTS,
    moments=_MOMENTS,
    traceparents=_TEXTS,
    retry=sa.Double,
    oldest=sa.Double,
)


async def add_requests(
    session: AsyncSession, columns: Mapping[str, Sequence[Any]], *, retry: float, oldest: float
) -> None:
    """Add messages of handlers, once each; the rows of their reports must be locked.

    Due when the reporter can be mailed, skipped when not, waiting while that is not known.
    """
    await session.execute(_request, {**columns, "retry": retry, "oldest": oldest})


_let_go = _statement(
    """
    UPDATE messages m
       SET state = CASE WHEN r.email IS NULL THEN 'skipped' ELSE 'due' END,
           reason = CASE WHEN r.email IS NULL THEN 'no-address' END,
           request = CASE WHEN r.email IS NOT NULL THEN m.request END,
           due_at = CASE WHEN m.state = 'waiting' THEN now() ELSE m.due_at END,
           give_up_at = CASE WHEN m.state = 'waiting' THEN now() + make_interval(secs => :retry) ELSE m.give_up_at END,
           claim = CASE WHEN r.email IS NOT NULL THEN m.claim END,
           settled_at = CASE WHEN r.email IS NULL THEN now() END
      FROM reports r
     WHERE r.id = m.report_id AND r.id = ANY(:report_ids)
       AND (m.state = 'waiting' OR m.state = 'due' AND r.email IS NULL)
    """,
    report_ids=_UUIDS,
    retry=sa.Double,
)


async def let_go(session: AsyncSession, report_ids: Sequence[UUID], *, retry: float) -> None:
    """Make due what waited for the contacts of these reports; skip what turns out to have nobody to go to."""
    await session.execute(_let_go, {"report_ids": list(report_ids), "retry": retry})


# --- Sending ---

_take = _statement(
    """
    WITH picked AS MATERIALIZED (
        SELECT id FROM messages WHERE state = 'due' AND due_at <= now()
         ORDER BY due_at LIMIT :most FOR UPDATE SKIP LOCKED),
    taken AS (
        UPDATE messages m
           SET claim = :claim, due_at = now() + make_interval(secs => :lease), attempts = m.attempts + 1
          FROM picked WHERE m.id = picked.id
        RETURNING m.id, m.report_id, m.municipality, m.kind, m.request, m.round, m.attempts, m.traceparent,
                  m.language AS written_in, m.mail_id, m.subject, m.body, m.facts)
    SELECT taken.*, r.number, r.email, r.language, r.status_url, r.submitted_at, r.description, r.address,
           r.department, r.deadline, r.term_days, r.term_kind, c.name_nl AS category_nl, c.name_en AS category_en
      FROM taken
      JOIN reports r ON r.id = taken.report_id
      LEFT JOIN categories c ON c.municipality = r.municipality AND c.slug = r.category
    """,
    most=sa.Integer,
    claim=pg.UUID,
    lease=sa.Double,
).columns(facts=pg.JSONB, address=pg.JSONB)


async def take(session: AsyncSession, *, claim: UUID, most: int, lease: float) -> Sequence[Any]:
    """Claim up to ``most`` due messages for ``lease`` seconds; return them with the facts of their reports.

    Rows that another process is claiming are passed over.
    """
    return (await session.execute(_take, {"claim": claim, "most": most, "lease": lease})).all()


_keep_words = (
    sa.update(messages)
    .where(messages.c.id == sa.bindparam("message"))
    .values(
        {
            messages.c[name]: sa.bindparam(f"new_{name}", type_=messages.c[name].type)
            for name in ("recipient", "mail_id", "language", "subject", "body", "facts", "template_version")
        }
    )
)
_keep_recipient = (
    sa.update(messages)
    .where(messages.c.id == sa.bindparam("message"))
    .values(recipient=sa.bindparam("new_recipient", type_=sa.Text), mail_id=sa.bindparam("new_mail_id", type_=sa.Text))
)


async def keep_words(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write what will be sent to whom, before it is sent; ``rows`` name columns as ``new_…``."""
    written = [row for row in rows if "new_body" in row]
    known = [row for row in rows if "new_body" not in row]
    if written:
        await session.execute(_keep_words, written)
    if known:
        await session.execute(_keep_recipient, known)


@dataclass(frozen=True)
class Attempt:
    """How one attempt to send a message ended; ``wait`` is in seconds, for what is tried again."""

    message_id: UUID
    claim: UUID
    round: int
    number: int
    outcome: str
    wait: float = 0.0
    reason: str | None = None
    code: int | None = None
    answer: str | None = None


# A delivered mail is delivered, whoever has the claim by now; everything else counts only for its holder.
_settle = _statement(
    """
    UPDATE messages m
       SET state = n.state,
           reason = CASE WHEN n.state = 'failed' THEN a.reason END,
           due_at = now() + make_interval(secs => a.wait),
           attempts = m.attempts - CASE WHEN a.outcome = 'released' THEN 1 ELSE 0 END,
           claim = NULL,
           settled_at = CASE WHEN n.state IN ('delivered', 'failed') THEN now() END,
           sequence = m.sequence + CASE WHEN n.state IN ('delivered', 'failed') THEN 1 ELSE 0 END
      FROM unnest(:ids, :claims, :outcomes, :waits, :reasons) AS a (id, claim, outcome, wait, reason)
      JOIN messages x ON x.id = a.id
     CROSS JOIN LATERAL (
           SELECT CASE WHEN a.outcome = 'delivered' THEN 'delivered'
                       WHEN a.outcome = 'refused' THEN 'failed'
                       WHEN a.outcome = 'deferred' AND now() + make_interval(secs => a.wait) >= x.give_up_at
                       THEN 'failed'
                       ELSE 'due' END AS state) n
     WHERE m.id = a.id AND m.state = 'due' AND (m.claim = a.claim OR a.outcome = 'delivered')
    RETURNING m.id, m.report_id, m.municipality, m.kind, m.state, m.attempts, m.sequence, m.settled_at, m.traceparent
    """,
    ids=_UUIDS,
    claims=_UUIDS,
    outcomes=_TEXTS,
    waits=_FLOATS,
    reasons=_TEXTS,
)


async def settle(session: AsyncSession, attempts: Sequence[Attempt]) -> Sequence[Any]:
    """Write how attempts ended, and the delivery log; return the messages whose state this changed."""
    attempts = sorted(attempts, key=lambda attempt: attempt.message_id)
    changed = await session.execute(
        _settle,
        {
            "ids": [attempt.message_id for attempt in attempts],
            "claims": [attempt.claim for attempt in attempts],
            "outcomes": [attempt.outcome for attempt in attempts],
            "waits": [attempt.wait for attempt in attempts],
            "reasons": [attempt.reason for attempt in attempts],
        },
    )
    rows = changed.all()
    tried = [
        {
            "message_id": attempt.message_id,
            "round": attempt.round,
            "attempt": attempt.number,
            "outcome": attempt.outcome,
            "reason": attempt.reason,
            "code": attempt.code,
            "answer": attempt.answer,
        }
        for attempt in attempts
        if attempt.outcome != "released"
    ]
    if tried:
        await session.execute(sa.insert(deliveries), tried)
    return rows


_expire = _statement(
    """
    UPDATE messages m
       SET state = 'failed', reason = 'server-unreachable', claim = NULL, settled_at = now(), sequence = m.sequence + 1
      FROM (SELECT id FROM messages WHERE state = 'due' AND due_at <= now() AND give_up_at <= now()
             ORDER BY due_at LIMIT :most FOR UPDATE SKIP LOCKED) old
     WHERE m.id = old.id
    RETURNING m.id, m.report_id, m.municipality, m.kind, m.state, m.attempts, m.sequence, m.settled_at, m.traceparent
    """,
    most=sa.Integer,
)


async def expire(session: AsyncSession, *, most: int) -> Sequence[Any]:
    """Give up what could not be delivered in time; return the messages."""
    return (await session.execute(_expire, {"most": most})).all()


_backlog = sa.select(
    sa.func.count(), sa.func.coalesce(sa.extract("epoch", sa.func.now() - sa.func.min(messages.c.due_at)), 0.0)
).where(messages.c.state == "due", messages.c.due_at <= sa.func.now())


async def backlog(session: AsyncSession) -> tuple[int, float]:
    """Return how many messages are due, and since how many seconds the oldest one is."""
    count, seconds = (await session.execute(_backlog)).one()
    return int(count), float(seconds)


# --- Reading, sending again, removing ---

_LAST = (
    sa.select(deliveries.c.outcome, deliveries.c.reason, deliveries.c.code, deliveries.c.answer)
    .where(deliveries.c.message_id == messages.c.id)
    .order_by(deliveries.c.id.desc())
    .limit(1)
    .lateral("last")
)
_LISTED = (
    sa.select(
        *(column for column in messages.c if column.name not in {"body", "facts", "request"}),
        reports.c.number,
        _LAST.c.outcome.label("last_outcome"),
        _LAST.c.reason.label("last_reason"),
        _LAST.c.code.label("last_code"),
        _LAST.c.answer.label("last_answer"),
    )
    .join(reports, reports.c.id == messages.c.report_id)
    .outerjoin(_LAST, sa.true())
)


async def listed(
    session: AsyncSession,
    *,
    municipalities: frozenset[str],
    report_id: UUID | None,
    state: str | None,
    kind: str | None,
    before: tuple[Any, UUID] | None,
    limit: int,
) -> Sequence[Any]:
    """Return messages, newest request first, behind ``before`` (time and id of the last one seen)."""
    query = _LISTED.where(messages.c.municipality.in_(sorted(municipalities)))
    if report_id is not None:
        query = query.where(messages.c.report_id == report_id)
    if state is not None:
        query = query.where(messages.c.state == state)
    if kind is not None:
        query = query.where(messages.c.kind == kind)
    if before is not None:
        query = query.where(sa.tuple_(messages.c.requested_at, messages.c.id) < sa.tuple_(*before))
    query = query.order_by(messages.c.requested_at.desc(), messages.c.id.desc()).limit(limit)
    return (await session.execute(query)).all()


async def message(session: AsyncSession, message_id: UUID) -> Any | None:
    """Return a message with the words that were sent."""
    query = _LISTED.add_columns(messages.c.body, messages.c["facts"], messages.c.request)
    return (await session.execute(query.where(messages.c.id == message_id))).one_or_none()


async def log(session: AsyncSession, message_id: UUID) -> Sequence[Any]:
    """Return the attempts to send a message, oldest first."""
    query = sa.select(deliveries).where(deliveries.c.message_id == message_id)
    return (await session.execute(query.order_by(deliveries.c.id))).all()


async def resends_of(session: AsyncSession, message_id: UUID) -> Sequence[Any]:
    """Return who sent a message again, oldest first."""
    query = sa.select(resends).where(resends.c.message_id == message_id)
    return (await session.execute(query.order_by(resends.c.round))).all()


async def lock_for_resend(session: AsyncSession, message_id: UUID) -> Any | None:
    """Return a message and its reporter's address, locked."""
    query = (
        sa.select(messages, reports.c.email)
        .join(reports, reports.c.id == messages.c.report_id)
        .where(messages.c.id == message_id)
        .with_for_update(of=messages)
    )
    return (await session.execute(query)).one_or_none()


async def send_again(session: AsyncSession, message_id: UUID, *, retry: float, log_entry: Mapping[str, Any]) -> None:
    """Make a settled message due again, as a new round with a ``Message-ID`` of its own."""
    until = sa.func.now() + sa.func.make_interval(0, 0, 0, 0, 0, 0, retry)
    await session.execute(
        sa.update(messages)
        .where(messages.c.id == message_id)
        .values(
            state="due",
            reason=None,
            due_at=sa.func.now(),
            give_up_at=until,
            claim=None,
            attempts=0,
            settled_at=None,
            round=messages.c.round + 1,
            mail_id=None,
        )
    )
    await session.execute(sa.insert(resends).values(log_entry))


_NO_WORDS = {"subject": None, "body": None, "facts": None}


async def forget_recipients(session: AsyncSession, report_ids: Sequence[UUID]) -> None:
    """Remove to whom the mails of these reports went and what they said; what is still to be sent is skipped."""
    of_reports = messages.c.report_id.in_(report_ids)
    await session.execute(sa.update(messages).where(of_reports).values(recipient=None, request=None, **_NO_WORDS))
    await _skip(session, of_reports, "contact-removed")


async def forget_quotations(session: AsyncSession, report_ids: Sequence[UUID]) -> None:
    """Remove the words of mails, since they quote the reporter; what is still to be sent is written anew."""
    await session.execute(sa.update(messages).where(messages.c.report_id.in_(report_ids)).values(**_NO_WORDS))


async def forget_requests(session: AsyncSession, report_ids: Sequence[UUID]) -> None:
    """Remove what handlers wrote and the mails that say it; what is still to be sent is skipped."""
    of_handlers = sa.and_(messages.c.report_id.in_(report_ids), messages.c.kind != "confirmation")
    await session.execute(sa.update(messages).where(of_handlers).values(request=None, **_NO_WORDS))
    await _skip(session, of_handlers, "text-removed")


async def _skip(session: AsyncSession, which: sa.ColumnElement[bool], reason: str) -> None:
    pending = messages.c.state.in_(["waiting", "due"])
    await session.execute(
        sa.update(messages)
        .where(which, pending)
        .values(state="skipped", reason=reason, claim=None, settled_at=sa.func.now())
    )


async def skip(session: AsyncSession, message_ids: Sequence[UUID], reason: str) -> None:
    """Skip messages that have nobody to go to after all."""
    await _skip(session, messages.c.id.in_(message_ids), reason)
