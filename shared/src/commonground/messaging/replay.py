"""Publishing again from the outbox, for a broker that lost what it had."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from commonground.database import HAS_EVENTS
from commonground.messaging.tables import outbox


async def republish_since(session: AsyncSession, moment: datetime) -> int:
    """Mark all events written since ``moment`` as unpublished; return how many.

    They keep their ids and their order, so that readers who had them pass them over.
    """
    result = await session.execute(
        update(outbox).where(outbox.c.time >= moment, outbox.c.published_at.is_not(None)).values(published_at=None)
    )
    session.sync_session.info[HAS_EVENTS] = True
    return int(getattr(result, "rowcount", 0))
