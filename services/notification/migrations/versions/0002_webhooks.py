"""Webhooks: events to send, subscriptions with their queues, and the delivery log."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _moment(name: str, **options: object) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), **options)


def upgrade() -> None:
    op.create_table(
        "webhook_events",
        sa.Column("position", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("subject", sa.Text),
        sa.Column("municipality", sa.Text, nullable=False),
        sa.Column("report_id", pg.UUID),
        sa.Column("category", sa.Text),
        sa.Column("department", sa.Text),
        _moment("time", nullable=False),
        _moment("received_at", nullable=False, server_default=sa.func.now()),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("ix_webhook_events_event_id", "webhook_events", ["event_id"])
    op.create_index("ix_webhook_events_time", "webhook_events", ["time"])
    op.create_index("ix_webhook_events_municipality", "webhook_events", ["municipality", "position"])
    op.create_index("ix_webhook_events_received_at", "webhook_events", ["received_at"], postgresql_using="brin")
    op.create_table(
        "webhook_reports",
        sa.Column("id", pg.UUID, primary_key=True),
        sa.Column("category", sa.Text),
        sa.Column("category_sequence", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("department", sa.Text),
        sa.Column("department_sequence", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("longitude", sa.Double),
        sa.Column("latitude", sa.Double),
        postgresql_with={"fillfactor": 80},
    )
    op.create_table(
        "webhook_subscriptions",
        sa.Column("id", pg.UUID, primary_key=True),
        sa.Column("municipality", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("previous_secret", sa.Text),
        _moment("previous_until"),
        sa.Column("filter", pg.JSONB, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        _moment("state_since", nullable=False, server_default=sa.func.now()),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.Column("examined", sa.BigInteger, nullable=False),
        sa.Column("dropped", sa.BigInteger, nullable=False, server_default="0"),
        _moment("created_at", nullable=False, server_default=sa.func.now()),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_by_name", sa.Text, nullable=False),
        _moment("changed_at", nullable=False, server_default=sa.func.now()),
        sa.CheckConstraint("state IN ('active', 'paused', 'failed')", name="ck_webhook_subscriptions_state"),
        sa.UniqueConstraint("municipality", "name", name="uq_webhook_subscriptions_name"),
    )
    op.create_table(
        "webhook_lanes",
        sa.Column("subscription_id", pg.UUID, nullable=False),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("claim", pg.UUID),
        _moment("due_at", nullable=False, server_default=sa.func.now()),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        _moment("failing_since"),
        sa.CheckConstraint("lane IN ('live', 'redelivery')", name="ck_webhook_lanes_lane"),
        sa.PrimaryKeyConstraint("subscription_id", "lane", name="pk_webhook_lanes"),
        _belongs("webhook_lanes"),
        # Changed at every delivery: room on the page keeps that cheap (HOT updates).
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "webhook_queue",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("subscription_id", pg.UUID, nullable=False),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        _belongs("webhook_queue"),
    )
    op.create_index("ix_webhook_queue_lane", "webhook_queue", ["subscription_id", "lane", "id"])
    op.create_index("ix_webhook_queue_position", "webhook_queue", ["position"])
    op.create_table(
        "webhook_redeliveries",
        sa.Column("id", pg.UUID, primary_key=True),
        sa.Column("subscription_id", pg.UUID, nullable=False),
        sa.Column("examined", sa.BigInteger, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        _moment("time_from"),
        _moment("time_until"),
        sa.Column("queued", sa.BigInteger, nullable=False, server_default="0"),
        _moment("requested_at", nullable=False, server_default=sa.func.now()),
        sa.Column("requested_by", sa.Text, nullable=False),
        sa.Column("requested_by_name", sa.Text, nullable=False),
        _moment("done_at"),
        _belongs("webhook_redeliveries"),
    )
    op.create_index(
        "ix_webhook_redeliveries_subscription_id", "webhook_redeliveries", ["subscription_id", "requested_at"]
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("subscription_id", pg.UUID, nullable=False),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        _moment("at", nullable=False, server_default=sa.func.now()),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("code", sa.Text),
        sa.Column("status", sa.SmallInteger),
        sa.Column("milliseconds", sa.Integer, nullable=False),
        sa.Column("answer", sa.Text),
        sa.CheckConstraint("outcome IN ('delivered', 'failed')", name="ck_webhook_deliveries_outcome"),
        _belongs("webhook_deliveries"),
    )
    op.create_index("ix_webhook_deliveries_subscription_id", "webhook_deliveries", ["subscription_id", "id"])
    op.create_index("ix_webhook_deliveries_at", "webhook_deliveries", ["at"], postgresql_using="brin")


def _belongs(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["subscription_id"], ["webhook_subscriptions.id"], name=f"fk_{table}_subscription_id", ondelete="CASCADE"
    )


def downgrade() -> None:
    for table in ("deliveries", "redeliveries", "queue", "lanes", "subscriptions", "reports", "events"):
        op.drop_table(f"webhook_{table}")
