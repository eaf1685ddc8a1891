"""Tables of handling.

``cases`` holds what lists filter and sort on and nothing wide; ``reports`` holds the copies of what residents wrote.
Each column belongs to one source (named by its ``*_sequence``), so that events of different topics may arrive in
any order; see ``incoming.py``.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR, UUID

from commonground.database import new_metadata

metadata = new_metadata()

_TIME = sa.DateTime(timezone=True)
_IS_CLOSED = "status IN ('closed', 'cancelled', 'split')"
# Closed cases are not urgent and not due: in these orders they stand behind all open ones.
DUE = (
    f"CASE WHEN {_IS_CLOSED} THEN timestamptz '9999-12-31 00:00:00+00' "
    "ELSE coalesce(deadline, timestamptz '9998-12-31 00:00:00+00') END"
)
URGENCY = f"CASE WHEN {_IS_CLOSED} THEN 0::smallint ELSE priority END"
NUMBER_VALUE = "coalesce(substring(number from '[0-9]{1,15}$')::bigint, 0)"


def _sequence(name: str) -> "sa.Column[int]":
    return sa.Column(f"{name}_sequence", sa.BigInteger, nullable=False, server_default="0")


cases = sa.Table(
    "cases",
    metadata,
    sa.Column("id", UUID, primary_key=True),
    sa.Column("report_id", UUID, nullable=False),
    sa.Column("municipality", sa.Text, nullable=False),
    # From intake; a case is in the lists once these are known.
    _sequence("submitted"),
    sa.Column("number", sa.Text),
    sa.Column("submitted_at", _TIME),
    sa.Column("occurred_at", _TIME),
    sa.Column("longitude", sa.Double),
    sa.Column("latitude", sa.Double),
    sa.Column("district", sa.Text),
    sa.Column("source", sa.Text),
    sa.Column("attachment_count", sa.Integer, nullable=False, server_default="0"),
    sa.Column("has_contact", sa.Boolean, nullable=False, server_default=sa.false()),
    # From classification.
    _sequence("classified"),
    sa.Column("category", sa.Text),
    sa.Column("main_category", sa.Text),
    sa.Column("category_origin", sa.Text),
    sa.Column("confidence", sa.Double),
    # From routing.
    _sequence("routed"),
    sa.Column("department", sa.Text),
    sa.Column("department_name", sa.Text),
    sa.Column("deadline", _TIME),
    sa.Column("term_days", sa.Integer),
    sa.Column("term_kind", sa.Text),
    # Our own. The assignee is also set by routing, see domain.cases.assignee_after_routing.
    sa.Column("status", sa.Text, nullable=False, server_default="reported"),
    sa.Column("status_changed_at", _TIME),  # None before the case is opened
    sa.Column("priority", sa.SmallInteger, nullable=False, server_default="2"),
    sa.Column("assignee", sa.Text),
    sa.Column("changed_at", _TIME, nullable=False),
    sa.Column("version", sa.Integer, nullable=False, server_default="0"),
    _sequence("event"),
    _sequence("message"),
    sa.Column("open", sa.Boolean, sa.Computed(f"NOT ({_IS_CLOSED})")),
    sa.Column("due", _TIME, sa.Computed(DUE)),
    sa.Column("urgency", sa.SmallInteger, sa.Computed(URGENCY)),
    sa.Column("number_value", sa.BigInteger, sa.Computed(NUMBER_VALUE)),
)

reports = sa.Table(
    "reports",
    metadata,
    sa.Column("report_id", UUID, primary_key=True),
    sa.Column("case_id", UUID, nullable=False, index=True),
    # Restricted: intake's report texts.
    _sequence("text"),
    sa.Column("description", sa.Text),
    sa.Column("address", JSONB(none_as_null=True)),
    sa.Column("address_text", sa.Text),
    sa.Column("answers", JSONB(none_as_null=True)),
    sa.Column("attachments", JSONB(none_as_null=True)),
    sa.Column("language", sa.Text),
    sa.Column("text_removed_at", _TIME),
    # Personal: intake's report contacts.
    _sequence("contact"),
    sa.Column("email", sa.Text),
    sa.Column("phone", sa.Text),
    sa.Column("contact_language", sa.Text),
    sa.Column("contact_removed_at", _TIME),
    # Restricted: classification's explanations, whose deciding words are the resident's.
    _sequence("explanation"),
    sa.Column("predictions", JSONB(none_as_null=True)),
    sa.Column(
        "search",
        TSVECTOR,
        sa.Computed("to_tsvector('pg_catalog.dutch', coalesce(description, '') || ' ' || coalesce(address_text, ''))"),
    ),
)

# Who did what when. Append-only: a trigger refuses every change. Free text stands in ``entry_texts``, since that
# must be removable.
history = sa.Table(
    "history",
    metadata,
    sa.Column("id", UUID, primary_key=True),
    sa.Column("case_id", UUID, nullable=False),
    sa.Column("at", _TIME, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("actor", sa.Text),  # user id of the token; None: automatic
    sa.Column("before", sa.Text),
    sa.Column("after", sa.Text),
    sa.Column("details", JSONB, nullable=False),
    sa.Column("version", sa.Integer),  # of the case after the change; None when the case itself did not change
)

entry_texts = sa.Table(
    "entry_texts",
    metadata,
    sa.Column("entry_id", UUID, primary_key=True),
    sa.Column("case_id", UUID, nullable=False, index=True),
    sa.Column("text", sa.Text),
    sa.Column("removed_at", _TIME),
)

# Copies of small reference data, to show names and to check assignments.
categories = sa.Table(
    "categories",
    metadata,
    sa.Column("municipality", sa.Text, primary_key=True),
    sa.Column("slug", sa.Text, primary_key=True),
    sa.Column("main_category", sa.Text, nullable=False),
    sa.Column("name_nl", sa.Text, nullable=False),
    sa.Column("name_en", sa.Text, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
)

departments = sa.Table(
    "departments",
    metadata,
    sa.Column("municipality", sa.Text, primary_key=True),
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
)

staff = sa.Table(
    "staff",
    metadata,
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text),
    sa.Column("departments", ARRAY(sa.Text), nullable=False),
    sa.Column("municipalities", ARRAY(sa.Text), nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
)
