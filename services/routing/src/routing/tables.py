"""Tables of routing."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from commonground.database import new_metadata

metadata = new_metadata()

# Changes with every change of departments, categories, areas or rules, so that a process knows when the copy that
# it keeps in memory is old. A random value and no counter: a rolled back change can then never look current.
configurations = sa.Table(
    "configurations",
    metadata,
    sa.Column("municipality", sa.Text, primary_key=True),
    sa.Column("token", UUID, nullable=False),
)

departments = sa.Table(
    "departments",
    metadata,
    sa.Column("municipality", sa.Text, primary_key=True),
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
)

# `main_category` and `active` are a copy of what classification tells, department and term are routing's own; a
# category that nobody has decided on has neither.
categories = sa.Table(
    "categories",
    metadata,
    sa.Column("municipality", sa.Text, primary_key=True),
    sa.Column("slug", sa.Text, primary_key=True),
    sa.Column("main_category", sa.Text, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("category_sequence", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("department", sa.Text),
    sa.Column("term_days", sa.Integer),
    sa.Column("term_kind", sa.Text),
)

areas = sa.Table(
    "areas",
    metadata,
    sa.Column("municipality", sa.Text, primary_key=True),
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("geometry", JSONB, nullable=False),
)

rules = sa.Table(
    "rules",
    metadata,
    sa.Column("id", UUID, primary_key=True),
    sa.Column("municipality", sa.Text, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("conditions", JSONB, nullable=False),
    sa.Column("department", sa.Text, nullable=False),
    sa.Column("assignee", UUID),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("valid_from", sa.DateTime(timezone=True)),
    sa.Column("valid_until", sa.DateTime(timezone=True)),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("changed_by", sa.Text, nullable=False),
    sa.UniqueConstraint("municipality", "position", deferrable=True, initially="DEFERRED"),
)

# What others told about a report, each group of columns owned by one source and guarded by its sequence; behind them
# the outcome that stands now. A row can exist before its report-submitted has arrived.
reports = sa.Table(
    "reports",
    metadata,
    sa.Column("report_id", UUID, primary_key=True),
    sa.Column("municipality", sa.Text, nullable=False),
    sa.Column("intake_sequence", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("longitude", sa.Double),
    sa.Column("latitude", sa.Double),
    sa.Column("source", sa.Text),
    sa.Column("submitted_at", sa.DateTime(timezone=True)),
    sa.Column("texts_sequence", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("answers", JSONB(none_as_null=True)),
    sa.Column("classification_sequence", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("category", sa.Text),
    sa.Column("main_category", sa.Text),
    sa.Column("classified_by", sa.Text),
    sa.Column("classified_at", sa.DateTime(timezone=True)),
    sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("routing_sequence", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("department", sa.Text),
    sa.Column("outcome", sa.Text),
    sa.Column("manual_department", sa.Text),
    sa.Column("manual_at", sa.DateTime(timezone=True)),
    sa.Index(
        "ix_reports_waiting",
        "heard_at",
        postgresql_where=sa.text("routing_sequence = 0 AND intake_sequence > 0 AND classification_sequence > 0"),
    ),
)

# Every routing that ever was, with its reason.
routings = sa.Table(
    "routings",
    metadata,
    sa.Column("report_id", UUID, primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True),
    sa.Column("municipality", sa.Text, nullable=False),
    sa.Column("category", sa.Text, nullable=False),
    sa.Column("department", sa.Text, nullable=False),
    sa.Column("department_name", sa.Text, nullable=False),
    sa.Column("assignee", UUID),
    sa.Column("deadline", sa.DateTime(timezone=True), nullable=False),
    sa.Column("term_days", sa.Integer, nullable=False),
    sa.Column("term_kind", sa.Text, nullable=False),
    sa.Column("areas", ARRAY(sa.Text), nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("rule", UUID),
    sa.Column("rule_name", sa.Text),
    sa.Column("passed_over", JSONB, nullable=False),
    sa.Column("actor", sa.Text),
    sa.Column("routed_at", sa.DateTime(timezone=True), nullable=False),
)
