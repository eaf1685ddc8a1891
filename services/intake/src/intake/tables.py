"""Tables of intake."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, UUID

from commonground.database import new_metadata

metadata = new_metadata()

# Contact data stand in the report's own row: one statement stores them, one statement removes them.
reports = sa.Table(
    "reports",
    metadata,
    sa.Column("id", UUID, primary_key=True),
    sa.Column("number", sa.Text, nullable=False, unique=True),
    sa.Column("municipality", sa.Text, nullable=False),
    sa.Column("status_token", sa.Text, unique=True),  # empty when the report was destroyed
    sa.Column("description", sa.Text),
    sa.Column("longitude", sa.Double, nullable=False),
    sa.Column("latitude", sa.Double, nullable=False),
    sa.Column("address", JSONB(none_as_null=True)),
    sa.Column("answers", JSONB, nullable=False),
    sa.Column("occurred_at", sa.DateTime(timezone=True)),
    sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("chosen_category", sa.Text),
    sa.Column("email", sa.Text),
    sa.Column("phone", sa.Text),
    sa.Column("sequence", sa.BigInteger, nullable=False, server_default="1"),  # the newest one in its streams
    sa.Column("anonymised_at", sa.DateTime(timezone=True)),
    sa.Column("anonymised_by", sa.Text),  # user id; empty when the time was over
    sa.Column("destroyed_at", sa.DateTime(timezone=True)),
    sa.Column("destroyed_by", sa.Text),
    sa.Index("ix_reports_submitted_at", "submitted_at", postgresql_using="brin"),
    sa.Index(
        "ix_reports_reachable", "submitted_at", postgresql_where=sa.text("email IS NOT NULL OR phone IS NOT NULL")
    ),
    sa.Index("ix_reports_kept", "submitted_at", postgresql_where=sa.text("destroyed_at IS NULL")),
)

# A photo is uploaded before its report exists; rows without a report are deleted after a day.
uploads = sa.Table(
    "uploads",
    metadata,
    sa.Column("id", UUID, primary_key=True),
    sa.Column("report_id", UUID, sa.ForeignKey("reports.id", ondelete="CASCADE"), index=True),
    sa.Column("position", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("stored", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("width", sa.Integer, nullable=False, server_default="0"),
    sa.Column("height", sa.Integer, nullable=False, server_default="0"),
    sa.Column("size", sa.Integer, nullable=False, server_default="0"),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Index("ix_uploads_loose", "created_at", postgresql_where=sa.text("report_id IS NULL")),
)

# Copies of what others tell about a report, each column owned by one source.
report_states = sa.Table(
    "report_states",
    metadata,
    sa.Column("report_id", UUID, primary_key=True),
    sa.Column("case_status", sa.Text),
    sa.Column("case_changed_at", sa.DateTime(timezone=True)),
    sa.Column("case_sequence", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("category", sa.Text),
    sa.Column("classification_sequence", sa.BigInteger, nullable=False, server_default="0"),
)

reporter_messages = sa.Table(
    "reporter_messages",
    metadata,
    sa.Column("id", UUID, primary_key=True),
    sa.Column("report_id", UUID, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("text", sa.Text),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
)

categories = sa.Table(
    "categories",
    metadata,
    sa.Column("municipality", sa.Text, primary_key=True),
    sa.Column("slug", sa.Text, primary_key=True),
    sa.Column("name_nl", sa.Text, nullable=False),
    sa.Column("name_en", sa.Text, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
)
