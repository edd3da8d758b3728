"""A small application server that answers well, or misbehaves as a case tells it to.

It knows jambonz' protocol and nothing of this project.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BasicAuth, WSCloseCode, WSMsgType, hdrs, web

SUBPROTOCOL = "ws.jambonz.org"
ASKING = ("verb:hook", "dial:confirm", "session:redirect")

Json = dict[str, Any]


@dataclass(frozen=True)
class Wait:
    """Do nothing for so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Close:
    """Close the socket; with None there is no code in the close frame."""

    code: int | None


@dataclass(frozen=True)
class Raw:
    """A frame that is no JSON, or a binary one."""

    data: str | bytes


@dataclass(frozen=True)
class Then:
    """Decide only now."""

    decide: Callable[[], list["Step"]]


Step = Json | Wait | Close | Raw | Then
Spoil = Callable[[Json, Json, list[Step]], list[Step]]
"""From what one socket remembers, the message that came, and the right answer to it."""


def leave(_memory: Json, _message: Json, steps: list[Step]) -> list[Step]:
    return steps


@dataclass(frozen=True)
class Application:
    """What the server serves below one path.

    Attributes:
        opening: The verbs of the first ack.
        answers: The verbs of a hook's ack, by a word in its name.
        spoil: Changes what goes out.
        form: The answer to OPTIONS: body and content type.
        upgrade: Seconds before the 101.
        subprotocols: What the server takes.
        headers: Of the 101.
        users: Whom it lets in; anybody where it is empty.
        vendor: Of the speech-to-speech verb in the opening.
    """

    opening: Sequence[Any]
    answers: Json = field(default_factory=dict)
    spoil: Spoil = leave
    form: tuple[str, str] | None = None
    upgrade: float = 0.0
    subprotocols: tuple[str, ...] = (SUBPROTOCOL,)
    headers: dict[str, str] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    vendor: str = ""
    closes_on_malformed: int | None = None


def reply(application: Application, message: Json) -> list[Step]:
    """The right answer to a message."""
    kind, hook = message.get("type", ""), message.get("hook", "")
    ack: Json = {"type": "ack", "msgid": message.get("msgid")}
    if kind == "session:new":
        return [{**ack, "data": list(application.opening)}]
    if kind.endswith(":tool-call"):
        return [output(application, message["data"])]
    if "tool_call_id" in message.get("data", {}):  # a tool call in the oldest dialect
        return [ack, output(application, message["data"])]
    if kind in ("session:reconnect", "session:adulting"):
        return [ack]
    if kind in ASKING:
        data = next((verbs for word, verbs in application.answers.items() if word in hook), None)
        if data is None and hook.endswith(("waitHook", "enterHook", "onHoldHook")):
            data = [{"verb": "say", "text": "Please wait."}, {"verb": "pause", "length": 5}]
        return [ack if data is None else {**ack, "data": data}]
    return []


def output(application: Application, call: Json) -> Json:
    id_, text = call["tool_call_id"], json.dumps({"ok": True})
    shapes: Json = {
        "openai": {
            "type": "conversation.item.create",
            "item": {"type": "function_call_output", "call_id": id_, "output": text},
        },
        "ultravox": {"type": "client_tool_result", "invocation_id": id_, "result": text},
        "elevenlabs": {"data": {"type": "client_tool_result", "tool_call_id": id_, "result": text}},
        "deepgram": {"data": {"type": "FunctionCallResponse", "id": id_, "content": text}},
        "google": {
            "toolResponse": {
                "functionResponses": [{"id": id_, "name": "x", "response": {"output": {}}}]
            }
        },
    }
    data = shapes.get(application.vendor, {"ok": True})
    return {"type": "command", "command": "llm:tool-output", "tool_call_id": id_, "data": data}


async def take(ws: web.WebSocketResponse, steps: list[Step]) -> None:
    """Do what was decided, in order."""
    for step in steps:
        match step:
            case Wait(seconds):
                await asyncio.sleep(seconds)
            case Close(None):
                assert ws._writer is not None
                await ws._writer.send_frame(b"", WSMsgType.CLOSE)
            case Close(int() as code):
                await ws.close(code=code)
            case Raw(str() as text):
                await ws.send_str(text)
            case Raw(bytes() as data):
                await ws.send_bytes(data)
            case Then(decide):
                await take(ws, decide())
            case dict():
                await ws.send_json(step)


async def converse(application: Application, request: web.Request) -> web.StreamResponse:
    if application.users:
        given = BasicAuth.decode(request.headers.get(hdrs.AUTHORIZATION, "Basic Og=="))
        if application.users.get(given.login) not in (given.password, "*"):
            return web.Response(status=401)
    await asyncio.sleep(application.upgrade)
    ws = web.WebSocketResponse(protocols=application.subprotocols, compress=False)
    ws.headers.update(application.headers)
    await ws.prepare(request)
    memory: Json = {}
    async with asyncio.TaskGroup() as tasks:
        async for frame in ws:
            try:
                message = json.loads(frame.data)
            except ValueError:
                if application.closes_on_malformed:
                    await ws.close(code=application.closes_on_malformed)
                continue
            steps = application.spoil(memory, message, reply(application, message))
            tasks.create_task(quietly(ws, steps))
    return ws


async def quietly(ws: web.WebSocketResponse, steps: list[Step]) -> None:
    try:
        await take(ws, steps)
    except ConnectionError:
        return  # the doctor is gone; what is late is late


@dataclass
class Ward:
    """A running server: every application has a path of its own."""

    url: str
    applications: dict[str, Application] = field(default_factory=dict)
    closed_paths: set[str] = field(default_factory=set)

    def admit(self, application: Application) -> str:
        """Serve one more, and return its address."""
        name = f"a{len(self.applications)}"
        self.applications[name] = application
        return f"{self.url}/{name}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.path in self.closed_paths:
            return web.Response(status=404)
        application = self.applications[request.match_info["name"]]
        if request.method == "OPTIONS":
            if application.form is None:
                return web.Response(status=204)
            body, kind = application.form
            return web.Response(body=body.encode(), content_type=kind)
        return await converse(application, request)


@asynccontextmanager
async def ward() -> AsyncIterator[Ward]:
    opened = Ward("")
    app = web.Application()
    app.router.add_route("*", "/{name}", opened.handle)
    app.router.add_route("*", "/{name}/adulting", opened.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=4096).start()
        opened.url = f"ws://127.0.0.1:{runner.addresses[0][1]}"
        yield opened
    finally:
        await runner.cleanup()


__all__ = ["Application", "Close", "Raw", "Step", "WSCloseCode", "Wait", "Ward", "ward"]
