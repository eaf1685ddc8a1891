"""Tables of notification."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, UUID

from commonground.database import new_metadata

metadata = new_metadata()

# What others told about a report. Each source owns its columns, so that the order of arrival does not matter.
reports = sa.Table(
    "reports",
    metadata,
    sa.Column("id", UUID, primary_key=True),
    sa.Column("municipality", sa.Text, nullable=False),
    # intake.report-contacts
    sa.Column("number", sa.Text),
    sa.Column("email", sa.Text),
    sa.Column("language", sa.Text),
    sa.Column("status_url", sa.Text),
    sa.Column("submitted_at", sa.DateTime(timezone=True)),
    sa.Column("contact_sequence", sa.BigInteger, nullable=False, server_default="0"),
    # intake.report-texts
    sa.Column("description", sa.Text),
    sa.Column("address", JSONB(none_as_null=True)),
    sa.Column("text_sequence", sa.BigInteger, nullable=False, server_default="0"),
    # classification.classifications
    sa.Column("category", sa.Text),
    sa.Column("classification_sequence", sa.BigInteger, nullable=False, server_default="0"),
    # routing.routings
    sa.Column("department", sa.Text),
    sa.Column("deadline", sa.DateTime(timezone=True)),
    sa.Column("term_days", sa.Integer),
    sa.Column("term_kind", sa.Text),
    sa.Column("routing_sequence", sa.BigInteger, nullable=False, server_default="0"),
    # handling.cases
    sa.Column("case_id", UUID),
    sa.Column("status", sa.Text),
    sa.Column("status_sequence", sa.BigInteger, nullable=False, server_default="0"),
)

categories = sa.Table(
    "categories",
    metadata,
    sa.Column("municipality", sa.Text, primary_key=True),
    sa.Column("slug", sa.Text, primary_key=True),
    sa.Column("name_nl", sa.Text, nullable=False),
    sa.Column("name_en", sa.Text, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
)

# Every version of every text; the highest one is used.
templates = sa.Table(
    "templates",
    metadata,
    sa.Column("id", UUID, primary_key=True),
    sa.Column("municipality", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("changed_by", sa.Text),
    sa.Column("changed_by_name", sa.Text),
    sa.UniqueConstraint("municipality", "kind", "language", "version", name="uq_templates_version"),
)

# One row per thing to tell one reporter. ``due_at`` is also the lease: who takes a row moves it ahead, and when that
# process dies the row is due again by itself. ``claim`` says whose it is.
messages = sa.Table(
    "messages",
    metadata,
    sa.Column("id", UUID, primary_key=True),
    sa.Column("report_id", UUID, nullable=False),
    sa.Column("municipality", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("case_id", UUID),
    sa.Column("request", sa.Text),  # the words of the handler
    sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("traceparent", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),  # why it was skipped or failed, as a code
    sa.Column("due_at", sa.DateTime(timezone=True)),
    sa.Column("give_up_at", sa.DateTime(timezone=True)),
    sa.Column("claim", UUID),
    sa.Column("round", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("settled_at", sa.DateTime(timezone=True)),
    sa.Column("sequence", sa.BigInteger, nullable=False, server_default="0"),
    # What was sent to whom, written before the first byte goes out.
    sa.Column("recipient", sa.Text),
    sa.Column("mail_id", sa.Text),  # Message-ID; stays the same however often the mail is tried
    sa.Column("language", sa.Text),
    sa.Column("subject", sa.Text),
    sa.Column("body", sa.Text),
    sa.Column("facts", JSONB(none_as_null=True)),
    sa.Column("template_version", sa.Integer),
    sa.UniqueConstraint("report_id", "kind", "cause", name="uq_messages_cause"),
    sa.Index("ix_messages_due", "due_at", postgresql_where=sa.text("state = 'due'")),
    sa.Index("ix_messages_list", "municipality", "requested_at", "id"),
    sa.Index("ix_messages_failed", "municipality", "requested_at", "id", postgresql_where=sa.text("state = 'failed'")),
)

# Each attempt, without the address.
deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("message_id", UUID, nullable=False, index=True),
    sa.Column("round", sa.SmallInteger, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("code", sa.SmallInteger),  # reply code of the mail server
    sa.Column("answer", sa.Text),  # its words, without addresses
    implicit_returning=False,
)

resends = sa.Table(
    "resends",
    metadata,
    sa.Column("id", UUID, primary_key=True),
    sa.Column("message_id", UUID, nullable=False, index=True),
    sa.Column("round", sa.SmallInteger, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("actor_name", sa.Text, nullable=False),
)

# --- Webhooks ---

# Every event of the open topics, as it goes out. Positions become visible in their own order (see store/events.py).
webhook_events = sa.Table(
    "webhook_events",
    metadata,
    sa.Column("position", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("event_id", sa.Text, nullable=False, index=True),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("subject", sa.Text),
    sa.Column("municipality", sa.Text, nullable=False),
    sa.Column("report_id", UUID),
    sa.Column("category", sa.Text),
    sa.Column("department", sa.Text),
    sa.Column("time", sa.DateTime(timezone=True), nullable=False, index=True),
    sa.Column("received_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("body", sa.Text, nullable=False),  # a CloudEvent in structured mode
    sa.Index("ix_webhook_events_municipality", "municipality", "position"),
    sa.Index("ix_webhook_events_received_at", "received_at", postgresql_using="brin"),
    implicit_returning=False,
)

# What filters ask about a report, for events that do not say it themselves.
webhook_reports = sa.Table(
    "webhook_reports",
    metadata,
    sa.Column("id", UUID, primary_key=True),
    sa.Column("category", sa.Text),
    sa.Column("category_sequence", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("department", sa.Text),
    sa.Column("department_sequence", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("longitude", sa.Double),
    sa.Column("latitude", sa.Double),
)

webhook_subscriptions = sa.Table(
    "webhook_subscriptions",
    metadata,
    sa.Column("id", UUID, primary_key=True),
    sa.Column("municipality", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("secret", sa.Text, nullable=False),  # sealed
    sa.Column("previous_secret", sa.Text),  # sealed; signs too until the moment below
    sa.Column("previous_until", sa.DateTime(timezone=True)),
    sa.Column("filter", JSONB, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("state_since", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("examined", sa.BigInteger, nullable=False),  # position up to which events have met the filter
    sa.Column(
        "dropped", sa.BigInteger, nullable=False, server_default="0"
    ),  # events that waited longer than they are kept
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_by_name", sa.Text, nullable=False),
    sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.UniqueConstraint("municipality", "name", name="uq_webhook_subscriptions_name"),
)


def _of_subscription() -> sa.Column[Any]:
    return sa.Column(
        "subscription_id", UUID, sa.ForeignKey("webhook_subscriptions.id", ondelete="CASCADE"), nullable=False
    )


# Who delivers for a subscription now. ``due_at`` is also the lease: who takes a lane moves it ahead, and when that
# process dies the lane is due again by itself. ``claim`` says whose it is.
webhook_lanes = sa.Table(
    "webhook_lanes",
    metadata,
    _of_subscription(),
    sa.Column("lane", sa.Text, nullable=False),
    sa.Column("claim", UUID),
    sa.Column("due_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("failing_since", sa.DateTime(timezone=True)),
    sa.PrimaryKeyConstraint("subscription_id", "lane", name="pk_webhook_lanes"),
)

# What is still to be delivered, in the order of ``id``; delivered events are taken out.
webhook_queue = sa.Table(
    "webhook_queue",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    _of_subscription(),
    sa.Column("lane", sa.Text, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False, index=True),
    sa.Index("ix_webhook_queue_lane", "subscription_id", "lane", "id"),
    implicit_returning=False,
)

# Requests to deliver a stretch of events again; they are put into the queue piece by piece.
webhook_redeliveries = sa.Table(
    "webhook_redeliveries",
    metadata,
    sa.Column("id", UUID, primary_key=True),
    _of_subscription(),
    sa.Column("examined", sa.BigInteger, nullable=False),
    sa.Column("last", sa.BigInteger, nullable=False),
    sa.Column("time_from", sa.DateTime(timezone=True)),
    sa.Column("time_until", sa.DateTime(timezone=True)),
    sa.Column("queued", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("requested_by", sa.Text, nullable=False),
    sa.Column("requested_by_name", sa.Text, nullable=False),
    sa.Column("done_at", sa.DateTime(timezone=True)),
    sa.Index("ix_webhook_redeliveries_subscription_id", "subscription_id", "requested_at"),
)

webhook_deliveries = sa.Table(
    "webhook_deliveries",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    _of_subscription(),
    sa.Column("lane", sa.Text, nullable=False),
    sa.Column("position", sa.BigInteger),  # empty for a test
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("code", sa.Text),
    sa.Column("status", sa.SmallInteger),
    sa.Column("milliseconds", sa.Integer, nullable=False),
    sa.Column("answer", sa.Text),
    sa.Index("ix_webhook_deliveries_subscription_id", "subscription_id", "id"),
    sa.Index("ix_webhook_deliveries_at", "at", postgresql_using="brin"),
    implicit_returning=False,
)
