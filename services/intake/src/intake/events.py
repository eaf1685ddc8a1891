"""Events that intake publishes, in three privacy tiers."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from commonground.contracts import Published
from commonground.messaging import EventData, Stream, Tier, dead_letters

REPORTS = Stream("intake", "reports", Tier.OPEN, "What was reported where and when, without any text", compacted=True)
REPORT_TEXTS = Stream("intake", "report-texts", Tier.RESTRICTED, "What residents wrote and answered", compacted=True)
REPORT_CONTACTS = Stream("intake", "report-contacts", Tier.PERSONAL, "How reporters can be reached", compacted=True)
# Apart from the reports: whoever reads those needs one event of each, and it is never replaced.
REMOVALS = Stream("intake", "removals", Tier.OPEN, "Whose data were removed when, without any of the data")
STREAMS = (REPORTS, REPORT_TEXTS, REPORT_CONTACTS, REMOVALS, dead_letters.stream("intake"))


class Part(BaseModel):
    """Base of what stands inside an event."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class Point(Part):
    """A GeoJSON point, longitude first, in degrees (WGS 84)."""

    type: str = "Point"
    coordinates: tuple[float, float]


class ReportSubmitted(EventData, name="report-submitted", stream=REPORTS):
    """A resident has reported something."""

    report_id: UUID
    number: str
    municipality: str = Field(description="CBS code, for instance GM0106")
    geometry: Point
    occurred_at: datetime | None = Field(description="When it happened, if the reporter told")
    submitted_at: datetime
    source: str
    chosen_category: str | None = Field(description="Slug, when the sender named a category")
    attachment_count: int
    has_contact: bool = Field(description="Whether the reporter can be reached")


class ReportAnonymised(EventData, name="report-anonymised", stream=REMOVALS):
    """How the reporter could be reached has been removed; the report stays."""

    report_id: UUID
    number: str
    municipality: str
    removed_at: datetime
    removed_by: str | None = Field(description="User id; empty when the time for keeping it was over")


class ReportDestroyed(EventData, name="report-destroyed", stream=REMOVALS):
    """What the reporter wrote and sent has been removed; number, place, category and times stay."""

    report_id: UUID
    number: str
    municipality: str
    removed_at: datetime
    removed_by: str | None = Field(description="User id; empty when the time for keeping it was over")


class Address(Part):
    """A Dutch address, as far as it is known."""

    street: str | None = None
    house_number: int | None = None
    house_letter: str | None = None
    house_number_addition: str | None = None
    postal_code: str | None = None
    city: str | None = None


class Attachment(Part):
    """A photo of the report; fetched from intake by those who may."""

    id: UUID
    content_type: str


class Answer(Part):
    """An answer to an extra question."""

    key: str
    label: str
    value: Any


class ReportTextRecorded(EventData, name="report-text-recorded", stream=REPORT_TEXTS):
    """What the resident wrote, in free text and answers."""

    report_id: UUID
    municipality: str
    description: str
    address: Address | None
    answers: list[Answer]
    attachments: list[Attachment]
    language: str


class ReportContactRecorded(EventData, name="report-contact-recorded", stream=REPORT_CONTACTS):
    """How the reporter can be reached; both empty for an anonymous report."""

    report_id: UUID
    number: str
    municipality: str
    email: str | None
    phone: str | None
    language: str
    status_url: str


_REPORT = UUID("01930f2e-0000-7000-8000-000000000001")
_KEY = str(_REPORT)
PUBLISHED = (
    Published(
        ReportSubmitted(
            report_id=_REPORT,
            number="M-10001",
            municipality="GM0106",
            geometry=Point(coordinates=(6.5625, 52.9967)),
            occurred_at=None,
            submitted_at=datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
            source="web",
            chosen_category=None,
            attachment_count=1,
            has_contact=True,
        ),
        key=_KEY,
        subject=_KEY,
    ),
    Published(
        ReportTextRecorded(
            report_id=_REPORT,
            municipality="GM0106",
            description="De lantaarnpaal voor nummer 12 doet het al een week niet.",
            address=Address(street="Vaart", house_number=12, postal_code="9401GK", city="Assen"),
            answers=[Answer(key="since", label="Hoe lang al?", value="Een week")],
            attachments=[Attachment(id=UUID("01930f2e-0000-7000-8000-000000000002"), content_type="image/jpeg")],
            language="nl",
        ),
        key=_KEY,
        subject=_KEY,
    ),
    Published(
        ReportContactRecorded(
            report_id=_REPORT,
            number="M-10001",
            municipality="GM0106",
            email="melder@example.org",
            phone=None,
            language="nl",
            status_url="http://127.0.0.1:8000/melding/AAAAAAAAAAAAAAAAAAAAAA",
        ),
        key=_KEY,
        subject=_KEY,
    ),
    *(
        Published(
            event(
                report_id=_REPORT,
                number="M-10001",
                municipality="GM0106",
                removed_at=datetime(2027, 11, 20, 9, 30, tzinfo=UTC),
                removed_by=None,
            ),
            key=_KEY,
            subject=_KEY,
        )
        for event in (ReportAnonymised, ReportDestroyed)
    ),
)
