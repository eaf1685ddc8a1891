"""One function per thing that somebody, or an event, can do in routing."""

from routing.use_cases.configuring import (
    add_rule,
    change_category_term,
    change_department,
    list_areas,
    list_departments,
    record_categories,
    reorder_rules,
    replace_rule,
    set_rule_activity,
)
from routing.use_cases.routing import (
    forget_answers,
    history_of,
    record_answers,
    record_classifications,
    record_submissions,
    route_by_hand,
    route_waiting,
)
from routing.use_cases.seeding import seed

__all__ = [
    "add_rule",
    "change_category_term",
    "change_department",
    "forget_answers",
    "history_of",
    "list_areas",
    "list_departments",
    "record_answers",
    "record_categories",
    "record_classifications",
    "record_submissions",
    "reorder_rules",
    "replace_rule",
    "route_by_hand",
    "route_waiting",
    "seed",
    "set_rule_activity",
]
