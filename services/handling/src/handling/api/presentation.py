"""Rows of handling as its API shows them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from commonground.auth import Principal
from handling.domain.cases import PRIORITY_LABELS, Kind, Priority
from handling.domain.statuses import LABELS, Status, choices

_CODES = {int(priority): priority.code for priority in Priority}
_DELIVERIES = {Kind.MESSAGE_DELIVERED: "delivered", Kind.MESSAGE_FAILED: "failed"}


def item(row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return a case as lists show it."""
    return {
        "id": row["id"],
        "reportId": row["report_id"],
        "number": row["number"],
        "municipality": row["municipality"],
        "status": row["status"],
        "category": row["category"],
        "categoryName": _label(row["name_nl"], row["name_en"]),
        "mainCategory": row["main_category"],
        "department": row["department"],
        "departmentName": row["department_label"],
        "assignee": row["assignee"],
        "assigneeName": row["assignee_name"],
        "priority": _CODES[row["priority"]],
        "deadline": row["deadline"],
        "submittedAt": row["submitted_at"],
        "changedAt": row["changed_at"],
        "late": row["due"] < now,
        "geometry": {"type": "Point", "coordinates": [row["longitude"], row["latitude"]]},
        "address": row["address"],
        "summary": row["summary"],
        "attachmentCount": row["attachment_count"],
        "version": row["version"],
    }


def detail(
    row: Mapping[str, Any],
    entries: Sequence[Any],
    principal: Principal,
    *,
    now: datetime,
    targets: frozenset[str],
    summary_length: int,
) -> dict[str, Any]:
    """Return a case with all that belongs to it, without contact data for those who may not see them."""
    hidden = not principal.may("contact:read")
    description = row["description"]
    return {
        **item({**row, "summary": description[:summary_length] if description else None}, now),
        "description": description,
        "textRemoved": row["text_removed_at"] is not None,
        "language": row["language"],
        "occurredAt": row["occurred_at"],
        "district": row["district"],
        "source": row["source"],
        "answers": row["answers"] or [],
        "attachments": row["attachments"] or [],
        "contact": None if hidden else _contact(row),
        "contactHidden": hidden,
        "hasContact": row["has_contact"] and row["contact_removed_at"] is None,
        "termDays": row["term_days"],
        "termKind": row["term_kind"],
        "explanation": _explanation(row),
        "notes": [_note(entry) for entry in entries if entry.kind == Kind.NOTE],
        "history": history(entries),
        "deliveries": _deliveries(entries),
        "allowedStatuses": choices(Status(row["status"]), targets=targets),
    }


def history(entries: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the history of a case."""
    return [
        {
            "id": entry.id,
            "at": entry.at,
            "kind": entry.kind,
            "actor": _person(entry),
            "from": entry.before,
            "fromName": _name(entry.kind, entry.before, entry.before_name_nl, entry.before_name_en),
            "to": entry.after,
            "toName": _name(entry.kind, entry.after, entry.after_name_nl, entry.after_name_en),
            "text": entry.text,
            "textRemoved": entry.removed_at is not None,
            "details": entry.details,
            "version": entry.version,
        }
        for entry in entries
    ]


def _label(nl: str | None, en: str | None) -> dict[str, str] | None:
    return {"nl": nl, "en": en or nl} if nl is not None else None


def _name(kind: str, value: str | None, nl: str | None, en: str | None) -> dict[str, str] | None:
    if value is None:
        return None
    if kind in {Kind.STATUS, Kind.OPENED}:
        return _label(*LABELS[Status(value)])
    if kind == Kind.PRIORITY:
        return _label(*PRIORITY_LABELS[value])
    return _label(nl, en)


def _person(entry: Any) -> dict[str, Any] | None:
    return {"id": entry.actor, "name": entry.actor_name} if entry.actor is not None else None


def _note(entry: Any) -> dict[str, Any]:
    return {
        "id": entry.id,
        "at": entry.at,
        "author": _person(entry),
        "text": entry.text,
        "removed": entry.removed_at is not None,
    }


def _contact(row: Mapping[str, Any]) -> dict[str, Any] | None:
    if row["email"] is None and row["phone"] is None:
        return None
    return {"email": row["email"], "phone": row["phone"], "language": row["contact_language"]}


def _explanation(row: Mapping[str, Any]) -> dict[str, Any] | None:
    if row["category"] is None and not row["predictions"]:
        return None
    return {
        "origin": row["category_origin"],
        "confidence": row["confidence"],
        "predictions": row["predictions"] or [],
    }


def _deliveries(entries: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the newest outcome of each message."""
    newest: dict[str, dict[str, Any]] = {}
    for entry in entries:
        if entry.kind in _DELIVERIES:
            newest[entry.details["messageId"]] = {
                **entry.details,
                "state": _DELIVERIES[entry.kind],
                "at": entry.at,
            }
    return list(newest.values())
