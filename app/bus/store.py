"""The bus in the store: SQLite for the workers of one machine, PostgreSQL for a cluster."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from app.bus.port import LEASE_SECONDS, PATIENCE, BusUnavailable, Entry, Node, Owner, Taken, Written
from app.bus.tables import Tables
from app.bus.waiting import Waiting
from app.store import Store, StoreUnavailable

__all__ = ["StoreBus"]

AT_ONCE: Final = 4
"""Transactions at a time: the store has others to serve."""

T = TypeVar("T")


class _Batch:
    """Calls that are taken over together."""

    def __init__(self) -> None:
        self.wanted: dict[str, str] = {}
        self.task: asyncio.Task[Mapping[str, Taken]] | None = None


class StoreBus:
    """The table of owners in the store.

    Args:
        store: An open one; it stays open when the bus is closed.
        lease: Seconds that a node counts as alive after it was last heard of.
        patience: Seconds after which a store that does not answer is away.
    """

    def __init__(
        self, store: Store, *, lease: float = LEASE_SECONDS, patience: float = PATIENCE
    ) -> None:
        self._store = store
        self._tables = Tables(lease=lease, is_sqlite=store.is_sqlite)
        self._patience = patience
        self._waiting = Waiting(patience)
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._next = _Batch()
        self._taking_over = asyncio.Lock()

    async def renew(self, node: Node) -> None:
        """See :class:`app.bus.Bus`, as for all that follows."""
        await self._change(self._tables.renew, node)

    async def leave(self, node_id: str) -> None:  # noqa: D102
        await self._change(self._tables.leave, node_id)

    async def nodes(self) -> list[Node]:  # noqa: D102
        return await self._ask(self._store.look(self._tables.nodes))

    async def write(self, node_id: str, entries: Sequence[Entry]) -> Written:  # noqa: D102
        if not entries:
            return Written({}, frozenset())
        return await self._change(self._tables.write, node_id, entries)

    async def take_over(self, key: str, node_id: str) -> Taken | None:  # noqa: D102
        # After a crash all calls of a node come back at once: those go together that can.
        if key in self._next.wanted:
            self._next = _Batch()
        batch = self._next
        batch.wanted[key] = node_id
        if batch.task is None:
            batch.task = self._waiting.begin(self._take_over(batch))
        return (await self._waiting.until_done(batch.task)).get(key)

    async def _take_over(self, batch: _Batch) -> Mapping[str, Taken]:
        async with self._taking_over:
            if self._next is batch:
                self._next = _Batch()
            return await self._change(self._tables.take_over, batch.wanted)

    async def owner(self, key: str) -> Owner | None:  # noqa: D102
        return await self._ask(self._store.look(self._tables.owner, key))

    async def counts(self) -> Mapping[str, Mapping[str, int]]:  # noqa: D102
        return await self._ask(self._store.look(self._tables.counts))

    async def sweep(self, before: datetime) -> int:  # noqa: D102
        return await self._change(self._tables.sweep, before)

    async def close(self) -> None:
        """Nothing to let go of but what is still asked: the store is of others."""
        await self._waiting.close()

    async def _change(self, change: Callable[..., T], *given: Any) -> T:
        silence = self._patience / 2
        return await self._ask(self._store.change(self._tables.change, silence, change, *given))

    async def _ask(self, work: Coroutine[Any, Any, T]) -> T:
        return await self._waiting.ask(self._in_turn(work))

    async def _in_turn(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            async with self._turns:
                return await work
        except StoreUnavailable as error:
            raise BusUnavailable(str(error)) from error
        finally:
            work.close()  # where its turn did not come
