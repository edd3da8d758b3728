"""The audit log: who changed what, and when."""

from typing import Final

import sqlalchemy as sa

from app.store.tables.metadata import METADATA
from app.store.types import Id, Json, Utc

__all__ = ["AUDIT"]

AUDIT: Final = sa.Table(
    "audit",
    METADATA,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column(
        "organisation_id", Id, sa.ForeignKey("organisations.id", ondelete="CASCADE"), nullable=False
    ),
    sa.Column("at", Utc, nullable=False),
    sa.Column("actor", sa.String(200), nullable=False),  # "key:<id>", "person:<id>", "settings" …
    sa.Column("action", sa.String(40), nullable=False),  # "create", "change", "delete" …
    sa.Column("noun", sa.String(40), nullable=False),  # "agent", "key" …
    sa.Column("noun_id", sa.String(100), nullable=False),
    sa.Column("before", Json),
    sa.Column("after", Json),
    sa.Index(None, "organisation_id", "id"),
)
