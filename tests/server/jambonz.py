"""jambonz' end of a control socket, as bare as it can be: plain aiohttp, or a socket by hand."""

import asyncio
import base64
import json
import os
import socket
import struct
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Self, TypeVar

import aiohttp
import orjson
from aiohttp import WSMsgType

LIMIT = 5.0
SUBPROTOCOL = "ws.jambonz.org"
MAX_FRAME = 24576
CALLER, CALLEE = "+15085551212", "+16175550100"
ACCOUNT, TRACE = "4b1c3c1e-6f0e-4c0b-8d5b-6f5a3f6f1a11", "7c1d2ab0f3a94e0f8f6bd1c5a2a0f0aa"

T = TypeVar("T")
Frame = dict[str, Any]


def call_info(call_sid: str) -> Frame:
    """What jambonz tells of a call."""
    return {
        "call_sid": call_sid, "account_sid": ACCOUNT, "application_sid": "app-1",
        "direction": "inbound", "from": CALLER, "to": CALLEE, "caller_name": "PRIVATE NAME",
        "call_status": "trying", "trace_id": TRACE,
    }  # fmt: skip


class Jambonz:
    """One call over one socket. What comes is read at once and kept in ``frames``."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse, call_sid: str | None = None) -> None:
        self.ws = ws
        self.call_sid = call_sid or str(uuid.uuid4())
        self.frames: list[Frame] = []
        self.is_over = False
        self._news = asyncio.Event()
        self._pump = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            async for message in self.ws:
                assert message.type is WSMsgType.TEXT, message
                self.frames.append(orjson.loads(message.data))
                self._news.set()
        finally:
            self.is_over = True
            self._news.set()

    async def until(self, find: Callable[[], T | None]) -> T:
        async with asyncio.timeout(LIMIT):
            while (found := find()) is None:
                assert not self.is_over, f"closed with {self.ws.close_code}: {self.frames}"
                self._news.clear()
                await self._news.wait()
        return found

    async def send(self, kind: str, data: Any = None, **fields: Any) -> str:
        msgid = str(fields.pop("msgid", uuid.uuid4().hex[:22]))
        envelope = {"type": kind, "msgid": msgid, "call_sid": self.call_sid, "data": data or {}}
        await self.ws.send_str(json.dumps({**envelope, **fields}))
        return msgid

    async def ack(self, msgid: str) -> Frame:
        return await self.until(
            lambda: next((one for one in self.frames if one.get("msgid") == msgid), None)
        )

    async def open(self, kind: str = "session:new", **data: Any) -> Frame:
        return await self.ack(await self.send(kind, {**call_info(self.call_sid), **data}))

    async def hook(self, name: str, **data: Any) -> Frame:
        data = {**call_info(self.call_sid), **data}
        return await self.ack(await self.send("verb:hook", data, hook=name))

    async def event(self, kind: str, **data: Any) -> None:
        await self.send("agent:event", {"type": kind, **data}, hook="/events")

    async def status(self, status: str) -> None:
        await self.send("call:status", {**call_info(self.call_sid), "call_status": status})

    async def ask_tool(self, name: str, arguments: object = None, call_id: str = "") -> str:
        call_id = call_id or f"call_{uuid.uuid4().hex[:8]}"
        data = {"tool_call_id": call_id, "name": name, "arguments": arguments}
        await self.send("agent:tool-call", data, hook="/tools")
        return call_id

    async def output(self, call_id: str) -> Any:
        await self.until(lambda: self.outputs(call_id) or None)
        return self.outputs(call_id)[0]

    def outputs(self, call_id: str) -> list[Any]:
        return [one["data"] for one in self.frames if one.get("tool_call_id") == call_id]

    async def tool_call(self, name: str, arguments: object = None) -> Any:
        return await self.output(await self.ask_tool(name, arguments))

    async def commands(self, name: str, count: int = 1) -> list[Frame]:
        def found() -> list[Frame] | None:
            all_of_them = [one for one in self.frames if one.get("command") == name]
            return all_of_them if len(all_of_them) >= count else None

        return await self.until(found)

    async def close_code(self) -> int | None:
        """Wait until the server has closed the socket."""
        async with asyncio.timeout(LIMIT):
            await asyncio.wait([self._pump])
        return self.ws.close_code

    async def close(self, code: int = 1000) -> None:
        await self.ws.close(code=code)
        await asyncio.wait([self._pump])

    async def lose(self) -> None:
        """Drop the connection without a word."""
        self.ws.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        await self.close_code()


class RawSocket:
    """A WebSocket client by hand: it reads, pongs and closes only when it is told to."""

    def __init__(self, host: str, port: int, *, receive_buffer: int | None = None) -> None:
        self._address = (host, port)
        self.socket = socket.socket()
        self.socket.setblocking(False)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._buffer = b""

    async def __aenter__(self) -> Self:
        await asyncio.get_running_loop().sock_connect(self.socket, self._address)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.socket.close()

    async def write(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.socket, data)

    async def _read(self, enough: Callable[[bytes], int]) -> bytes:
        async with asyncio.timeout(LIMIT):
            while not (size := enough(self._buffer)):
                more = await asyncio.get_running_loop().sock_recv(self.socket, 65536)
                assert more, "the server closed the connection"
                self._buffer += more
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    async def _take(self, size: int) -> bytes:
        return await self._read(lambda data: size if len(data) >= size else 0)

    async def request(self, path: str, headers: Mapping[str, str], method: str = "GET") -> str:
        """Send one request; the head of the answer."""
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        await self.write("\r\n".join([*lines, "", ""]).encode())
        end = b"\r\n\r\n"
        head = await self._read(lambda data: data.index(end) + 4 if end in data else 0)
        return head.decode()

    async def upgrade(self, path: str, **headers: str) -> str:
        """Ask for a WebSocket as jambonz does."""
        given = {
            "Connection": "Upgrade", "Upgrade": "websocket", "User-Agent": "jambonz",
            "Sec-WebSocket-Version": "13", "Sec-WebSocket-Protocol": SUBPROTOCOL,
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
            "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
        }  # fmt: skip
        given.update({name.replace("_", "-"): value for name, value in headers.items()})
        return await self.request(path, {key: value for key, value in given.items() if value})

    async def send(self, payload: bytes, opcode: int = WSMsgType.TEXT) -> None:
        await self.write(frame_of(payload, opcode))

    async def frame(self) -> tuple[int, bytes]:
        """Opcode and payload of the next frame."""
        head = await self._take(2)
        size, form = head[1] & 0x7F, {126: "!H", 127: "!Q"}.get(head[1] & 0x7F)
        if form is not None:
            (size,) = struct.unpack(form, await self._take(struct.calcsize(form)))
        payload = await self._take(size) if size else b""
        return head[0] & 0x0F, payload

    async def next(self, opcode: int) -> bytes:
        """The payload of the next frame of this kind."""
        while True:
            found, payload = await self.frame()
            if found == opcode:
                return payload

    async def gone(self) -> None:
        """Wait until the server has dropped the connection; what it sends is thrown away."""
        async with asyncio.timeout(LIMIT):
            try:
                while await asyncio.get_running_loop().sock_recv(self.socket, 65536):
                    pass
            except ConnectionError:
                pass


def frame_of(payload: bytes, opcode: int) -> bytes:
    """One masked frame; the mask is zero, so that the payload stays readable."""
    if len(payload) < 126:
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | len(payload))
    elif len(payload) < 65536:
        head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, len(payload))
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, len(payload))
    return head + bytes(4) + payload
