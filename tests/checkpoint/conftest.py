"""Calls and nodes for tests of the keeper: small calls, and a bus that can be away or slow."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from prometheus_client import CollectorRegistry

from app import Application
from app.bus import BusUnavailable, Entry, MemoryBus, Owner, Taken, Written
from app.checkpoint import AskHandOver, CallKeeper, Counting, Reach

LIMIT = 5.0
application = Application("/desk")


@dataclass(eq=False)
class SmallCall:
    """A call whose checkpoint is a text."""

    call_sid: str
    live: dict[str, "SmallCall"]
    text: str = "new"
    organisation_id: str = "org"
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    application: Application = application
    is_kept: bool = True
    is_moved: bool = False
    went_on: int = 0
    captures: int = 0
    tools: asyncio.Event | None = None
    on_capture: Callable[[], object] = lambda: None

    def __post_init__(self) -> None:
        self.key = self.call_sid

    def capture(self) -> bytes:
        self.captures += 1
        self.on_capture()
        return self.text.encode()

    def moved(self) -> None:
        self.is_moved = True
        self.leave()

    def leave(self) -> None:
        if self.live.get(self.key) is self:
            del self.live[self.key]

    def go_on(self) -> None:
        self.went_on += 1

    async def rest_tools(self, grace: float) -> None:
        if self.tools is not None:
            await asyncio.wait_for(self.tools.wait(), grace)


class Table(MemoryBus):
    """A bus that remembers its batches, and that can be away or slow."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[list[Entry]] = []
        self.is_away = False
        self.gate = asyncio.Event()
        self.gate.set()
        self._news = asyncio.Event()

    async def write(self, node_id: str, entries: Sequence[Entry]) -> Written:
        self.batches.append([*entries])
        self._news.set()
        await self.gate.wait()
        if self.is_away:
            raise BusUnavailable("the table is away")
        return await super().write(node_id, entries)

    async def owner(self, key: str) -> Owner | None:
        if self.is_away:
            raise BusUnavailable("the table is away")
        return await super().owner(key)

    async def take_over(self, key: str, node_id: str) -> Taken | None:
        if self.is_away:
            raise BusUnavailable("the table is away")
        await asyncio.sleep(0)
        return await super().take_over(key, node_id)

    async def until(self, number: int) -> list[list[str]]:
        """Wait for so many batches; what was in them, as ``sid=text``."""
        async with asyncio.timeout(LIMIT):
            while len(self.batches) < number:
                self._news.clear()
                await self._news.wait()
        return [sorted(told(entry) for entry in batch) for batch in self.batches]


def told(entry: Entry) -> str:
    text = "over" if entry.checkpoint is None else entry.checkpoint.decode()
    return f"{entry.call_sid}={text}"


@dataclass
class SmallNode:
    """A node: its keeper and its calls, on a clock that a test sets."""

    keeper: CallKeeper
    live: dict[str, SmallCall]
    counting: Counting
    reach: Reach
    registry: CollectorRegistry
    now: list[float]

    def call(self, call_sid: str, text: str = "new") -> SmallCall:
        call = self.live[call_sid] = SmallCall(call_sid, self.live, text)
        return call

    def count(self, name: str) -> float:
        return self.registry.get_sample_value(name) or 0.0


@pytest.fixture
def bus() -> Table:
    return Table()


def make_node(bus: Table, name: str = "one", ask: AskHandOver | None = None) -> SmallNode:
    live: dict[str, SmallCall] = {}
    registry = CollectorRegistry()
    counting = Counting(registry)
    reach = Reach(counting)
    now = [1000.0]
    keeper = CallKeeper(bus, name, live, counting, reach, lease=15.0, clock=lambda: now[0])
    if ask is not None:
        keeper.ask_hand_over = ask
    return SmallNode(keeper, live, counting, reach, registry, now)


@asynccontextmanager
async def keeping(node: SmallNode) -> AsyncIterator[SmallNode]:
    """Run the task of a node's keeper."""
    task = asyncio.create_task(node.keeper.keep())
    yield node
    task.cancel()
    await asyncio.wait([task])
