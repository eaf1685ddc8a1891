"""Counts for those who steer by numbers."""

from typing import Annotated

from fastapi import APIRouter, Query

from commonground.web import DatabaseDep
from insight import use_cases
from insight.api.dependencies import Analyst, MunicipalityQuery, SettingsDep
from insight.domain import Grouping, Period
from insight.schemas import CountAnswer, Counts, Day

router = APIRouter()


@router.get("/counts")
async def count_reports(
    database: DatabaseDep,
    settings: SettingsDep,
    principal: Analyst,
    first: Annotated[Day | None, Query(alias="from", description="First day; 29 days before `to` when absent")] = None,
    last: Annotated[Day | None, Query(alias="to", description="Last day; today when absent")] = None,
    group_by: Annotated[Grouping, Query(alias="groupBy")] = Grouping.DAY,
    municipality: MunicipalityQuery = None,
) -> Counts:
    """Return how many reports came in and were closed, by day, category, department or district."""
    period = Period.checked(first, last, use_cases.today(settings))
    municipalities = use_cases.mine(principal, settings, municipality)
    async with database.transaction() as session:
        counts = await use_cases.count_reports(session, municipalities, period, group_by)
    return Counts(
        **{"from": period.first, "to": period.last},
        group_by=group_by,
        items=[CountAnswer.model_validate(count) for count in counts],
        next_cursor=None,
    )
