"""SQL about what is to be sent: messages become due, are sent again, skipped, or lose their words.

All times are those of the database, so that the clocks of two processes never matter.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from notification.store.statements import MOMENTS, TEXTS, UUIDS, statement
from notification.tables import messages, reports, resends

# The term is in the confirmation when the routing is known, or else it waits a while for it. What waited too long
# already (this block was away) still gets some seconds, because the routing may be the next event.
_confirm = statement(
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
    ids=UUIDS,
    report_ids=UUIDS,
    traceparents=TEXTS,
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


_request = statement(
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
                       WHEN r.contact_sequence = 0 AND NOT EXISTS (
                            SELECT FROM removed_keys k WHERE k.topic = :contacts AND k.key = r.id::text) THEN 'waiting'
                       WHEN r.email IS NULL THEN 'skipped'
                       ELSE 'due' END AS state) s
    ON CONFLICT ON CONSTRAINT uq_messages_cause DO NOTHING
    """,
    ids=UUIDS,
    report_ids=UUIDS,
    municipalities=TEXTS,
    kinds=TEXTS,
    case_ids=UUIDS,
    requests=TEXTS,
    moments=MOMENTS,
    traceparents=TEXTS,
    retry=sa.Double,
    oldest=sa.Double,
    contacts=sa.Text,
)
_CONTACTS = "meldstroom.intake.report-contacts.v1"


async def add_requests(
    session: AsyncSession, columns: Mapping[str, Sequence[Any]], *, retry: float, oldest: float
) -> None:
    """Add messages of handlers, once each; the rows of their reports must be locked.

    Due when the reporter can be mailed, skipped when not or no longer, waiting while that is not known.
    """
    await session.execute(_request, {**columns, "retry": retry, "oldest": oldest, "contacts": _CONTACTS})


_let_go = statement(
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
    report_ids=UUIDS,
    retry=sa.Double,
)


async def let_go(session: AsyncSession, report_ids: Sequence[UUID], *, retry: float) -> None:
    """Make due what waited for the contacts of these reports; skip what turns out to have nobody to go to."""
    await session.execute(_let_go, {"report_ids": list(report_ids), "retry": retry})


# --- Sending again, removing ---


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
