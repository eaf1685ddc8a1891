"""What somebody can do with templates and previews."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from commonground import ids
from commonground.auth import Principal
from commonground.problems import InvalidInputError
from notification.domain import letters
from notification.domain.facts import Report, facts
from notification.domain.messages import Kind, ReportNotFoundError
from notification.domain.templates import (
    LANGUAGES,
    Template,
    TemplateOutdatedError,
    sample,
    standard,
    variables,
)
from notification.settings import Settings
from notification.store import reports, templates

log = structlog.get_logger(__name__)

Texts = Mapping[tuple[str, str, str], Template]


async def templates_in_use(session: AsyncSession, municipalities: Iterable[str]) -> Texts:
    """Return the texts that municipalities have of their own, by municipality, kind and language."""
    wanted = sorted(municipalities)
    if not wanted:
        return {}
    rows = await templates.newest(session, wanted)
    return {(row.municipality, row.kind, row.language): as_template(row) for row in rows}


def template_for(own: Texts, municipality: str, kind: Kind, language: str) -> Template:
    """Return the text in use: the municipality's own, or else the one that comes with the software."""
    return own.get((municipality, kind, language)) or standard(kind, language)


def as_template(row: Any) -> Template:
    """Return a stored version as the domain knows it."""
    return Template(Kind(row.kind), row.language, row.subject, row.body, row.version)


def facts_of(row: Any, language: str, settings: Settings, *, message: str | None) -> dict[str, str]:
    """Return the values of a template's variables for a report."""
    report = Report(
        number=row.number or "",
        municipality=settings.municipality_name(row.municipality),
        submitted_at=row.submitted_at,
        status_url=row.status_url,
        description=row.description,
        address=row.address,
        category=row.category_en if language == "en" else row.category_nl,
        department=row.department,
        deadline=row.deadline,
        term_days=row.term_days,
        term_kind=row.term_kind,
    )
    return facts(report, language=language, base_url=settings.base_url, message=message)


def write_surely(template: Template, values: Mapping[str, str]) -> tuple[letters.Words, int]:
    """Return the words of a message and the version of the text they came from.

    A text that fails in spite of the checks when it was saved must not hold up the reporter's mail: the standard
    text goes in its place, and the log says so.
    """
    try:
        return letters.write(template, values), template.version
    except letters.TemplateFailedError:
        log.exception("template_failed", kind=template.kind, language=template.language, version=template.version)
        return letters.write(standard(template.kind, template.language), values), 0


async def save_template(
    session: AsyncSession,
    template: Template,
    municipality: str,
    *,
    expected_version: int | None,
    principal: Principal | None,
) -> Any:
    """Save a text as a new version and return its row; the same text again makes no version.

    Raises ``InvalidInputError`` with everything that is wrong with it, and ``TemplateOutdatedError`` when somebody
    else saved another version since ``expected_version``.
    """
    check(template)
    versions = await templates.versions(session, municipality, template.kind, template.language, limit=1)
    newest = versions[0] if versions else None
    version = newest.version if newest else 0
    if expected_version is not None and expected_version != version:
        raise TemplateOutdatedError
    if newest is not None and (newest.subject, newest.body) == (template.subject, template.body):
        return newest
    added = await templates.add(
        session,
        {
            "id": ids.new(),
            "municipality": municipality,
            "kind": template.kind,
            "language": template.language,
            "version": version + 1,
            "subject": template.subject,
            "body": template.body,
            "changed_by": principal.subject if principal else None,
            "changed_by_name": principal.name if principal else None,
        },
    )
    if added is None:
        raise TemplateOutdatedError
    return added


def check(template: Template, *, prefix: str = "body") -> None:
    """Raise ``InvalidInputError`` with everything that is wrong with a text."""
    wrong = letters.all_faults(template)
    if wrong:
        raise InvalidInputError(*((f"{prefix}.{fault.field}", fault.message, fault.code) for fault in wrong))


async def seed_templates(session: AsyncSession, municipalities: Iterable[str]) -> int:
    """Give each municipality the standard texts as its first version where it has none; return how many."""
    wanted = sorted(municipalities)
    own = await templates_in_use(session, wanted)
    added = 0
    for municipality in wanted:
        for kind in Kind:
            for language in LANGUAGES:
                if (municipality, kind, language) not in own:
                    text = standard(kind, language)
                    await save_template(session, text, municipality, expected_version=0, principal=None)
                    added += 1
    return added


async def preview(
    session: AsyncSession,
    *,
    kind: Kind,
    language: str,
    municipality: str,
    message: str | None,
    report_id: UUID | None,
    examples: Mapping[str, str] | None,
    draft: tuple[str, str] | None,
    municipalities: frozenset[str],
    settings: Settings,
) -> letters.Letter:
    """Return a mail as its reader would get it, of a real report or of examples; nothing is sent.

    ``draft`` (subject, body) is tried in place of the text in use.
    """
    if report_id is not None:
        row = await reports.report(session, report_id)
        if row is None or row.municipality not in municipalities or row.submitted_at is None:
            raise ReportNotFoundError
        municipality = row.municipality
        values = facts_of(row, language, settings, message=message)
    else:
        values = _examples(kind, language, examples or {}, settings.municipality_name(municipality), message)
    if draft is not None:
        template = Template(kind, language, *draft)
        check(template, prefix="body.template")
    else:
        template = template_for(await templates_in_use(session, [municipality]), municipality, kind, language)
    words, _version = write_surely(template, values)
    return letters.typeset(words, language=language, municipality=settings.municipality_name(municipality))


def _examples(
    kind: Kind, language: str, given: Mapping[str, str], municipality: str, message: str | None
) -> dict[str, str]:
    unknown = sorted(given.keys() - variables(kind).keys())
    if unknown:
        known = ", ".join(variables(kind))
        raise InvalidInputError(("body.sample", f"There are only these variables: {known}", "unknown-variable"))
    values = {**sample(kind, language), "municipality": municipality, **given}
    if message is not None and "message" in values:
        values["message"] = message
    return letters.as_facts(values)


async def history(
    session: AsyncSession, municipality: str, kind: Kind, language: str, *, limit: int
) -> Sequence[tuple[Template, Any]]:
    """Return the versions of a text, newest first, with who saved them; the standard text when there are none."""
    rows = await templates.versions(session, municipality, kind, language, limit=limit)
    return [(as_template(row), row) for row in rows] or [(replace(standard(kind, language)), None)]
