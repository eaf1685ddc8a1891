"""Departments, categories, areas, rules, what is known of reports, their routings, and the messaging tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from commonground.migrations import create_idempotency_table, create_messaging_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_messaging_tables()
    create_idempotency_table()
    _create_configuration()
    _create_reports()


def _create_configuration() -> None:
    op.create_table(
        "configurations",
        sa.Column("municipality", sa.Text, primary_key=True),
        sa.Column("token", pg.UUID, nullable=False),
    )
    op.create_table(
        "departments",
        sa.Column("municipality", sa.Text, primary_key=True),
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.CheckConstraint("code ~ '^[A-Z0-9]{2,10}$'", name="ck_departments_code"),
    )
    op.create_table(
        "categories",
        sa.Column("municipality", sa.Text, primary_key=True),
        sa.Column("slug", sa.Text, primary_key=True),
        sa.Column("main_category", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("category_sequence", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("department", sa.Text),
        sa.Column("term_days", sa.Integer),
        sa.Column("term_kind", sa.Text),
        sa.ForeignKeyConstraint(
            ["municipality", "department"],
            ["departments.municipality", "departments.code"],
            name="fk_categories_department",
        ),
        sa.CheckConstraint("term_kind IN ('working', 'calendar')", name="ck_categories_term_kind"),
        sa.CheckConstraint("term_days BETWEEN 0 AND 365", name="ck_categories_term_days"),
    )
    op.create_table(
        "areas",
        sa.Column("municipality", sa.Text, primary_key=True),
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("geometry", pg.JSONB, nullable=False),
        sa.CheckConstraint("kind IN ('district', 'neighbourhood')", name="ck_areas_kind"),
    )
    op.create_table(
        "rules",
        sa.Column("id", pg.UUID, primary_key=True),
        sa.Column("municipality", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("conditions", pg.JSONB, nullable=False),
        sa.Column("department", sa.Text, nullable=False),
        sa.Column("assignee", pg.UUID),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True)),
        sa.Column("valid_until", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        # Checked at the end, so that a new order can be written in one statement.
        sa.UniqueConstraint(
            "municipality", "position", name="uq_rules_municipality_position", deferrable=True, initially="DEFERRED"
        ),
    )


def _create_reports() -> None:
    op.create_table(
        "reports",
        sa.Column("report_id", pg.UUID, primary_key=True),
        sa.Column("municipality", sa.Text, nullable=False),
        sa.Column("intake_sequence", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("longitude", sa.Double),
        sa.Column("latitude", sa.Double),
        sa.Column("source", sa.Text),
        sa.Column("submitted_at", sa.DateTime(timezone=True)),
        sa.Column("texts_sequence", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("answers", pg.JSONB),
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
    )
    op.create_index(
        "ix_reports_waiting",
        "reports",
        ["heard_at"],
        postgresql_where=sa.text("routing_sequence = 0 AND intake_sequence > 0 AND classification_sequence > 0"),
    )
    op.create_table(
        "routings",
        sa.Column("report_id", pg.UUID, primary_key=True),
        sa.Column("sequence", sa.BigInteger, primary_key=True),
        sa.Column("municipality", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("department", sa.Text, nullable=False),
        sa.Column("department_name", sa.Text, nullable=False),
        sa.Column("assignee", pg.UUID),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=False),
        sa.Column("term_days", sa.Integer, nullable=False),
        sa.Column("term_kind", sa.Text, nullable=False),
        sa.Column("areas", pg.ARRAY(sa.Text), nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("rule", pg.UUID),
        sa.Column("rule_name", sa.Text),
        sa.Column("passed_over", pg.JSONB, nullable=False),
        sa.Column("actor", sa.Text),
        sa.Column("routed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("origin IN ('rule', 'category', 'fallback', 'manual')", name="ck_routings_origin"),
    )


def downgrade() -> None:
    for table in ("routings", "reports", "rules", "areas", "categories", "departments", "configurations"):
        op.drop_table(table)
    for table in ("idempotency_keys", "dead_letters", "inbox", "outbox"):
        op.drop_table(table)
