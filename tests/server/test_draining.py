"""The end of a node: which calls go when, and what is still taken of them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import orjson
import pytest
from aiohttp import WSCloseCode, WSMsgType

from app import Agent, Application, Session, Verb, action_hook, hangup, tool
from app.calls import Calls
from app.server.draining import Schedule, Waves, let_calls_go
from app.session import Limits
from app.settings import Settings
from tests.server.conftest import AGENT, Logbook, Server, answering, running
from tests.server.jambonz import RawSocket, call_info
from tests.session.keeper import DictKeeper, Shelf

LONG = Schedule(grace=60.0, waves=61.0, closed=62.0, gone=63.0, over=64.0)
SHORT = Schedule(grace=0.01, waves=60.0, closed=62.0, gone=63.0, over=64.0)


@dataclass
class State:
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    enough: asyncio.Event = field(default_factory=asyncio.Event)


@tool
async def work(session: Session[State]) -> str:
    """Work until the test has seen enough."""
    session.state.begun.set()
    await session.state.enough.wait()
    return "done"


@action_hook
async def think(session: Session) -> list[Verb]:
    """Think for ever."""
    await asyncio.sleep(600)
    return []


busy = Application("/call", state=State)


@busy.session_new
async def answer(session: Session[State]) -> Agent:
    return Agent(**AGENT, tools=[work], action_hook=think)


@pytest.fixture
async def server(logbook: Logbook, route: str) -> AsyncIterator[Server]:
    is_direct = route == "direct"
    async with running([busy], Settings(), Limits(), None, is_direct=is_direct) as server:
        yield server


async def test_what_jambonz_says_before_it_answers_the_close_frame_is_still_taken(
    server: Server,
) -> None:
    async with RawSocket(server.host, server.port) as jambonz:
        await jambonz.upgrade("/call")
        await jambonz.send(message("session:new", call_info("sid")))
        await jambonz.next(WSMsgType.TEXT)
        session = server.calls.get("sid")
        assert session is not None
        draining = asyncio.create_task(let_calls_go(server.web_app, LONG))
        closed = await jambonz.next(WSMsgType.CLOSE)
        await jambonz.send(message("agent:event", {"type": "turn_end", "interrupted": True}))
        await jambonz.send(closed, WSMsgType.CLOSE)
        await draining

    assert closed[:2] == WSCloseCode.SERVICE_RESTART.to_bytes(2, "big")
    assert session.snapshot()["turns"] == 1


async def test_a_tool_call_that_comes_by_then_waits_for_the_next_node(server: Server) -> None:
    shelf = Shelf()
    server.calls.runtime.keeper = DictKeeper(shelf)
    async with RawSocket(server.host, server.port) as jambonz:
        await jambonz.upgrade("/call")
        await jambonz.send(message("session:new", call_info("sid")))
        await jambonz.next(WSMsgType.TEXT)
        session = server.calls.get("sid")
        assert session is not None
        draining = asyncio.create_task(let_calls_go(server.web_app, LONG))
        closed = await jambonz.next(WSMsgType.CLOSE)
        asked = {"tool_call_id": "late-one", "name": "work", "arguments": {}}
        await jambonz.send(message("agent:tool-call", asked))
        await jambonz.send(closed, WSMsgType.CLOSE)
        await draining

    assert b"late-one" in shelf.kept[session.key]
    assert not session.state.begun.is_set()
    assert session.key not in server.calls.runtime.live


async def test_a_call_that_cannot_be_kept_goes_on_here_for_as_long_as_there_is_time(
    server: Server,
) -> None:
    keeper = server.calls.runtime.keeper = DictKeeper(Shelf(), is_away=True)
    call = await server.call()
    session = server.session(call)
    draining = asyncio.create_task(let_calls_go(server.web_app, LONG))
    session.state.enough.set()

    for _ in range(3):
        assert await call.tool_call("work") == {"result": "done"}
    keeper.is_away = False
    assert await call.close_code() == WSCloseCode.SERVICE_RESTART
    await draining
    assert session.key in keeper.shelf.kept


async def test_calls_at_rest_go_first_and_a_busy_one_once_it_has_answered(server: Server) -> None:
    at_work, idle = await server.call(), await server.call()
    call_id = await at_work.ask_tool("work")
    await server.session(at_work).state.begun.wait()
    draining = asyncio.create_task(let_calls_go(server.web_app, LONG))

    assert await idle.close_code() == WSCloseCode.SERVICE_RESTART
    assert not at_work.is_over
    server.session(at_work).state.enough.set()
    assert await at_work.output(call_id) == {"result": "done"}
    assert await at_work.close_code() == WSCloseCode.SERVICE_RESTART
    await draining


async def test_when_its_time_is_over_jambonz_gets_a_safe_answer_before_a_busy_call_goes(
    server: Server,
) -> None:
    call = await server.call()
    hook = call.frames[0]["data"][0]["actionHook"]
    msgid = await call.send("verb:hook", {"reason": "x"}, hook=hook)
    await call.ask_tool("work")
    await server.session(call).state.begun.wait()  # messages come in order: so has the hook
    await let_calls_go(server.web_app, SHORT)

    assert await call.close_code() == WSCloseCode.SERVICE_RESTART
    assert "data" not in await call.ack(msgid)


async def test_a_socket_that_has_said_nothing_yet_is_closed_too(server: Server) -> None:
    call = await server.dial()
    await let_calls_go(server.web_app, LONG)

    assert await call.close_code() == WSCloseCode.SERVICE_RESTART


async def test_many_calls_go_in_waves() -> None:
    calls = Calls()
    made = answering(hangup)
    for number in range(13):
        session = calls.open(made, {})
        session.receive(message("session:new", call_info(f"{number}"), f"{number}"))
    waves = Waves(calls, LONG)

    assert len(waves.next_one(on_their_way=15)) == 0
    assert len(waves.next_one(on_their_way=13)) == 2
    assert [len(waves.next_one()) for _ in range(4)] == [5, 5, 1, 0]
    calls.end_all("the test is over")


@pytest.mark.parametrize("seconds", [1, 5, 60])
def test_there_is_time_for_each_part_of_an_end(seconds: float) -> None:
    plan = Schedule.within(seconds)

    assert 0 < plan.grace < plan.waves < plan.closed < plan.gone < plan.over < seconds
    assert plan.over + plan.straggle == pytest.approx(seconds)


def message(kind: str, data: object, call_sid: str = "sid") -> bytes:
    return orjson.dumps({"type": kind, "msgid": kind, "call_sid": call_sid, "data": data})
