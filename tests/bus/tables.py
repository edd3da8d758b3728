"""What tests of the bus write, and tables of owners that several nodes share."""

from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta

from app.bus import LEASE_SECONDS, Bus, Entry, MemoryBus, Node, StoreBus
from app.bus.redis import RedisBus
from app.store import Store, open_store

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ORGANISATION = "00000000-0000-4000-8000-000000000001"
OTHER = "00000000-0000-4000-8000-000000000002"


def node(name: str, *, calls: int = 0, is_draining: bool = False) -> Node:
    address = f"http://10.0.0.1/{name}"
    return Node(name, address, calls, is_draining=is_draining, started=NOW)


def entry(
    key: str = "call",
    epoch: int = 0,
    *,
    began: datetime = NOW,
    text: bytes | None = b"1",
    organisation_id: str = ORGANISATION,
) -> Entry:
    return Entry(key, organisation_id, key, "/a", began, epoch, text)


def later(seconds: float) -> datetime:
    """After `NOW`."""
    return NOW + timedelta(seconds=seconds)


class Table(ABC):
    """A table of owners that any number of nodes reach.

    Attributes:
        lease: Of its nodes; to be set before the first one joins.
        patience: Of them all, long enough for a machine that is busy with other tests.
    """

    def __init__(self) -> None:
        self.lease = LEASE_SECONDS
        self.patience = 30.0
        self._open: list[Bus] = []

    async def join(self) -> Bus:
        """The bus of another node."""
        bus = await self._join()
        self._open.append(bus)
        return bus

    @abstractmethod
    async def _join(self) -> Bus: ...

    async def close(self) -> None:
        for bus in self._open:
            await bus.close()


class InMemory(Table):
    """In this process."""

    def __init__(self) -> None:
        super().__init__()
        self._bus: MemoryBus | None = None

    async def _join(self) -> Bus:
        self._bus = self._bus or MemoryBus(lease=self.lease)
        return self._bus


class InStore(Table):
    """In SQLite or PostgreSQL; every node opens the store for itself."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self._stores: list[Store] = []

    async def _join(self) -> Bus:
        self._stores.append(await open_store(self._url))
        return StoreBus(self._stores[-1], lease=self.lease, patience=self.patience)

    async def close(self) -> None:
        await super().close()
        for store in self._stores:
            await store.close()


class InRedis(Table):
    """In Valkey."""

    def __init__(self, url: str, prefix: str) -> None:
        super().__init__()
        self._url, self._prefix = url, prefix

    async def _join(self) -> Bus:
        return RedisBus(self._url, lease=self.lease, prefix=self._prefix, patience=self.patience)
