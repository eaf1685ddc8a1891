"""Reports, uploads, copies of what others tell, and the messaging tables."""

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
    # Starts above 10,000 so that a number is never mistaken for a house number.
    op.execute("CREATE SEQUENCE report_numbers START 10001 CACHE 1")
    op.create_table(
        "reports",
        sa.Column("id", pg.UUID, primary_key=True),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("municipality", sa.Text, nullable=False),
        sa.Column("status_token", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("longitude", sa.Double, nullable=False),
        sa.Column("latitude", sa.Double, nullable=False),
        sa.Column("address", pg.JSONB),
        sa.Column("answers", pg.JSONB, nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True)),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("chosen_category", sa.Text),
        sa.Column("email", sa.Text),
        sa.Column("phone", sa.Text),
        sa.CheckConstraint("municipality ~ '^GM[0-9]{4}$'", name="ck_reports_municipality"),
        sa.CheckConstraint("longitude BETWEEN -180 AND 180 AND latitude BETWEEN -90 AND 90", name="ck_reports_place"),
        sa.UniqueConstraint("number", name="uq_reports_number"),
        sa.UniqueConstraint("status_token", name="uq_reports_status_token"),
    )
    op.create_index("ix_reports_submitted_at", "reports", ["submitted_at"], postgresql_using="brin")
    op.create_table(
        "uploads",
        sa.Column("id", pg.UUID, primary_key=True),
        sa.Column("report_id", pg.UUID),
        sa.Column("position", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("stored", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("width", sa.Integer, nullable=False, server_default="0"),
        sa.Column("height", sa.Integer, nullable=False, server_default="0"),
        sa.Column("size", sa.Integer, nullable=False, server_default="0"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name="fk_uploads_report_id", ondelete="CASCADE"),
    )
    op.create_index("ix_uploads_report_id", "uploads", ["report_id"])
    op.create_index("ix_uploads_loose", "uploads", ["created_at"], postgresql_where=sa.text("report_id IS NULL"))
    op.create_table(
        "report_states",
        sa.Column("report_id", pg.UUID, primary_key=True),
        sa.Column("case_status", sa.Text),
        sa.Column("case_sequence", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("category", sa.Text),
        sa.Column("classification_sequence", sa.BigInteger, nullable=False, server_default="0"),
    )
    op.create_table(
        "reporter_messages",
        sa.Column("id", pg.UUID, primary_key=True),
        sa.Column("report_id", pg.UUID, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("text", sa.Text),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_reporter_messages_report_id", "reporter_messages", ["report_id"])
    op.create_table(
        "categories",
        sa.Column("municipality", sa.Text, primary_key=True),
        sa.Column("slug", sa.Text, primary_key=True),
        sa.Column("name_nl", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    for table in ("categories", "reporter_messages", "report_states", "uploads", "reports"):
        op.drop_table(table)
    for table in ("idempotency_keys", "dead_letters", "inbox", "outbox"):
        op.drop_table(table)
    op.execute("DROP SEQUENCE report_numbers")
