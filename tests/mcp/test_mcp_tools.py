"""``mcp_tools``: an agent with the tools of servers that jambonz does not know of."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from app import Agent, Application, ConfigurationError, McpTools, Session, Tool, mcp_tools, tool
from app.llm import FakeModel, ToolCall
from app.mcp_tools import POOL
from app.settings import Settings
from app.testing import serving
from app.twin import Twin, TwinCall
from app.verbs import VerbError
from tests.mcp.peers import STDIO, Desk, Host, application, hosted, official, third_party
from tests.mcp.raw import raw_server
from tests.mcp.raw import tool as raw_tool

NAMES = ["add", "find_order", "fail", "wait"]


@tool
async def open_ticket(problem: str) -> str:
    """Open a ticket."""
    return f"Ticket for {problem}."


def agent(*tools: Any, **more: Any) -> Agent:
    given = tools[0] if isinstance(tools[0], McpTools) and len(tools) == 1 else list(tools)
    return Agent(llm="openai:x", instructions="Hello.", tools=given, greeting=False, **more)


@asynccontextmanager
async def called(
    make: Callable[[], Agent], replies: Sequence[Any], *, ready: McpTools | None = None
) -> AsyncIterator[tuple[TwinCall, FakeModel]]:
    """A call to an application that answers with this agent; begun when the tools are there."""
    desk = Application("/desk")

    @desk.session_new
    async def answer(session: Session) -> Agent:
        return make()

    model = FakeModel(replies)
    async with serving([desk], Settings(port=0, allow_anonymous=True)) as server:
        if ready is not None:
            assert await ready.ready()
        async with Twin(server.url, model=model) as twin:
            yield await twin.call("/desk"), model


def offered(call: TwinCall) -> list[str]:
    return [one["name"] for one in call.acks[0]["data"][0]["llm"]["llmOptions"]["tools"]]


def told(model: FakeModel) -> str:
    return model.requests[-1].messages[-1].content


async def test_a_command_gives_an_agent_its_tools_and_they_answer() -> None:
    source = mcp_tools(STDIO, only=["double"])
    turns = [[ToolCall("1", "double", {"number": 21})], "42."]
    async with called(lambda: agent(open_ticket, source), turns, ready=source) as (call, model):
        assert offered(call) == ["open_ticket", "double"]
        assert await call.say("Twice 21?") == "42."
        assert told(model) == '{"result": 42}'


@pytest.mark.parametrize("make", [official, third_party])
async def test_alone_they_are_all_the_tools_and_errors_go_to_the_model(make: Any) -> None:
    async with hosted(application(make(Desk()), "http")) as host:
        source = mcp_tools(f"{host.url}/mcp", prefix="shop_")
        turns = [[ToolCall("1", "shop_fail", {"reason": "no stock"})], "Sorry."]
        async with called(lambda: agent(source), turns, ready=source) as (call, model):
            assert offered(call) == [f"shop_{name}" for name in NAMES]
            assert await call.say("Fail.") == "Sorry."
            assert '"error": "Error' in told(model)


async def test_an_agent_made_once_has_the_tools_that_are_there_when_a_call_comes() -> None:
    async with hosted(application(official(Desk()), "http")) as host:
        source = mcp_tools(f"{host.url}/mcp")
        once = agent(open_ticket, source, tool_hook="/own")
        async with called(lambda: once, [], ready=source) as (call, _):
            assert offered(call) == ["open_ticket", *NAMES]
        assert [item.name for item in once.tool_items if isinstance(item, Tool)] == ["open_ticket"]


async def test_a_server_that_comes_later_brings_its_tools_into_calls_that_run() -> None:
    host = Host()
    await host.serve(application(official(Desk()), "http"))
    await host.die()
    source = mcp_tools(f"{host.url}/mcp")
    turns = ["Not yet.", [ToolCall("1", "add", {"a": 1, "b": 2})], "Three."]
    async with called(lambda: agent(open_ticket, source), turns) as (call, model):
        assert offered(call) == ["open_ticket"]
        await call.say("Add.")
        await host.serve(application(official(Desk()), "http"))
        while not await source.ready(10):  # a try from before the server came has failed
            pass
        await call.updates(1)
        assert await call.say("Add.") == "Three."
        assert [one.name for one in model.requests[-1].tools] == ["open_ticket", *NAMES]
    await host.die()


async def test_a_server_that_dies_costs_its_own_tools_only() -> None:
    async with hosted(application(official(Desk()), "http")) as host:
        source = mcp_tools(f"{host.url}/mcp")
        turns = [
            [ToolCall("1", "add", {"a": 1, "b": 2})],
            "Not now.",
            [ToolCall("2", "open_ticket", {"problem": "adding"})],
            "Done.",
        ]
        with capture_logs() as logs:
            async with called(lambda: agent(open_ticket, source), turns, ready=source) as (
                call,
                model,
            ):
                await host.die()
                assert await call.say("Add.") == "Not now."
                assert "cannot be reached right now" in told(model)
                assert await call.say("Then a ticket.") == "Done."
                assert told(model) == '{"result": "Ticket for adding."}'

    events = [line["event"] for line in logs]
    assert {"mcp_server_connected", "mcp_server_away", "mcp_tool_failed"} <= {*events}
    away = next(line for line in logs if line["event"] == "mcp_server_away")
    assert away["server"] == f"{host.url}/mcp"
    assert "was lost" in away["reason"]


async def test_the_tools_follow_the_server_and_the_last_update() -> None:
    tools = [raw_tool("one")]
    async with raw_server(tools=lambda _: {"tools": tools}, call=lambda _: {"content": []}) as url:
        source = mcp_tools(url)
        async with called(lambda: agent(source), ["Yes."], ready=source) as (call, model):
            assert offered(call) == ["one"]
            tools.append(raw_tool("two"))
            shared = POOL.attach(source)
            assert shared is not None
            assert shared.server._link is not None
            shared.server._link._news.set()  # as a tools/list_changed does
            await call.updates(1)
            await call.say("Well?")

    assert [one.name for one in model.requests[-1].tools] == ["one", "two"]


async def test_odd_tools_are_offered_and_odd_arguments_passed_on() -> None:
    got: list[dict[str, Any]] = []

    def call(params: dict[str, Any]) -> dict[str, Any]:
        got.append(params["arguments"])
        return {"content": []}

    odd = [raw_tool("", description="  "), raw_tool("a b", description="\n")]
    arguments = {"self": 1, "session": {"x": [None]}, "tool_name": "y"}
    async with raw_server(tools=lambda _: {"tools": odd}, call=call) as url:
        source = mcp_tools(url)
        turns = [[ToolCall("1", "a_b", arguments)], "Done."]
        async with called(lambda: agent(source), turns, ready=source) as (one, _):
            assert offered(one) == ["tool", "a_b"]
            assert await one.say("Do.") == "Done."

    assert got == [arguments]


async def test_update_tools_takes_them_too() -> None:
    desk = Application("/desk")
    turns: list[Any] = [[ToolCall("1", "more", {})], "Yes."]
    turns += [[ToolCall("2", "add", {"a": 2, "b": 2})], "4."]
    model = FakeModel(turns)
    async with (
        hosted(application(official(Desk()), "http")) as host,
        serving([desk], Settings(port=0, allow_anonymous=True)) as server,
    ):
        source = mcp_tools(f"{host.url}/mcp", only=["add"])
        assert await source.ready(10)

        @tool
        async def more(session: Session) -> str:
            """Get more tools."""
            await session.update_tools([open_ticket, source])
            return "ok"

        desk.session_new(lambda session: agent(more))
        async with Twin(server.url, model=model) as twin:
            call = await twin.call("/desk")
            await call.say("More.")
            assert await call.say("Twice 2?") == "4."
            assert told(model) == '{"result": 4}'


async def test_own_tools_and_those_of_jambonz_win_over_the_same_names() -> None:
    @tool
    async def add(a: int) -> str:
        """Mine."""
        return "mine"

    tools = [raw_tool("add"), raw_tool("hangup"), raw_tool("other")]
    async with raw_server(tools=lambda _: {"tools": tools}, call=lambda _: {"content": []}) as url:
        source = mcp_tools(url)
        with capture_logs() as logs:
            async with called(lambda: agent(source, add, hangup=True), ["Yes."], ready=source) as (
                call,
                _,
            ):
                assert offered(call) == ["other", "add"]

    left_out = [str(line) for line in logs if line["event"] == "agent_setting_ignored"]
    assert any("left without add, hangup: others have these names" in line for line in left_out)


async def test_a_server_with_too_many_tools_leaves_room_for_the_agent() -> None:
    tools = [raw_tool(f"tool_{number}", description="x" * 1000) for number in range(40)]
    async with raw_server(tools=lambda _: {"tools": tools}, call=lambda _: {"content": []}) as url:
        source = mcp_tools(url)
        with capture_logs() as logs:
            async with called(lambda: agent(open_ticket, source), ["Yes."], ready=source) as (
                call,
                _,
            ):
                assert offered(call) == ["open_ticket", *(f"tool_{n}" for n in range(11))]
                assert await call.say("Hello?") == "Yes."

    left_out = [str(line) for line in logs if line["event"] == "agent_setting_ignored"]
    assert any("tool_22 and 17 more: the tools of servers have 12288" in one for one in left_out)


async def test_one_server_is_shared_by_all_who_name_it_and_ends_with_the_node() -> None:
    desk = Application("/desk")
    desk.session_new(lambda session: agent(open_ticket))
    async with hosted(application(official(Desk()), "http")) as host:
        one, other = mcp_tools(f"{host.url}/mcp"), mcp_tools(f"{host.url}/mcp", prefix="my_")
        async with serving([desk], Settings(port=0, allow_anonymous=True)):
            assert await one.ready(10)
            shared = POOL.attach(one)
            assert shared is not None
            assert POOL.attach(other) is shared
            assert len(one.tools) == len(other.tools) == len(NAMES)

        assert POOL.attach(one) is None
        assert one.tools == ()
        assert not await one.ready(10)


async def test_a_name_that_the_server_does_not_have_is_told_with_what_is_meant() -> None:
    async with raw_server(
        tools=lambda _: {"tools": [raw_tool("double")]}, call=lambda _: {"content": []}
    ) as url:
        source = mcp_tools(url, only=["doubel"])
        with capture_logs() as logs:
            async with called(lambda: agent(source), [], ready=source):
                pass

    (line,) = [line for line in logs if line["event"] == "mcp_tool_missing"]
    assert "double" in line["advice"]


def test_what_is_wrong_is_told_when_it_is_written() -> None:
    with pytest.raises(ConfigurationError, match="expected http:// or https://"):
        mcp_tools("ws://example.com/mcp")
    with pytest.raises(ConfigurationError, match=r"write only=\['a'\]"):
        mcp_tools("run", only="a")
    with pytest.raises(ConfigurationError, match="timeout must be more than 0"):
        mcp_tools("run", timeout=0)
    with pytest.raises(ConfigurationError, match="letters, digits"):
        mcp_tools("run", prefix="a b ")
    with pytest.raises(TypeError, match="without the star"):
        [*mcp_tools("run")]
    with pytest.raises(VerbError, match="for the tools of an Agent"):
        Agent(llm={"vendor": "openai", "llm_options": {"tools": [mcp_tools("run")]}})
