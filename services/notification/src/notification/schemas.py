"""Requests and answers of notification's API."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from commonground.problems import SafeValueError
from notification.domain.messages import Kind, Outcome, State
from notification.domain.templates import LONGEST_BODY, LONGEST_SUBJECT, VARIABLES


def _without_nul(value: str) -> str:
    if "\0" in value:
        message = "The text holds a character that cannot be kept (NUL)"
        raise SafeValueError(message)
    return value.replace("\r\n", "\n")


Text = Annotated[str, AfterValidator(_without_nul)]
Language = Literal["nl", "en"]
Municipality = Annotated[str, StringConstraints(pattern=r"^GM[0-9]{4}$")]
_LONGEST_MESSAGE = 10_000
_LONGEST_EXAMPLE = 4_000


class Request(BaseModel):
    """Base of requests: unknown fields are refused, since a misspelt one would be lost."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class Answer(BaseModel):
    """Base of answers."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class DeliveryError(Answer):
    """Why a message was not delivered at the last attempt."""

    reason: str = Field(description="A code", examples=["recipient-refused"])
    code: int | None = Field(description="Reply code of the mail server", examples=[550])
    text: str | None = Field(description="Its words, without addresses", examples=["5.1.1 User unknown"])


class MessageItem(Answer):
    """A message to a reporter, and how far it is."""

    id: UUID
    report_id: UUID
    number: str | None = Field(description="Number of the report", examples=["M-10001"])
    municipality: str = Field(examples=["GM0106"])
    kind: Kind
    channel: Literal["email"]
    state: State
    recipient: str | None = Field(description="Masked without the permission contact:read", examples=["j…@e….org"])
    language: str | None
    subject: str | None
    requested_at: datetime
    next_attempt_at: datetime | None = Field(description="While the message is due")
    settled_at: datetime | None = Field(description="When it was delivered, failed or skipped")
    attempts: int
    round: int = Field(description="How often it was sent again by hand")
    error: DeliveryError | None


class MessagePage(Answer):
    """One page of messages, newest request first."""

    items: list[MessageItem]
    next_cursor: str | None


class DeliveryAttempt(Answer):
    """One attempt to hand a message over to the mail server."""

    at: datetime
    round: int
    attempt: int
    outcome: Outcome
    error: DeliveryError | None


class Resend(Answer):
    """Who sent the message again."""

    at: datetime
    round: int
    by: str = Field(description="Id of the user")
    by_name: str


class MessageDetail(MessageItem):
    """A message with the words as they were sent; empty before they are written and after they were removed."""

    case_id: UUID | None
    text: str | None
    html: str | None
    template_version: int | None = Field(description="0: the text that comes with the software")
    deliveries: list[DeliveryAttempt]
    resends: list[Resend]


class VariableAnswer(Answer):
    """Something that a template can show."""

    name: str
    meaning_nl: str
    meaning_en: str
    example: str


class TemplateAnswer(Answer):
    """The text of a kind of message in one language."""

    municipality: str = Field(examples=["GM0106"])
    kind: Kind
    language: Language
    version: int = Field(description="0: the text that comes with the software")
    subject: str
    body: str = Field(description="Markdown with variables")
    changed_at: datetime | None
    changed_by_name: str | None


class TemplateInUse(TemplateAnswer):
    """A text that is in use, with what it may show."""

    standard_subject: str = Field(description="The text that comes with the software, to return to")
    standard_body: str
    variables: list[VariableAnswer]


class TemplateList(Answer):
    """All texts in use."""

    items: list[TemplateInUse]


class TemplateVersions(Answer):
    """The versions of one text, newest first."""

    items: list[TemplateAnswer]


class TemplateDraft(Request):
    """A text to try."""

    subject: Annotated[Text, StringConstraints(min_length=1, max_length=LONGEST_SUBJECT)] = Field(
        examples=["Uw melding {{ number }} is afgehandeld"]
    )
    body: Annotated[Text, StringConstraints(min_length=1, max_length=LONGEST_BODY)] = Field(
        examples=["Beste melder,\n\n{{ message }}\n\nGemeente {{ municipality }}\n"]
    )


class TemplateRequest(TemplateDraft):
    """A text to use from now on."""

    expected_version: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = Field(
        default=None, description="The version that this one replaces; another one in the meantime is refused"
    )


class PreviewRequest(Request):
    """Which mail to show, of a real report or of examples."""

    kind: Kind
    language: Language = "nl"
    municipality: Municipality | None = Field(default=None, description="Needed only by those who work for several")
    report_id: UUID | None = Field(default=None, description="A real report; else examples are shown")
    sample: dict[str, Annotated[Text, StringConstraints(max_length=_LONGEST_EXAMPLE)]] | None = Field(
        default=None, description="Values of variables in place of the examples", max_length=len(VARIABLES)
    )
    text: Annotated[Text, StringConstraints(max_length=_LONGEST_MESSAGE)] | None = Field(
        default=None, description="What the handler is about to tell"
    )
    template: TemplateDraft | None = Field(default=None, description="A text that is not saved yet")

    @model_validator(mode="after")
    def _one_source(self) -> "PreviewRequest":
        if self.report_id is not None and self.sample is not None:
            message = "Give reportId or sample, not both"
            raise SafeValueError(message)
        return self


class PreviewAnswer(Answer):
    """A mail as its reader would get it."""

    subject: str
    text: str
    html: str
