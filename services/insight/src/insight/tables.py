"""Tables of insight: read models only, every row can be made again from the topics."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID

from commonground.database import new_metadata

metadata = new_metadata()

# What others told about a report, each group of columns owned by one source and guarded by its sequence, so that
# neither order nor repeats matter. `feature_head` is the part of its GeoJSON that never changes, written once, so that
# the map joins texts in place of building 28,000 objects.
reports = sa.Table(
    "reports",
    metadata,
    sa.Column("report_id", UUID, primary_key=True),
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
    sa.Column("case_id", UUID),
    sa.Column("case_sequence", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("case_changed_at", sa.DateTime(timezone=True)),
    sa.Column("case_status", sa.Text),
    sa.Column("closed_on", sa.Date),
    # False while the report is joined to another one's case, which then has the point on the map.
    sa.Column("leads", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Index("ix_reports_municipality_submitted_on", "municipality", "submitted_on"),
    sa.Index(
        "ix_reports_municipality_closed_on",
        "municipality",
        "closed_on",
        postgresql_where=sa.text("closed_on IS NOT NULL"),
    ),
    sa.Index(
        "ix_reports_open_place",
        sa.text("point(longitude, latitude)"),
        postgresql_using="gist",
        postgresql_where=sa.text("closed_on IS NULL AND leads"),
    ),
)

# `feature_tail` is the end of the GeoJSON of every report of the category.
categories = sa.Table(
    "categories",
    metadata,
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

departments = sa.Table(
    "departments",
    metadata,
    sa.Column("municipality", sa.Text, primary_key=True),
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("department_sequence", sa.BigInteger, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
)
