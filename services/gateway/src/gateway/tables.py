"""Tables of the gateway's own database."""

from commonground.database import new_metadata
from sqlalchemy import Column, DateTime, Index, Table, Uuid
from sqlalchemy.dialects.postgresql import JSONB

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
