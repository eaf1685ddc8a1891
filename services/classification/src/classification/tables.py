"""Tables of classification."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, UUID

from commonground.database import new_metadata

metadata = new_metadata()

main_categories = sa.Table(
    "main_categories",
    metadata,
    sa.Column("municipality", sa.Text, primary_key=True),
    sa.Column("slug", sa.Text, primary_key=True),
    sa.Column("position", sa.SmallInteger, nullable=False),
    sa.Column("name_nl", sa.Text, nullable=False),
    sa.Column("name_en", sa.Text, nullable=False),
    # The category for what surely belongs here but is nothing in particular; some main categories have none.
    sa.Column("rest_category", sa.Text),
)

categories = sa.Table(
    "categories",
    metadata,
    sa.Column("municipality", sa.Text, primary_key=True),
    sa.Column("slug", sa.Text, primary_key=True),
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
        ["municipality", "main_category"], ["main_categories.municipality", "main_categories.slug"]
    ),
)

# What two topics tell about a report; each column is owned by one of them, and either may come first. The text
# itself is not kept: the prediction is made when it is heard.
reports = sa.Table(
    "reports",
    metadata,
    sa.Column("report_id", UUID, primary_key=True),
    sa.Column("municipality", sa.Text, nullable=False),
    # From the report.
    sa.Column("chosen_category", sa.Text),
    sa.Column("submitted_sequence", sa.BigInteger),
    # From its text.
    sa.Column("model_category", sa.Text),
    sa.Column("model_confidence", sa.Double),
    sa.Column("model_version", sa.Text),
    sa.Column("predictions", JSONB(none_as_null=True)),
    sa.Column("predicted_at", sa.DateTime(timezone=True)),
    sa.Column("text_sequence", sa.BigInteger),
    # Our own: the number of classifications, which is the sequence of the newest.
    sa.Column("version", sa.BigInteger, nullable=False, server_default="0"),
)

classifications = sa.Table(
    "classifications",
    metadata,
    sa.Column("report_id", UUID, primary_key=True),
    sa.Column("version", sa.BigInteger, primary_key=True),
    sa.Column("municipality", sa.Text, nullable=False),
    sa.Column("category", sa.Text, nullable=False),
    sa.Column("main_category", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("confidence", sa.Double),
    sa.Column("model_version", sa.Text),
    sa.Column("actor", sa.Text),
    sa.Column("classified_at", sa.DateTime(timezone=True), nullable=False),
    sa.Index("ix_classifications_corrections", "classified_at", postgresql_where=sa.text("origin = 'handler'")),
)
