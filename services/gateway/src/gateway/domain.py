"""Rules of the gateway without any input or output: permissions, who may sign in, where a visitor may be led."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from uuid import UUID

MANAGE_USERS = "user:manage"

# Every single right of which roles are built, with what it means for an administrator who makes a role.
PERMISSIONS: Mapping[str, tuple[str, str]] = {
    "case:read": ("Zaken van de eigen afdelingen zien", "See cases of the own departments"),
    "case:read-all": ("Zaken van alle afdelingen zien", "See cases of all departments"),
    "case:change-status": ("De status van een zaak wijzigen", "Change the status of a case"),
    "case:assign": ("Zaken toewijzen aan mensen en afdelingen", "Assign cases to people and departments"),
    "case:note": ("Notities bij een zaak maken", "Add notes to a case"),
    "case:prioritise": ("De prioriteit van een zaak wijzigen", "Change the priority of a case"),
    "contact:read": ("Contactgegevens van melders zien", "See contact data of reporters"),
    "report:read": ("Meldingen via de API lezen", "Read reports through the API"),
    "report:anonymise": ("Contactgegevens van een melder verwijderen", "Remove the contact data of a reporter"),
    "report:destroy": ("Meldingen vernietigen", "Destroy reports"),
    "category:correct": ("De categorie van een melding verbeteren", "Correct the category of a report"),
    "category:manage": ("Categorieën en vragen beheren", "Manage categories and questions"),
    "routing:manage": ("Routeerregels en afdelingen beheren", "Manage routing rules and departments"),
    "template:manage": ("Standaardteksten en e-mails beheren", "Manage standard texts and e-mails"),
    "message:read": ("Verzonden berichten zien", "See messages that were sent"),
    "message:resend": ("Berichten opnieuw verzenden", "Send messages again"),
    "webhook:manage": ("Webhooks naar andere systemen beheren", "Manage webhooks to other systems"),
    MANAGE_USERS: ("Gebruikers en rollen beheren", "Manage users and roles"),
    "dead-letter:manage": (
        "Gebeurtenissen die niet verwerkt konden worden bekijken, opnieuw verwerken of afsluiten",
        "See events that could not be handled, and retry or discard them",
    ),
    "dead-letter:read-personal": (
        "Persoonsgegevens en teksten in niet-verwerkte gebeurtenissen zien",
        "See personal data and texts in events that could not be handled",
    ),
    "statistics:read": ("Cijfers zien", "See statistics"),
}


class UserNotFoundError(Exception):
    """There is no such user, or not in a municipality of the caller."""


class RoleNotFoundError(Exception):
    """There is no such role."""


class UserExistsError(Exception):
    """Another user has this user name or e-mail address."""


class RoleExistsError(Exception):
    """Another role has this code."""


class LastAdministratorError(Exception):
    """Afterwards nobody could manage users any more."""


class ChangedMeanwhileError(Exception):
    """Somebody else changed it since the caller read it."""


class AccountInactiveError(Exception):
    """The token is right, but its owner has been deactivated."""


class UnknownClientError(Exception):
    """There is no such machine client, its secret is wrong, or it is not active."""


class ScopeRefusedError(Exception):
    """The client asks for a permission that it does not have."""


class UnknownGrantError(Exception):
    """Only client credentials get a token here."""


class SignInRefusedError(Exception):
    """The provider's answer cannot be trusted or does not belong to this browser; ``reason`` is for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NoLocalUserError(Exception):
    """A valid account that no active user here belongs to."""


@dataclass(frozen=True)
class Rights:
    """What somebody may do, and where."""

    subject: UUID
    name: str
    permissions: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    municipalities: tuple[str, ...] = ()


@dataclass(frozen=True)
class Person:
    """Whom a provider says that somebody is; the e-mail address only when it is verified."""

    provider: str
    issuer: str
    subject: str
    username: str | None = None
    email: str | None = None


@dataclass(frozen=True)
class NewUser:
    """A user as an administrator writes it."""

    name: str
    municipalities: list[str]
    username: str | None = None
    email: str | None = None
    provider: str | None = None
    departments: list[str] = field(default_factory=list)
    roles: list[UUID] = field(default_factory=list)
    active: bool = True
    note: str = ""


@dataclass(frozen=True)
class NewRole:
    """A role as an administrator writes it."""

    code: str
    name: str
    permissions: list[str]


def safe_return_path(wanted: str | None, fallback: str = "/behandelen") -> str:
    """Return the place to go after signing in: only a path on this very site, never another address.

    Browsers read two slashes, a slash with a backslash, and tabs or line ends inside as other hosts; those are refused.
    """
    if not wanted or not wanted.startswith("/") or wanted.startswith("//") or len(wanted) > 1000:  # noqa: PLR2004
        return fallback
    if "\\" in wanted or any(ord(character) <= ord(" ") or ord(character) == 0x7F for character in wanted):  # noqa: PLR2004
        return fallback
    parts = urlsplit(wanted)
    if parts.scheme or parts.netloc or parts.path.startswith(("/inloggen", "/uitloggen", "/api", "/v1", "//")):
        return fallback
    return wanted


def require_administrators(before: Iterable[str], after: Iterable[str]) -> None:
    """Raise when a municipality that had an administrator has none any more."""
    if set(before) - set(after):
        raise LastAdministratorError


def granted(asked: str, allowed: Iterable[str]) -> tuple[str, ...]:
    """Return the permissions of a client's token: what it asks for, or all that it has; raise when more."""
    wanted = asked.split()
    own = sorted(set(allowed))
    if set(wanted) - set(own):
        raise ScopeRefusedError
    return tuple(sorted(set(wanted))) if wanted else tuple(own)
