"""Copies of what others tell, templates, messages, the delivery log, and the messaging tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from commonground.migrations import create_idempotency_table, create_messaging_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _moment(name: str, **options: object) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), **options)


def upgrade() -> None:
    create_messaging_tables()
    create_idempotency_table()
    op.create_table(
        "reports",
        sa.Column("id", pg.UUID, primary_key=True),
        sa.Column("municipality", sa.Text, nullable=False),
        sa.Column("number", sa.Text),
        sa.Column("email", sa.Text),
        sa.Column("language", sa.Text),
        sa.Column("status_url", sa.Text),
        _moment("submitted_at"),
        sa.Column("contact_sequence", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("description", sa.Text),
        sa.Column("address", pg.JSONB),
        sa.Column("text_sequence", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("category", sa.Text),
        sa.Column("classification_sequence", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("department", sa.Text),
        _moment("deadline"),
        sa.Column("term_days", sa.Integer),
        sa.Column("term_kind", sa.Text),
        sa.Column("routing_sequence", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("case_id", pg.UUID),
        sa.Column("status", sa.Text),
        sa.Column("status_sequence", sa.BigInteger, nullable=False, server_default="0"),
        # Each report's row is changed about six times: room on the page keeps that cheap (HOT updates).
        postgresql_with={"fillfactor": 60},
    )
    op.create_table(
        "categories",
        sa.Column("municipality", sa.Text, primary_key=True),
        sa.Column("slug", sa.Text, primary_key=True),
        sa.Column("name_nl", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "templates",
        sa.Column("id", pg.UUID, primary_key=True),
        sa.Column("municipality", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        _moment("changed_at", nullable=False, server_default=sa.func.now()),
        sa.Column("changed_by", sa.Text),
        sa.Column("changed_by_name", sa.Text),
        sa.UniqueConstraint("municipality", "kind", "language", "version", name="uq_templates_version"),
    )
    op.create_table(
        "messages",
        sa.Column("id", pg.UUID, primary_key=True),
        sa.Column("report_id", pg.UUID, nullable=False),
        sa.Column("municipality", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("case_id", pg.UUID),
        sa.Column("request", sa.Text),
        _moment("requested_at", nullable=False),
        sa.Column("traceparent", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        _moment("due_at"),
        _moment("give_up_at"),
        sa.Column("claim", pg.UUID),
        sa.Column("round", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        _moment("settled_at"),
        sa.Column("sequence", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("recipient", sa.Text),
        sa.Column("mail_id", sa.Text),
        sa.Column("language", sa.Text),
        sa.Column("subject", sa.Text),
        sa.Column("body", sa.Text),
        sa.Column("facts", pg.JSONB),
        sa.Column("template_version", sa.Integer),
        sa.CheckConstraint("kind IN ('confirmation', 'closing', 'update', 'question')", name="ck_messages_kind"),
        sa.CheckConstraint("state IN ('waiting', 'due', 'delivered', 'failed', 'skipped')", name="ck_messages_state"),
        sa.CheckConstraint("state <> 'due' OR (due_at IS NOT NULL AND give_up_at IS NOT NULL)", name="ck_messages_due"),
        sa.UniqueConstraint("report_id", "kind", "cause", name="uq_messages_cause"),
        postgresql_with={"fillfactor": 60},
    )
    op.create_index("ix_messages_due", "messages", ["due_at"], postgresql_where=sa.text("state = 'due'"))
    op.create_index("ix_messages_list", "messages", ["municipality", "requested_at", "id"])
    op.create_index(
        "ix_messages_failed",
        "messages",
        ["municipality", "requested_at", "id"],
        postgresql_where=sa.text("state = 'failed'"),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("message_id", pg.UUID, nullable=False),
        sa.Column("round", sa.SmallInteger, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        _moment("at", nullable=False, server_default=sa.func.now()),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("code", sa.SmallInteger),
        sa.Column("answer", sa.Text),
        sa.CheckConstraint("outcome IN ('delivered', 'deferred', 'refused')", name="ck_deliveries_outcome"),
    )
    op.create_index("ix_deliveries_message_id", "deliveries", ["message_id"])
    op.create_table(
        "resends",
        sa.Column("id", pg.UUID, primary_key=True),
        sa.Column("message_id", pg.UUID, nullable=False),
        sa.Column("round", sa.SmallInteger, nullable=False),
        _moment("at", nullable=False, server_default=sa.func.now()),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("actor_name", sa.Text, nullable=False),
    )
    op.create_index("ix_resends_message_id", "resends", ["message_id"])


def downgrade() -> None:
    for table in ("resends", "deliveries", "messages", "templates", "categories", "reports"):
        op.drop_table(table)
    for table in ("idempotency_keys", "dead_letters", "inbox", "outbox"):
        op.drop_table(table)
