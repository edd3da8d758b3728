"""One call that the doctor plays; everything goes into its transcript."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import orjson
from aiohttp import WSMsgType

from app.doctor.limits import Limits
from app.doctor.line import Dialler, Upgrade
from app.doctor.probes import Probe
from app.doctor.transcript import Came, Closed, Opened, Sent, Transcript
from app.twin.callinfo import CallInfo
from app.twin.wire import dumps, snake

ABNORMAL = 1006
NO_CODE = 1005
SHOWN = 400
"""Characters of a frame that a report can show."""


class Gone(Exception):
    """The application closed the socket, so that the scenario cannot go on."""


class Call:
    """A call to the application; `open` comes first."""

    def __init__(
        self, transcript: Transcript, dialler: Dialler, info: CallInfo, limits: Limits
    ) -> None:
        self.transcript = transcript
        self.info = info
        self.limits = limits
        self.has_call_sid = False  # in the envelope: nothing before session:new
        self._dialler = dialler
        self._began = time.monotonic()
        self._socket = -1
        self._upgrade: Upgrade | None = None
        self._reader: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    @property
    def _now(self) -> float:
        return time.monotonic() - self._began

    async def open(self, url: str = "") -> None:
        """Open a socket, the first or a further one.

        Raises:
            CannotConnect: If there is none.
        """
        upgrade = await self._dialler.dial(url)
        self._socket += 1
        self._upgrade = upgrade
        told = upgrade.took, upgrade.subprotocol, upgrade.extensions
        self.transcript.entries.append(Opened(self._now, self._socket, *told))
        self._reader = asyncio.get_running_loop().create_task(self._read(upgrade, self._socket))

    async def send(self, probe: Probe) -> Sent:
        """Send a message.

        Raises:
            Gone: If the application has closed the socket.
        """
        data = snake(dict(probe.data))
        if probe.has_call_info:
            data = self.info.common() | data
        message: dict[str, Any] = {"type": probe.type, "msgid": self.info.ids.msgid()}
        if self.has_call_sid:
            message["call_sid"] = self.info.call_sid
        if probe.hook:
            message["hook"] = probe.hook
        message |= {"data": data, "b3": self.info.b3()}
        sent = Sent(
            self._now,
            self._socket,
            message,
            probe.wants,
            probe.about or probe.type,
            probe.option,
            probe.tool_call_id,
            probe.is_strange,
        )
        return await self._write(dumps(message), sent)

    async def send_broken(self, text: str, about: str) -> Sent:
        """Send a frame that is no message.

        Raises:
            Gone: If the application has closed the socket.
        """
        sent = Sent(self._now, self._socket, None, about=about, is_strange=True)
        return await self._write(text, sent)

    async def _write(self, text: str, sent: Sent) -> Sent:
        if self._upgrade is None or self.is_closed:
            raise Gone
        self.transcript.entries.append(sent)  # before it is sent: the answer comes after it
        try:
            await self._upgrade.ws.send_str(text)
        except (ConnectionError, aiohttp.ClientError):
            await self.settle()  # until it is known how it was closed
            raise Gone from None
        return sent

    @property
    def is_closed(self) -> bool:
        """Whether the application closed the socket."""
        return self.transcript.closing_of(self._socket) is not None

    async def ack_of(self, sent: Sent) -> Any:
        """Wait for the ack of a message and return its data; None where it has none.

        Raises:
            Gone: If the socket is closed before it comes.
            NoAnswer: If it does not come.
        """
        limit = self.limits.ack + self.limits.grace
        await self._until(lambda: bool(self.transcript.acks_of(sent)), limit)
        return self.transcript.acks_of(sent)[0].frame.get("data")

    async def outputs_of(self, calls: list[Sent]) -> None:
        """Wait until every tool call is answered, or its time is over.

        Raises:
            Gone: If the socket is closed before.
        """
        done = self.transcript.outputs_of
        try:
            await self._until(lambda: all(map(done, calls)), self.limits.tool)
        except NoAnswer:
            return

    async def ask(self, probe: Probe) -> Any:
        """Send a message and return the data of its ack.

        Raises:
            Gone: If the socket is closed.
            NoAnswer: If no ack comes.
        """
        return await self.ack_of(await self.send(probe))

    async def settle(self) -> None:
        """Listen for a moment for what nobody should send."""
        try:
            await self._until(lambda: False, self.limits.settle)
        except (NoAnswer, Gone):
            return

    async def drop(self) -> None:
        """Lose the socket, as a network does."""
        await self._leave()
        if self._upgrade:
            await self._upgrade.cut()

    async def end(self) -> None:
        """Tell that the call is over, and close as jambonz does; harmless when repeated."""
        upgrade, self._upgrade = self._upgrade, None
        if upgrade is None:
            return
        self.info.set_status("completed", 200, "OK")
        data = self.info.common() | {"duration": 1, "call_termination_by": "caller"}
        message = {"type": "call:status", "msgid": self.info.ids.msgid(), "data": data}
        self.transcript.ended = self._now
        if not self.is_closed:
            self.transcript.entries.append(Sent(self._now, self._socket, message, about="the end"))
            with contextlib.suppress(ConnectionError, aiohttp.ClientError):
                await upgrade.ws.send_str(dumps(message))
        await self._leave()
        await upgrade.close(1000)

    async def _leave(self) -> None:
        """Read no more: what closes now was closed by us."""
        if self._reader:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    async def _until(self, is_done: Callable[[], bool], limit: float) -> None:
        try:
            async with asyncio.timeout(limit):
                while not is_done():
                    if self.is_closed:
                        raise Gone
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise NoAnswer from None

    async def _read(self, upgrade: Upgrade, socket: int) -> None:
        while True:
            message = await upgrade.ws.receive()
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                self.transcript.entries.append(_came(self._now, socket, message.data))
                self._changed.set()
            elif message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR):
                self.transcript.entries.append(Closed(self._now, socket, _code(message)))
                self._changed.set()
                await upgrade.http.close()
                return


class NoAnswer(Exception):
    """What was awaited did not come in time."""


def _came(at: float, socket: int, data: str | bytes) -> Came:
    raw = data.encode() if isinstance(data, str) else data
    try:
        frame = orjson.loads(raw)
    except orjson.JSONDecodeError:
        frame = None
    text = raw[: 4 * SHOWN].decode(errors="replace")[:SHOWN]
    return Came(at, socket, frame, text, len(raw), isinstance(data, bytes))


def _code(message: aiohttp.WSMessage) -> int:
    if message.type is WSMsgType.CLOSE:
        return int(message.data) or NO_CODE
    if message.type is WSMsgType.ERROR and isinstance(message.data, aiohttp.WebSocketError):
        return int(message.data.code)
    return ABNORMAL
