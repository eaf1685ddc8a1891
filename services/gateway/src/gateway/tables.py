"""Tables of the gateway's own database."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from commonground.database import new_metadata

metadata = new_metadata()

# What a resident typed in the wizard and has not sent yet. The browser holds only the signed id.
drafts = Table(
    "drafts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("content", JSONB, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Index("ix_drafts_expires_at", "expires_at"),
)

# What people may do. Who they are is the provider's word; the link between the two stands in ``identities``.
users = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("username", Text),
    Column("email", Text),
    Column("provider", Text),
    Column("active", Boolean, nullable=False, server_default=true()),
    Column("departments", ARRAY(Text), nullable=False, server_default="{}"),
    Column("municipalities", ARRAY(Text), nullable=False, server_default="{}"),
    Column("note", Text, nullable=False, server_default=""),
    Column("version", BigInteger, nullable=False, server_default="1"),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("last_sign_in_at", DateTime(timezone=True)),
    CheckConstraint("username IS NOT NULL OR email IS NOT NULL", name="recognisable"),
    CheckConstraint("cardinality(municipalities) > 0", name="municipalities"),
    Index("uq_users_username", text("lower(username)"), unique=True),
    Index("uq_users_email", text("lower(email)"), unique=True),
    Index("ix_users_name", text("lower(name)"), "id"),
)

identities = Table(
    "identities",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("linked_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    UniqueConstraint("user_id", "issuer"),
)

roles = Table(
    "roles",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("permissions", ARRAY(Text), nullable=False, server_default="{}"),
    Column("version", BigInteger, nullable=False, server_default="1"),
    UniqueConstraint("code"),
)

user_roles = Table(
    "user_roles",
    metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("role_id", ForeignKey("roles.id"), primary_key=True, index=True),
)

# The browser has the random id; here stands only its digest, so that a copy of the table opens no session.
sessions = Table(
    "sessions",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("provider", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Index("ix_sessions_expires_at", "expires_at"),
)

# Keys of the tokens for the blocks. A key is published before it signs and some time after its last signature.
signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("public_key", Text, nullable=False),
    Column("private_key", Text, nullable=False),
    Column("signs_from", DateTime(timezone=True), nullable=False),
    Column("published_until", DateTime(timezone=True)),
)

# Programs that call the public API: client credentials with scopes.
clients = Table(
    "clients",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("secret_digest", Text, nullable=False),
    Column("permissions", ARRAY(Text), nullable=False),
    Column("departments", ARRAY(Text), nullable=False, server_default="{}"),
    Column("municipalities", ARRAY(Text), nullable=False),
    Column("active", Boolean, nullable=False, server_default=true()),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("used_at", DateTime(timezone=True)),
    UniqueConstraint("code"),
)
