"""Messaging tables and one table to see effects in."""

import sqlalchemy as sa
from alembic import op

from commonground.migrations import create_idempotency_table, create_messaging_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_messaging_tables()
    create_idempotency_table()
    op.create_table(
        "effects",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    for table in ("effects", "idempotency_keys", "dead_letters", "inbox", "outbox"):
        op.drop_table(table)
