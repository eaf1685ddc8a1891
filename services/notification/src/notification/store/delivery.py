"""SQL about delivery: processes claim due messages, note the words before they go out, and write how it ended.

All times are those of the database, so that the clocks of two processes never matter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncSession

from commonground import many
from notification.store.statements import FLOATS, TEXTS, UUIDS, statement
from notification.tables import deliveries, messages

_take = statement(
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
_settle = statement(
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
    ids=UUIDS,
    claims=UUIDS,
    outcomes=TEXTS,
    waits=FLOATS,
    reasons=TEXTS,
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
        await session.execute(many.inserted(deliveries, tuple(tried[0])), many.arrays(deliveries, tried))
    return rows


_expire = statement(
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
