"""Templates: the texts of mails, per municipality, kind and language, with all their versions."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from commonground.web import DatabaseDep
from notification.api.dependencies import SettingsDep, TemplateManager, municipality_of
from notification.domain.messages import Kind
from notification.domain.templates import LANGUAGES, Template, sample, standard, variables
from notification.schemas import (
    Language,
    Municipality,
    TemplateAnswer,
    TemplateInUse,
    TemplateList,
    TemplateRequest,
    TemplateVersions,
    VariableAnswer,
)
from notification.use_cases import texts

router = APIRouter()

MunicipalityQuery = Annotated[
    Municipality | None, Query(description="Needed only by those who work for several municipalities")
]


@router.get("/templates")
async def list_templates(
    database: DatabaseDep, principal: TemplateManager, settings: SettingsDep, municipality: MunicipalityQuery = None
) -> TemplateList:
    """List the texts in use, each with the variables that it can show."""
    code = municipality_of(principal, settings, municipality, "query.municipality")
    items = []
    async with database.transaction() as session:
        for kind in Kind:
            for language in LANGUAGES:
                ((template, row), *_) = await texts.history(session, code, kind, language, limit=1)
                items.append(_in_use(code, template, row))
    return TemplateList(items=items)


@router.get("/templates/{kind}/{language}/versions")
async def list_versions(
    kind: Kind,
    language: Language,
    database: DatabaseDep,
    principal: TemplateManager,
    settings: SettingsDep,
    municipality: MunicipalityQuery = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> TemplateVersions:
    """List the versions of a text, newest first."""
    code = municipality_of(principal, settings, municipality, "query.municipality")
    async with database.transaction() as session:
        found = await texts.history(session, code, kind, language, limit=limit)
    return TemplateVersions(items=[TemplateAnswer(**_answer(code, template, row)) for template, row in found])


@router.put(
    "/templates/{kind}/{language}", responses={409: {"description": "Somebody else saved another version meanwhile"}}
)
async def save_template(
    kind: Kind,
    language: Language,
    body: TemplateRequest,
    database: DatabaseDep,
    principal: TemplateManager,
    settings: SettingsDep,
    municipality: MunicipalityQuery = None,
) -> TemplateInUse:
    """Use another text from now on; the one before is kept as a version."""
    code = municipality_of(principal, settings, municipality, "query.municipality")
    template = Template(kind, language, body.subject.strip(), body.body)
    async with database.transaction() as session:
        row = await texts.save_template(
            session, template, code, expected_version=body.expected_version, principal=principal
        )
    return _in_use(code, texts.as_template(row), row)


def _answer(municipality: str, template: Template, row: Any) -> dict[str, Any]:
    return {
        "municipality": municipality,
        "kind": template.kind,
        "language": template.language,
        "version": template.version,
        "subject": template.subject,
        "body": template.body,
        "changed_at": row.changed_at if row else None,
        "changed_by_name": row.changed_by_name if row else None,
    }


def _in_use(municipality: str, template: Template, row: Any) -> TemplateInUse:
    examples = sample(template.kind, template.language)
    own = standard(template.kind, template.language)
    return TemplateInUse(
        **_answer(municipality, template, row),
        standard_subject=own.subject,
        standard_body=own.body,
        variables=[
            VariableAnswer(name=name, meaning_nl=one.meaning_nl, meaning_en=one.meaning_en, example=examples[name])
            for name, one in variables(template.kind).items()
        ],
    )
