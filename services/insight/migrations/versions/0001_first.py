"""Reports as everyone may see and count them, categories, and the messaging tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from commonground.migrations import create_messaging_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_messaging_tables()
    op.create_table(
        "reports",
        sa.Column("report_id", pg.UUID, primary_key=True),
        sa.Column("municipality", sa.Text, nullable=False),
        sa.Column("intake_sequence", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("longitude", sa.Double),
        sa.Column("latitude", sa.Double),
        sa.Column("submitted_on", sa.Date),
        sa.Column("feature_head", sa.Text),
        sa.Column("classification_sequence", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("category", sa.Text),
        sa.Column("routing_sequence", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("department", sa.Text),
        sa.Column("district", sa.Text),
        sa.Column("case_id", pg.UUID),
        sa.Column("case_sequence", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("case_changed_at", sa.DateTime(timezone=True)),
        sa.Column("case_status", sa.Text),
        sa.Column("closed_on", sa.Date),
        sa.Column("leads", sa.Boolean, nullable=False, server_default=sa.true()),
    )
    op.create_index("ix_reports_municipality_submitted_on", "reports", ["municipality", "submitted_on"])
    op.create_index(
        "ix_reports_municipality_closed_on",
        "reports",
        ["municipality", "closed_on"],
        postgresql_where=sa.text("closed_on IS NOT NULL"),
    )
    op.create_index(
        "ix_reports_open_place",
        "reports",
        [sa.text("point(longitude, latitude)")],
        postgresql_using="gist",
        postgresql_where=sa.text("closed_on IS NULL AND leads"),
    )
    op.create_table(
        "categories",
        sa.Column("municipality", sa.Text, primary_key=True),
        sa.Column("slug", sa.Text, primary_key=True),
        sa.Column("category_sequence", sa.BigInteger, nullable=False),
        sa.Column("main_category", sa.Text, nullable=False),
        sa.Column("name_nl", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("main_name_nl", sa.Text, nullable=False),
        sa.Column("main_name_en", sa.Text, nullable=False),
        sa.Column("public", sa.Boolean, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("feature_tail", sa.Text, nullable=False),
    )
    op.create_table(
        "departments",
        sa.Column("municipality", sa.Text, primary_key=True),
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("department_sequence", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
    )


def downgrade() -> None:
    for table in ("departments", "categories", "reports", "dead_letters", "inbox", "outbox"):
        op.drop_table(table)
