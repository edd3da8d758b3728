"""Over a limit a new call is refused so that it is understood, and those that run do not notice."""

import asyncio

import aiohttp
import pytest

from app.keys import COUNTERS
from tests.server.conftest import Logbook, Server, Start, agent_application
from tests.server.jambonz import Jambonz


async def counted(server: Server, name: str) -> float:
    text = server.web_app[COUNTERS].write().decode()
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))


async def test_one_call_too_many_is_declined_with_503_and_the_others_go_on(
    start: Start, logbook: Logbook
) -> None:
    server = await start(agent_application(), max_calls=2)  # one is the bystander
    first = await server.call()
    second = await server.dial()
    ack = await second.open()

    (decline,) = ack["data"]
    assert (decline["verb"], decline["status"]) == ("sip:decline", 503)
    assert decline["headers"] == {"Retry-After": "5"}
    assert await second.close_code() == 1000
    assert (await logbook.line("call_refused"))["reason"] == "max_calls"
    assert logbook.about("call_started", call_sid=second.call_sid) == []
    assert await counted(server, 'cordboard_calls_refused_total{reason="max_calls"}') == 1
    assert await counted(server, "cordboard_calls ") == 2
    assert await first.tool_call("ping") == {"result": "pong"}


async def test_a_callee_who_has_answered_is_hung_up_on(start: Start) -> None:
    server = await start(agent_application(), max_calls=1)
    call = await server.dial()
    await call.status("ringing")
    ack = await call.open(direction="outbound")

    assert ack["data"] == [{"verb": "hangup"}]
    assert await call.close_code() == 1000


async def test_a_place_that_becomes_free_is_given_to_the_next(
    start: Start, logbook: Logbook
) -> None:
    server = await start(agent_application(), max_calls=2)
    first = await server.call()
    await first.close()
    await logbook.line("call_ended", call_sid=first.call_sid)

    assert (await (await server.dial()).open())["data"][0]["verb"] == "agent"


async def test_a_call_that_comes_back_is_never_one_too_many(start: Start, logbook: Logbook) -> None:
    server = await start(agent_application(), max_calls=2)
    call = await server.call()
    session = server.session(call)
    await call.lose()
    await logbook.line("socket_lost")

    again = await server.dial(call_sid=call.call_sid)
    await again.open("session:reconnect")
    assert server.session(again) is session
    assert await again.tool_call("ping") == {"result": "pong"}


async def test_a_call_of_another_process_that_comes_back_here_is_taken_over_the_limit(
    start: Start, logbook: Logbook
) -> None:
    server = await start(agent_application(), max_calls=1)
    call = await server.dial()
    await call.open("session:reconnect")  # jambonz would hang up if it were refused

    assert await call.tool_call("ping") == {"result": "pong"}


async def test_too_many_silent_sockets_are_refused_until_one_speaks(
    start: Start, logbook: Logbook
) -> None:
    server = await start(agent_application(), max_silent_sockets=2)
    silent = [await server.dial() for _ in range(2)]
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await server.dial()
    assert caught.value.status == 503
    assert caught.value.headers is not None
    assert caught.value.headers["Retry-After"] == "1"
    assert (await logbook.line("upgrade_refused"))["reason"] == "silent_sockets"
    assert await counted(server, 'cordboard_calls_refused_total{reason="silent_sockets"}') == 1

    await silent[0].open()
    assert await (await server.call()).tool_call("ping") == {"result": "pong"}


async def test_a_silent_socket_that_leaves_makes_room(start: Start) -> None:
    server = await start(agent_application(), max_silent_sockets=1)
    await (await server.dial()).close()

    assert (await (await server.dial()).open())["data"][0]["verb"] == "agent"


async def test_a_frame_over_the_limit_costs_only_its_own_socket(
    start: Start, logbook: Logbook
) -> None:
    server = await start(agent_application(), max_message=64 * 1024)
    loud, other = await server.call(), await server.call()
    await loud.event("user_transcript", transcript="x" * 70_000)

    assert await loud.close_code() == 1009
    line = await logbook.line("message_refused")
    assert line["code"] == 1009
    assert "CORDBOARD_MAX_MESSAGE" in line["advice"]
    assert await other.tool_call("ping") == {"result": "pong"}


async def test_many_calls_at_once_are_taken_up_to_the_limit_and_no_further(start: Start) -> None:
    server = await start(agent_application(), max_calls=6)  # one is the bystander

    async def call() -> tuple[Jambonz, str]:
        made = await server.dial()
        return made, (await made.open())["data"][0]["verb"]

    answers = await asyncio.gather(*(call() for _ in range(12)))
    verbs = [verb for _, verb in answers]
    assert (verbs.count("agent"), verbs.count("sip:decline")) == (5, 7)
    taken = [made for made, verb in answers if verb == "agent"]
    assert [await made.tool_call("ping") for made in taken] == [{"result": "pong"}] * 5


async def test_a_refusal_at_the_upgrade_is_counted_by_its_reason(start: Start) -> None:
    server = await start(agent_application())
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await server.client.ws_connect(server.url("/call"), protocols=("audio.jambonz.org",))

    assert await counted(server, 'cordboard_calls_refused_total{reason="subprotocol"}') == 1
