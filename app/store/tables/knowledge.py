"""Knowledge: bases."""

from typing import Final

import sqlalchemy as sa

from app.store.tables.metadata import METADATA
from app.store.types import Id, Utc

__all__ = ["BASES"]

BASES: Final = sa.Table(
    "knowledge_bases",
    METADATA,
    sa.Column(
        "organisation_id",
        Id,
        sa.ForeignKey("organisations.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("id", Id, primary_key=True),
    sa.Column("title", sa.String(200), nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("changed_at", Utc, nullable=False),  # the last change of what agents read of it
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("updated_at", Utc, nullable=False),
)
