"""Routing rules: their content, their order and whether they can do their work."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from commonground.web import DatabaseDep
from routing import store, use_cases
from routing.api.dependencies import Administrator, ConfigurationsDep, MunicipalityQuery, Reader, SettingsDep
from routing.domain.decisions import Configuration
from routing.domain.rules import faults_of
from routing.schemas import ConditionsAnswer, FaultAnswer, NewRule, ReplacedRule, RuleAnswer, RuleOrder, Rules
from routing.use_cases.configuring import mine, only_mine

router = APIRouter()

_NO_CONDITIONS: dict[str, Any] = {
    "categories": [],
    "main_categories": [],
    "areas": [],
    "sources": [],
    "answers": [],
    "weekdays": [],
    "from_time": None,
    "until_time": None,
}
_PLAIN = (
    "id",
    "municipality",
    "position",
    "name",
    "department",
    "assignee",
    "active",
    "valid_from",
    "valid_until",
    "version",
    "changed_at",
    "changed_by",
)


def _presented(row: Any, configuration: Configuration) -> RuleAnswer:
    faults = faults_of(store.to_rule(row), configuration.known)
    return RuleAnswer(
        **{name: getattr(row, name) for name in _PLAIN},
        conditions=ConditionsAnswer(**{**_NO_CONDITIONS, **row.conditions}),
        broken=[FaultAnswer(kind=fault.kind.value, reference=fault.reference) for fault in faults],
    )


@router.get("/rules")
async def list_rules(
    database: DatabaseDep,
    settings: SettingsDep,
    configurations: ConfigurationsDep,
    principal: Reader,
    municipality: MunicipalityQuery = None,
) -> Rules:
    """Return all rules in the order in which they are tried; broken ones say what is wrong."""
    items: list[RuleAnswer] = []
    async with database.transaction() as session:
        for one in mine(principal, settings, municipality):
            current = await configurations.current(session, one)
            items += [_presented(row, current) for row in await store.rules(session, one)]
    return Rules(items=items, next_cursor=None)


@router.post("/rules", status_code=201)
async def add_rule(
    body: NewRule,
    database: DatabaseDep,
    settings: SettingsDep,
    configurations: ConfigurationsDep,
    principal: Administrator,
) -> RuleAnswer:
    """Add a rule behind the others."""
    municipality = only_mine(principal, settings, body.municipality)
    async with database.transaction() as session:
        row = await use_cases.add_rule(session, principal, municipality, body.to_stored())
        current = await configurations.current(session, municipality)
    return _presented(row, current)


@router.put(
    "/rules/{ruleId}",
    responses={404: {"description": "There is no such rule"}, 409: {"description": "Somebody has changed the rule"}},
)
async def replace_rule(
    ruleId: UUID,  # noqa: N803 - path parameters are camelCase in the API
    body: ReplacedRule,
    database: DatabaseDep,
    settings: SettingsDep,
    configurations: ConfigurationsDep,
    principal: Administrator,
) -> RuleAnswer:
    """Give a rule another content; it keeps its place in the order."""
    async with database.transaction() as session:
        row = await use_cases.replace_rule(
            session, principal, settings, ruleId, body.to_stored(), body.expected_version
        )
        current = await configurations.current(session, row.municipality)
    return _presented(row, current)


async def _set_activity(
    rule_id: UUID,
    database: DatabaseDep,
    settings: SettingsDep,
    configurations: ConfigurationsDep,
    principal: Administrator,
    *,
    active: bool,
) -> RuleAnswer:
    async with database.transaction() as session:
        row = await use_cases.set_rule_activity(session, principal, settings, rule_id, active=active)
        current = await configurations.current(session, row.municipality)
    return _presented(row, current)


@router.post(
    "/rules/{ruleId}/deactivations", status_code=201, responses={404: {"description": "There is no such rule"}}
)
async def deactivate_rule(
    ruleId: UUID,  # noqa: N803 - path parameters are camelCase in the API
    database: DatabaseDep,
    settings: SettingsDep,
    configurations: ConfigurationsDep,
    principal: Administrator,
) -> RuleAnswer:
    """Switch a rule off; it keeps its place."""
    return await _set_activity(ruleId, database, settings, configurations, principal, active=False)


@router.post("/rules/{ruleId}/activations", status_code=201, responses={404: {"description": "There is no such rule"}})
async def activate_rule(
    ruleId: UUID,  # noqa: N803 - path parameters are camelCase in the API
    database: DatabaseDep,
    settings: SettingsDep,
    configurations: ConfigurationsDep,
    principal: Administrator,
) -> RuleAnswer:
    """Switch a rule on again."""
    return await _set_activity(ruleId, database, settings, configurations, principal, active=True)


@router.put("/rule-order", responses={409: {"description": "The order does not name every rule once"}})
async def reorder_rules(
    body: RuleOrder,
    database: DatabaseDep,
    settings: SettingsDep,
    configurations: ConfigurationsDep,
    principal: Administrator,
) -> Rules:
    """Put the rules in another order; all must be named, so that nobody moves a rule unseen."""
    municipality = only_mine(principal, settings, body.municipality)
    async with database.transaction() as session:
        rows = await use_cases.reorder_rules(session, municipality, body.rules)
        current = await configurations.current(session, municipality)
    return Rules(items=[_presented(row, current) for row in rows], next_cursor=None)
