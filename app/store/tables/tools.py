"""Tools that organisations define: each makes one HTTP request."""

from typing import Final

import sqlalchemy as sa

from app.store.tables.metadata import METADATA
from app.store.types import Id, Json, Utc

__all__ = ["HTTP_TOOLS"]

HTTP_TOOLS: Final = sa.Table(
    "http_tools",
    METADATA,
    sa.Column("id", Id, primary_key=True),
    sa.Column(
        "organisation_id", Id, sa.ForeignKey("organisations.id", ondelete="CASCADE"), nullable=False
    ),
    sa.Column("name", sa.String(64), nullable=False),  # what models call it
    sa.Column("data", Json, nullable=False),  # the definition, without its secrets
    sa.Column("secrets", Json, nullable=False),  # sealed texts, by the name of their header
    sa.Column("revision", sa.Integer, nullable=False),  # counts the changes
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("updated_at", Utc, nullable=False),
    sa.UniqueConstraint("organisation_id", "name"),
)
