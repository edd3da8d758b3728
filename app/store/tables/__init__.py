"""The tables, one module for each noun; importing this makes `METADATA` whole."""

from app.store.tables import audit, calls, organisations
from app.store.tables.metadata import METADATA

__all__ = ["METADATA", "audit", "calls", "organisations"]
