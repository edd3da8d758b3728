"""The store: organisations, agents, knowledge and call records, in SQLite or PostgreSQL.

What belongs to an organisation is reached by way of a `Tenant` only, and so by its own.
"""

from app.organisation import DEFAULT_ORGANISATION
from app.store.errors import StoreError, StoreUnavailable
from app.store.scope import Scope
from app.store.store import Store, open_store
from app.store.tenant import Tenant
from app.store.types import new_id, now

__all__ = [
    "DEFAULT_ORGANISATION",
    "Scope",
    "Store",
    "StoreError",
    "StoreUnavailable",
    "Tenant",
    "new_id",
    "now",
    "open_store",
]
