"""Requests and answers of intake's API."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import phonenumbers
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, EmailStr, Field, StringConstraints
from pydantic.alias_generators import to_camel

from commonground.moments import WRITTEN_OUT
from commonground.problems import SafeValueError
from intake import domain

# Control characters that no text needs; NUL cannot be stored by PostgreSQL at all.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def _plain_text(value: str) -> str:
    if _CONTROL.search(value):
        message = "The text holds control characters"
        raise SafeValueError(message)
    return value


def _not_blank(value: str) -> str:
    if not value.strip():
        message = "Tell us what is wrong"
        raise SafeValueError(message)
    return value


def _phone(value: str) -> str:
    """Return the number in E.164; Dutch when no country is given."""
    try:
        parsed = phonenumbers.parse(value, "NL")
    except phonenumbers.NumberParseException as error:
        message = "Use only digits, spaces, brackets, + and -"
        raise SafeValueError(message) from error
    if not phonenumbers.is_possible_number(parsed):
        message = "This is not a telephone number"
        raise SafeValueError(message)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _past(value: datetime) -> datetime:
    if not domain.plausible_moment(value, datetime.now(UTC)):
        message = "Enter a time in the past, at most ten years ago"
        raise SafeValueError(message)
    return value.astimezone(UTC)


def _two_numbers(value: list[float]) -> list[float]:
    if not (-180 <= value[0] <= 180 and -90 <= value[1] <= 90):  # noqa: PLR2004 - degrees
        message = "Longitude lies between -180 and 180, latitude between -90 and 90"
        raise SafeValueError(message)
    return value


PlainText = Annotated[str, AfterValidator(_plain_text)]
Short = Annotated[PlainText, StringConstraints(max_length=200)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=100)]


class Request(BaseModel):
    """Base of requests: unknown fields are refused, since a misspelt one would be lost."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class Answer(BaseModel):
    """Base of answers."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Point(Request):
    """A GeoJSON point (RFC 7946): longitude, latitude in degrees (WGS 84)."""

    type: Literal["Point"]
    coordinates: Annotated[
        list[Annotated[float, Field(allow_inf_nan=False)]],
        Field(min_length=2, max_length=3, examples=[[6.5625, 52.9967]]),
        AfterValidator(_two_numbers),
    ]


class Address(Request):
    """A Dutch address, as far as it is known."""

    street: Short | None = None
    house_number: Annotated[int, Field(ge=1, le=99_999)] | None = None
    house_letter: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]$")] | None = None
    house_number_addition: Annotated[PlainText, StringConstraints(max_length=4)] | None = None
    postal_code: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{3} ?[A-Za-z]{2}$")] | None = None
    city: Short | None = None


class Location(Request):
    """Where it is."""

    geometry: Point
    address: Address | None = None


class Contact(Request):
    """How the reporter can be reached; each may be left out."""

    email: Annotated[EmailStr, StringConstraints(max_length=254)] | None = None
    phone: Annotated[str, StringConstraints(max_length=30), AfterValidator(_phone)] | None = None


Value = (
    Annotated[PlainText, StringConstraints(max_length=2000)]
    | bool
    | Annotated[int, Field(ge=-(2**53), le=2**53)]
    | Annotated[float, Field(allow_inf_nan=False, ge=-(2**53), le=2**53)]
    | Annotated[list[Short], Field(max_length=50)]
)


class QuestionAnswer(Request):
    """An answer to an extra question; ``label`` is what the reporter read."""

    key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,100}$")]
    label: Short
    value: Value


class ReportRequest(Request):
    """A new report."""

    description: Annotated[
        PlainText,
        StringConstraints(min_length=1, max_length=domain.MAX_DESCRIPTION),
        AfterValidator(_not_blank),
        Field(examples=["De lantaarnpaal voor nummer 12 is stuk"]),
    ]
    location: Location
    occurred_at: Annotated[AwareDatetime, WRITTEN_OUT, AfterValidator(_past)] | None = None
    contact: Contact | None = None
    category: Slug | None = None
    answers: Annotated[list[QuestionAnswer], Field(max_length=50)] = Field(default_factory=list)
    attachments: Annotated[list[UUID], Field(max_length=50)] = Field(default_factory=list)
    source: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")] = "web"
    language: Literal["nl", "en"] = "nl"

    def to_domain(self) -> domain.NewReport:
        """Return the report as the use case takes it."""
        contact = self.contact or Contact()
        address = self.location.address.model_dump(exclude_none=True) if self.location.address else None
        return domain.NewReport(
            description=self.description,
            longitude=self.location.geometry.coordinates[0],
            latitude=self.location.geometry.coordinates[1],
            address=address or None,
            occurred_at=self.occurred_at,
            email=contact.email,
            phone=contact.phone,
            category=self.category,
            answers=[answer.model_dump() for answer in self.answers],
            attachments=list(dict.fromkeys(self.attachments)),
            source=self.source,
            language=self.language,
        )


class ReportAccepted(Answer):
    """The report is stored and nothing can lose it any more."""

    id: UUID
    number: str = Field(examples=["M-10001"])
    status_url: str = Field(description="Page with the status, only for whoever has this address")
    submitted_at: datetime


class UploadStored(Answer):
    """A photo is stored; name its id in a report within a day."""

    id: UUID
    content_type: Literal["image/jpeg"]
    width: int = Field(description="Pixels")
    height: int = Field(description="Pixels")
    size: int = Field(description="Bytes")


class AttachmentLinks(Answer):
    """A photo of a report; addresses are relative to the API."""

    id: UUID
    url: str
    thumbnail_url: str
    width: int
    height: int


class CategoryName(Answer):
    """A category by its names for residents."""

    slug: str
    name_nl: str
    name_en: str


class ReporterMessage(Answer):
    """What was sent to the reporter."""

    at: datetime
    kind: str
    text: str | None


class GeoPoint(Answer):
    """A GeoJSON point."""

    type: Literal["Point"]
    coordinates: list[float]


class PlaceAnswer(Answer):
    """Where it is."""

    geometry: GeoPoint
    address: dict[str, Any] | None


class ReportStatus(Answer):
    """What a reporter sees of the own report."""

    number: str
    status: Literal["received", "in-progress", "planned", "question", "closed", "reopened"]
    submitted_at: datetime
    description: str | None
    location: PlaceAnswer
    category: CategoryName | None
    attachments: list[AttachmentLinks]
    messages: list[ReporterMessage]


class ContactAnswer(Answer):
    """How the reporter can be reached."""

    email: str | None
    phone: str | None


class ReportDetail(Answer):
    """A report as staff and machine clients see it."""

    id: UUID
    number: str
    municipality: str
    description: str | None
    location: PlaceAnswer
    occurred_at: datetime | None
    submitted_at: datetime
    source: str
    language: str
    answers: list[Any]
    attachments: list[AttachmentLinks]
    contact: ContactAnswer | None = Field(description="Empty without the permission contact:read")


class Anonymised(Answer):
    """How the reporter could be reached is removed, here at once and everywhere else within moments."""

    report_id: UUID
    anonymised_at: datetime
