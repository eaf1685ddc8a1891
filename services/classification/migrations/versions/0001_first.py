"""The category tree, what is known of reports, their classifications, and the messaging tables."""

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
    op.create_table(
        "main_categories",
        sa.Column("municipality", sa.Text, nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("position", sa.SmallInteger, nullable=False),
        sa.Column("name_nl", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("rest_category", sa.Text),
        sa.CheckConstraint("municipality ~ '^GM[0-9]{4}$'", name="ck_main_categories_municipality"),
        sa.PrimaryKeyConstraint("municipality", "slug", name="pk_main_categories"),
    )
    op.create_table(
        "categories",
        sa.Column("municipality", sa.Text, nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("main_category", sa.Text, nullable=False),
        sa.Column("position", sa.SmallInteger, nullable=False),
        sa.Column("name_nl", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("public_name_nl", sa.Text, nullable=False),
        sa.Column("public_name_en", sa.Text, nullable=False),
        sa.Column("description_nl", sa.Text, nullable=False),
        sa.Column("description_en", sa.Text, nullable=False),
        sa.Column("public", sa.Boolean, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["municipality", "main_category"],
            ["main_categories.municipality", "main_categories.slug"],
            name="fk_categories_municipality_main_category",
        ),
        sa.PrimaryKeyConstraint("municipality", "slug", name="pk_categories"),
    )
    op.create_table(
        "reports",
        sa.Column("report_id", pg.UUID, nullable=False),
        sa.Column("municipality", sa.Text, nullable=False),
        sa.Column("chosen_category", sa.Text),
        sa.Column("submitted_sequence", sa.BigInteger),
        sa.Column("model_category", sa.Text),
        sa.Column("model_confidence", sa.Double),
        sa.Column("model_version", sa.Text),
        sa.Column("predictions", pg.JSONB),
        sa.Column("predicted_at", sa.DateTime(timezone=True)),
        sa.Column("text_sequence", sa.BigInteger),
        sa.Column("version", sa.BigInteger, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("report_id", name="pk_reports"),
    )
    op.create_table(
        "classifications",
        sa.Column("report_id", pg.UUID, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("municipality", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("main_category", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("confidence", sa.Double),
        sa.Column("model_version", sa.Text),
        sa.Column("actor", sa.Text),
        sa.Column("classified_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("origin IN ('model', 'reporter', 'handler')", name="ck_classifications_origin"),
        sa.PrimaryKeyConstraint("report_id", "version", name="pk_classifications"),
    )
    # Corrections are what a next model learns from; they are few among many.
    op.create_index(
        "ix_classifications_corrections",
        "classifications",
        ["classified_at"],
        postgresql_where=sa.text("origin = 'handler'"),
    )


def downgrade() -> None:
    for table in ("classifications", "reports", "categories", "main_categories"):
        op.drop_table(table)
    for table in ("idempotency_keys", "dead_letters", "inbox", "outbox"):
        op.drop_table(table)
