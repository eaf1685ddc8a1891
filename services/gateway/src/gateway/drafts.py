"""What a resident has typed and not sent yet: kept on the server for a day, once sent for an hour, then destroyed.

The browser gets nothing but the signed id of the draft, so that no personal data lies in a cookie, and the same id
is the idempotency key when the report is sent: a second press on the button gives the first result again.
"""

from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from commonground.database import Database
from gateway.tables import drafts

LIFETIME = timedelta(hours=24)
# Of what is left of it once it was sent (number, link, place): enough to read the page of thanks again and to report
# something else at the same place. A removal of the report does not reach the gateway, so it is kept shortly.
SENT_LIFETIME = timedelta(hours=1)


class Photo(BaseModel):
    """A photo that intake already holds."""

    model_config = ConfigDict(extra="ignore")

    id: UUID
    name: str = Field(max_length=200)


class Place(BaseModel):
    """Where it is: a point, and the address when there is one."""

    model_config = ConfigDict(extra="ignore")

    longitude: float
    latitude: float
    street: str = ""
    house_number: str = ""
    neighbourhood: str = ""
    description: str = ""
    """The surroundings in words, as shown to the resident."""
    estimated: bool = False
    """True when the point is only the middle of a neighbourhood, because no place was set on the map."""


class Sent(BaseModel):
    """What intake answered."""

    number: str
    status_url: str
    sent_at: datetime
    mailed: bool = False


class Draft(BaseModel):
    """Everything of one report in the making."""

    model_config = ConfigDict(extra="ignore")

    description: str = ""
    photos: list[Photo] = Field(default_factory=list)
    place: Place | None = None
    contact_choice: Literal["", "yes", "no"] = ""
    email: str = ""
    phone: str = ""
    sent: Sent | None = None

    @property
    def empty(self) -> bool:
        """Tell whether there is nothing to lose."""
        return not (self.description or self.photos or self.place)


class DraftStore(Protocol):
    """Where drafts are kept; the tests of the pages keep them in memory."""

    def load(self, draft_id: UUID) -> Awaitable[Draft | None]:
        """Return a draft that has not expired."""

    def save(self, draft_id: UUID, draft: Draft) -> Awaitable[None]:
        """Keep a draft for another day, or hour when it was sent."""

    def forget(self, draft_id: UUID) -> Awaitable[None]:
        """Destroy a draft now."""


class DatabaseDrafts:
    """Drafts in the gateway's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, draft_id: UUID) -> Draft | None:
        """Return a draft that has not expired."""
        async with self._database.transaction() as session:
            content = await session.scalar(
                select(drafts.c.content).where(drafts.c.id == draft_id, drafts.c.expires_at > datetime.now(UTC))
            )
        return None if content is None else Draft.model_validate(content)

    async def save(self, draft_id: UUID, draft: Draft) -> None:
        """Keep a draft for another day, or hour when it was sent."""
        row = {
            "id": draft_id,
            "content": draft.model_dump(mode="json"),
            "expires_at": datetime.now(UTC) + (SENT_LIFETIME if draft.sent else LIFETIME),
        }
        statement = insert(drafts).values(row)
        async with self._database.transaction() as session:
            await session.execute(
                statement.on_conflict_do_update(
                    index_elements=[drafts.c.id],
                    set_={
                        "content": statement.excluded.content,
                        "expires_at": statement.excluded.expires_at,
                    },
                )
            )

    async def forget(self, draft_id: UUID) -> None:
        """Destroy a draft now."""
        async with self._database.transaction() as session:
            await session.execute(delete(drafts).where(drafts.c.id == draft_id))


async def destroy_expired_drafts(session: AsyncSession, now: datetime) -> int:
    """Remove drafts whose time is over; called by the housekeeping. Returns how many."""
    result = await session.execute(delete(drafts).where(drafts.c.expires_at <= now).returning(drafts.c.id))
    return len(result.all())
