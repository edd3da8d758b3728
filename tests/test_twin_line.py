"""The twin's control socket: upgrade, acks, limits, losses, repairs."""

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web

from app.twin import CallRefused, Pace, Twin, TwinCall
from app.twin.socket import SUBPROTOCOL
from tests.twin_app import SILENCE, App, Message, agent, serving

PACE = Pace(backoff=0.005)
GATHER = {"verb": "gather", "input": ["speech"], "actionHook": "/heard"}


def notes(call: TwinCall) -> str:
    return "\n".join(entry.data["text"] for entry in call.log if entry.kind == "note")


def losses(call: TwinCall) -> list[int]:
    entries = (entry for entry in call.log if entry.kind == "reconnect")
    return [entry.data["code"] for entry in entries if entry.data["event"] == "lost"]


async def refusal(twin: Twin, path: str = "/", **options: Any) -> CallRefused:
    with pytest.raises(CallRefused) as refused:
        await twin.call(path, **options)
    return refused.value


# ---------------------------------------------------------------- upgrade


async def test_the_upgrade_is_the_one_that_jambonz_sends() -> None:
    async with serving() as app, Twin(app.url, username="jb", password="pw", pace=PACE) as twin:
        await twin.call("/agent?tenant=7#rc=3")

    headers = app.requests[0].headers
    assert app.requests[0].path_qs == "/agent?tenant=7"
    assert headers["Sec-WebSocket-Protocol"] == SUBPROTOCOL
    assert headers["User-Agent"] == "jambonz"
    assert headers["Authorization"] == "Basic amI6cHc="
    assert "permessage-deflate" in headers["Sec-WebSocket-Extensions"]


async def test_without_credentials_no_authorization_is_sent() -> None:
    async with serving() as app, Twin(app.url, pace=PACE) as twin:
        await twin.call()

    assert "Authorization" not in app.requests[0].headers


async def test_a_server_without_the_subprotocol_gets_no_call_and_no_second_try() -> None:
    async with serving(protocols=()) as app, Twin(app.url, pace=PACE) as twin:
        refused = await refusal(twin)

    assert "Server sent no subprotocol" in refused.reason
    assert len(app.requests) == 1


async def test_a_refused_upgrade_is_not_repeated_by_default() -> None:
    async with serving(refuse=401) as app, Twin(app.url, pace=PACE) as twin:
        refused = await refusal(twin)

    assert refused.reason == "upgrade refused: 401"
    assert len(app.requests) == 1


async def test_the_fragment_can_ask_for_a_retry_of_refused_upgrades() -> None:
    async with serving(refuse=503) as app, Twin(app.url, pace=PACE) as twin:
        await refusal(twin, "/#rp=5xx&rc=2")

    assert len(app.requests) == 3


async def test_a_refused_connection_is_tried_six_times(unused_tcp_port: int) -> None:
    async with Twin(f"ws://127.0.0.1:{unused_tcp_port}", pace=Pace(backoff=0.001)) as twin:
        refused = await refusal(twin)

    failures = [entry for entry in refused.call.log if entry.kind == "reconnect"]
    assert "connection failed" in refused.reason
    assert len(failures) == 5  # and the sixth is the refusal


async def test_a_handshake_that_takes_too_long_is_given_up_without_a_retry() -> None:
    async def hold(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await done.wait()
        writer.close()

    done = asyncio.Event()
    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with Twin(f"ws://127.0.0.1:{port}", pace=Pace(handshake=0.05)) as twin:
        refused = await refusal(twin)
    done.set()
    server.close()
    await server.wait_closed()

    assert refused.reason == "handshake timed out"


# ---------------------------------------------------------------- session:new and its ack


async def test_session_new_has_the_envelope_and_the_payload_of_an_inbound_call() -> None:
    async with serving() as app, Twin(app.url, pace=PACE) as twin:
        call = await twin.call(
            "/", env={"GREETING": "Hi"}, tag={"orderId": 7}, headers={"X-Tier": "gold"}
        )

    message = app.of("session:new")[0]
    data = message["data"]
    assert len(message["msgid"]) == 22
    assert message["call_sid"] == call.call_sid == data["call_sid"]
    assert message["b3"].startswith(data["trace_id"])
    assert (data["direction"], data["call_status"], data["sip_status"]) == (
        "inbound",
        "trying",
        100,
    )
    assert data["env_vars"] == {"GREETING": "Hi"}
    assert data["customerdata"] == {"orderId": 7}
    assert data["sip"]["headers"]["X-Tier"] == "gold"
    assert set(data["defaults"]) == {"synthesizer", "recognizer"}


@pytest.mark.parametrize("data", [None, [], {"verb": "say"}])
async def test_no_verbs_in_the_first_ack_refuse_the_call_and_close_with_1001(data: Any) -> None:
    async with serving(new=data) as app, Twin(app.url, pace=PACE) as twin:
        refused = await refusal(twin)
        await app.until(lambda: bool(app.closes))

    assert refused.reason == "no instructions in the ack of session:new"
    assert app.closes == [1001]
    assert app.of("call:status") == []


async def test_an_absent_ack_of_session_new_refuses_the_call() -> None:
    async with serving(new=SILENCE) as app, Twin(app.url, ack_timeout=0.05, pace=PACE) as twin:
        refused = await refusal(twin)
        await app.until(lambda: bool(app.closes))

    assert "timeout from far end for msgid" in refused.reason
    assert app.closes == [1001]


async def test_invalid_verbs_in_the_first_ack_are_told_and_refuse_the_call() -> None:
    async with serving(new=[{"verb": "shout"}]) as app, Twin(app.url, pace=PACE) as twin:
        refused = await refusal(twin)
        error = await app.seen("jambonz:error")
        await app.until(lambda: bool(app.closes))

    assert error["data"]["msg"] == "invalid instruction"
    assert error["data"]["verb"] == "shout"
    assert "unknown verb 'shout'" in refused.reason
    assert app.closes == [1001]


async def test_open_source_jambonz_refuses_the_agent_verb() -> None:
    async with serving(new=[agent()]) as app, Twin(app.url, understands_agent=False) as twin:
        refused = await refusal(twin)

    assert refused.call.errors[0]["msg"] == "invalid instruction"
    assert refused.call.errors[0]["verb"] == "agent"
    assert app.of("agent:event") == []


@pytest.mark.parametrize(
    ("verb", "status"),
    [
        ({"verb": "hangup"}, ("failed", 603)),
        ({"verb": "sip:decline", "status": 486, "reason": "Busy"}, ("busy", 486)),
    ],
)
async def test_a_refusal_as_first_verb_is_a_refused_call(
    verb: Message, status: tuple[str, int]
) -> None:
    async with serving(new=[verb]) as app, Twin(app.url, pace=PACE) as twin:
        await refusal(twin)
        await app.until(lambda: bool(app.closes))

    last = app.of("call:status")[-1]["data"]
    assert (last["call_status"], last["sip_status"]) == status
    assert app.closes == [1000]


# ---------------------------------------------------------------- acks


async def test_a_second_ack_of_a_msgid_is_dropped_and_noted() -> None:
    async with serving() as app, Twin(app.url, pace=PACE) as twin:
        call = await twin.call()
        await app.ack(app.of("session:new")[0], [{"verb": "hangup"}])
        await app.update(type="inject_context", messages=[])  # comes after the ack
        await call.command("agent:update")

        assert "second ack of a msgid, dropped" in notes(call)
        assert not call.is_over


async def test_a_late_ack_is_dropped_and_noted() -> None:
    async with (
        serving(new=[GATHER], hooks={"/heard": SILENCE}) as app,
        Twin(app.url, ack_timeout=0.05, pace=PACE) as twin,
    ):
        call = await twin.call()
        await call.say("hello")
        await app.ack(await app.seen("verb:hook"), [{"verb": "say", "text": "too late"}])
        await app.command("tag", {"a": 1})
        await call.command("tag")

        assert "late or unknown ack, dropped" in notes(call)
        assert call.spoken == []


async def test_hooks_in_flight_together_are_answered_each_by_its_own_msgid() -> None:
    async with (
        serving(hooks={"/a": SILENCE, "/b": SILENCE}) as app,
        Twin(app.url, pace=PACE) as twin,
    ):
        call = await twin.call()
        first = asyncio.create_task(call.hook("/a", someKey=1))
        second = asyncio.create_task(call.hook("/b"))
        await app.seen("verb:hook", 2)
        a, b = app.of("verb:hook")
        await app.ack(b, [{"verb": "say", "text": "b"}])
        await app.ack(a, [{"verb": "say", "text": "a"}])

        assert [verbs[0]["text"] for verbs in await asyncio.gather(first, second)] == ["a", "b"]
        assert a["data"]["some_key"] == 1


async def test_an_ack_of_a_message_that_needs_none_does_no_harm() -> None:
    async with serving() as app, Twin(app.url, pace=PACE) as twin:
        call = await twin.call()
        await app.ack(await app.seen("call:status"))
        await app.command("tag", {"a": 1})
        await call.command("tag")

        assert not call.is_over


# ---------------------------------------------------------------- bad frames


@pytest.mark.parametrize(
    ("frame", "details"),
    [
        ("not json", "not JSON"),
        ('{"foo":1}', "type is required"),
        ({"type": "agent:update", "data": {"type": "update_tools"}}, "unknown type"),
        ({"type": "command", "command": "redirect"}, "data is required"),
    ],
)
async def test_a_bad_frame_is_answered_with_jambonz_error(frame: Any, details: str) -> None:
    async with serving() as app, Twin(app.url, pace=PACE) as twin:
        call = await twin.call()
        await app.send(frame)
        error = await app.seen("jambonz:error")

        assert error["data"]["msg"] == "InvalidMessage"
        assert details in error["data"]["details"]
        assert error["data"]["content"] == (frame if isinstance(frame, str) else json.dumps(frame))
        assert call.errors == [error["data"]]
        assert not call.is_over


async def test_a_binary_frame_happens_to_be_read_as_json() -> None:
    async with serving() as app, Twin(app.url, pace=PACE) as twin:
        call = await twin.call()
        assert app.ws is not None
        await app.ws.send_bytes(b'{"type":"command","command":"tag","data":{"a":1}}')

        assert (await call.command())["data"] == {"a": 1}


async def test_an_unknown_command_is_noted_and_ignored_without_an_error() -> None:
    async with serving() as app, Twin(app.url, pace=PACE) as twin:
        call = await twin.call()
        await app.command("mute", {"x": 1})
        await call.command("mute")

        assert "unknown command, ignored" in notes(call)
        assert call.errors == []


# ---------------------------------------------------------------- the limit of a frame


def tag_of_size(size: int) -> str:
    frame = json.dumps({"type": "command", "command": "tag", "data": {"x": ""}})
    return frame[:-3] + "é" * ((size - len(frame)) // 2) + "x" * ((size - len(frame)) % 2) + '"}}'


@pytest.mark.parametrize("compress", [True, False])
async def test_a_frame_of_exactly_the_limit_is_taken(compress: bool) -> None:
    async with serving(compress=compress) as app, Twin(app.url, pace=PACE) as twin:
        call = await twin.call()
        frame = tag_of_size(24576)
        await app.send(frame)

        assert len(frame.encode()) == 24576
        assert (await call.command())["command"] == "tag"


@pytest.mark.parametrize("compress", [True, False])
async def test_a_frame_above_the_limit_closes_with_1009_and_is_redialled(compress: bool) -> None:
    async with serving(compress=compress) as app, Twin(app.url, pace=PACE) as twin:
        call = await twin.call()
        await app.send(tag_of_size(24577))
        await call.reconnected()

        assert app.closes == [1009]
        assert losses(call) == [1009]
        assert len(app.of("session:reconnect")) == 1


async def test_an_oversized_first_ack_is_replaced_by_the_ack_of_the_reconnect() -> None:
    big = [{"verb": "say", "text": "x" * 30_000}]
    small = [{"verb": "say", "text": "Hello."}]
    async with serving(new=big, reconnect=small) as app, Twin(app.url, pace=PACE) as twin:
        call = await twin.call()

        assert await call.heard() == "Hello."
        new, again = app.of("session:new")[0], app.of("session:reconnect")[0]
        assert new["data"] == again["data"]
        assert new["msgid"] != again["msgid"]


# ---------------------------------------------------------------- losses


async def test_close_1000_gives_control_up_and_the_verbs_run_out() -> None:
    verbs = [{"verb": "pause", "length": 1}, {"verb": "say", "text": "To the end."}]
    async with serving(new=verbs) as app, Twin(app.url, pace=Pace(scale=0.01)) as twin:
        call = await twin.call()
        await app.close(1000)

        assert await call.ended() == "the application gave up control"
        assert call.spoken == ["To the end."]
        assert len(app.requests) == 1
        assert "not sent, control is over" in notes(call)


async def test_after_close_1000_hooks_resolve_as_no_instructions() -> None:
    verbs = [GATHER, {"verb": "say", "text": "Next."}]
    async with serving(new=verbs) as app, Twin(app.url, pace=PACE) as twin:
        call = await twin.call()
        await app.close(1000)

        assert await call.say("hello") == "Next."
        assert await call.ended() == "the application gave up control"


@pytest.mark.parametrize("code", [1001, 1008, 1011, 1012, 4000])
async def test_any_other_close_code_is_redialled(code: int) -> None:
    async with serving() as app, Twin(app.url, pace=PACE) as twin:
        call = await twin.call()
        await app.close(code)
        await call.reconnected()

        assert losses(call) == [code]
        assert not call.is_over


async def test_a_close_frame_without_a_code_is_redialled() -> None:
    async def close_without_code(app: App, ws: web.WebSocketResponse, message: Message) -> bool:
        if message["type"] == "call:status":
            await ws.send_frame(b"", web.WSMsgType.CLOSE)
            app.answer = None
        return False

    async with serving(answer=close_without_code) as app, Twin(app.url, pace=PACE) as twin:
        call = await twin.call()
        await call.reconnected()

        assert losses(call) == [1005]


async def test_a_dropped_socket_is_redialled_with_session_reconnect_first() -> None:
    async with serving(new=[agent(greeting=False)]) as app, Twin(app.url, pace=PACE) as twin:
        call = await twin.call()
        await app.seen("call:status", call_status="in-progress")
        before = len(app.messages)
        await call.drop()
        await call.event("user_transcript", transcript="during the gap")
        await call.reconnected()
        await app.seen("agent:event")

        assert [m["type"] for m in app.messages[before:]] == ["session:reconnect", "agent:event"]
        assert app.of("session:reconnect")[0]["data"]["call_status"] == "trying"
        assert losses(call) == [1006]


async def test_nothing_newer_is_sent_until_session_reconnect_is_acked() -> None:
    async with serving(reconnect=SILENCE) as app, Twin(app.url, pace=PACE) as twin:
        call = await twin.call()
        await call.drop(code=1006 - 5)
        again = await app.seen("session:reconnect")
        await call.event("user_interruption")
        hook = asyncio.create_task(call.hook("/later"))
        await app.send({"type": "command", "command": "tag", "data": {"a": 1}})
        await call.command("tag")
        assert app.order("verb:hook", "agent:event") == []

        await app.ack(again)
        await hook

        assert app.order("verb:hook", "agent:event") == ["agent:event", "verb:hook"]


async def test_a_request_in_flight_is_rejected_when_the_socket_is_lost() -> None:
    verbs = [{"verb": "dial", "target": [{"type": "phone", "number": "1"}], "actionHook": "/d"}]
    async with serving(new=verbs, hooks={"/d": SILENCE}) as app, Twin(app.url, pace=PACE) as twin:
        call = await twin.call()
        await app.seen("verb:hook")
        await app.close(1011)

        assert "abandoning msgid" in await call.ended()


async def test_an_owed_tool_output_is_taken_on_the_new_socket() -> None:
    async with serving() as app, Twin(app.url, pace=PACE) as twin:
        call = await twin.call()
        waiting = asyncio.create_task(call.tool_call("find", {"a": 1}))
        asked = await app.seen("agent:tool-call")
        await app.close(1012)
        await call.reconnected()
        await app.send_tool_output(asked["data"]["tool_call_id"], {"found": True})

        assert await waiting == {"found": True}


async def test_session_reconnect_without_an_ack_hangs_the_call_up() -> None:
    async with (
        serving(new=[agent(greeting=False)], reconnect=SILENCE) as app,
        Twin(app.url, ack_timeout=0.1, pace=PACE) as twin,
    ):
        call = await twin.call()
        await call.drop()

        assert await call.ended() == "no ack to session:reconnect"


async def test_four_losses_are_repaired_on_time_and_the_fifth_waits_for_a_message() -> None:
    async with serving() as app, Twin(app.url, pace=Pace(backoff=0.001)) as twin:
        call = await twin.call()
        for _ in range(4):
            await call.drop()
            await call.reconnected()
        await call.drop()
        assert len(app.requests) == 5

        await call.hook("/wakes-it")

        assert len(app.requests) == 6
        assert len(app.of("session:reconnect")) == 5


async def test_with_one_retry_no_loss_is_repaired_on_time() -> None:
    async with serving() as app, Twin(app.url, pace=PACE) as twin:
        call = await twin.call("/#rc=1")
        await call.drop()
        assert len(app.requests) == 1

        await call.event("user_interruption")
        await call.reconnected()

        assert len(app.requests) == 2


async def test_a_message_that_falls_due_is_not_kept_waiting_for_the_back_off() -> None:
    async with serving() as app, Twin(app.url, pace=Pace(backoff=60)) as twin:
        call = await twin.call()
        await call.drop()
        await call.hook("/now")

        assert app.order("session:reconnect", "verb:hook") == ["session:reconnect", "verb:hook"]


async def test_a_server_that_is_gone_does_not_keep_the_caller_from_hanging_up() -> None:
    async with serving() as app:
        twin = Twin(app.url, pace=PACE)
        call = await twin.call()
    async with twin:
        await call.hangup()

    assert call.end_reason == "the caller hung up"
