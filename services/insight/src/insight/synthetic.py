"""Made-up reports in the read model, to measure the map with as many cases as a city has."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from commonground import ids
from insight import domain, store
from insight.settings import Settings

BATCH = 5_000
_RECENT = 200_000  # reports among which some are open; what is older than these is closed, however many there are
_ONE_OPEN_IN = 7  # of the recent ones, as in a large city: 28,600 open of 200,000
_BOX = (6.48, 52.94, 6.65, 53.05)
_DAYS = 730


async def add_reports(session: AsyncSession, settings: Settings, municipality: str, number: int, known: int) -> None:
    """Add ``number`` reports over the last two years to the ``known`` ones, of categories that the block knows."""
    slugs = await store.public_slugs(session, municipality) or ["overig"]
    zone = ZoneInfo(settings.time_zone)
    now = datetime.now(UTC)
    rows = []
    for position, report_id in enumerate(sorted(ids.new() for _ in range(number)), start=known):
        chance = random.Random(report_id.int)  # noqa: S311 - sample data needs no secret randomness
        still_open = position < _RECENT and position % _ONE_OPEN_IN == 0
        # All but the open ones were closed too long ago to stand on the map.
        days = chance.random() * (60 if still_open else _DAYS - 120) + (0 if still_open else 120)
        submitted = now - timedelta(days=days)
        day = domain.local_day(submitted, zone)
        longitude, latitude = chance.uniform(_BOX[0], _BOX[2]), chance.uniform(_BOX[1], _BOX[3])
        rows.append(
            {
                "report_id": report_id,
                "municipality": municipality,
                "intake_sequence": 1,
                "longitude": longitude,
                "latitude": latitude,
                "submitted_on": day,
                "feature_head": domain.feature_head(report_id, longitude, latitude, day),
                "classification_sequence": 1,
                "category": chance.choice(slugs),
                "case_id": domain.case_of(report_id),
                "case_sequence": 1,
                "case_changed_at": submitted,
                "case_status": "reported" if still_open else "closed",
                "closed_on": None if still_open else day,
                "leads": True,
            }
        )
    await store.add_whole(session, rows)
