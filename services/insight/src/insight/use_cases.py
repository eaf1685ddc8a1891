"""One function per thing that somebody can ask of insight."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from commonground.auth import Principal
from insight import domain, store
from insight.domain import BoundingBox, Count, Grouping, Period, PublicStatus
from insight.settings import Settings

_BEGIN = b'{"type":"FeatureCollection","features":['
_END = b"]}"


def served(settings: Settings, municipality: str | None) -> list[str]:
    """Return the municipalities that an anonymous question is about."""
    return sorted(settings.served if municipality is None else settings.served & {municipality})


def mine(principal: Principal, settings: Settings, municipality: str | None) -> list[str]:
    """Return the municipalities that a caller means: the named one, or all that both sides serve."""
    allowed = sorted(principal.municipalities & settings.served)
    if municipality is None:
        return allowed
    if municipality not in allowed:
        raise domain.AnotherMunicipalityError
    return [municipality]


def today(settings: Settings) -> date:
    """Return the day that it is where the municipality lies."""
    return domain.local_day(datetime.now(UTC), ZoneInfo(settings.time_zone))


async def show_public_cases(
    session: AsyncSession,
    settings: Settings,
    *,
    box: BoundingBox | None,
    category: str | None,
    status: PublicStatus | None,
    municipality: str | None,
) -> bytes:
    """Return the public map as GeoJSON: open cases and those closed not long ago, of public categories only."""
    features = await store.public_features(
        session,
        served(settings, municipality),
        box=box,
        closed_since=today(settings) - timedelta(days=settings.closed_days),
        category=category,
        status=status,
    )
    return b"".join((_BEGIN, features, _END))


async def list_public_categories(session: AsyncSession, settings: Settings, municipality: str | None) -> list[Any]:
    """Return the categories that can stand on the map."""
    return await store.public_categories(session, served(settings, municipality))


async def count_reports(
    session: AsyncSession, municipalities: Sequence[str], period: Period, grouping: Grouping
) -> list[Count]:
    """Return how many reports came in and how many were closed, by day or by kind, in a period."""
    received = await store.count_received(session, municipalities, period, grouping)
    closed = await store.count_closed(session, municipalities, period, grouping)
    names = await store.names(session, municipalities, grouping)
    days = [day.isoformat() for day in period.days()] if grouping is Grouping.DAY else None
    return domain.joined(received, closed, names, days)
