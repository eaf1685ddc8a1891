"""Events that classification reads, and what they cause."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from classification import use_cases
from classification.model import predictor
from classification.settings import Settings
from commonground.messaging import IncomingData, Received, Subscription, Tier


class ReportSubmitted(IncomingData, event="intake.report-submitted"):
    """A resident has reported something, perhaps with a category."""

    report_id: UUID
    municipality: str
    chosen_category: str | None = None


class ReportTextRecorded(IncomingData, event="intake.report-text-recorded"):
    """What the resident wrote."""

    report_id: UUID
    municipality: str
    description: str


def subscriptions(settings: Settings) -> tuple[Subscription, ...]:
    """Return what this block hears; the model is loaded with the first text."""

    async def on_reports(session: AsyncSession, events: Sequence[Received]) -> None:
        await use_cases.hear_reports(session, events)

    async def on_texts(session: AsyncSession, events: Sequence[Received]) -> None:
        await use_cases.predict_reports(session, events, await predictor.load(settings), settings.thresholds)

    async def forget_texts(session: AsyncSession, keys: Sequence[str]) -> None:
        await use_cases.forget_words(session, [UUID(key) for key in keys])

    return (
        Subscription("meldstroom.intake.reports.v1", (ReportSubmitted,), on_reports, tier=Tier.OPEN),
        Subscription("meldstroom.intake.report-texts.v1", (ReportTextRecorded,), on_texts, forget_texts),
    )
