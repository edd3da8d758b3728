"""The tables of the bus, in SQLite or PostgreSQL: what each question is within its transaction.

Nothing here awaits: in SQLite all of a transaction runs in one go in a thread, since whoever holds
the lock of the file over several turns of a busy loop holds up every other process.

A batch is a look at what it is about, which locks it, and one statement for all that is written.
In PostgreSQL a call that is not there yet cannot be locked by looking at it: a lock by its name
does that. Whoever locks does so by names first and in the order of the keys.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection

from app.bus import statements
from app.bus.claims import Held, judge
from app.bus.port import Entry, Node, Owner, Taken, Written
from app.bus.statements import CALLS, known_as
from app.store import now
from app.store.tables.bus import LIVE_CALLS, NODES
from app.store.types import Utc

__all__ = ["Tables"]

T = TypeVar("T")


class Tables:
    """The nodes and the live calls of a store.

    Args:
        lease: Seconds that a node counts as alive after it was last heard of.
        is_sqlite: Which engine the store has.
    """

    def __init__(self, *, lease: float, is_sqlite: bool) -> None:
        self._lease = timedelta(seconds=lease)
        self._is_sqlite = is_sqlite
        self._engine = statements.of(is_sqlite=is_sqlite)

    def change(
        self, connection: Connection, silence: float, change: Callable[..., T], *given: Any
    ) -> T:
        """Make a change that holds nobody up for longer than so many seconds of silence.

        A process that is frozen in the middle of a transaction would keep its calls locked, just
        when another node is to take them. In SQLite there is no middle, but for a moment.
        """
        if not self._is_sqlite:
            connection.execute(statements.LET_GO, {"silence": f"{silence * 1000:.0f}ms"})
        return change(connection, *given)

    def renew(self, connection: Connection, node: Node) -> None:
        """Insert a node, or let its lease begin anew."""
        row = {
            "id": node.id,
            "address": node.address,
            "calls": node.calls,
            "is_draining": node.is_draining,
            "started_at": node.started,
            "alive_until": self._moment(self._lease),
        }
        connection.execute(self._engine.put_node.values(row))

    def leave(self, connection: Connection, node_id: str) -> None:
        """The lease of a node ends."""
        ended = sa.update(NODES).where(NODES.c.id == node_id).values(alive_until=self._moment())
        connection.execute(ended)

    def nodes(self, connection: Connection) -> list[Node]:
        """Those whose lease runs."""
        query = sa.select(NODES).where(self._is_alive()).order_by(NODES.c.started_at, NODES.c.id)
        return [_node(row) for row in connection.execute(query)]

    def write(self, connection: Connection, node_id: str, entries: Sequence[Entry]) -> Written:
        """Write entries of a node."""
        batch = {known_as(entry.key): entry for entry in entries}
        kept = [
            (key, entry.epoch, entry.checkpoint)
            for key, entry in batch.items()
            if entry.epoch and entry.checkpoint is not None
        ]
        if kept and self._engine.keep(connection, node_id, kept):
            for key, _, _ in kept:
                del batch[key]
        if not batch:  # as nearly always
            return Written({}, frozenset())
        return self._write(connection, node_id, batch)

    def _write(self, connection: Connection, node_id: str, batch: Mapping[str, Entry]) -> Written:
        """Look who has the calls of some entries first."""
        held = self._held(connection, batch)
        verdicts = {key: judge(node_id, entry, held.get(key)) for key, entry in batch.items()}
        lost = frozenset(batch[key].key for key, verdict in verdicts.items() if verdict == "lost")
        over = [key for key, entry in batch.items() if entry.checkpoint is None]
        over = [key for key in over if verdicts[key] != "lost"]
        claimed = [key for key in batch if verdicts[key] == "claim" and key not in over]
        epochs = dict(zip(claimed, self._epochs(connection, len(claimed)), strict=True))
        rows = [
            _row(node_id, key, entry, held.get(key), epochs)
            for key, entry in sorted(batch.items())
            if entry.checkpoint is not None and verdicts[key] != "lost"
        ]
        if rows:
            connection.execute(self._engine.put_calls, rows)
        if over:
            connection.execute(self._engine.forget, self._engine.keys(over))
        return Written({batch[key].key: epoch for key, epoch in epochs.items()}, lost)

    def take_over(self, connection: Connection, wanted: Mapping[str, str]) -> Mapping[str, Taken]:
        """Give calls to nodes; what is not there is left out.

        Args:
            connection: Within a transaction.
            wanted: Which node is to have a call, by its key.
        """
        keys = {known_as(key): key for key in wanted}
        taken: dict[str, Taken] = {}
        changes: list[dict[str, Any]] = []
        given = self._engine.keys(sorted(keys))
        found = [*connection.execute(self._engine.look_at_all, given)]
        if not found:
            return taken
        moment = connection.scalar(sa.select(self._moment()))
        epochs = self._epochs(connection, len(found))
        for row, epoch in zip(found, epochs, strict=True):
            key = keys[row.key]
            taken[key] = Taken(epoch, row.checkpoint, row.node_id)
            claimed = max(moment, row.claimed_at)
            change = {"node_id": wanted[key], "epoch": epoch, "claimed_at": claimed}
            changes.append({"its_key": row.key, **change})
        connection.execute(statements.GIVE, changes)
        return taken

    def owner(self, connection: Connection, key: str) -> Owner | None:
        """Who has a call."""
        query = (
            sa.select(CALLS.node_id, CALLS.epoch, NODES, self._is_alive().label("is_alive"))
            .outerjoin(NODES, NODES.c.id == CALLS.node_id)
            .where(CALLS.key == known_as(key))
        )
        row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return Owner(row.node_id, row.epoch, _node(row) if row.is_alive else None)

    def counts(self, connection: Connection) -> Mapping[str, Mapping[str, int]]:
        """Live calls by organisation and node."""
        query = (
            sa.select(CALLS.organisation_id, CALLS.node_id, sa.func.count())
            .join(NODES, NODES.c.id == CALLS.node_id)
            .where(self._is_alive())
            .group_by(CALLS.organisation_id, CALLS.node_id)
        )
        found: dict[str, dict[str, int]] = {}
        for organisation_id, node_id, count in connection.execute(query):
            found.setdefault(organisation_id, {})[node_id] = count
        return found

    def sweep(self, connection: Connection, before: datetime) -> int:
        """Forget the calls of nodes that are gone."""
        is_gone = NODES.c.alive_until < before
        known = sa.select(NODES.c.id)
        is_left = sa.or_(
            CALLS.node_id.in_(known.where(is_gone)),
            CALLS.node_id.not_in(known) & (CALLS.claimed_at < before),
        )
        swept = connection.execute(sa.delete(LIVE_CALLS).where(is_left))
        connection.execute(sa.delete(NODES).where(is_gone))
        return swept.rowcount

    def _held(self, connection: Connection, batch: Mapping[str, Entry]) -> dict[str, Held]:
        """Who has some calls; nobody else changes that before the transaction ends."""
        new = sorted(key for key, entry in batch.items() if not entry.epoch)
        if new and not self._is_sqlite:  # where nobody else writes at the same time
            connection.execute(statements.LOCK_BY_NAME, {"keys": new})
        given = self._engine.keys(sorted(batch))
        found = connection.execute(self._engine.look_up, given)
        return {key: Held(node_id, epoch, claimed) for key, node_id, epoch, claimed in found}

    def _epochs(self, connection: Connection, count: int) -> Iterable[int]:
        """The next numbers, each for one ownership."""
        if not count:
            return ()
        found = connection.execute(self._engine.next_epochs, {"count": count})
        last = [epoch for (epoch,) in found]
        return range(last[0] - count + 1, last[0] + 1) if self._is_sqlite else last

    def _moment(self, later: timedelta = timedelta()) -> sa.ColumnElement[Any]:
        """A moment by the clock of the database; SQLite's is that of this machine."""
        if self._is_sqlite:
            return sa.literal(now() + later, Utc)
        return sa.func.clock_timestamp() + sa.literal(later)

    def _is_alive(self) -> sa.ColumnElement[bool]:
        return NODES.c.alive_until > self._moment()


def _row(
    node_id: str, key: str, entry: Entry, held: Held | None, epochs: Mapping[str, int]
) -> dict[str, Any]:
    claimed = held.claimed if held else entry.began
    return {
        "key": key,
        "organisation_id": entry.organisation_id,
        "node_id": node_id,
        "epoch": epochs.get(key, entry.epoch),
        "claimed_at": max(claimed, entry.began) if key in epochs else claimed,
        "checkpoint": entry.checkpoint,
    }


def _node(row: sa.Row[Any]) -> Node:
    return Node(row.id, row.address, row.calls, row.is_draining, row.started_at)
