"""Accepting reports and telling the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from commonground import idempotency, ids
from commonground.idempotency import IdempotencyConflictError
from commonground.messaging import Outgoing, publish_all
from intake import events, photos, store
from intake.domain import AttachmentsUnknownError, CategoryUnknownError, NewReport
from intake.settings import Settings

_SCOPE = "reports"
Outcome = dict[str, Any] | Exception


@dataclass(frozen=True)
class Submission:
    """A checked report and what came with it; ``key`` and ``fingerprint`` as for ``commonground.idempotency``."""

    report: NewReport
    municipality: str
    submitted_at: datetime
    key: str | None
    fingerprint: str
    traceparent: str


async def submit_reports(session: AsyncSession, submissions: Sequence[Submission], settings: Settings) -> list[Outcome]:
    """Accept reports; return for each what is answered, or why it is refused.

    An answer holds id, number, statusUrl and submittedAt; a repeated key gets its first answer again. A refusal is a
    ``CategoryUnknownError``, ``AttachmentsUnknownError`` or ``IdempotencyConflictError`` and leaves nothing behind.
    Reports, events and keys are one transaction, and nobody else is asked. Keys must differ within ``submissions``;
    ``IntegrityError`` is raised when another transaction took one of them meanwhile: roll back and try again.
    """
    outcomes = await _earlier_answers(session, submissions)
    await _refuse(session, submissions, outcomes)
    new = [position for position, outcome in enumerate(outcomes) if outcome is None]
    numbers = await store.draw_numbers(session, len(new), prefix=settings.number_prefix)
    for position, number in zip(new, numbers, strict=True):
        outcomes[position] = _Accepted(submissions[position], number, settings.base_url)
    accepted = [outcome for outcome in outcomes if isinstance(outcome, _Accepted)]
    await store.add_reports(session, [one.row() for one in accepted])
    for one in accepted:
        await store.attach(session, one.id, one.submission.report.attachments)
    await idempotency.store(session, _SCOPE, [one.repeatable() for one in accepted if one.submission.key])
    await publish_all(session, [event for one in accepted for event in one.events()])
    return [one.answer if isinstance(one, _Accepted) else one for one in outcomes if one is not None]


async def _earlier_answers(
    session: AsyncSession, submissions: Sequence[Submission]
) -> "list[Outcome | _Accepted | None]":
    """Return for each submission the answer to its key, a conflict, or None when the key is new."""
    known = await idempotency.find(session, _SCOPE, [one.key for one in submissions if one.key])
    outcomes: list[Outcome | _Accepted | None] = []
    for one in submissions:
        earlier = known.get(one.key or "")
        if earlier is None:
            outcomes.append(None)
        else:
            outcomes.append(earlier.answer if earlier.fingerprint == one.fingerprint else IdempotencyConflictError())
    return outcomes


async def _refuse(
    session: AsyncSession, submissions: Sequence[Submission], outcomes: "list[Outcome | _Accepted | None]"
) -> None:
    """Put the refusal of a submission that names an unknown category or a photo that is not there to take."""
    wanted = {photo for one in submissions for photo in one.report.attachments}
    loose = await store.lock_loose_uploads(session, wanted) if wanted else set()
    chosen = {(one.municipality, one.report.category) for one in submissions if one.report.category}
    unknown = await store.unknown_categories(session, chosen) if chosen else set()
    for position, one in enumerate(submissions):
        if outcomes[position] is not None:
            continue
        taken = set(one.report.attachments)
        if (one.municipality, one.report.category) in unknown:
            outcomes[position] = CategoryUnknownError()
        elif not taken <= loose:
            outcomes[position] = AttachmentsUnknownError()
        else:
            loose -= taken


class _Accepted:
    """A report with the identifiers that it got."""

    def __init__(self, submission: Submission, number: str, base_url: str) -> None:
        self.submission = submission
        self.id = ids.new()
        self.number = number
        self.token = ids.secret_token()
        self.answer = {
            "id": str(self.id),
            "number": number,
            "statusUrl": f"{base_url}/melding/{self.token}",
            "submittedAt": submission.submitted_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }

    def repeatable(self) -> idempotency.Remembered:
        """Return what a repeat of the request is answered."""
        return idempotency.Remembered(self.submission.key or "", self.submission.fingerprint, 201, self.answer)

    def row(self) -> dict[str, Any]:
        """Return the row of the report."""
        report = self.submission.report
        return {
            "id": self.id,
            "number": self.number,
            "municipality": self.submission.municipality,
            "status_token": self.token,
            "description": report.description,
            "longitude": report.longitude,
            "latitude": report.latitude,
            "address": report.address,
            "answers": report.answers,
            "occurred_at": report.occurred_at,
            "submitted_at": self.submission.submitted_at,
            "source": report.source,
            "language": report.language,
            "chosen_category": report.category,
            "email": report.email,
            "phone": report.phone,
        }

    def events(self) -> list[Outgoing]:
        """Return what the others hear, in three privacy tiers."""
        report, municipality = self.submission.report, self.submission.municipality
        submitted = events.ReportSubmitted(
            report_id=self.id,
            number=self.number,
            municipality=municipality,
            geometry=events.Point(coordinates=(report.longitude, report.latitude)),
            occurred_at=report.occurred_at,
            submitted_at=self.submission.submitted_at,
            source=report.source,
            chosen_category=report.category,
            attachment_count=len(report.attachments),
            has_contact=bool(report.email or report.phone),
        )
        text = events.ReportTextRecorded(
            report_id=self.id,
            municipality=municipality,
            description=report.description,
            address=events.Address(**report.address) if report.address else None,
            answers=[events.Answer(**answer) for answer in report.answers],
            attachments=[
                events.Attachment(id=upload_id, content_type=photos.CONTENT_TYPE) for upload_id in report.attachments
            ],
            language=report.language,
        )
        contact = events.ReportContactRecorded(
            report_id=self.id,
            number=self.number,
            municipality=municipality,
            email=report.email,
            phone=report.phone,
            language=report.language,
            status_url=self.answer["statusUrl"],
        )
        key, trace = str(self.id), self.submission.traceparent
        return [Outgoing(data, key, key, 1, traceparent=trace) for data in (submitted, text, contact)]
