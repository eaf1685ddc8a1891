"""What a block's ``migrations/env.py`` calls, and the tables that every block's first migration creates."""

import asyncio
import os
from logging import getLogger

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy import Connection, MetaData, pool, text
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import create_async_engine

from commonground.database import async_url

LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "10min"
_MIGRATION_LOCK = 7_301_904_112  # any number, the same in all processes of a block


def run(metadata: MetaData, *, prefix: str) -> None:
    """Run the migrations against the configured address or ``<prefix>DATABASE_URL``, one process at a time.

    A migration waits at most five seconds for a lock on a table, so that it fails in place of making
    everyone else wait behind it.
    """
    url = context.config.get_main_option("sqlalchemy.url") or os.environ.get(f"{prefix}DATABASE_URL") or ""
    asyncio.run(_run_async(metadata, async_url(url)))


async def _run_async(metadata: MetaData, url: str) -> None:
    engine = create_async_engine(url, poolclass=pool.NullPool, connect_args={"timeout": 10})
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_migrate, metadata)
    finally:
        await engine.dispose()


def _migrate(connection: Connection, metadata: MetaData) -> None:
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _MIGRATION_LOCK})
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
    connection.commit()
    context.configure(connection=connection, target_metadata=metadata, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()
    _bring_common_tables_up_to_date(connection)
    connection.commit()
    getLogger("alembic").debug("migrated")


def _bring_common_tables_up_to_date(connection: Connection) -> None:
    """Make later changes to the tables that every block has: written once, in place of a migration in each block.

    Each change looks first whether it has been made, and takes no lock on a table then.
    """
    columns = set(
        connection.scalars(
            text(
                "SELECT column_name FROM information_schema.columns "
                "WHERE table_schema = current_schema() AND table_name = 'dead_letters'"
            )
        )
    )
    if columns and "consumer_group" not in columns:
        for statement in _WHO_SETTLED_DEAD_LETTERS:
            connection.execute(text(statement))
    if columns and not connection.scalar(text("SELECT to_regclass('removed_keys')")):
        connection.execute(text(_REMOVED_KEYS))


# Who settled a letter and why, and the consumer group as a column. Also, a place in the log is no longer enough to
# tell letters apart: two groups may both fail at it, and a broker that lost its disk gives it to another event.
_WHO_SETTLED_DEAD_LETTERS = (
    """ALTER TABLE dead_letters ADD COLUMN settled_by text, ADD COLUMN reason text,
       ADD COLUMN consumer_group text NOT NULL DEFAULT ''""",
    """UPDATE dead_letters SET consumer_group = coalesce((
           SELECT header ->> 1 FROM jsonb_array_elements(headers) header WHERE header ->> 0 = 'meldstroom-group' LIMIT 1
       ), '')""",
    "ALTER TABLE dead_letters DROP CONSTRAINT uq_dead_letters_place",
    """ALTER TABLE dead_letters ADD CONSTRAINT uq_dead_letters_place
       UNIQUE (topic, partition, "offset", event_id, consumer_group)""",
    "CREATE INDEX ix_dead_letters_open ON dead_letters (id) WHERE settled_at IS NULL",
)

# Which keys a tombstone has removed for good.
_REMOVED_KEYS = """CREATE TABLE removed_keys (
    topic text, key text, removed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_removed_keys PRIMARY KEY (key, topic)
)"""


def create_messaging_tables() -> None:
    """Create outbox, inbox and dead letters; the columns stand in ``commonground.messaging.tables``."""
    op.create_table(
        "outbox",
        sa.Column("position", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("event_id", pg.UUID, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("traceparent", sa.Text, nullable=False),
        sa.Column("data", sa.Text),
        sa.Column("published_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_outbox_unpublished", "outbox", ["position"], postgresql_where=sa.text("published_at IS NULL"))
    op.create_index("ix_outbox_key", "outbox", ["key"])
    op.create_index("ix_outbox_time", "outbox", ["time"], postgresql_using="brin")
    op.create_table(
        "inbox",
        sa.Column("event_id", pg.UUID, primary_key=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    op.create_index("ix_inbox_received_at", "inbox", ["received_at"], postgresql_using="brin")
    op.create_table(
        "dead_letters",
        sa.Column("id", pg.UUID, primary_key=True),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.Column("key", sa.Text),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("headers", pg.JSONB, nullable=False),
        sa.Column("data", pg.BYTEA),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.Column("settlement", sa.Text),
        sa.CheckConstraint("settlement IN ('retried', 'discarded')", name="ck_dead_letters_settlement"),
        sa.UniqueConstraint("topic", "partition", "offset", name="uq_dead_letters_place"),
    )


def create_idempotency_table() -> None:
    """Create the table of ``commonground.idempotency``."""
    op.create_table(
        "idempotency_keys",
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("status", sa.SmallInteger, nullable=False),
        sa.Column("answer", pg.JSONB, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("scope", "key", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"], postgresql_using="brin")
