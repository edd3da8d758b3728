"""Calls with the phone, over a real socket, to a small application that is no part of ours."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer, unused_port

from app.phone import Options, Step, phone

Answer = Callable[[web.WebSocketResponse, dict[str, Any]], Awaitable[None]]

AGENT = {
    "verb": "agent",
    "toolHook": "/tools",
    "eventHook": "/events",
    "llm": {
        "vendor": "openai",
        "model": "gpt",
        "llmOptions": {
            "systemPrompt": "You are a friendly weather assistant.",
            "tools": [
                {
                    "name": "get_weather",
                    "description": "Current temperature in a city.",
                    "parameters": {
                        "type": "object",
                        "properties": {"city": {"type": "string"}},
                        "required": ["city"],
                    },
                }
            ],
        },
    },
}
MENU = {
    "verb": "gather",
    "input": ["digits", "speech"],
    "numDigits": 1,
    "actionHook": "/menu",
    "say": {"text": "Press one."},
}


async def ack(ws: web.WebSocketResponse, message: dict[str, Any], *verbs: object) -> None:
    await ws.send_json({"type": "ack", "msgid": message["msgid"], "data": list(verbs)})


async def command(ws: web.WebSocketResponse, name: str, data: object, **more: str) -> None:
    await ws.send_json({"type": "command", "command": name, "data": data, **more})


async def weather(ws: web.WebSocketResponse, message: dict[str, Any]) -> None:
    """An agent with a tool, whose manner changes with its first use."""
    match message["type"]:
        case "session:new":
            await ack(ws, message, AGENT)
        case "session:reconnect" | "verb:hook":
            await ack(ws, message)
        case "agent:tool-call":
            call = message["data"]
            result = {"city": call["arguments"]["city"], "temperature": 52}
            await command(ws, "llm:tool-output", result, tool_call_id=call["tool_call_id"])
            update = {"type": "update_instructions", "instructions": "Be brief."}
            await command(ws, "agent:update", update)


async def menu(ws: web.WebSocketResponse, message: dict[str, Any]) -> None:
    """A menu that says what it got and hangs up."""
    if message["type"] == "session:new":
        await ack(ws, message, MENU)
    elif message["type"] == "verb:hook":
        got = message["data"].get("digits", "words")
        await ack(ws, message, {"verb": "say", "text": f"Got {got}."}, {"verb": "hangup"})


@asynccontextmanager
async def served(answer: Answer, protocol: str = "ws.jambonz.org") -> AsyncIterator[str]:
    """Serve an application; yields its address."""

    async def handle(request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(protocols=(protocol,))
        await ws.prepare(request)
        async for frame in ws:
            if frame.type is WSMsgType.TEXT:
                await answer(ws, json.loads(frame.data))
        return ws

    async def locked(_: web.Request) -> web.Response:
        return web.Response(status=401)

    app = web.Application()
    app.router.add_get("/app", handle)
    app.router.add_get("/locked", locked)
    async with TestServer(app) as server:
        yield f"ws://127.0.0.1:{server.port}/app#rp=rt"


def say(*texts: str) -> tuple[Step, ...]:
    return tuple(Step("say", text) for text in texts)


async def typed(*lines: str) -> AsyncIterator[str]:
    for line in lines:
        yield line


async def call(options: Options, lines: AsyncIterator[str] | None = None) -> tuple[int, list[str]]:
    out = io.StringIO()
    code = await phone(options, out=out, lines=lines)
    return code, out.getvalue().splitlines()


async def test_a_scripted_call_to_an_agent_with_a_tool() -> None:
    async with served(weather) as url:
        script = say("weather in Bonn", "and in Rome?")
        code, lines = await call(Options(url=url, script=script, seed=1))

    assert code == 0
    assert lines[0] == f"call    {url.removesuffix('#rp=rt')}"
    assert any("/v1/calls/" in line and line.strip().startswith("curl ") for line in lines)
    spoken = [line for line in lines if line.startswith(("you", "agent", "tool", "update", "end"))]
    assert spoken == [
        "agent   Hello! I am your friendly weather assistant. How can I help?",
        "you     weather in Bonn",
        'tool    → get_weather(city="Bonn")',
        "update  ──── update_instructions: Be brief. ────",
        "agent   Bonn: temperature 52.",
        "you     and in Rome?",
        'tool    → get_weather(city="Rome")',
        "update  ──── update_instructions: Be brief. ────",
        "agent   Rome: temperature 52.",
        "end     the caller hung up (3 s)",
    ]


@pytest.mark.parametrize("dialect", ["agent", "docs"])
async def test_json_is_pure_and_ends_with_the_result(dialect: Any) -> None:
    async with served(weather) as url:
        script = say("weather in Bonn")
        code, lines = await call(Options(url=url, script=script, json=True, dialect=dialect))

    entries = [json.loads(line) for line in lines]
    assert entries[0]["kind"] == "call"
    assert {"said", "heard", "tool_call", "tool_output", "event", "sent", "received"} <= {
        entry["kind"] for entry in entries
    }
    assert entries[-1]["kind"] == "result"
    assert entries[-1]["data"] | {"call_sid": ""} == {
        "exit_code": 0,
        "call_sid": "",
        "reason": "the caller hung up",
        "faults": [],
        "hints": [],
        "spoken": [
            "Hello! I am your friendly weather assistant. How can I help?",
            "Bonn: temperature 52.",
        ],
    }
    assert code == 0


async def test_keys_reach_a_menu_which_may_hang_up() -> None:
    async with served(menu) as url:
        code, lines = await call(Options(url=url, script=(Step("dtmf", "1"),)))

    assert code == 0
    assert [line for line in lines if line.startswith(("keys", "say"))] == [
        "keys    1",
        "say     Got 1.",
    ]
    assert lines[-1].startswith("end     the application hung up")


async def test_an_interruption_cuts_the_answer_to_the_step_before() -> None:
    async with served(weather) as url:
        script = (*say("weather in Bonn"), Step("interrupt", "never mind"))
        code, lines = await call(Options(url=url, script=script))

    assert code == 0
    assert "agent   Bonn: temperature 52. —" in lines
    assert lines.index("        interrupted") < lines.index("you     never mind")


async def test_an_interruption_may_come_first_and_cut_the_greeting() -> None:
    async with served(weather) as url:
        code, lines = await call(Options(url=url, script=(Step("interrupt", "Bonn weather"),)))

    assert code == 0
    assert "agent   Hello! I am —" in lines


async def test_typed_lines_and_commands_are_done_until_they_end(tmp_path: Path) -> None:
    transcript = tmp_path / "call.txt"
    lines = typed("/help", "/raw", "/raw", "/fly", "", "weather in Bonn", "/silence", "thanks")
    async with served(weather) as url:
        code, shown = await call(Options(url=url, transcript=transcript), lines)

    assert code == 0
    assert "        frames are shown" in shown
    assert "        there is no /fly; /help lists the commands" in shown
    assert [line for line in shown if line.startswith("agent")] == [
        "agent   Hello! I am your friendly weather assistant. How can I help?",
        "agent   Bonn: temperature 52.",
        "agent   Are you still there?",
        "agent   You are welcome!",
    ]
    assert transcript.read_text(encoding="utf-8").splitlines() == shown


async def test_a_dropped_socket_is_redialled_and_is_nobodys_fault() -> None:
    async def lines() -> AsyncIterator[str]:
        yield "/drop"
        await reconnected.wait()
        yield "weather in Bonn"

    async def answer(ws: web.WebSocketResponse, message: dict[str, Any]) -> None:
        await weather(ws, message)
        if message["type"] == "session:reconnect":
            reconnected.set()

    reconnected = asyncio.Event()
    async with served(answer) as url:
        code, shown = await call(Options(url=url), lines())

    assert code == 0
    assert [line for line in shown if line.startswith("socket")] == [
        "socket  closed with code 1006",
        "socket  reconnected",
    ]
    assert "agent   Bonn: temperature 52." in shown


async def test_lines_of_a_script_wait_for_each_other_and_an_interruption_cuts_the_answer() -> None:
    script = typed("weather in Bonn", "/interrupt never mind", "/drop", "thanks", "/hangup", "no")
    async with served(weather) as url:
        code, shown = await call(Options(url=url), script)

    assert code == 0
    assert [line for line in shown if line.startswith(("you", "agent", "socket"))] == [
        "agent   Hello! I am your friendly weather assistant. How can I help?",
        "you     weather in Bonn",
        "agent   Bonn: temperature 52. —",
        "you     never mind",
        "agent   All right.",
        "socket  closed with code 1006",
        "socket  reconnected",
        "you     thanks",
        "agent   You are welcome!",
    ]


async def test_how_to_steer_is_told_only_where_an_agent_runs() -> None:
    async with served(menu) as url:
        _, shown = await call(Options(url=url, script=(Step("dtmf", "1"),)))

    assert not any("curl" in line for line in shown)


async def test_a_late_ack_is_told_once_with_one_advice() -> None:
    async def late(ws: web.WebSocketResponse, message: dict[str, Any]) -> None:
        del ws, message

    async with served(late) as url:
        code, shown = await call(Options(url=url, script=say("hi"), ack_timeout=0.05))

    assert code == 1
    assert len([line for line in shown if "no ack to session:new" in line]) == 1
    assert len([line for line in shown if "480" in line]) == 1


async def test_a_host_that_does_not_exist_and_a_port_of_something_else_are_told_apart() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH\r\n")
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        _, other = await call(Options(url=f"ws://127.0.0.1:{port}/x#rp=rt", script=say("hi")))
    _, nobody = await call(Options(url=f"ws://127.0.0.1:{unused_port()}/x#rp=rt", script=say("hi")))

    assert "not HTTP" in other[-2]
    assert nobody[-2].endswith("Connection refused")


async def test_hanging_up_does_not_wait_for_the_keyboard() -> None:
    async def lines() -> AsyncIterator[str]:
        yield "/hangup"
        await asyncio.Event().wait()

    async with served(weather) as url:
        code, shown = await call(Options(url=url), lines())

    assert code == 0
    assert shown[-1].startswith("end     the caller hung up")


async def test_the_application_ends_the_call_while_nobody_types() -> None:
    async def lines() -> AsyncIterator[str]:
        yield "/dtmf 1"
        await asyncio.Event().wait()

    async with served(menu) as url:
        code, shown = await call(Options(url=url), lines())

    assert code == 0
    assert shown[-1].startswith("end     the application hung up")


async def test_who_calls_and_the_variables_reach_the_application() -> None:
    opened: list[dict[str, Any]] = []

    async def answer(ws: web.WebSocketResponse, message: dict[str, Any]) -> None:
        if message["type"] == "session:new":
            opened.append(message["data"])
        await menu(ws, message)

    async with served(answer) as url:
        options = Options(url=url, from_="+1", to="+2", env={"A": "1"}, tag={"tier": "gold"})
        await call(options, typed())

    (data,) = opened
    assert (data["from"], data["to"], data["env_vars"]["A"]) == ("+1", "+2", "1")
    assert "gold" in json.dumps(data)


# Calls that go wrong


async def test_a_closed_port_is_told_at_once_with_the_command_to_start() -> None:
    code, lines = await call(Options(url=f"ws://127.0.0.1:{unused_port()}/app#rp=rt"), typed())

    assert code == 1
    assert "connection failed" in lines[-2]
    assert "make run" in lines[-1]
    assert not any("curl" in line for line in lines)


@pytest.mark.parametrize(
    ("path", "problem", "advice"),
    [
        ("locked", "upgrade refused: 401", "--user NAME --password WORD"),
        ("none", "upgrade refused: 404", "no application has this path"),
    ],
)
async def test_a_refused_upgrade_is_explained(path: str, problem: str, advice: str) -> None:
    async with served(weather) as url:
        code, lines = await call(Options(url=url.replace("/app", f"/{path}")), typed())

    assert code == 1
    assert problem in lines[-2]
    assert advice in lines[-1]


async def test_a_missing_subprotocol_is_explained() -> None:
    async with served(weather, protocol="chat") as url:
        code, lines = await call(Options(url=url), typed())

    assert code == 1
    assert "must accept the subprotocol ws.jambonz.org" in lines[-1]


async def test_a_platform_without_the_agent_verb_is_explained_once() -> None:
    async with served(weather) as url:
        code, lines = await call(Options(url=url, knows_agent=False), typed())

    assert code == 1
    assert [line for line in lines if "10.1" in line] != []
    assert len([line for line in lines if line.startswith("problem")]) == 1


async def test_no_ack_of_the_first_message_refuses_the_call() -> None:
    async def silent(_: web.WebSocketResponse, __: dict[str, Any]) -> None:
        return

    async with served(silent) as url:
        code, lines = await call(Options(url=url, ack_timeout=0.1, json=True), typed())

    result = json.loads(lines[-1])["data"]
    assert (code, result["exit_code"]) == (1, 1)
    assert any("no ack to session:new" in fault for fault in result["faults"])


async def test_a_late_ack_of_a_hook_makes_the_call_go_wrong() -> None:
    async def late(ws: web.WebSocketResponse, message: dict[str, Any]) -> None:
        if message["type"] == "session:new":
            await ack(ws, message, MENU, {"verb": "pause", "length": 1})

    async with served(late) as url:
        options = Options(url=url, ack_timeout=0.1, script=(Step("dtmf", "1"),))
        code, lines = await call(options)

    assert code == 1
    assert any("no ack to verb:hook /menu within 0.1 s" in line for line in lines)


async def test_bad_frames_make_the_call_go_wrong() -> None:
    async def babble(ws: web.WebSocketResponse, message: dict[str, Any]) -> None:
        await weather(ws, message)
        if message["type"] == "session:new":
            await ws.send_str("not json")
            await ws.send_json({"type": "agent:update", "data": {}})

    async with served(babble) as url:
        code, lines = await call(Options(url=url, script=say("hello")))

    assert code == 1
    assert len([line for line in lines if "jambonz:error InvalidMessage" in line]) == 2


async def test_an_unanswered_tool_call_makes_the_call_go_wrong() -> None:
    async def forgetful(ws: web.WebSocketResponse, message: dict[str, Any]) -> None:
        if message["type"] != "agent:tool-call":
            await weather(ws, message)

    async with served(forgetful) as url:
        options = Options(url=url, ack_timeout=0.1, timeout=0.5, script=say("weather in Bonn"))
        code, lines = await call(options)

    assert code == 1
    assert "problem the tool call get_weather was not answered" in lines


async def test_a_broken_close_makes_the_call_go_wrong() -> None:
    events: list[str] = []

    async def fragile(ws: web.WebSocketResponse, message: dict[str, Any]) -> None:
        await weather(ws, message)
        if message["type"] == "agent:event":
            events.append(message["msgid"])
            if len(events) == 1:
                await ws.close(code=1011)

    async with served(fragile) as url:
        code, lines = await call(Options(url=url, script=say("hello")))

    assert code == 1
    assert any("closed with code 1011" in line for line in lines)


async def test_words_that_could_not_be_said_make_the_call_go_wrong() -> None:
    async with served(menu) as url:
        script = (Step("dtmf", "1"), *say("are you there?"))
        code, lines = await call(Options(url=url, script=script))

    assert code == 1
    assert any("are you there?: say: the call is over" in line for line in lines)


async def test_a_call_that_is_cancelled_is_hung_up() -> None:
    async def lines() -> AsyncIterator[str]:
        talking.set()
        await asyncio.Event().wait()
        yield ""

    talking = asyncio.Event()
    out = io.StringIO()
    async with served(weather) as url:
        task = asyncio.create_task(phone(replace(Options(), url=url), out=out, lines=lines()))
        await talking.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert out.getvalue().splitlines()[-1].startswith("end     the caller hung up")
