"""Events that routing publishes; both streams are open."""

from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from commonground.contracts import Published
from commonground.messaging import EventData, Stream, Tier, dead_letters

ROUTINGS = Stream("routing", "routings", Tier.OPEN, "Which department handles a report, and until when", compacted=True)
DEPARTMENTS = Stream("routing", "departments", Tier.OPEN, "Departments by municipality and code", compacted=True)
STREAMS = (ROUTINGS, DEPARTMENTS, dead_letters.stream("routing"))


class ReportRouted(EventData, name="report-routed", stream=ROUTINGS):
    """A report has been given to a department; the one with the highest sequence stands."""

    report_id: UUID
    municipality: str = Field(description="CBS code, for instance GM0106")
    category: str = Field(description="Slug of the category that the report had when it was routed")
    department: str = Field(description="Code of the department")
    department_name: str
    assignee: UUID | None = Field(description="User that the rule names, if it names one")
    deadline: datetime = Field(description="Last moment of the handling term")
    term_days: int
    term_kind: Literal["working", "calendar"]
    rule: UUID | None = Field(description="Rule that decided, if a rule did")
    areas: list[str] = Field(description="Codes of the areas that hold the place, from large to small: district first")
    origin: Literal["rule", "category", "fallback", "manual"] = Field(description="What decided about the department")
    actor: str | None = Field(description="User who chose the department by hand")
    routed_at: datetime


class DepartmentChanged(EventData, name="department-changed", stream=DEPARTMENTS):
    """A department is new or has changed."""

    municipality: str
    code: str
    name: str
    active: bool = Field(description="Whether it can be given work")


_REPORT = UUID("01930f2e-0000-7000-8000-000000000001")
PUBLISHED = (
    Published(
        ReportRouted(
            report_id=_REPORT,
            municipality="GM0106",
            category="lantaarnpaal-straatverlichting",
            department="VRL",
            department_name="Openbare verlichting",
            assignee=None,
            deadline=datetime(2026, 12, 21, 22, 59, 59, tzinfo=UTC),
            term_days=21,
            term_kind="working",
            rule=None,
            areas=["WK010600", "BU01060000"],
            origin="category",
            actor=None,
            routed_at=datetime(2026, 11, 20, 9, 30, 1, tzinfo=UTC),
        ),
        key=str(_REPORT),
        subject=str(_REPORT),
    ),
    Published(
        DepartmentChanged(municipality="GM0106", code="VRL", name="Openbare verlichting", active=True),
        key="GM0106:VRL",
        subject="GM0106:VRL",
    ),
)
