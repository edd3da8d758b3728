"""The control socket as jambonz keeps it: dialled, redialled, queued for, given up, closed."""

import asyncio
from collections import deque
from collections.abc import Coroutine, Mapping
from typing import Any, Literal, Protocol

from app.twin.address import Address, DialFailed, delays
from app.twin.callinfo import CallInfo
from app.twin.clock import Hold
from app.twin.log import Log
from app.twin.pace import Pace
from app.twin.pending import Pending
from app.twin.socket import ABNORMAL, Connection, Dialling
from app.twin.wire import dumps

GRACEFUL = 1000

State = Literal["new", "open", "lost", "given up", "closed"]


class Owner(Protocol):
    """The call that a line belongs to."""

    log: Log
    pace: Pace
    info: CallInfo

    def receive(self, line: "Line", raw: str | bytes) -> None:
        """Take a frame."""

    def reconnected(self) -> None:
        """Hear that a `session:reconnect` was acked."""

    def reconnect_failed(self) -> None:
        """Hear that a `session:reconnect` was not acked: the call is to be hung up."""

    def given_up(self, line: "Line") -> None:
        """Hear that the application closed with 1000."""


class Line:
    """The control socket of a call; what is sent while it is lost waits for its repair."""

    def __init__(self, address: Address, dialling: Dialling, owner: Owner) -> None:
        self.state: State = "new"
        self.call_sid = ""  # what goes into the envelope: nothing before session:new
        self._address = address
        self._dialling = dialling
        self._owner = owner
        self._clock = owner.log.clock
        self._writing = Hold()  # what is not written yet lets no time pass
        self._opening: dict[str, Any] | None = None
        self._pending: dict[str, Pending] = {}
        self._outbox: deque[dict[str, Any]] = deque()
        self._due = asyncio.Event()
        self._news = asyncio.Event()  # for the writer: there is something to write, or no socket
        self._empty = asyncio.Event()
        self._socket: Connection | None = None
        self._loss: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tasks: set[asyncio.Task[None]] = set()
        self._delays = delays(owner.pace.backoff)
        self._connections = 0
        self._dial_failed = False
        self._is_last = False
        self._dropped: int | None = None

    async def dial(self) -> None:
        """Open the socket for the first time, as often as the retry settings allow.

        Raises:
            DialFailed: If it stays shut.
        """
        with self._clock.hold():
            for _ in range(self._address.retries):
                try:
                    return await self._begin()
                except DialFailed as failure:
                    if not self._address.covers(failure):
                        raise
                    self._owner.log.add("reconnect", {"event": "failed", "why": str(failure)})
                await asyncio.sleep(next(self._delays))
            return await self._begin()

    def send(self, type_: str, data: Mapping[str, Any], hook: str = "") -> None:
        """Send a message that needs no ack, or queue it."""
        self._post(self._compose(type_, data, hook))

    def request(self, type_: str, data: Mapping[str, Any], hook: str = "") -> "asyncio.Future[Any]":
        """Send a message that needs an ack; the future is the ack's data, or fails with `NoAck`."""
        pending = Pending.new(type_, self._clock)
        message = self._compose(type_, data, hook)
        if self.state in ("given up", "closed"):
            pending.resolve(None)  # jambonz takes it for "no instructions"
        else:
            self._pending[message["msgid"]] = pending
        self._post(message)
        return pending.future

    def ack(self, msgid: str, data: Any) -> bool:
        """Answer a request; False if no request of that id is waiting."""
        pending = self._pending.pop(msgid, None)
        if pending:
            pending.resolve(data)
        return pending is not None

    async def drop(self, code: int | None = None) -> None:
        """Lose the socket, without a close frame or with a close code."""
        if self._socket:
            loss, self._dropped = self._loss, code
            await (self._socket.cut() if code is None else self._socket.close(code))
            await loss

    async def flush(self) -> None:
        """Wait until nothing is left to send, or until it cannot be sent."""
        self._is_last = True
        try:
            async with asyncio.timeout(self._owner.pace.ack + self._owner.pace.handshake):
                while self._outbox and self.state in ("open", "lost"):
                    self._empty.clear()
                    await self._empty.wait()
        except TimeoutError:
            self._outbox.clear()

    async def close(self, code: int = GRACEFUL) -> None:
        """Close for good and release everything; requests in flight resolve as unanswered."""
        self._finish("closed")
        socket, self._socket = self._socket, None
        if socket:
            await socket.close(code)
        others = self._tasks - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _compose(self, type_: str, data: Mapping[str, Any], hook: str) -> dict[str, Any]:
        if type_ == "session:new":
            self.call_sid = self._owner.info.call_sid
        if type_.startswith("session:") and self._opening is None:
            self._opening = dict(data)
        message: dict[str, Any] = {"type": type_, "msgid": self._owner.info.ids.msgid()}
        if self.call_sid:
            message["call_sid"] = self.call_sid
        if hook:
            message["hook"] = hook
        return message | {"data": dict(data), "b3": self._owner.info.b3()}

    def _post(self, message: dict[str, Any]) -> None:
        if self.state in ("given up", "closed"):
            self._owner.log.note("not sent, control is over", type=message["type"])
            return
        if not self._outbox and self.state == "open":
            self._writing.release()
            self._writing = self._clock.hold()
        self._outbox.append(message)
        self._due.set()
        self._news.set()

    async def _begin(self) -> None:
        await self._connect()
        self._start(self._keep())

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(self._owner.log.watch)

    async def _connect(self) -> None:
        socket = await self._dialling.open(self._address.url)
        self._socket = socket
        self._connections += 1
        self._dropped = None
        self.state = "open"
        self._loss = asyncio.get_running_loop().create_future()
        self._start(self._listen(socket))

    async def _listen(self, socket: Connection) -> None:
        code = await socket.read(lambda raw: self._owner.receive(self, raw))
        if socket is self._socket:
            self._lose(code or self._dropped or ABNORMAL)

    def _lose(self, code: int) -> None:
        gave_up = code == GRACEFUL and self._dropped is None
        self._socket = None
        self._writing.release()
        self._owner.log.add("reconnect", {"event": "lost", "code": code})
        if gave_up:
            self._finish("given up")
            self._owner.given_up(self)
            return
        self.state = "lost"
        if self._repairs_itself:
            self._abandon()
        self._loss.set_result(None)
        self._news.set()

    @property
    def _repairs_itself(self) -> bool:
        return self._connections < self._address.retries

    def _abandon(self) -> None:
        """Reject what is in flight, except an un-acked session:new: the reconnect inherits it."""
        for msgid, pending in list(self._pending.items()):
            if pending.was_sent and pending.type != "session:new":
                del self._pending[msgid]
                pending.fail(f"abandoning msgid {msgid}")

    def _finish(self, state: State) -> None:
        self.state = state
        self._writing.release()
        self._outbox.clear()
        for pending in self._pending.values():
            pending.resolve(None)
        self._pending.clear()
        self._due.set()
        self._news.set()
        self._empty.set()
        if not self._loss.done():
            self._loss.set_result(None)

    async def _keep(self) -> None:
        while self.state in ("open", "lost"):
            if self._socket:
                await self._write_all(self._socket)
            else:
                await self._redial()

    async def _write_all(self, socket: Connection) -> None:
        self._due.clear()
        self._news.clear()
        while self._outbox and socket is self._socket:
            message = self._outbox[0]
            if await self._write(socket, message) and message in self._outbox:
                self._outbox.remove(message)
        if not self._outbox:
            self._empty.set()
            self._writing.release()
        if socket is self._socket:
            await self._news.wait()

    async def _write(self, socket: Connection, message: dict[str, Any]) -> bool:
        """Send a message; False if it has to be sent again, because the socket went away."""
        self._owner.log.add("sent", message)
        pending = self._pending.get(message["msgid"])
        if pending:
            pending.start(self._owner.pace.ack, message["msgid"], self._pending)
        try:
            await socket.send(dumps(message))
        except ConnectionError:
            await self._loss
            return pending is not None  # a rejected request is not sent again
        return True

    async def _redial(self) -> None:
        on_time = self._repairs_itself or self._dial_failed
        with self._clock.hold() if on_time else Hold():
            await _wait(self._due, next(self._delays) if on_time else None)
        self._due.clear()
        if self.state != "lost":
            return
        try:
            with self._clock.hold():
                await self._connect()
        except DialFailed as failure:
            self._dial_again(failure)
            return
        self._dial_failed = False
        if self._socket and self._opening is not None and not self._is_unopened:
            await self._reintroduce(self._socket, self._opening)

    @property
    def _is_unopened(self) -> bool:
        return any(message["type"].startswith("session:") for message in self._outbox)

    def _dial_again(self, failure: DialFailed) -> None:
        self._owner.log.add("reconnect", {"event": "failed", "why": str(failure)})
        self._dial_failed = True
        if self._is_last:
            self._finish("closed")

    async def _reintroduce(self, socket: Connection, opening: dict[str, Any]) -> None:
        """Send session:reconnect, and hold everything else back until it is acked."""
        message = self._compose("session:reconnect", opening, "")
        inherited = self._inherit()
        pending = inherited or Pending.new("session:reconnect", self._clock)
        self._pending[message["msgid"]] = pending
        await self._write(socket, message)
        # a socket that is not redialled on time leaves its requests to their timers
        ends = {pending.future, self._loss} if self._repairs_itself else {pending.future}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if self.state in ("given up", "closed") or not pending.future.done():
            return
        if pending.future.exception() is None:
            self._owner.log.add("reconnect", {"event": "reconnected"})
            self._owner.reconnected()
        elif not inherited:
            self._owner.reconnect_failed()

    def _inherit(self) -> Pending | None:
        for msgid, pending in list(self._pending.items()):
            if pending.type == "session:new":
                return self._pending.pop(msgid)
        return None


async def _wait(event: asyncio.Event, limit: float | None) -> None:
    try:
        async with asyncio.timeout(limit):
            await event.wait()
    except TimeoutError:
        return
