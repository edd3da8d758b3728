"""Frames that no jambonz should send: they are logged, and calls go on."""

import asyncio
from typing import Any

import orjson
import pytest
from aiohttp import WSCloseCode, WSMsgType

from app import Application, Session, UserTranscript, event_hook, say, tool
from tests.server.conftest import Logbook, Start, agent_application, ping
from tests.server.jambonz import CALLER, Jambonz, RawSocket, call_info

DEEP_LIST = b"[" * 100_000 + b"]" * 100_000
DEEP_OBJECT = b'{"a":' * 300 + b"1" + b"}" * 300
KINDS = [
    *("session:new", "session:reconnect", "session:redirect", "session:adulting", "verb:hook"),
    *("dial:confirm", "call:status", "verb:status", "jambonz:error", "llm:event", "agent:event"),
    *("llm:tool-call", "agent:tool-call", "tts:streaming-event", "tts:tokens-result", "no:such"),
]
KEYS = [
    *("type", "call_sid", "call_status", "tool_call_id", "name", "arguments", "args", "reason"),
    *("completion_reason", "latency", "tool_calls", "transcript", "interrupted", "speech"),
    *("customerData", "env_vars", "sip", "direction", "from", "msg", "details", "content"),
    *("account_sid", "trace_id", "duration", "function_calls", "error"),
]
VALUES: list[Any] = [
    None,
    True,
    -1,
    1e308,
    2**63,
    "",
    "x" * 40_000,
    [],
    [[1]],
    {},
    {"a": {"b": []}},
    "\0",
]


async def pong(call: Jambonz) -> None:
    assert await call.tool_call("ping") == {"result": "pong"}


@pytest.mark.parametrize(
    ("garbage", "reason"),
    [
        (b"", "expected JSON"),
        (b"{", "expected JSON"),
        (b'"session:new"', "string 'type'"),
        (b"[]", "string 'type'"),
        (b"{}", "string 'type'"),
        (b'{"type":7}', "string 'type'"),
        (b'{"type":"call:status","data":"PRIVATE"}', "'data' to be an object"),
        (b'{"type":"call:status","data":[1]}', "'data' to be an object"),
        (b'{"type":"verb:hook","msgid":"' + b"m" * 30_000 + b'"}', "at most 512 characters"),
        (b'{"type":"verb:hook","hook":"' + b"h" * 30_000 + b'"}', "at most"),
        (b'{"type":"' + b"t" * 30_000 + b'"}', "at most 512 characters"),
        (b'{"type":"x","data":{"a":' + DEEP_LIST + b"}}", "expected JSON"),
    ],
    ids=range(12),
)
async def test_what_is_no_message_is_logged_and_the_call_goes_on(
    start: Start, logbook: Logbook, garbage: bytes, reason: str
) -> None:
    server = await start(agent_application())
    call = await server.call()
    await call.ws.send_frame(garbage, WSMsgType.TEXT)

    line = await logbook.line("malformed_message", call_sid=call.call_sid)
    assert reason in line["reason"]
    await pong(call)


async def test_text_that_is_no_utf8_closes_the_socket_and_the_call_goes_on_over_another(
    start: Start,
) -> None:
    server = await start(agent_application())
    call = await server.call()
    await call.ws.send_frame(b"\xff\xfe", WSMsgType.TEXT)

    assert await call.close_code() == WSCloseCode.INVALID_TEXT
    again = await server.dial(call_sid=call.call_sid)
    await again.open("session:reconnect")
    await pong(again)


async def test_what_is_nested_too_deeply_is_left_out_and_the_rest_is_read(
    start: Start, logbook: Logbook
) -> None:
    server = await start(agent_application())
    call = await server.dial()
    data = orjson.dumps(call_info(call.call_sid))[:-1] + b',"sip":' + DEEP_OBJECT + b"}"
    await call.ws.send_bytes(b'{"type":"session:new","msgid":"m","data":' + data + b"}")

    assert (await call.ack("m"))["data"][0]["verb"] == "agent"
    await logbook.line("message_cut", type="session:new", call_sid=call.call_sid)
    assert (await server.rest("GET", f"/v1/calls/{call.call_sid}"))[0] == 200
    await pong(call)


async def test_a_call_begins_after_garbage_on_its_socket(start: Start, logbook: Logbook) -> None:
    logbook.without_call.add("malformed_message")
    call = await (await start(agent_application())).dial()
    await call.ws.send_str("hello?")

    assert (await call.open())["data"][0]["verb"] == "agent"
    await pong(call)


async def test_binary_frames_are_read_like_text(start: Start, logbook: Logbook) -> None:
    call = await (await start(agent_application())).dial()
    frame = {"type": "session:new", "msgid": "m", "data": call_info(call.call_sid)}
    await call.ws.send_bytes(orjson.dumps(frame))
    await call.ack("m")
    await call.ws.send_bytes(b"\x00\x01\x02")

    await logbook.line("malformed_message", call_sid=call.call_sid)
    await pong(call)


async def test_no_field_of_any_type_can_stop_a_call(start: Start, logbook: Logbook) -> None:
    """Every kind of message with every field of a wrong type, too long or absent."""

    @event_hook
    async def listen(session: Session, event: UserTranscript) -> None:
        pass

    server = await start(agent_application(event_hooks=[listen]))
    call = await server.call()
    for kind in KINDS:
        for key in KEYS:
            for value in VALUES:
                await call.send(kind, {"type": "turn_end", "call_sid": call.call_sid, key: value})
        await call.send(kind, {"tool_call_id": kind, "name": "ping"}, call_sid=None, hook=7, b3=[])
    await call.status("in-progress")

    for kind in ("agent:tool-call", "llm:tool-call", "verb:hook"):
        assert await call.output(kind) == {"result": "pong"}
    assert not logbook.about("session_beyond_repair")
    status, live = await server.rest("GET", "/v1/calls")
    assert (status, len(live)) == (200, 2)


async def test_an_unknown_message_is_advised_on_once(start: Start, logbook: Logbook) -> None:
    call = await (await start(agent_application())).call()
    for _ in range(3):
        await call.send("room:event", {"who": "PRIVATE"})
    await pong(call)

    (line,) = logbook.about("unknown_message", call_sid=call.call_sid)
    assert line["type"] == "room:event"
    assert '@call.on("room:event")' in line["advice"]


async def test_a_message_over_the_limit_costs_its_own_socket_only(
    start: Start, logbook: Logbook
) -> None:
    limit = 64 * 1024
    server = await start(agent_application(), max_message=limit)
    call = await server.call()
    padding = limit - len(orjson.dumps({"type": "x", "data": {"a": ""}}))
    await call.ws.send_bytes(orjson.dumps({"type": "x", "data": {"a": "b" * padding}}))
    await pong(call)
    await call.ws.send_bytes(orjson.dumps({"type": "x", "data": {"a": "b" * (padding + 1)}}))

    assert await call.close_code() == WSCloseCode.MESSAGE_TOO_BIG
    line = await logbook.line("message_refused", call_sid=call.call_sid)
    assert line["code"] == 1009
    assert "CORDBOARD_MAX_MESSAGE" in line["advice"]
    again = await server.dial(call_sid=call.call_sid)
    await again.open("session:reconnect")
    await pong(again)


async def test_a_first_message_over_the_limit_is_logged_too(start: Start, logbook: Logbook) -> None:
    logbook.without_call.add("message_refused")
    call = await (await start(agent_application(), max_message=64 * 1024)).dial()
    await call.ws.send_bytes(b" " * 100_000)

    assert await call.close_code() == WSCloseCode.MESSAGE_TOO_BIG
    await logbook.line("message_refused", code=1009)


async def test_a_frame_that_breaks_the_websocket_protocol_costs_its_own_socket_only(
    start: Start, logbook: Logbook
) -> None:
    server = await start(agent_application())
    async with RawSocket(server.host, server.port) as client:
        await client.upgrade("/call")
        frame = {"type": "session:new", "msgid": "m", "data": call_info("raw-call")}
        await client.send(orjson.dumps(frame))
        await client.next(WSMsgType.TEXT)
        await client.write(b"\xf1\x80\x00\x00\x00\x00")

        assert (await client.next(WSMsgType.CLOSE))[:2] == (1002).to_bytes(2, "big")
    await logbook.line("message_refused", call_sid="raw-call", code=1002)
    await logbook.line("socket_lost", call_sid="raw-call")


async def test_a_hostile_tool_argument_is_answered_and_never_reaches_the_tool(
    start: Start, logbook: Logbook
) -> None:
    seen: list[object] = []

    @tool
    async def look_up(city: str, days: int = 1) -> str:
        """Look up."""
        seen.append((city, days))
        return "fine"

    call = await (await start(agent_application(tools=[look_up, ping]))).call()
    nested: Any = "x"
    for _ in range(300):
        nested = [nested]
    hostile: list[Any] = [
        None, "PRIVATE", 7, [], ["PRIVATE"], {}, {"city": None}, {"city": ["x"]},
        {"city": "x" * 1_000_000},
        {"city": {"PRIVATE": 1}}, {"city": nested}, {"city": "x", "days": "many"},
        {"city": "x", "days": 1.5}, {"city": "x", "days": 10**300},
        {"city": "x", "__proto__": {}}, {"city": "x", "self": 1, "session": {}},
        {"PRIVATE" * 1000: 1, "city": "x", "days": []},
    ]  # fmt: skip
    for arguments in hostile:
        output = await call.tool_call("look_up", arguments)
        assert "error" in output, f"{str(arguments)[:80]} → {output}"
        assert len(orjson.dumps(output)) < 5000

    assert seen == []
    assert await call.tool_call("look_up", {"city": "x" * 50_000}) == {"result": "fine"}
    await pong(call)
    assert len(logbook.about("tool_called", outcome="bad_arguments")) == len(hostile)


async def test_a_hostile_tool_call_gets_one_output_or_one_line(
    start: Start, logbook: Logbook
) -> None:
    server = await start(agent_application())
    call = await server.call()
    unknown = [await call.tool_call(name, {}) for name in ("", "rm -rf", "é" * 100_000, "ping ")]
    await call.send("agent:tool-call", {"tool_call_id": "nameless"})
    unknown.append(await call.output("nameless"))
    for call_id in ("", None, 7, ["x"], "x" * 30_000):
        await call.send("agent:tool-call", {"tool_call_id": call_id, "name": "ping"})
    await pong(call)

    assert all("There is no tool" in str(output) for output in unknown)
    assert len(logbook.about("tool_call_malformed")) == 5
    assert len(logbook.getvalue()) < 200_000
    async with server.client.get(server.url("/metrics")) as answer:
        assert len(await answer.text()) < 200_000


async def test_a_platform_without_the_agent_verb_is_explained(
    start: Start, logbook: Logbook
) -> None:
    call = await (await start(agent_application())).call()
    known = {
        "invalid instruction": "invalid instruction: unknown verb 'agent'",
        "InvalidMessage": "invalid instruction: agent",
        "InvalidVerb": "unknown verb agent",
    }
    for msg, details in known.items():
        data = {"msg": msg, "details": details, "content": '[{"verb":"agent","PRIVATE":1}]'}
        await call.send("jambonz:error", data)
        line = await logbook.line("jambonz_error", msg=msg, call_sid=call.call_sid)
        assert "does not know the agent verb" in line["advice"]
        assert "10.1" in line["advice"]


@pytest.mark.parametrize(
    ("msg", "details", "advice"),
    [
        ("TTS error", "agent: no credential for cartesia", "TTS vendor"),
        ("ASR error", "deepgram closed", "STT vendor"),
        ("invalid instruction", "agent: unknown property 'vad'", "property"),
        ("invalid actionHook response", "not an array", "handler"),
        ("dial failed", f"no route to {CALLER}", "content"),
    ],
)
async def test_another_error_of_the_platform_is_not_blamed_on_the_agent_verb(
    start: Start, logbook: Logbook, msg: str, details: str, advice: str
) -> None:
    call = await (await start(agent_application())).call()
    await call.send("jambonz:error", {"msg": msg, "details": details})
    line = await logbook.line("jambonz_error", msg=msg)

    assert advice in line["advice"]
    assert "10.1" not in line["advice"]


async def test_a_flood_of_events_is_bounded_and_tool_calls_are_still_answered(
    start: Start, logbook: Logbook
) -> None:
    gate, seen = asyncio.Event(), []

    @event_hook
    async def slow(session: Session, event: UserTranscript) -> None:
        await gate.wait()
        seen.append(event.transcript)

    call = await (await start(agent_application(event_hooks=[slow]))).call()
    for number in range(2000):
        await call.event("user_transcript", transcript=f"PRIVATE {number}")
    await pong(call)
    gate.set()
    await pong(call)

    assert len(seen) <= 514
    await logbook.line("event_dropped", call_sid=call.call_sid)


async def test_early_statuses_of_an_outbound_call_come_before_it(
    start: Start, logbook: Logbook
) -> None:
    seen: list[str] = []
    application: Application[Any, Any] = Application("/call")
    application.session_new(lambda session: say("hi"))

    @application.call_status
    async def note(session: Session, status: Any) -> None:
        seen.append(status.call_status)

    server = await start(application)
    call = await server.dial()
    for status in ("trying", "ringing", "in-progress"):
        await call.status(status)
    assert (await call.open(direction="outbound"))["data"] == [{"verb": "say", "text": "hi"}]

    failed = await server.dial()
    for status in ("trying", "busy"):
        await failed.status(status)
    await logbook.line("call_never_began", call_sid=failed.call_sid, status="busy")
    await failed.close()
    assert set(seen) >= {"trying", "ringing", "in-progress"}
    assert failed.call_sid not in server.calls


async def test_statuses_of_another_call_before_the_first_message_leave_nothing_behind(
    start: Start,
) -> None:
    server = await start(agent_application())
    call = await server.dial()
    status = {**call_info("other-call"), "call_status": "ringing"}
    await call.send("call:status", status, call_sid="other-call")
    await call.open()

    assert server.calls.runtime.feed._rings.keys() == {one.call_sid for one in server.calls}


async def test_a_socket_on_which_no_call_begins_does_not_end_the_feed_of_its_namesake(
    start: Start, logbook: Logbook
) -> None:
    server = await start(agent_application())
    call = await server.call()
    other = await server.dial(call_sid=call.call_sid)
    await other.status("failed")
    await logbook.line("call_never_began", call_sid=call.call_sid)
    await other.close()
    await pong(call)

    assert call.call_sid in server.calls.runtime.feed._rings


async def test_a_session_that_was_replaced_does_nothing_any_more(start: Start) -> None:
    ran: list[str] = []

    @tool
    async def book() -> str:
        """Book a table."""
        ran.append("book")
        return "booked"

    server = await start(agent_application(tools=[book, ping]))
    old = await server.call()
    new = await server.dial(call_sid=old.call_sid)
    await new.open()
    await old.ask_tool("book")
    await old.close()
    await pong(new)

    assert ran == []
