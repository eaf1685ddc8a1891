"""What removing people's data leaves behind: when it was done, by whom, and no status page."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.alter_column("reports", "status_token", nullable=True)
    # The newest sequence of the report in its streams; each report begins with 1.
    op.add_column("reports", sa.Column("sequence", sa.BigInteger, nullable=False, server_default="1"))
    for name in ("anonymised", "destroyed"):
        op.add_column("reports", sa.Column(f"{name}_at", _TIME))
        op.add_column("reports", sa.Column(f"{name}_by", sa.Text))
    op.add_column("report_states", sa.Column("case_changed_at", _TIME))
    # What the retention looks for every few minutes; both shrink as it does its work.
    op.create_index(
        "ix_reports_reachable",
        "reports",
        ["submitted_at"],
        postgresql_where=sa.text("email IS NOT NULL OR phone IS NOT NULL"),
    )
    op.create_index("ix_reports_kept", "reports", ["submitted_at"], postgresql_where=sa.text("destroyed_at IS NULL"))


def downgrade() -> None:
    op.drop_index("ix_reports_kept", "reports")
    op.drop_index("ix_reports_reachable", "reports")
    op.drop_column("report_states", "case_changed_at")
    for name in ("sequence", "anonymised_at", "anonymised_by", "destroyed_at", "destroyed_by"):
        op.drop_column("reports", name)
    # A destroyed report has no address of a status page: it gets one that nobody knows.
    op.execute("UPDATE reports SET status_token = md5(id::text || random()::text) WHERE status_token IS NULL")
    op.alter_column("reports", "status_token", nullable=False)
