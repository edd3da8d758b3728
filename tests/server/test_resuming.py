"""A call that one server had goes on at another one, over real sockets and with code found anew."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from pydantic import SecretStr

from app import discover
from app.application import rediscover
from app.calls import Calls
from app.server import build
from app.session import Runtime
from app.settings import Settings
from tests.server.conftest import KEY, Logbook, Server, serving_on_loopback
from tests.server.jambonz import Jambonz, call_info
from tests.session.keeper import DictKeeper, Shelf

HOOKS = '''
from dataclasses import dataclass, field
from datetime import UTC, datetime

from app import AgentEnded, Session, TurnEnd, Verb, action_hook, event_hook, hangup, say, tool


@dataclass
class State:
    turns: int = 0
    seen: set[str] = field(default_factory=set)
    since: datetime = field(default_factory=lambda: datetime.now(UTC))


@tool
async def tell_turns(session: Session[State]) -> int:
    """How many turns there were."""
    return session.state.turns


def teller(what: str):
    @tool(name=f"tell_{what}")
    async def tell() -> str:
        """Tell it."""
        return what

    return tell


tell_news = teller("news")
MORE = [teller("jokes")]


@event_hook
async def count(session: Session[State], turn: TurnEnd) -> None:
    session.state.turns += 1
    session.state.seen.add(f"turn {session.state.turns}")


@action_hook
async def say_goodbye(session: Session[State], ended: AgentEnded) -> list[Verb]:
    return [say(f"Goodbye after {session.state.turns}."), hangup()]
'''
HANDLER = """
from app import Agent, Application, Session
from hooks.talk import MORE, State, count, say_goodbye, tell_news, tell_turns

talk = Application("/call", state=State)


@talk.session_new
async def answer(session: Session[State]) -> Agent:
    session.state.seen.add("session_new")
    return Agent(
        llm="openai:gpt-4.1-mini",
        instructions="PRIVATE PROMPT",
        tools=[tell_turns, tell_turns.with_options(name="ask_turns"), tell_news, *MORE],
        event_hooks=[count],
        action_hook=say_goodbye,
    )


@talk.session_reconnect
async def back(session: Session[State]) -> None:
    session.state.seen.add("session_reconnect")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for package, text in (("hooks", HOOKS), ("handlers", HANDLER)):
        (tmp_path / package).mkdir()
        (tmp_path / package / "talk.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.fixture
async def servers(
    folder: Path, logbook: Logbook, route: str
) -> AsyncIterator[tuple[Server, Server]]:
    """Two servers of one folder, each with modules of its own."""
    shelf = Shelf()

    async def started(find: Callable[[Path], list]) -> Server:  # type: ignore[type-arg]
        calls = Calls(Runtime(keeper=DictKeeper(shelf)))
        settings = Settings(folder=folder, api_keys=(SecretStr(KEY),))
        web_app = build(settings, find(folder), calls=calls)
        serving = serving_on_loopback(web_app, is_direct=route == "direct")
        return await stack.enter_async_context(serving)

    async with AsyncExitStack() as stack:
        yield await started(discover), await started(rediscover)


async def redialled(call: Jambonz, first: Server, second: Server) -> Jambonz:
    """The first server dies without a word; jambonz redials, and the second one answers."""
    first.calls.runtime.keeper.is_away = True  # type: ignore[union-attr]
    again = await second.dial("/call", call.call_sid)
    ack = await again.ack(await again.send("session:reconnect", call_info(call.call_sid)))
    assert "data" not in ack, "nobody is greeted twice"
    return again


async def test_a_call_goes_on_at_another_server(
    servers: tuple[Server, Server], logbook: Logbook
) -> None:
    first, second = servers
    call = await first.call("/call")
    for _ in range(3):
        await call.event("turn_end", interrupted=True)
    assert await call.tool_call("tell_turns") == {"result": 3}
    await call.event("llm_response", response="3")
    status, _ = await first.rest(
        "POST",
        f"/v1/calls/{call.call_sid}/agent",
        json={"type": "update_instructions", "instructions": "PRIVATE PROMPT, too"},
    )
    assert status == 202

    again = await redialled(call, first, second)
    here, there = first.session(call), second.session(call)

    assert there.state.since == here.state.since
    assert there.state.seen == here.state.seen | {"session_reconnect"}
    assert type(there.state) is not type(here.state), "its class was imported afresh"
    assert there.agent is not None
    assert there.agent.instructions == "PRIVATE PROMPT, too"
    for name, told in (("ask_turns", 3), ("tell_news", "news"), ("tell_jokes", "jokes")):
        assert await again.tool_call(name) == {"result": told}
    assert (await again.hook("/hooks.talk.say_goodbye", completion_reason="done"))["data"] == [
        {"verb": "say", "text": "Goodbye after 3."},
        {"verb": "hangup"},
    ]
    await logbook.line("call_resumed", call_sid=call.call_sid)
    assert logbook.about("not_found_again") == []


async def test_an_update_that_was_accepted_while_the_socket_was_lost_arrives(
    servers: tuple[Server, Server], logbook: Logbook
) -> None:
    first, second = servers
    call = await first.call("/call")
    await call.event("turn_end")
    await call.lose()
    await logbook.line("socket_lost", call_sid=call.call_sid)
    status, _ = await first.rest(
        "POST",
        f"/v1/calls/{call.call_sid}/agent",
        json={"type": "generate_reply", "user_input": "Tell of the sale."},
    )
    assert status == 202

    again = await redialled(call, first, second)

    (update,) = await again.commands("agent:update")
    assert update["data"] == {"type": "generate_reply", "user_input": "Tell of the sale."}
