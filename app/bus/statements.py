"""What is asked of the tables of the bus in SQLite and in PostgreSQL, made once for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from itertools import chain
from typing import Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from app.store.tables.bus import EPOCHS, LIVE_CALLS, NODES

__all__ = ["CALLS", "GIVE", "LET_GO", "LOCK_BY_NAME", "Statements", "known_as", "of"]

CALLS: Final = LIVE_CALLS.c
LONGEST_KEY: Final = 250

LOCK_BY_NAME: Final = sa.text(
    "SELECT pg_advisory_xact_lock(hashtextextended(key, 0x63616c6c))"  # "call"
    " FROM unnest(CAST(:keys AS text[])) AS key"
)
"""Lock calls of PostgreSQL that may not be there yet, one after the other."""

LET_GO: Final = sa.text("SELECT set_config('idle_in_transaction_session_timeout', :silence, true)")
"""Let PostgreSQL end a transaction whose process falls silent, as one does that is frozen."""

KEEP_IN_SQLITE: Final = """
UPDATE live_calls SET checkpoint = kept.column3
FROM (VALUES {}) AS kept
WHERE live_calls.key = kept.column1 AND epoch = kept.column2 AND node_id = ?
"""
KEEP_IN_POSTGRESQL: Final = """
WITH held AS MATERIALIZED (
    SELECT kept.key, new.checkpoint
    FROM unnest($1::text[], $2::bigint[], $3::bytea[]) AS new (key, epoch, checkpoint)
    JOIN live_calls AS kept ON kept.key = new.key AND kept.epoch = new.epoch AND kept.node_id = $4
    ORDER BY kept.key FOR UPDATE OF kept
)
UPDATE live_calls SET checkpoint = held.checkpoint FROM held WHERE live_calls.key = held.key
"""
"""Change the checkpoints of calls that a node still owns. Most of what is written is that, so it is
given to the drivers as it is, and all at once. For each step of SQLite its thread lets go of
Python's lock, and a busy loop gives it back after 5 ms: row by row, 50 calls take a quarter second.
"""

GIVE: Final = sa.update(LIVE_CALLS).where(CALLS.key == sa.bindparam("its_key"))
"""Give a call to another node, or change whatever else a column is named for."""


@dataclass(frozen=True, slots=True)
class Statements:
    """Those of one engine.

    Attributes:
        put_node, put_calls: New rows, or other values for those that are there.
        look_up: Who has the calls of some keys, locked where others could change it.
        look_at_all: The same, with their checkpoints.
        forget: Remove the calls of some keys.
        next_epochs: Count on by `count`. In SQLite gives the last number, in PostgreSQL each.
        is_sqlite: Which engine.
    """

    put_node: Any
    put_calls: Any
    look_up: sa.Select[Any]
    look_at_all: sa.Select[Any]
    forget: sa.Delete
    next_epochs: sa.Executable
    is_sqlite: bool

    def keys(self, keys: Sequence[str]) -> Mapping[str, Any]:
        """What `look_up`, `look_at_all` and `forget` take."""
        return {"keys": orjson.dumps(keys).decode() if self.is_sqlite else keys}

    def keep(
        self, connection: Connection, node_id: str, kept: Sequence[tuple[str, int, bytes]]
    ) -> bool:
        """Write the checkpoints of calls, by key and epoch; gives whether the node has them all."""
        given: Any
        if self.is_sqlite:
            text = KEEP_IN_SQLITE.format(", ".join(["(?, ?, ?)"] * len(kept)))
            given = (*chain.from_iterable(kept), node_id)
            result = connection.exec_driver_sql(text, given)
        else:
            given = (*map(list, zip(*kept, strict=True)), node_id)
            result = connection.exec_driver_sql(KEEP_IN_POSTGRESQL, given)
        return result.rowcount == len(kept)


@cache
def of(*, is_sqlite: bool) -> Statements:
    """The statements of an engine."""
    keys = CALLS.key.in_(_given(is_sqlite=is_sqlite))
    looked_up = sa.select(CALLS.key, CALLS.node_id, CALLS.epoch, CALLS.claimed_at).where(keys)
    looked_at = sa.select(LIVE_CALLS).where(keys)
    counted = "UPDATE {0} SET last = last + :count RETURNING last"
    if not is_sqlite:
        counted = "SELECT nextval('{0}') FROM generate_series(1, :count)"
    return Statements(
        put_node=_put(NODES, is_sqlite=is_sqlite),
        put_calls=_put(LIVE_CALLS, is_sqlite=is_sqlite),
        look_up=looked_up.order_by(CALLS.key).with_for_update(),
        look_at_all=looked_at.order_by(CALLS.key).with_for_update(),
        forget=sa.delete(LIVE_CALLS).where(keys),
        next_epochs=sa.text(counted.format(EPOCHS.name)),
        is_sqlite=is_sqlite,
    )


def known_as(key: str) -> str:
    """The key of a call in the table: itself, or, as it comes over the wire, what stands for it."""
    if len(key) <= LONGEST_KEY and "\0" not in key:
        return key
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _given(*, is_sqlite: bool) -> sa.Select[Any]:
    """Keys in one parameter: there may be more of them than a statement takes parameters."""
    if is_sqlite:
        given = sa.func.json_each(sa.bindparam("keys", type_=sa.String)).table_valued("value")
        return sa.select(given.c.value)
    array = sa.bindparam("keys", type_=postgresql.ARRAY(sa.String))
    return sa.select(sa.func.unnest(array))


def _put(table: sa.Table, *, is_sqlite: bool) -> Any:
    statement = sqlite.insert(table) if is_sqlite else postgresql.insert(table)
    (key,) = table.primary_key
    others = {one.name: statement.excluded[one.name] for one in table.c if one is not key}
    return statement.on_conflict_do_update(index_elements=[key], set_=others)
