"""Sockets that break, fall silent or come twice."""

import asyncio
from typing import Any

import orjson
import pytest
from aiohttp import WSCloseCode, WSMsgType

from app import Agent, Application, Session, say, tool
from app.protocol import Kind, NotOpen
from app.server import direct
from app.server import socket as server_socket
from app.session import inbound
from tests.server.conftest import AGENT, Logbook, Server, Start, agent_application, answering, ping
from tests.server.jambonz import RawSocket, call_info


async def begin(client: RawSocket, call_sid: str = "raw-call") -> None:
    """Open a call by hand and read its ack."""
    assert (await client.upgrade("/call")).startswith("HTTP/1.1 101 ")
    frame = {"type": "session:new", "msgid": "m", "data": call_info(call_sid)}
    await client.send(orjson.dumps(frame))
    assert orjson.loads(await client.next(WSMsgType.TEXT))["msgid"] == "m"


def state_of(server: Server, call_sid: str) -> str | None:
    session = server.calls.get(call_sid)
    return None if session is None else str(session.snapshot()["state"])


async def send_without_end(session: Session) -> None:
    for _ in range(2000):
        await session.command("tag", {"note": "x" * 20_000})


# silence


async def test_the_server_pings_every_25_seconds_by_default(start: Start) -> None:
    server = await start()

    assert server.settings.ping_interval == 25


async def test_a_client_that_pongs_is_pinged_again_and_stays(start: Start) -> None:
    server = await start(agent_application(), ping_interval=0.1)
    async with RawSocket(server.host, server.port) as client:
        await begin(client)
        for _ in range(3):
            await client.send(await client.next(WSMsgType.PING), WSMsgType.PONG)

        assert state_of(server, "raw-call") == "open"


async def test_a_dead_peer_is_noticed_by_its_missing_pong_and_its_call_is_kept(
    start: Start, logbook: Logbook
) -> None:
    server = await start(agent_application(), ping_interval=0.1)
    async with RawSocket(server.host, server.port) as client:
        await begin(client)
        await client.gone()
    await logbook.line("socket_lost", call_sid="raw-call", code=1006)

    assert state_of(server, "raw-call") == "reconnecting"
    again = await server.dial(call_sid="raw-call")
    await again.open("session:reconnect")
    assert await again.tool_call("ping") == {"result": "pong"}


async def test_a_socket_on_which_nothing_comes_is_closed(start: Start, logbook: Logbook) -> None:
    server = await start(agent_application(), first_message_timeout=0.1)
    silent = await server.dial()

    assert await silent.close_code() == WSCloseCode.POLICY_VIOLATION
    assert (await logbook.line("no_first_message"))["path"] == "/call"


async def test_a_socket_that_closes_without_a_message_leaves_nothing_behind(start: Start) -> None:
    server = await start(agent_application())
    await (await server.dial()).close()
    await (await server.dial()).lose()
    call = await server.call()

    assert len(server.calls) == 2, "the bystander and this one"
    assert await call.tool_call("ping") == {"result": "pong"}


# a client that does not read


async def test_a_client_that_never_reads_is_cut_off_and_what_waits_for_it_is_bounded(
    start: Start, logbook: Logbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (server_socket, direct):
        monkeypatch.setattr(module, "MAX_UNREAD", 256 * 1024)
    server = await start(agent_application())
    async with RawSocket(server.host, server.port, receive_buffer=4096) as client:
        await begin(client)
        session = server.calls.get("raw-call")
        assert session is not None
        with pytest.raises(NotOpen, match="frames wait already"):
            await send_without_end(session)
        line = await logbook.line("client_not_reading", call_sid="raw-call")
        await logbook.line("socket_lost", call_sid="raw-call")

    assert 256 * 1024 < line["unread"] < 300 * 1024
    assert state_of(server, "raw-call") == "reconnecting"
    again = await server.dial(call_sid="raw-call")
    await again.open("session:reconnect")
    await again.commands("tag", 100)


async def test_a_client_that_never_reads_cannot_hold_up_a_close(
    start: Start, logbook: Logbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(session: Any, message: Any) -> None:
        raise ZeroDivisionError

    for module in (server_socket, direct):
        monkeypatch.setattr(module, "HANDSHAKE_SECONDS", 0.1)
    for module in (server_socket, direct):
        monkeypatch.setattr(module, "MAX_UNREAD", 1 << 30)
    server = await start(agent_application())
    async with RawSocket(server.host, server.port, receive_buffer=4096) as client:
        await begin(client)
        session = server.calls.get("raw-call")
        assert session is not None
        for _ in range(500):
            await session.command("tag", {"note": "x" * 20_000})
        monkeypatch.setitem(inbound.RECEIVERS, Kind.VERB_STATUS, break_down)
        await client.send(orjson.dumps({"type": "verb:status", "msgid": "v"}))

        await logbook.line("session_beyond_repair", call_sid="raw-call")
        await until_no_socket_of(server, others=1)


async def test_a_client_that_died_with_much_unread_does_not_keep_its_connection(
    start: Start, logbook: Logbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (server_socket, direct):
        monkeypatch.setattr(module, "HANDSHAKE_SECONDS", 0.1)
    for module in (server_socket, direct):
        monkeypatch.setattr(module, "MAX_UNREAD", 1 << 30)
    server = await start(agent_application(), ping_interval=0.1)
    async with RawSocket(server.host, server.port, receive_buffer=4096) as client:
        await begin(client)
        session = server.calls.get("raw-call")
        assert session is not None
        for _ in range(500):
            await session.command("tag", {"note": "x" * 20_000})
        await logbook.line("socket_lost", call_sid="raw-call", code=1006)

        with pytest.raises(ConnectionError):
            await write_without_end(client)


async def write_without_end(client: RawSocket) -> None:
    async with asyncio.timeout(5):
        while True:
            await client.write(bytes(65536))


async def until_no_socket_of(server: Server, *, others: int) -> None:
    """Wait until the server holds this many control sockets."""
    async with asyncio.timeout(5):
        while len(server.sockets) > others:
            await asyncio.wait([asyncio.ensure_future(one.closed()) for one in server.sockets])


# the end of a socket, and whether it is the end of the call


@pytest.mark.parametrize("code", [1000, 1001])
async def test_a_call_is_over_when_jambonz_says_so(
    start: Start, logbook: Logbook, code: int
) -> None:
    server = await start(agent_application())
    call = await server.call()
    await call.close(code)
    await logbook.line("call_ended", call_sid=call.call_sid, reason="completed")

    assert call.call_sid not in server.calls
    assert not logbook.about("socket_lost")


@pytest.mark.parametrize("code", [None, 1002, 1006, 1008, 1009, 1011, 1012])
async def test_a_call_is_kept_for_a_while_when_its_socket_ends_otherwise(
    start: Start, logbook: Logbook, code: int | None
) -> None:
    server = await start(agent_application(), session_linger=0.2)
    async with RawSocket(server.host, server.port) as client:
        await begin(client)
        if code != 1006:
            payload = code.to_bytes(2, "big") if code else b""
            await client.send(payload, WSMsgType.CLOSE)
            await client.next(WSMsgType.CLOSE)
    line = await logbook.line("socket_lost", call_sid="raw-call")
    assert (line["code"], line["keep_seconds"]) == (code or 0, 0.2)
    assert state_of(server, "raw-call") == "reconnecting"

    await logbook.line("call_ended", call_sid="raw-call", reason="jambonz did not come back")
    assert "raw-call" not in server.calls


async def test_the_end_of_a_call_comes_with_its_last_status(start: Start, logbook: Logbook) -> None:
    server = await start(agent_application())
    call = await server.call()
    await call.status("completed")
    await call.lose()

    await logbook.line("call_ended", call_sid=call.call_sid, reason="completed")
    assert call.call_sid not in server.calls


# jambonz comes back


async def test_what_was_owed_and_what_was_said_in_the_gap_follows_the_reconnect(
    start: Start, logbook: Logbook
) -> None:
    gate, opened = asyncio.Event(), []

    @tool
    async def look_up() -> str:
        """Look up."""
        await gate.wait()
        return "42"

    application: Application[Any, Any] = Application("/call")

    @application.session_new
    async def answer(session: Session) -> Any:
        opened.append(session.call_sid)
        session.state["name"] = "Ann"
        return Agent(**AGENT, tools=[look_up, ping])

    server = await start(application)
    call = await server.call()
    await call.event("user_transcript", transcript="PRIVATE")
    tool_call_id = await call.ask_tool("look_up")
    await call.tool_call("ping")
    await call.lose()
    await logbook.line("socket_lost", call_sid=call.call_sid)
    gate.set()
    await logbook.line("tool_called", tool="look_up", call_sid=call.call_sid)
    status, receipt = await server.rest(
        "POST",
        f"/v1/calls/{call.call_sid}/agent",
        json={"type": "update_instructions", "instructions": "PRIVATE: be brief."},
    )

    assert (status, receipt["queued"]) == (202, True)
    again = await server.dial(call_sid=call.call_sid)
    assert "data" not in await again.open("session:reconnect")
    assert await again.output(tool_call_id) == {"result": "42"}
    (update,) = await again.commands("agent:update")
    assert update["data"]["instructions"] == "PRIVATE: be brief."
    assert again.frames[0]["type"] == "ack", "nothing may go before the ack"
    assert len(again.outputs(tool_call_id)) == 1
    assert opened == [call.call_sid], "the call began once"
    assert server.session(again).state == {"name": "Ann"}
    await logbook.line("session_reconnected", call_sid=call.call_sid)


async def test_jambonz_may_be_back_before_the_old_socket_is_seen_to_break(
    start: Start, logbook: Logbook
) -> None:
    server = await start(agent_application())
    old = await server.call()
    first = await old.ask_tool("ping", call_id="t1")
    await old.output(first)
    new = await server.dial(call_sid=old.call_sid)
    await new.open("session:reconnect")

    # It went to the old socket last, so nothing shows that jambonz has read it.
    assert await new.output(first) == {"result": "pong"}
    assert await new.tool_call("ping") == {"result": "pong"}
    await old.lose()
    assert await new.tool_call("ping") == {"result": "pong"}
    assert state_of(server, new.call_sid) == "open"
    assert not logbook.about("socket_lost")
    await new.lose()
    await logbook.line("socket_lost", call_sid=new.call_sid)


async def test_hooks_of_a_socket_that_was_left_are_not_acked_on_the_next(start: Start) -> None:
    gate = asyncio.Event()
    application: Application[Any, Any] = Application("/call")
    application.session_new(lambda session: say("hi"))

    @application.on("/slow")
    async def slow(session: Session, data: dict[str, Any]) -> Any:
        await gate.wait()
        return say("done")

    server = await start(application)
    old = await server.call()
    await old.send("verb:hook", {"reason": "x"}, hook="/slow", msgid="old-hook")
    await old.status("in-progress")
    new = await server.dial(call_sid=old.call_sid)
    await new.open("session:reconnect")
    gate.set()
    await new.commands("redirect")

    assert "old-hook" not in [one.get("msgid") for one in [*old.frames, *new.frames]]


async def test_an_answer_that_was_still_owed_answers_the_reconnect(start: Start) -> None:
    gate = asyncio.Event()
    application: Application[Any, Any] = Application("/call")

    @application.session_new
    async def answer(session: Session) -> Any:
        await gate.wait()
        return say("hello")

    server = await start(application)
    old = await server.dial()
    await old.send("session:new", call_info(old.call_sid))
    await server.until_live(old.call_sid)
    await old.lose()
    new = await server.dial(call_sid=old.call_sid)
    msgid = await new.send("session:reconnect", call_info(old.call_sid))
    gate.set()

    assert (await new.ack(msgid))["data"] == [{"verb": "say", "text": "hello"}]
    assert len(new.frames) == 1


async def test_a_call_that_nobody_remembers_is_answered_as_if_it_were_new(
    start: Start, logbook: Logbook
) -> None:
    call = await (await start(agent_application())).dial()

    assert (await call.open("session:reconnect"))["data"][0]["verb"] == "agent"
    assert await call.tool_call("ping") == {"result": "pong"}
    await logbook.line("reconnect_without_state", call_sid=call.call_sid)


async def test_a_call_may_be_redirected_to_another_application_on_a_socket_of_its_own(
    start: Start, logbook: Logbook
) -> None:
    other = agent_application("/other")
    server = await start(agent_application(), other)
    old = await server.call()
    new = await server.dial("/other", call_sid=old.call_sid)
    msgid = await new.send("session:redirect", call_info(old.call_sid), call_sid=None)
    assert (await new.ack(msgid))["data"][0]["verb"] == "agent"

    assert server.session(new).application is other
    await old.status("in-progress")
    await old.close()
    assert await new.tool_call("ping") == {"result": "pong"}
    receipt = await server.session(new).generate_reply()
    assert receipt.sent[0]["callSid"] == new.call_sid, "this socket began with a redirect"
    await logbook.line("call_ended", call_sid=old.call_sid, reason="replaced by a new session")


async def test_a_leg_that_became_a_call_has_its_own_session(start: Start) -> None:
    application = answering(lambda: say("parent"))

    @application.session_adulting
    async def take_over(session: Session, event: object) -> Any:
        return Agent(**AGENT, tools=[ping])

    server = await start(application)
    parent = await server.call()
    leg = await server.dial("/call/adulting")
    data = {**call_info(leg.call_sid), "parent_call_sid": parent.call_sid}
    msgid = await leg.send("session:adulting", data, call_sid=None)
    assert "data" not in await leg.ack(msgid)
    (redirect,) = await leg.commands("redirect")

    assert redirect["callSid"] == leg.call_sid
    assert await leg.tool_call("ping") == {"result": "pong"}
    assert server.session(leg) is not server.session(parent)


async def test_a_session_new_that_comes_twice_is_acked_twice_and_begins_once(
    start: Start, logbook: Logbook
) -> None:
    server = await start(agent_application())
    call = await server.call()

    assert "data" not in await call.open()
    await logbook.line("session_new_repeated", call_sid=call.call_sid)
    assert len(logbook.about("call_started", call_sid=call.call_sid)) == 1
