"""Drafts, users and roles, sessions, signing keys, clients, and the messaging tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from commonground.migrations import create_messaging_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def moment(name, *, nullable=False, default=None):
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=default)


def texts(name):
    return sa.Column(name, pg.ARRAY(sa.Text), nullable=False, server_default="{}")


def upgrade() -> None:
    create_messaging_tables()
    op.create_table(
        "drafts",
        sa.Column("id", pg.UUID, primary_key=True),
        sa.Column("content", pg.JSONB, nullable=False),
        moment("expires_at"),
    )
    op.create_index("ix_drafts_expires_at", "drafts", ["expires_at"])
    op.create_table(
        "users",
        sa.Column("id", pg.UUID, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("username", sa.Text),
        sa.Column("email", sa.Text),
        sa.Column("provider", sa.Text),
        sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
        texts("departments"),
        texts("municipalities"),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        sa.Column("version", sa.BigInteger, nullable=False, server_default="1"),
        moment("created_at", default=sa.func.now()),
        moment("changed_at", default=sa.func.now()),
        moment("last_sign_in_at", nullable=True),
        sa.CheckConstraint("username IS NOT NULL OR email IS NOT NULL", name="ck_users_recognisable"),
        sa.CheckConstraint("cardinality(municipalities) > 0", name="ck_users_municipalities"),
    )
    op.create_index("uq_users_username", "users", [sa.text("lower(username)")], unique=True)
    op.create_index("uq_users_email", "users", [sa.text("lower(email)")], unique=True)
    op.create_index("ix_users_name", "users", [sa.text("lower(name)"), "id"])
    op.create_table(
        "identities",
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("user_id", pg.UUID, nullable=False),
        moment("linked_at", default=sa.func.now()),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_identities"),
        sa.UniqueConstraint("user_id", "issuer", name="uq_identities_user_id_issuer"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_identities_user_id", ondelete="CASCADE"),
    )
    op.create_table(
        "roles",
        sa.Column("id", pg.UUID, primary_key=True),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        texts("permissions"),
        sa.Column("version", sa.BigInteger, nullable=False, server_default="1"),
        sa.UniqueConstraint("code", name="uq_roles_code"),
    )
    op.create_table(
        "user_roles",
        sa.Column("user_id", pg.UUID, nullable=False),
        sa.Column("role_id", pg.UUID, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "role_id", name="pk_user_roles"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_user_roles_user_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["role_id"], ["roles.id"], name="fk_user_roles_role_id"),
    )
    op.create_index("ix_user_roles_role_id", "user_roles", ["role_id"])
    op.create_table(
        "sessions",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("user_id", pg.UUID, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        moment("created_at"),
        moment("seen_at"),
        moment("expires_at"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sessions_user_id", ondelete="CASCADE"),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.Text, primary_key=True),
        sa.Column("public_key", sa.Text, nullable=False),
        sa.Column("private_key", sa.Text, nullable=False),
        moment("signs_from"),
        moment("published_until", nullable=True),
    )
    op.create_table(
        "clients",
        sa.Column("id", pg.UUID, primary_key=True),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("secret_digest", sa.Text, nullable=False),
        texts("permissions"),
        texts("departments"),
        texts("municipalities"),
        sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
        moment("created_at", default=sa.func.now()),
        moment("used_at", nullable=True),
        sa.UniqueConstraint("code", name="uq_clients_code"),
    )
