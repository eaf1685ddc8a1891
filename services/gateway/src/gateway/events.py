"""Events that the gateway publishes."""

from uuid import UUID

from pydantic import Field

from commonground.contracts import Published
from commonground.messaging import EventData, Stream, Tier

USERS = Stream("gateway", "users", Tier.PERSONAL, "Who works here, and where", compacted=True)
STREAMS = (USERS,)


class UserChanged(EventData, name="user-changed", stream=USERS):
    """Somebody of the staff was added, changed, activated or deactivated."""

    user_id: UUID
    name: str
    email: str | None
    departments: list[str] = Field(description="Codes of departments", examples=[["VRL"]])
    municipalities: list[str] = Field(description="CBS codes, for instance GM0106", examples=[["GM0106"]])
    active: bool = Field(description="Whether this person may sign in and be assigned")


_EXAMPLE_ID = UUID("6f2d1f6e-3a4c-5b71-9f80-1d2e3f4a5b6c")

PUBLISHED = (
    Published(
        UserChanged(
            user_id=_EXAMPLE_ID,
            name="Hanna Visser",
            email="hanna.visser@example.org",
            departments=["STW", "VRL"],
            municipalities=["GM0106"],
            active=True,
        ),
        key=str(_EXAMPLE_ID),
        subject=str(_EXAMPLE_ID),
    ),
)
