"""Outbox, inbox, dead letters and removed keys as SQLAlchemy sees them; ``commonground.migrations`` creates them."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, UUID

_metadata = sa.MetaData()

outbox = sa.Table(
    "outbox",
    _metadata,
    sa.Column("position", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("event_id", UUID),
    sa.Column("topic", sa.Text),
    sa.Column("key", sa.Text),
    sa.Column("type", sa.Text),
    sa.Column("subject", sa.Text),
    sa.Column("sequence", sa.BigInteger),
    sa.Column("time", sa.DateTime(timezone=True)),
    sa.Column("traceparent", sa.Text),
    sa.Column("data", sa.Text),
    sa.Column("published_at", sa.DateTime(timezone=True)),
    implicit_returning=False,  # nobody needs the position back, and a plain insert is cheaper
)

inbox = sa.Table(
    "inbox",
    _metadata,
    sa.Column("event_id", UUID, primary_key=True),
    sa.Column("received_at", sa.DateTime(timezone=True)),
)

dead_letters = sa.Table(
    "dead_letters",
    _metadata,
    sa.Column("id", UUID, primary_key=True),
    sa.Column("event_id", sa.Text),
    sa.Column("topic", sa.Text),
    sa.Column("partition", sa.Integer),
    sa.Column("offset", sa.BigInteger),
    sa.Column("key", sa.Text),
    sa.Column("type", sa.Text),
    sa.Column("headers", JSONB),
    sa.Column("data", BYTEA),
    sa.Column("error", sa.Text),
    sa.Column("attempts", sa.Integer),
    sa.Column("failed_at", sa.DateTime(timezone=True)),
    sa.Column("settled_at", sa.DateTime(timezone=True)),
    sa.Column("settlement", sa.Text),
    sa.Column("settled_by", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("consumer_group", sa.Text),
)

removed_keys = sa.Table(
    "removed_keys",
    _metadata,
    sa.Column("topic", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("removed_at", sa.DateTime(timezone=True)),
)
