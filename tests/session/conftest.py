"""A session with a socket made of a list."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest

from app import tool
from app.application import Application
from app.calls import Calls
from app.session import Limits, Runtime, Session
from tests.session.doubles import FakeKeeper, Runs
from tests.session.keeper import DictKeeper, Shelf

CALL_SID = "0b9d9c1e-2d7b-4f1a-a1f5-4a3c9f7cf001"
CALL = {
    "call_sid": CALL_SID, "account_sid": "acc", "application_sid": "app", "direction": "inbound",
    "from": "+15085551212", "to": "+16175550100", "call_status": "trying", "trace_id": "tr",
}  # fmt: skip


@dataclass
class ListSocket:
    """A socket that keeps what is written to it."""

    frames: list[dict[str, Any]] = field(default_factory=list)
    is_open: bool = True
    closed_with: int | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def send(self, frame: bytes) -> None:
        self.frames.append(orjson.loads(frame))
        self._news.set()

    def close(self, code: int, reason: str) -> None:
        self.closed_with = code
        self.is_open = False

    async def closed(self) -> None:
        """At once."""

    async def until(self, is_enough: Callable[[list[dict[str, Any]]], bool]) -> None:
        async with asyncio.timeout(5):
            while not is_enough(self.frames):
                self._news.clear()
                await self._news.wait()


@dataclass
class Line:
    """jambonz' end of one call, message by message."""

    application: Application[Any, Any]
    calls: Calls
    socket: ListSocket = field(default_factory=ListSocket)
    count: int = 0
    session: Session[Any, Any] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self.session = self.calls.open(self.application, {})
        self.session.attach(self.socket)

    def send(self, kind: str, data: dict[str, Any] | None = None, **fields: Any) -> str:
        self.count += 1
        msgid = fields.pop("msgid", f"m{self.count}")
        frame = {"type": kind, "msgid": msgid, "call_sid": CALL_SID, "data": data or {}, **fields}
        self.session.receive(orjson.dumps(frame))
        return str(msgid)

    async def open(self, **data: Any) -> dict[str, Any]:
        return await self.ack(self.send("session:new", {**CALL, **data}))

    async def ack(self, msgid: str) -> dict[str, Any]:
        def is_there(frames: list[dict[str, Any]]) -> bool:
            return any(one["type"] == "ack" and one["msgid"] == msgid for one in frames)

        await self.socket.until(is_there)
        return next(one for one in self.socket.frames if one.get("msgid") == msgid)

    async def hook(self, name: str, **data: Any) -> dict[str, Any]:
        return await self.ack(self.send("verb:hook", data, hook=name))

    def event(self, kind: str, **data: Any) -> None:
        self.send("agent:event", {"type": kind, **data}, hook="/events")

    async def tool_call(self, name: str, call_id: str = "t1", /, **arguments: Any) -> Any:
        data = {"tool_call_id": call_id, "name": name, "arguments": arguments}
        self.send("agent:tool-call", data, hook="/tools")
        return await self.output(call_id)

    async def output(self, call_id: str) -> Any:
        await self.socket.until(lambda _: bool(self.outputs(call_id)))
        return self.outputs(call_id)[0]

    def outputs(self, call_id: str) -> list[Any]:
        return [one["data"] for one in self.socket.frames if one.get("tool_call_id") == call_id]

    def commands(self, name: str) -> list[Any]:
        return [one["data"] for one in self.socket.frames if one.get("command") == name]

    async def command(self, name: str, count: int = 1) -> list[Any]:
        await self.socket.until(lambda _: len(self.commands(name)) >= count)
        return self.commands(name)

    def lose(self, *, cleanly: bool = False) -> None:
        lost, self.socket = self.socket, ListSocket()
        lost.is_open = False
        self.session.lost(lost, cleanly=cleanly, is_over=False)

    async def come_back(self) -> dict[str, Any]:
        self.session.attach(self.socket)
        return await self.ack(self.send("session:reconnect", CALL))

    async def settled(self) -> None:
        """Until nothing runs for this call."""
        while self.session._tasks:
            await asyncio.wait(set(self.session._tasks), timeout=5)


@pytest.fixture
async def calls() -> AsyncIterator[Calls]:
    limits = Limits(ack_deadline=0.2, linger=0.3, hook_timeout=0.2, tool_hook_timeout=0.2)
    calls = Calls(Runtime(limits=limits))
    sweeper = asyncio.create_task(calls.sweep_forever())
    yield calls
    sweeper.cancel()
    calls.end_all("test over")
    await asyncio.gather(sweeper, return_exceptions=True)


@pytest.fixture
def call(calls: Calls) -> Callable[[Application[Any, Any]], Line]:
    return lambda application: Line(application, calls)


@pytest.fixture
def keeper(calls: Calls) -> FakeKeeper:
    made = FakeKeeper()
    calls.runtime.keeper = made  # type: ignore[assignment]  # only of Sessions
    return made


@pytest.fixture
def gate() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
def runs() -> Runs:
    return Runs()


@pytest.fixture
def slow(runs: Runs, gate: asyncio.Event) -> Any:
    @tool
    async def slow(items: list[str]) -> str:
        """Take long."""
        runs.append(list(items))
        items.clear()
        await gate.wait()
        return "done"

    return slow


@pytest.fixture
def pay(runs: Runs, gate: asyncio.Event) -> Any:
    @tool(once=True)
    async def pay(price: int) -> dict[str, int]:
        """Pay."""
        runs.append(price)
        await gate.wait()
        return {"paid": price}

    return pay


@pytest.fixture
async def place() -> AsyncIterator[Callable[[], Calls]]:
    """Makes processes, so to speak, that share nothing but a shelf of checkpoints."""
    shelf = Shelf()
    opened: list[tuple[Calls, asyncio.Task[None]]] = []

    def open_one() -> Calls:
        limits = Limits(ack_deadline=0.2, linger=0.3, hook_timeout=0.2, tool_hook_timeout=0.2)
        calls = Calls(Runtime(limits=limits, keeper=DictKeeper(shelf)))
        opened.append((calls, asyncio.create_task(calls.sweep_forever())))
        return calls

    yield open_one
    for calls, sweeper in opened:
        sweeper.cancel()
        calls.end_all("test over")
    await asyncio.gather(*(sweeper for _, sweeper in opened), return_exceptions=True)
