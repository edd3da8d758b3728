"""The tables, one module for each noun; importing this makes `METADATA` whole."""

from app.store.tables import (
    access,
    agents,
    audit,
    bus,
    calls,
    knowledge,
    organisations,
    people,
    tools,
    webhooks,
)
from app.store.tables.metadata import METADATA

__all__ = [
    "METADATA",
    "access",
    "agents",
    "audit",
    "bus",
    "calls",
    "knowledge",
    "organisations",
    "people",
    "tools",
    "webhooks",
]
