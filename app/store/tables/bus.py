"""Bus: the nodes that run, and which of them holds which call.

These rows are of the moment: they say nothing once the calls are over, and a backup leaves them
out. Nothing refers to them and they refer to nothing, so that no call fails to be written.
"""

from typing import Final

import sqlalchemy as sa

from app.store.tables.metadata import METADATA
from app.store.types import Id, Utc

__all__ = ["EPOCHS", "LIVE_CALLS", "NODES"]

NODES: Final = sa.Table(
    "nodes",
    METADATA,
    sa.Column("id", sa.String(200), primary_key=True),
    sa.Column("address", sa.String(2000), nullable=False),
    sa.Column("calls", sa.Integer, nullable=False),
    sa.Column("is_draining", sa.Boolean, nullable=False),
    sa.Column("started_at", Utc, nullable=False),
    sa.Column("alive_until", Utc, nullable=False),  # by the clock of the database
)

LIVE_CALLS: Final = sa.Table(
    "live_calls",
    METADATA,
    sa.Column("key", sa.String(250), primary_key=True),
    sa.Column("organisation_id", Id, nullable=False),
    sa.Column("node_id", sa.String(200), nullable=False),
    sa.Column("epoch", sa.BigInteger, nullable=False),
    sa.Column("claimed_at", Utc, nullable=False),
    sa.Column("checkpoint", sa.LargeBinary, nullable=False),
    sa.Index(None, "node_id", "organisation_id"),  # they are counted without reading any of them
)

EPOCHS: Final = sa.table("call_epochs", sa.column("last", sa.BigInteger))
"""The last epoch that was given: in SQLite a table of one row, in PostgreSQL a sequence.

It is no table of `METADATA`, since it is never copied and never emptied.
"""
