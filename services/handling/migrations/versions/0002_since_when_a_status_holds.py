"""Since when a case has its status, which every event of the case tells."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("status_changed_at", sa.DateTime(timezone=True)))
    op.execute(
        "UPDATE cases SET status_changed_at = coalesce("
        "(SELECT max(at) FROM history WHERE case_id = cases.id AND kind IN ('opened', 'status')), submitted_at) "
        "WHERE submitted_at IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_column("cases", "status_changed_at")
