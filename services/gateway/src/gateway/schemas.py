"""Requests and answers of the gateway's own API."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from commonground.problems import SafeValueError
from gateway.domain import PERMISSIONS, NewRole, NewUser

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _one_line(value: str) -> str:
    if _CONTROL.search(value):
        message = "Use one line without control characters"
        raise SafeValueError(message)
    return value


def _no_nul(value: str) -> str:
    if "\0" in value:
        message = "The text holds control characters"
        raise SafeValueError(message)
    return value


def _known_permission(value: str) -> str:
    if value not in PERMISSIONS:
        message = "There is no such permission"
        raise SafeValueError(message)
    return value


def _empty_is_absent(value: object) -> object:
    return None if value == "" else value


def _empty_allowed(kind: Any) -> BeforeValidator:
    """Take an empty field of a form as absent, and say so in the OpenAPI document."""
    return BeforeValidator(_empty_is_absent, json_schema_input_type=kind | Literal[""] | None)


Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_one_line)]
Email = Annotated[
    str, StringConstraints(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$"), AfterValidator(_one_line)
]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Department = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2,8}$")]
Municipality = Annotated[str, StringConstraints(pattern=r"^GM[0-9]{4}$")]
Permission = Annotated[str, StringConstraints(max_length=60), AfterValidator(_known_permission)]


class Request(BaseModel):
    """Base of requests: unknown fields are refused, since a misspelt one would be lost."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class Answer(BaseModel):
    """Base of answers."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class UserRequest(Request):
    """A user as an administrator writes it; at least a user name or an e-mail address."""

    name: Annotated[Line, Field(examples=["Hanna Visser"])]
    username: Annotated[Line | None, _empty_allowed(Line)] = None
    email: Annotated[Email | None, _empty_allowed(Email)] = None
    provider: Annotated[Code | None, _empty_allowed(Code)] = Field(
        default=None, description="Identity provider that this person signs in with; absent: the first one"
    )
    active: bool = True
    departments: Annotated[list[Department], Field(max_length=100)] = Field(default_factory=list)
    municipalities: Annotated[list[Municipality], Field(min_length=1, max_length=400, examples=[["GM0106"]])]
    roles: Annotated[list[UUID], Field(max_length=50)] = Field(default_factory=list)
    note: Annotated[str, StringConstraints(max_length=2000), AfterValidator(_no_nul)] = ""

    @model_validator(mode="after")
    def _recognisable(self) -> "UserRequest":
        if self.username is None and self.email is None:
            message = "Give a user name or an e-mail address, to recognise this person at the first sign-in"
            raise SafeValueError(message)
        return self

    def to_domain(self) -> NewUser:
        """Return the user as the use case takes it."""
        return NewUser(
            name=self.name,
            username=self.username,
            email=self.email,
            provider=self.provider,
            active=self.active,
            departments=sorted(set(self.departments)),
            municipalities=sorted(set(self.municipalities)),
            roles=list(dict.fromkeys(self.roles)),
            note=self.note,
        )


class UserChange(UserRequest):
    """Everything of a user anew; ``expectedVersion`` refuses when somebody else was first."""

    expected_version: int | None = Field(default=None, ge=1, le=2**53)


class RoleRequest(Request):
    """A role made of single permissions."""

    code: Annotated[Code, Field(examples=["handler"])]
    name: Line
    permissions: Annotated[list[Permission], Field(max_length=100, examples=[["case:read", "case:note"]])]

    def to_domain(self) -> NewRole:
        """Return the role as the use case takes it."""
        return NewRole(code=self.code, name=self.name, permissions=sorted(set(self.permissions)))


class RoleChange(RoleRequest):
    """Everything of a role anew; ``expectedVersion`` refuses when somebody else was first."""

    expected_version: int | None = Field(default=None, ge=1, le=2**53)


class RoleBrief(Answer):
    """A role as it stands with a user."""

    id: UUID
    code: str
    name: str


class UserAnswer(Answer):
    """A user as an administrator sees it."""

    id: UUID
    name: str
    username: str | None
    email: str | None
    provider: str | None
    active: bool
    departments: list[str]
    municipalities: list[str]
    roles: list[RoleBrief]
    note: str
    version: int
    created_at: datetime
    changed_at: datetime
    last_sign_in_at: datetime | None


class UserPage(Answer):
    """Users by name."""

    items: list[UserAnswer]
    next_cursor: str | None


class RoleAnswer(Answer):
    """A role with what it allows and how many users have it."""

    id: UUID
    code: str
    name: str
    permissions: list[str]
    version: int
    users: int


class RoleList(Answer):
    """All roles."""

    items: list[RoleAnswer]
    next_cursor: str | None


class PermissionAnswer(Answer):
    """A single right of which roles are built."""

    code: str
    name_nl: str
    name_en: str


class PermissionList(Answer):
    """All permissions."""

    items: list[PermissionAnswer]
    next_cursor: str | None


class Me(Answer):
    """Whoever the token speaks for."""

    id: str
    name: str
    permissions: list[str]
    departments: list[str]
    municipalities: list[str]


class TokenRequest(BaseModel):
    """What a program sends for a token, in the words of OAuth 2.0; what others add to it does no harm."""

    model_config = ConfigDict(extra="ignore")

    grant_type: Annotated[str, StringConstraints(max_length=100)] = Field(examples=["client_credentials"])
    scope: Annotated[str, StringConstraints(max_length=2000)] = Field(default="", examples=["case:read"])
    client_id: Annotated[str, StringConstraints(max_length=100)] = ""
    client_secret: Annotated[str, StringConstraints(max_length=200)] = ""


class TokenAnswer(BaseModel):
    """A token, in the words of OAuth 2.0 (RFC 6749)."""

    access_token: str
    token_type: str = Field(examples=["Bearer"])
    expires_in: int = Field(description="Seconds", examples=[300])
    scope: str = Field(description="The permissions of this token, with spaces", examples=["case:read"])
