"""Organisations: whose everything is."""

from typing import Final

import sqlalchemy as sa

from app.store.tables.metadata import METADATA
from app.store.types import Id, Json, Utc

__all__ = ["ORGANISATIONS"]

ORGANISATIONS: Final = sa.Table(
    "organisations",
    METADATA,
    sa.Column("id", Id, primary_key=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("settings", Json, nullable=False),  # what may be shown
    sa.Column("secrets", Json, nullable=False),  # sealed texts, by name
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("updated_at", Utc, nullable=False),
)
