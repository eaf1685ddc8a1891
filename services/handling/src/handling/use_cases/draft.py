"""A case while it is being changed: what changes, what goes into its history, what others hear of it.

People's changes and events of other blocks go through the same few lines, so that no change is without an entry,
a version and, where others listen, an event.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from commonground import ids
from commonground.messaging import EventData, Outgoing, Received, publish_all
from handling.domain.cases import Kind, Priority
from handling.domain.statuses import Status, public_status
from handling.store import cases, history

# How a case begins, whichever event of whichever topic comes first.
_BLANK: Mapping[str, Any] = {
    **dict.fromkeys(column.name for column in cases.WRITABLE),
    "submitted_sequence": 0,
    "classified_sequence": 0,
    "routed_sequence": 0,
    "event_sequence": 0,
    "message_sequence": 0,
    "attachment_count": 0,
    "has_contact": False,
    "status": "reported",
    "priority": 2,
    "version": 0,
}


class Draft:
    """One case and what is about to change; ``values`` are the columns as they will be."""

    def __init__(self, values: Mapping[str, Any], *, new: bool = False) -> None:
        self.values = dict(values)
        self.new = new
        self._changed: set[str] = set()
        self._entries: list[dict[str, Any]] = []
        self._events: list[Outgoing] = []

    @classmethod
    def blank(cls, report_id: UUID, municipality: str, moment: datetime) -> "Draft":
        """Return a case that does not exist yet."""
        start = {"report_id": report_id, "municipality": municipality, "changed_at": moment}
        return cls({**_BLANK, "id": case_id(report_id), **start}, new=True)

    @property
    def id(self) -> UUID:
        """Id of the case."""
        return UUID(str(self.values["id"]))

    @property
    def report_id(self) -> UUID:
        """Id of the report that the case began with."""
        return UUID(str(self.values["report_id"]))

    @property
    def listed(self) -> bool:
        """Tell whether people can see the case yet."""
        return self.values["submitted_at"] is not None

    @property
    def status(self) -> Status:
        """Where the case stands."""
        return Status(self.values["status"])

    def change(self, **values: Any) -> None:
        """Set columns."""
        self.values.update(values)
        self._changed.update(values)

    def enter(
        self,
        kind: Kind,
        *,
        at: datetime,
        entry_id: UUID | None = None,
        actor: str | None = None,
        before: str | None = None,
        after: str | None = None,
        text: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Write an entry in the history; a changed case gets its next version."""
        moved = kind is not Kind.NOTE
        if moved:
            self.change(version=self.values["version"] + 1)
        self.change(changed_at=max(self.values["changed_at"], at))
        self._entries.append(
            {
                "id": entry_id or ids.new(),
                "case_id": self.id,
                "at": at,
                "kind": kind,
                "actor": actor,
                "before": before,
                "after": after,
                "details": details or {},
                "version": self.values["version"] if moved else None,
                "text": text,
            }
        )

    def state(self) -> dict[str, Any]:
        """Return what every event tells about a case, as it is now: the newest event is all that is kept for ever."""
        return {
            "case_id": self.id,
            "report_ids": [self.report_id],
            "number": self.values["number"],
            "municipality": self.values["municipality"],
            "status": self.status.value,
            "public_status": public_status(self.status),
            "status_changed_at": self.values["status_changed_at"] or self.values["changed_at"],
            "department": self.values["department"],
            "assignee": self.values["assignee"],
            "priority": Priority(self.values["priority"]).code,
        }

    def tell(self, data: EventData, cause: Received | None = None) -> None:
        """Let others hear what happened to the case."""
        self.change(event_sequence=self.values["event_sequence"] + 1)
        self._out(data, str(self.id), self.values["event_sequence"], cause)

    def tell_reporter(self, data: EventData, message_id: UUID) -> None:
        """Let the reporter hear something."""
        self.change(message_sequence=self.values["message_sequence"] + 1)
        self._out(data, str(message_id), self.values["message_sequence"], None)

    def _out(self, data: EventData, subject: str, sequence: int, cause: Received | None) -> None:
        self._events.append(Outgoing(data, str(self.report_id), subject, sequence, cause))

    def row(self) -> dict[str, Any]:
        """Return the whole row of a new case."""
        return self.values

    def changes(self) -> dict[str, Any]:
        """Return the changed columns."""
        return {name: self.values[name] for name in sorted(self._changed)}

    @property
    def entries(self) -> Sequence[Mapping[str, Any]]:
        """What goes into the history."""
        return self._entries

    @property
    def events(self) -> Sequence[Outgoing]:
        """What others will hear."""
        return self._events


def case_id(report_id: UUID) -> UUID:
    """Return the id of the case that a report begins: always the same, so that it begins once."""
    return ids.derived(report_id, "case")


async def save(session: AsyncSession, drafts: Iterable[Draft]) -> None:
    """Write changed cases, their histories and events; new ones are written already by ``drafted``."""
    drafts = list(drafts)
    if len(drafts) == 1 and not drafts[0].new and len(drafts[0].entries) == 1:
        await cases.update_with_entry(session, drafts[0].id, drafts[0].changes(), drafts[0].entries[0])
    else:
        await cases.update(
            session, {draft.id: draft.changes() for draft in drafts if draft.changes() and not draft.new}
        )
        await history.add(session, [entry for draft in drafts for entry in draft.entries])
    await publish_all(session, [event for draft in drafts for event in draft.events])


async def follow(session: AsyncSession, events: Sequence[Received], apply: Callable[[Draft, Received], None]) -> None:
    """Apply events about reports to their cases, in order, each case locked; cases begin when they must.

    A case that another consumer inserts at the same moment is locked after all, and its events are applied to
    what that one wrote: the outcome does not depend on who was first.
    """
    by_case: dict[UUID, list[Received]] = {}
    for event in events:
        by_case.setdefault(case_id(event.data.report_id), []).append(event)
    existing = await cases.lock(session, by_case)
    fresh = {
        key: _applied(Draft.blank(group[0].data.report_id, group[0].data.municipality, group[0].time), group, apply)
        for key, group in by_case.items()
        if key not in existing
    }
    inserted = await cases.insert_new(session, [draft.row() for draft in fresh.values()])
    if late := fresh.keys() - inserted:
        existing |= await cases.lock(session, late)
    changed = [_applied(Draft(row), by_case[key], apply) for key, row in existing.items()]
    await save(session, [*(fresh[key] for key in fresh if key in inserted), *changed])


def _applied(draft: Draft, events: Sequence[Received], apply: Callable[[Draft, Received], None]) -> Draft:
    for event in events:
        apply(draft, event)
    return draft
