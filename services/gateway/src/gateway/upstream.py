"""What the pages read from the blocks' answers: our own narrow models, which ignore what they do not need.

Everything that a page can do without has a default, so that an older or newer block never makes a page fail.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Answer(BaseModel):
    """Base of answers: camelCase outside, unknown fields ignored."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")


class Address(Answer):
    """A Dutch address, as far as known."""

    street: str | None = None
    house_number: int | str | None = None
    house_letter: str | None = None
    house_number_addition: str | None = None
    postal_code: str | None = None
    city: str | None = None

    @property
    def line(self) -> str:
        """Return street and number on one line."""
        number = f"{self.house_number or ''}{self.house_letter or ''}"
        if self.house_number_addition:
            number += f"-{self.house_number_addition}"
        return " ".join(part for part in (self.street, number) if part)


class Geometry(Answer):
    """A GeoJSON point."""

    coordinates: list[float] = Field(default_factory=list)

    @property
    def point(self) -> tuple[float, float] | None:
        """Return longitude and latitude."""
        return (self.coordinates[0], self.coordinates[1]) if len(self.coordinates) > 1 else None


class CategoryLabel(Answer):
    """A category by its names."""

    slug: str = ""
    name_nl: str = ""
    name_en: str = ""

    @property
    def names(self) -> dict[str, str]:
        """Return the names by language."""
        return {"nl": self.name_nl, "en": self.name_en}


class Attachment(Answer):
    """A photo of a report."""

    id: UUID


class ReporterMessage(Answer):
    """Something that the reporter was told."""

    at: datetime
    kind: str = "update"
    text: str | None = None


class ReportPlace(Answer):
    """Where it is."""

    geometry: Geometry
    address: Address | None = None


class ReportStatus(Answer):
    """A report as its reporter sees it."""

    number: str
    status: str = "received"
    submitted_at: datetime
    description: str | None = None
    location: ReportPlace
    category: CategoryLabel | None = None
    attachments: list[Attachment] = Field(default_factory=list)
    messages: list[ReporterMessage] = Field(default_factory=list)


class Subcategory(CategoryLabel):
    """A subcategory."""

    public: bool = False
    active: bool = True


class MainCategory(CategoryLabel):
    """A main category with its subcategories."""

    subcategories: list[Subcategory] = Field(default_factory=list)


class Topic(Answer):
    """A category of the public map, in words for residents."""

    slug: str
    name: dict[str, str] = Field(default_factory=dict)


class Department(Answer):
    """A department."""

    code: str
    name: str
    active: bool = True


class Person(Answer):
    """Somebody who can get a case."""

    id: str
    name: str | None = None

    @property
    def label(self) -> str:
        """Return the name, or something to tell people apart when the name is not known."""
        return self.name or self.id[:8]


class CaseItem(Answer):
    """A case in the list."""

    id: UUID
    report_id: UUID | None = None
    number: str
    status: str
    category: str | None = None
    category_name: dict[str, str] | None = None
    main_category: str | None = None
    department: str | None = None
    department_name: str | None = None
    assignee: str | None = None
    assignee_name: str | None = None
    priority: str = "normal"
    deadline: datetime | None = None
    submitted_at: datetime | None = None
    changed_at: datetime | None = None
    late: bool = False
    geometry: Geometry | None = None
    address: Address | None = None
    summary: str | None = ""
    attachment_count: int = 0
    version: int = 0


class CasePage(Answer):
    """One page of the list."""

    items: list[CaseItem] = Field(default_factory=list)
    next_cursor: str | None = None


class Prediction(Answer):
    """What the classifier thought, and the words that made it think so."""

    category: str
    category_name: dict[str, str] | None = None
    main_category: str | None = None
    confidence: float | None = None
    words: list[str] = Field(default_factory=list)


class Actor(Answer):
    """Who did something."""

    id: str = ""
    name: str | None = None


class HistoryEntry(Answer):
    """One thing that happened to a case; nobody did it by hand when there is no actor."""

    at: datetime
    kind: str
    actor: Actor | None = None
    after: str | None = Field(default=None, alias="to")
    after_name: dict[str, str] | None = Field(default=None, alias="toName")
    text: str | None = None
    text_removed: bool = False
    details: dict[str, Any] = Field(default_factory=dict)


class Explanation(Answer):
    """Why the case has its category."""

    origin: str | None = None
    confidence: float | None = None
    predictions: list[Prediction] = Field(default_factory=list)


class Contact(Answer):
    """How the reporter can be reached."""

    email: str | None = None
    phone: str | None = None
    language: str | None = None


class QuestionAnswer(Answer):
    """An answer to an extra question."""

    key: str = ""
    label: str = ""
    value: Any = None


class CaseDetail(CaseItem):
    """A case with everything that the person at the screen may see."""

    description: str | None = None
    answers: list[QuestionAnswer] = Field(default_factory=list)
    attachments: list[Attachment] = Field(default_factory=list)
    contact: Contact | None = None
    contact_hidden: bool = False
    has_contact: bool = False
    explanation: Explanation | None = None
    history: list[HistoryEntry] = Field(default_factory=list)
    allowed_statuses: list[str] = Field(default_factory=list)

    @property
    def can_be_mailed(self) -> bool:
        """Tell whether the reporter can get a message, as far as this person may know."""
        return bool(self.contact.email) if self.contact else self.contact_hidden and self.has_contact


class Message(Answer):
    """A mail to the reporter and how far it is."""

    id: UUID
    kind: str = ""
    state: str = ""
    subject: str | None = None
    attempts: int = 0
    requested_at: datetime | None = None
    settled_at: datetime | None = None


class MessagePage(Answer):
    """Mails about one report, newest first."""

    items: list[Message] = Field(default_factory=list)


class DeadLetter(Answer):
    """An event that a block could not handle; with its envelope and data when it was asked for alone."""

    id: UUID
    type: str = ""
    topic: str = ""
    partition: int = 0
    offset: int = 0
    key: str | None = None
    consumer_group: str = ""
    error: str = ""
    attempts: int = 0
    failed_at: datetime
    state: str = "open"
    settled_at: datetime | None = None
    settled_by: str | None = None
    reason: str | None = None
    envelope: dict[str, str] = Field(default_factory=dict)
    data: Any = None
    data_hidden: bool = False


class DeadLetterPage(Answer):
    """Dead letters of one block, newest first."""

    items: list[DeadLetter] = Field(default_factory=list)
    next_cursor: str | None = None
