"""A tiny jambonz application, thrown away after a test: what the tests of the twin stand on."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

LIMIT = 5.0

Message = dict[str, Any]
SILENCE = object()
"""In place of an answer: no ack at all."""


@dataclass
class App:
    """Acks `session:new` with `new`, hooks by name, tool calls by name; keeps what it gets."""

    new: Any = field(default_factory=lambda: [{"verb": "pause", "length": 1}])
    hooks: dict[str, Any] = field(default_factory=dict)
    tools: dict[str, Any] = field(default_factory=dict)
    reconnect: Any = None
    protocols: tuple[str, ...] = ("ws.jambonz.org",)
    compress: bool = True
    answer: Callable[["App", web.WebSocketResponse, Message], Awaitable[bool]] | None = None
    refuse: int | None = None
    url: str = ""
    messages: list[Message] = field(default_factory=list)
    closes: list[int | None] = field(default_factory=list)
    requests: list[web.Request] = field(default_factory=list)
    ws: web.WebSocketResponse | None = None
    sockets: dict[str, web.WebSocketResponse] = field(default_factory=dict)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        if self.refuse:
            return web.Response(status=self.refuse)
        ws = web.WebSocketResponse(protocols=self.protocols, compress=self.compress)
        await ws.prepare(request)
        self.ws = ws
        async for frame in ws:
            if frame.type is WSMsgType.TEXT:
                message = json.loads(frame.data)
                if message["type"] == "session:new":
                    self.sockets[message["call_sid"]] = ws
                await self.remember(lambda m=message: self.messages.append(m))  # type: ignore[misc]
                if not (self.answer and await self.answer(self, ws, message)):
                    await self.auto(ws, message)
        await self.remember(lambda: self.closes.append(ws.close_code))
        return ws

    async def remember(self, change: Callable[[], None]) -> None:
        async with self.changed:
            change()
            self.changed.notify_all()

    async def auto(self, ws: web.WebSocketResponse, message: Message) -> None:
        match message:
            case {"type": "session:new"}:
                await self.ack(message, self.new, ws)
            case {"type": "session:reconnect"}:
                await self.ack(message, self.reconnect, ws)
            case {"type": "session:adulting"}:
                await self.ack(message, None, ws)
            case {"data": {"tool_call_id": id_, "name": name}}:
                if message["type"] == "verb:hook":
                    await self.ack(message, None, ws)
                if name in self.tools:
                    output = self.tools[name]
                    await self.send_tool_output(
                        id_, output(message) if callable(output) else output
                    )
            case {"type": "verb:hook" | "dial:confirm" | "session:redirect", "hook": hook}:
                await self.ack(message, self.hooks.get(hook), ws)

    async def ack(
        self, message: Message, data: Any = None, ws: web.WebSocketResponse | None = None
    ) -> None:
        if data is not SILENCE:
            payload = {} if data is None else {"data": data}
            await self.send({"type": "ack", "msgid": message["msgid"], **payload}, ws)

    async def command(self, command: str, data: Any = None, **more: Any) -> None:
        payload = {} if data is None else {"data": data}
        await self.send({"type": "command", "command": command, **payload, **more})

    async def update(self, **data: Any) -> None:
        await self.command("agent:update", data)

    async def send_tool_output(self, id_: str, output: Any) -> None:
        await self.command("llm:tool-output", output, tool_call_id=id_)

    async def send(self, frame: Any, ws: web.WebSocketResponse | None = None) -> None:
        socket = ws or self.ws
        assert socket is not None
        await socket.send_str(frame if isinstance(frame, str) else json.dumps(frame))

    async def close(self, code: int) -> None:
        assert self.ws is not None
        await self.ws.close(code=code)

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(LIMIT), self.changed:
            await self.changed.wait_for(done)

    async def seen(self, type_: str, n: int = 1, **data: Any) -> Message:
        """Wait for the n-th message of a type whose data has these values."""
        await self.until(lambda: len(self.of(type_, **data)) >= n)
        return self.of(type_, **data)[n - 1]

    def of(self, type_: str, **data: Any) -> list[Message]:
        return [
            m
            for m in self.messages
            if m["type"] == type_ and data.items() <= dict(m["data"]).items()
        ]

    def order(self, *types: str) -> list[str]:
        return [m["type"] for m in self.messages if m["type"] in types]


@asynccontextmanager
async def serving(**options: Any) -> AsyncIterator[App]:
    """An application on a free port of the loopback."""
    application = App(**options)
    web_app = web.Application()
    web_app.router.add_get("/{path:.*}", application.serve)
    server = TestServer(web_app)
    await server.start_server(shutdown_timeout=0.1)
    application.url = str(server.make_url("/")).replace("http://", "ws://")
    try:
        yield application
    finally:
        await server.close()


def agent(**options: Any) -> Message:
    """An agent verb with hooks and a prompt."""
    llm: Mapping[str, Any] = {
        "vendor": "openai",
        "model": "gpt-4.1-mini",
        "llmOptions": {"systemPrompt": "You are kind."},
    }
    return {
        "verb": "agent",
        "llm": llm,
        "toolHook": "/tools",
        "eventHook": "/events",
        "actionHook": "/done",
        **options,
    }
