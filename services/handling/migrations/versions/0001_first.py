"""Cases, copies of reports, history, reference copies, and the messaging tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from commonground.migrations import create_idempotency_table, create_messaging_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_CLOSED = "status IN ('closed', 'cancelled', 'split')"
# Closed cases are not urgent and not due: in these orders they stand behind all open ones.
_DUE = (
    f"CASE WHEN {_CLOSED} THEN timestamptz '9999-12-31 00:00:00+00' "
    "ELSE coalesce(deadline, timestamptz '9998-12-31 00:00:00+00') END"
)
_STATUSES = (
    "reported",
    "awaiting-handling",
    "in-progress",
    "planned",
    "on-hold",
    "external-to-send",
    "external-sent",
    "external-failed",
    "external-done",
    "closed",
    "cancelled",
    "reopened",
    "split",
    "closure-requested",
    "reopen-requested",
    "reaction-requested",
    "reaction-received",
    "forwarded",
)


def upgrade() -> None:
    create_messaging_tables()
    create_idempotency_table()
    _create_cases()
    _create_reports()
    _create_history()
    _create_reference_copies()


def _sequence(name: str) -> sa.Column:
    return sa.Column(f"{name}_sequence", sa.BigInteger, nullable=False, server_default="0")


def _create_cases() -> None:
    op.create_table(
        "cases",
        sa.Column("id", pg.UUID, primary_key=True),
        sa.Column("report_id", pg.UUID, nullable=False),
        sa.Column("municipality", sa.Text, nullable=False),
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
        _sequence("classified"),
        sa.Column("category", sa.Text),
        sa.Column("main_category", sa.Text),
        sa.Column("category_origin", sa.Text),
        sa.Column("confidence", sa.Double),
        _sequence("routed"),
        sa.Column("department", sa.Text),
        sa.Column("department_name", sa.Text),
        sa.Column("deadline", _TIME),
        sa.Column("term_days", sa.Integer),
        sa.Column("term_kind", sa.Text),
        sa.Column("status", sa.Text, nullable=False, server_default="reported"),
        sa.Column("priority", sa.SmallInteger, nullable=False, server_default="2"),
        sa.Column("assignee", sa.Text),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.Column("version", sa.Integer, nullable=False, server_default="0"),
        _sequence("event"),
        _sequence("message"),
        sa.Column("open", sa.Boolean, sa.Computed(f"NOT ({_CLOSED})", persisted=True)),
        sa.Column("due", _TIME, sa.Computed(_DUE, persisted=True)),
        sa.Column(
            "urgency",
            sa.SmallInteger,
            sa.Computed(f"CASE WHEN {_CLOSED} THEN 0::smallint ELSE priority END", persisted=True),
        ),
        sa.Column(
            "number_value",
            sa.BigInteger,
            sa.Computed("coalesce(substring(number from '[0-9]{1,15}$')::bigint, 0)", persisted=True),
        ),
        sa.CheckConstraint(f"status IN ({', '.join(map(repr, _STATUSES))})", name="ck_cases_status"),
        sa.CheckConstraint("priority BETWEEN 1 AND 3", name="ck_cases_priority"),
    )
    for name, columns, condition in (
        # Every order of the list, for all departments of a municipality. Closed cases pile up for years, so the open
        # ones have an index of their own; in the orders by urgency and due date the closed ones stand at the end.
        ("submitted", ["municipality", "submitted_at", "id", "department"], None),
        ("open_submitted", ["municipality", "submitted_at", "id"], "open"),
        ("due", ["municipality", "due", "id"], None),
        ("urgency", ["municipality", "urgency", "submitted_at", "id"], None),
        ("number", ["municipality", "number_value", "id"], None),
        ("changed", ["municipality", "changed_at", "id", "department"], None),
        # What a handler works from.
        ("department_open_submitted", ["municipality", "department", "submitted_at", "id"], "open"),
        ("department_due", ["municipality", "department", "due", "id"], None),
        ("department_urgency", ["municipality", "department", "urgency", "submitted_at", "id"], None),
        # What narrows the list. The department at the end is looked at in the index, without a visit to the row.
        ("category", ["municipality", "category", "submitted_at", "id", "department"], None),
        ("main_category", ["municipality", "main_category", "submitted_at", "id", "department"], None),
        ("status", ["municipality", "status", "submitted_at", "id", "department"], "status <> 'closed'"),
        ("assignee", ["assignee", "submitted_at", "id", "municipality", "department"], "assignee IS NOT NULL"),
        ("place", ["longitude", "latitude"], None),
    ):
        where = sa.text(condition) if condition else None
        op.create_index(f"ix_cases_{name}", "cases", columns, postgresql_where=where)
    # A category belongs to few departments, and a status says whether a case is open; without this the planner
    # takes them for independent, and misjudges how far it must read.
    for name, columns in (
        ("subjects", "department, category, main_category"),
        ("open_statuses", "status, open"),
    ):
        op.execute(f"CREATE STATISTICS st_cases_{name} (mcv) ON {columns} FROM cases")


def _create_reports() -> None:
    op.create_table(
        "reports",
        sa.Column("report_id", pg.UUID, primary_key=True),
        sa.Column("case_id", pg.UUID, nullable=False),
        _sequence("text"),
        sa.Column("description", sa.Text),
        sa.Column("address", pg.JSONB),
        sa.Column("address_text", sa.Text),
        sa.Column("answers", pg.JSONB),
        sa.Column("attachments", pg.JSONB),
        sa.Column("language", sa.Text),
        sa.Column("text_removed_at", _TIME),
        _sequence("contact"),
        sa.Column("email", sa.Text),
        sa.Column("phone", sa.Text),
        sa.Column("contact_language", sa.Text),
        sa.Column("contact_removed_at", _TIME),
        _sequence("explanation"),
        sa.Column("predictions", pg.JSONB),
        sa.Column(
            "search",
            pg.TSVECTOR,
            sa.Computed(
                "to_tsvector('pg_catalog.dutch', coalesce(description, '') || ' ' || coalesce(address_text, ''))",
                persisted=True,
            ),
        ),
    )
    op.create_index("ix_reports_case_id", "reports", ["case_id"])
    # A short pending list: searching reads all of it, so it must stay small.
    op.create_index(
        "ix_reports_search",
        "reports",
        ["search"],
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": 256},
    )


def _create_history() -> None:
    op.create_table(
        "history",
        sa.Column("id", pg.UUID, primary_key=True),
        sa.Column("case_id", pg.UUID, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("actor", sa.Text),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text),
        sa.Column("details", pg.JSONB, nullable=False),
        sa.Column("version", sa.Integer),
    )
    op.create_index("ix_history_case_id", "history", ["case_id", "at"])
    op.execute(
        """
        CREATE FUNCTION refuse_change_of_history() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'history is append-only' USING ERRCODE = 'insufficient_privilege';
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER history_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON history "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history()"
    )
    op.create_table(
        "entry_texts",
        sa.Column("entry_id", pg.UUID, primary_key=True),
        sa.Column("case_id", pg.UUID, nullable=False),
        sa.Column("text", sa.Text),
        sa.Column("removed_at", _TIME),
    )
    op.create_index("ix_entry_texts_case_id", "entry_texts", ["case_id"])


def _create_reference_copies() -> None:
    op.create_table(
        "categories",
        sa.Column("municipality", sa.Text, primary_key=True),
        sa.Column("slug", sa.Text, primary_key=True),
        sa.Column("main_category", sa.Text, nullable=False),
        sa.Column("name_nl", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "departments",
        sa.Column("municipality", sa.Text, primary_key=True),
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "staff",
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text),
        sa.Column("departments", pg.ARRAY(sa.Text), nullable=False),
        sa.Column("municipalities", pg.ARRAY(sa.Text), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    for table in ("staff", "departments", "categories", "entry_texts", "history", "reports", "cases"):
        op.drop_table(table)
    op.execute("DROP FUNCTION refuse_change_of_history()")
    for table in ("idempotency_keys", "dead_letters", "inbox", "outbox"):
        op.drop_table(table)
