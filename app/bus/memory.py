"""The bus of one process: what several servers within it share, as in tests."""

import itertools
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from app.bus.claims import Held, judge
from app.bus.port import LEASE_SECONDS, Entry, Node, Owner, Taken, Written


@dataclass(frozen=True, slots=True)
class _Call:
    """A row of the table."""

    held: Held
    organisation_id: str
    checkpoint: bytes


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
        held = known.held if known else None
        verdict = judge(node_id, entry, held)
        if verdict == "lost":
            return False
        if entry.checkpoint is None:
            self._calls.pop(entry.key, None)
            return True
        if held is None or verdict == "claim":
            claimed = max(entry.began, held.claimed) if held else entry.began
            held = Held(node_id, next(self._epochs), claimed)
            epochs[entry.key] = held.epoch
        self._calls[entry.key] = _Call(held, entry.organisation_id, entry.checkpoint)
        return True

    async def take_over(self, key: str, node_id: str) -> Taken | None:  # noqa: D102
        known = self._calls.get(key)
        if known is None:
            return None
        claimed = max(datetime.now(UTC), known.held.claimed)
        held = Held(node_id, next(self._epochs), claimed)
        self._calls[key] = replace(known, held=held)
        return Taken(held.epoch, known.checkpoint, known.held.node_id)

    async def owner(self, key: str) -> Owner | None:  # noqa: D102
        known = self._calls.get(key)
        if known is None:
            return None
        held = known.held
        alive = {node.id: node for node in await self.nodes()}
        return Owner(held.node_id, held.epoch, alive.get(held.node_id))

    async def counts(self) -> Mapping[str, Mapping[str, int]]:  # noqa: D102
        alive = {node.id for node in await self.nodes()}
        found: dict[str, dict[str, int]] = {}
        for call in self._calls.values():
            if (node_id := call.held.node_id) in alive:
                of_one = found.setdefault(call.organisation_id, {})
                of_one[node_id] = of_one.get(node_id, 0) + 1
        return found

    async def sweep(self, before: datetime) -> int:  # noqa: D102
        gone = {node_id for node_id, (_, until) in self._leases.items() if until < before}
        orphans = [key for key, call in self._calls.items() if self._is_left(call, gone, before)]
        for key in orphans:
            del self._calls[key]
        for node_id in gone:
            del self._leases[node_id]
        return len(orphans)

    def _is_left(self, call: _Call, gone: Set[str], before: datetime) -> bool:
        node_id = call.held.node_id
        is_unheard_of = node_id not in self._leases and call.held.claimed < before
        return node_id in gone or is_unheard_of

    async def close(self) -> None:
        """Nothing to let go of: others may still use it."""
