"""What a case is, who may see it, and when a change comes too late."""

import enum
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from commonground.auth import Principal
from commonground.problems import InvalidInputError, PermissionDeniedError

READ = "case:read"
READ_ALL = "case:read-all"


class Priority(enum.IntEnum):
    """How urgent a case is; the number sorts."""

    LOW = 1
    NORMAL = 2
    HIGH = 3

    @property
    def code(self) -> str:
        """Name in the API and in events."""
        return self.name.lower()


PRIORITY_LABELS: Mapping[str, tuple[str, str]] = {  # Dutch, English
    "low": ("Laag", "Low"),
    "normal": ("Normaal", "Normal"),
    "high": ("Hoog", "High"),
}


class Kind(enum.StrEnum):
    """What an entry of the history is about."""

    OPENED = "opened"
    STATUS = "status"
    ASSIGNMENT = "assignment"
    PRIORITY = "priority"
    NOTE = "note"
    CATEGORY = "category"
    DEPARTMENT = "department"
    MESSAGE_DELIVERED = "message-delivered"
    MESSAGE_FAILED = "message-failed"
    TEXT_REMOVED = "text-removed"
    CONTACT_REMOVED = "contact-removed"


class CaseNotFoundError(Exception):
    """There is no such case, or not in a municipality of this caller."""

    def __init__(self) -> None:
        super().__init__("There is no such case")


class VersionConflictError(Exception):
    """The case has changed since the caller looked at it."""

    def __init__(self, version: int, changed: Sequence[str]) -> None:
        super().__init__(f"The case is at version {version} now; changed since: {', '.join(changed) or 'unknown'}")
        self.version = version
        self.changed = list(changed)


@dataclass(frozen=True)
class Scope:
    """Which cases a caller may see; ``departments`` None means all of the municipalities."""

    municipalities: frozenset[str]
    departments: frozenset[str] | None

    @classmethod
    def of(cls, principal: Principal) -> "Scope":
        """Return what a token's permissions, departments and municipalities open."""
        return cls(principal.municipalities, None if principal.may(READ_ALL) else principal.departments)

    def admit(self, municipality: str, department: str | None) -> None:
        """Let the caller see a case, or raise.

        Another municipality's case does not exist for the caller. Another department's does: a handler who is
        sent its number should hear whom to ask, so that is a missing right and no 404.
        """
        if municipality not in self.municipalities:
            raise CaseNotFoundError
        if self.departments is not None and department not in self.departments:
            raise PermissionDeniedError(READ_ALL)


def check_assignee(
    *, department: str | None, municipality: str, active: bool, departments: Collection[str], places: Collection[str]
) -> None:
    """Let somebody be assigned: active, and of the case's department and municipality; raise otherwise."""
    if not active or municipality not in places or department is None or department not in departments:
        raise InvalidInputError(
            ("body.assignee", "Not an active member of the department of this case", "not-a-member")
        )


def assignee_after_routing(current: str | None, *, before: str | None, after: str, named: str | None) -> str | None:
    """Return who has the case when it is routed: whoever routing names, else nobody in a new department."""
    if named is not None:
        return named
    return current if before == after else None
