"""Handling terms and default departments per category."""

from typing import Annotated

from fastapi import APIRouter, Path

from commonground.auth import CurrentPrincipal
from commonground.web import DatabaseDep
from routing import use_cases
from routing.api.dependencies import Administrator, ConfigurationsDep, MunicipalityQuery, SettingsDep
from routing.domain.decisions import Category, Configuration
from routing.domain.terms import Term, TermKind
from routing.schemas import Slug, TermAnswer, TermRequest, Terms
from routing.use_cases.configuring import mine, only_mine

router = APIRouter()


def _presented(municipality: str, category: Category, configuration: Configuration) -> TermAnswer:
    term = configuration.term_of(category.slug)
    department = category.department or configuration.fallback_department
    return TermAnswer(
        municipality=municipality,
        category=category.slug,
        main_category=category.main_category,
        active=category.active,
        department=department,
        department_name=configuration.name_of(department),
        term_days=term.days,
        term_kind=term.kind.value,
        is_default=category.department is None,
    )


@router.get("/terms")
async def list_terms(
    database: DatabaseDep,
    settings: SettingsDep,
    configurations: ConfigurationsDep,
    principal: CurrentPrincipal,
    municipality: MunicipalityQuery = None,
) -> Terms:
    """Return the handling term and the default department of every category."""
    items: list[TermAnswer] = []
    async with database.transaction() as session:
        for one in mine(principal, settings, municipality):
            current = await configurations.current(session, one)
            items += [_presented(one, category, current) for category in current.categories.values()]
    return Terms(items=items, next_cursor=None)


@router.put("/terms/{category}", responses={404: {"description": "There is no such category"}})
async def change_term(
    category: Annotated[Slug, Path()],
    body: TermRequest,
    database: DatabaseDep,
    settings: SettingsDep,
    configurations: ConfigurationsDep,
    principal: Administrator,
) -> TermAnswer:
    """Decide who handles a category when no rule decides, and within which term; for reports routed from now on."""
    municipality = only_mine(principal, settings, body.municipality)
    async with database.transaction() as session:
        await use_cases.change_category_term(
            session, municipality, category, body.department, Term(body.term_days, TermKind(body.term_kind))
        )
        current = await configurations.current(session, municipality)
    return _presented(municipality, current.categories[category], current)
