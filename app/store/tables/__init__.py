"""The tables, one module for each noun; importing this makes `METADATA` whole."""

from app.store.tables import (
    agents,
    audit,
    calls,
    knowledge,
    organisations,
    webhooks,
)
from app.store.tables.metadata import METADATA

__all__ = [
    "METADATA",
    "agents",
    "audit",
    "calls",
    "knowledge",
    "organisations",
    "webhooks",
]
