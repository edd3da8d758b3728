"""The bus of one process: what several servers within it share, as in tests."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.bus.port import LEASE_SECONDS, Entry, Node, Owner, Taken, Written


@dataclass(slots=True)
class _Call:
    """A row of the table: the newest entry of a call, whose it is and since when."""

    entry: Entry
    node_id: str
    epoch: int
    claimed: datetime


class MemoryBus:
    """The table of owners in a dict.

    Args:
        lease: Seconds that a node counts as alive after it was last heard of.
    """

    def __init__(self, *, lease: float = LEASE_SECONDS) -> None:
        self._lease = timedelta(seconds=lease)
        self._leases: dict[str, tuple[Node, datetime]] = {}
        self._calls: dict[str, _Call] = {}
        self._epochs = itertools.count(1)

    async def renew(self, node: Node) -> None:
        """See :class:`Bus`, as for all that follows."""
        self._leases[node.id] = (node, datetime.now(UTC) + self._lease)

    async def leave(self, node_id: str) -> None:  # noqa: D102
        if known := self._leases.get(node_id):
            self._leases[node_id] = (known[0], datetime.now(UTC))

    async def nodes(self) -> list[Node]:  # noqa: D102
        now = datetime.now(UTC)
        return [node for node, until in self._leases.values() if until > now]

    async def write(self, node_id: str, entries: Sequence[Entry]) -> Written:  # noqa: D102
        epochs: dict[str, int] = {}
        lost: set[str] = set()
        for entry in entries:
            if not self._write(node_id, entry, epochs):
                lost.add(entry.key)
        return Written(epochs, frozenset(lost))

    def _write(self, node_id: str, entry: Entry, epochs: dict[str, int]) -> bool:
        known = self._calls.get(entry.key)
        if entry.epoch:
            if known is None or (known.node_id, known.epoch) != (node_id, entry.epoch):
                return entry.checkpoint is None and known is None
            known.entry = entry
        elif known is None or entry.began > known.claimed:
            epochs[entry.key] = epoch = next(self._epochs)
            self._calls[entry.key] = _Call(entry, node_id, epoch, entry.began)
        else:
            return False
        if entry.checkpoint is None:
            del self._calls[entry.key]
        return True

    async def take_over(self, key: str, node_id: str) -> Taken | None:  # noqa: D102
        known = self._calls.get(key)
        if known is None or known.entry.checkpoint is None:
            return None
        earlier, known.node_id, known.epoch = known.node_id, node_id, next(self._epochs)
        known.claimed = datetime.now(UTC)
        return Taken(known.epoch, known.entry.checkpoint, earlier)

    async def owner(self, key: str) -> Owner | None:  # noqa: D102
        known = self._calls.get(key)
        if known is None:
            return None
        alive = {node.id: node for node in await self.nodes()}
        return Owner(known.node_id, known.epoch, alive.get(known.node_id))

    async def counts(self) -> Mapping[str, Mapping[str, int]]:  # noqa: D102
        alive = {node.id for node in await self.nodes()}
        found: dict[str, dict[str, int]] = {}
        for call in self._calls.values():
            if call.node_id in alive:
                of_one = found.setdefault(call.entry.organisation_id, {})
                of_one[call.node_id] = of_one.get(call.node_id, 0) + 1
        return found

    async def sweep(self, before: datetime) -> int:  # noqa: D102
        gone = {node_id for node_id, (_, until) in self._leases.items() if until < before}
        known = set(self._leases)
        orphans = [
            key
            for key, call in self._calls.items()
            if call.node_id in gone or (call.node_id not in known and call.claimed < before)
        ]
        for key in orphans:
            del self._calls[key]
        return len(orphans)

    async def close(self) -> None:
        """Nothing to let go of: others may still use it."""
