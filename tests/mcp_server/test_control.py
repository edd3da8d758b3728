"""`/mcp`, over real sockets: assistants see calls, follow them, and steer them."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
import structlog
from fastmcp import Client as FastClient
from fastmcp.client.transports import StreamableHttpTransport
from structlog.testing import capture_logs

from app import Agent, Application, Session, ToolError, tool
from app.keys import TWIN_CALLS
from app.mcp_server.catalog import CATALOG
from app.testing import Cordboard, Twin
from tests.mcp_server.clients import Mode, given, official, refused, text_of

desk = Application("/desk")
silent = Application("/silent")


@tool
async def count(things: str) -> dict[str, int]:
    """How many there are.

    Args:
        things: What to count.
    """
    if things == "stars":
        raise ToolError("Too many.")
    return {"number": len(things)}


@desk.session_new
async def answer(session: Session[Any, Any]) -> Agent:
    return Agent(
        llm="openai:gpt-4.1-mini",
        stt="deepgram:nova-3-general",
        tts="cartesia:sonic-english",
        instructions="You count.",
        tools=[count],
    )


@silent.session_new
async def wait(session: Session[Any, Any]) -> list[dict[str, Any]]:
    return [{"verb": "pause", "length": 100}]


@pytest.fixture
def cordboard_applications() -> list[Application[Any, Any]]:
    return [desk, silent]


@pytest.fixture(params=["auto", "legacy"])
def mode(request: pytest.FixtureRequest) -> Mode:
    chosen: Mode = request.param
    return chosen


async def test_live_calls_are_listed_and_shown(
    cordboard: Cordboard, jambonz: Twin, mode: Mode
) -> None:
    call = await jambonz.call("/desk")
    await call.say("Hello")
    async with official(cordboard, mode=mode) as client:
        listed = given(await client.call_tool("list_calls", {}))
        elsewhere = given(await client.call_tool("list_calls", {"application": "/other"}))
        shown = given(await client.call_tool("get_call", {"call_sid": call.call_sid}))

    assert [one["call_sid"] for one in listed["calls"]] == [call.call_sid]
    assert elsewhere == {"calls": []}
    assert shown["agent"]["tools"] == ["count"]
    assert (shown["application"], shown["state"]) == ("/desk", "open")
    assert shown["turns"] >= 1


UPDATES: list[tuple[str, dict[str, Any]]] = [
    ("update_instructions", {"instructions": "You add."}),
    ("inject_context", {"messages": [{"role": "system", "content": "A gold member."}]}),
    ("update_tools", {"tools": [{"name": "end", "description": "Ends it."}]}),
    ("generate_reply", {"user_input": "Tell of the sale.", "interrupt": True}),
]


@pytest.mark.parametrize(("kind", "fields"), UPDATES, ids=[kind for kind, _ in UPDATES])
async def test_each_update_reaches_jambonz(
    cordboard: Cordboard, jambonz: Twin, kind: str, fields: dict[str, Any]
) -> None:
    call = await jambonz.call("/desk")
    async with official(cordboard) as client:
        receipt = given(await client.call_tool(kind, {"call_sid": call.call_sid, **fields}))

    frame = await call.command("agent:update")
    assert frame["data"] == {"type": kind, **fields}
    assert receipt["sent"] == [frame]
    assert receipt["update_id"]


async def test_a_command_and_a_hang_up_reach_jambonz(cordboard: Cordboard, jambonz: Twin) -> None:
    call = await jambonz.call("/desk")
    about = {"call_sid": call.call_sid}
    async with official(cordboard) as client:
        order = {**about, "command": "tag", "data": {"level": "gold"}}
        given(await client.call_tool("send_command", order))
        tagged = await call.command("tag")
        given(await client.call_tool("hang_up", about))
        await call.ended()
        late = await client.call_tool("update_instructions", {**about, "instructions": "Add."})

    assert tagged["data"] == {"level": "gold"}
    assert "No live call" in refused(late)


async def test_a_call_is_followed_from_where_one_was(
    cordboard: Cordboard, jambonz: Twin, mode: Mode
) -> None:
    call = await jambonz.call("/desk")
    async with official(cordboard, mode=mode) as client:
        order: dict[str, Any] = {"call_sid": call.call_sid}
        before = given(await client.call_tool("follow_call", order))
        order |= {"after": before["cursor"], "kinds": ["event"], "wait_seconds": 5}
        waiting = asyncio.create_task(client.call_tool("follow_call", order))
        await call.say("Hello there")
        heard = given(await waiting)
        await call.hangup()
        rest = given(await client.call_tool("follow_call", {**order, "kinds": None, "stay": True}))

    assert before["events"][0]["kind"] == "session"
    assert before["is_over"] is False
    assert {one["kind"] for one in heard["events"]} == {"event"}
    assert "Hello there" in str(heard["events"])
    assert rest["events"][-1]["kind"] == "end"
    assert rest["is_over"] is True


async def test_what_happens_is_told_while_one_waits(cordboard: Cordboard, jambonz: Twin) -> None:
    call = await jambonz.call("/desk")
    told: list[str] = []
    first = asyncio.Event()

    async def hear(how_far: float, total: float | None, text: str | None) -> None:
        told.append(str(text))
        first.set()

    async with official(cordboard) as client:
        order = {"call_sid": call.call_sid, "stay": True, "wait_seconds": 30}
        waiting = asyncio.create_task(
            client.call_tool("follow_call", order, progress_callback=hear)
        )
        await first.wait()
        assert not waiting.done()
        await call.hangup()
        whole = given(await waiting)

    assert len(told) == len(whole["events"])
    assert told[-1].startswith("end ")


async def test_nothing_new_is_told_in_time(cordboard: Cordboard, jambonz: Twin) -> None:
    call = await jambonz.call("/silent")
    async with official(cordboard) as client:
        order: dict[str, Any] = {"call_sid": call.call_sid}
        cursor = given(await client.call_tool("follow_call", order))["cursor"]
        order |= {"after": cursor, "wait_seconds": 0.01}
        followed = given(await client.call_tool("follow_call", order))

    assert followed == {"events": [], "cursor": cursor, "is_over": False}


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("get_call", {"call_sid": "nobody"}, "no live call 'nobody'"),
        ("follow_call", {"call_sid": "nobody"}, "no call 'nobody'"),
        ("get_call", {}, "call_sid: is missing"),
        ("update_instructions", {"call_sid": "x", "instructions": 7}, "instructions: "),
        ("inject_context", {"call_sid": "x", "messages": [{"role": "r"}]}, "messages[0].role"),
        ("generate_reply", {"call_sid": "x", "interupt": True}, "interupt: is not known here"),
        (
            "inject_context",
            {"call_sid": "x", "messages": [{"role": "user", "content": [2**70]}]},
            "64-bit",
        ),
        ("follow_call", {"call_sid": "x", "wait_seconds": 1e9}, "wait_seconds"),
        ("start_twin_call", {"application": "/desk"}, "script: is missing"),
        ("start_twin_call", {"application": "/dsk", "script": ["Hi"]}, "/desk, /silent"),
        ("read_doc", {"page": "nowhere"}, "There is no page 'nowhere'"),
        ("list_docs", {"all": True}, "all: is not known here"),
        ("order_pizza", {}, "There is no tool 'order_pizza'; there are list_calls"),
    ],
)
async def test_what_cannot_be_done_is_said_in_words(
    cordboard: Cordboard, name: str, arguments: dict[str, Any], says: str
) -> None:
    async with official(cordboard) as client:
        assert says in refused(await client.call_tool(name, arguments))


async def test_a_call_without_an_agent_is_not_steered(cordboard: Cordboard, jambonz: Twin) -> None:
    call = await jambonz.call("/silent")
    async with official(cordboard) as client:
        order = {"call_sid": call.call_sid, "instructions": "Add."}
        assert "runs no agent" in refused(await client.call_tool("update_instructions", order))


async def test_an_application_is_tried_out_by_a_twin_call(cordboard: Cordboard) -> None:
    told: list[str] = []

    async def hear(how_far: float, total: float | None, text: str | None) -> None:
        told.append(str(text))

    async with official(cordboard) as client:
        order = {"application": "/desk", "script": ["Hello", "How many things are cats?"]}
        whole = given(await client.call_tool("start_twin_call", order, progress_callback=hear))

    kinds = [line["kind"] for line in whole["transcript"]]
    assert (kinds.count("said"), kinds[-1]) == (2, "end")
    assert (whole["reason"], whole["fault"], whole["errors"]) == ("the caller hung up", "", [])
    assert "said: Hello" in told
    assert not len(cordboard.app[TWIN_CALLS])


async def test_an_assistant_that_goes_away_leaves_nothing(cordboard: Cordboard, mode: Mode) -> None:
    async def ask() -> None:
        async with official(cordboard, mode=mode) as client:
            order = {
                "application": "/silent",
                "script": [{"press": "1"}],
                "hang_up": False,
                "limit": 3000,
            }
            await client.call_tool("start_twin_call", order)

    asking = asyncio.create_task(ask())
    async with asyncio.timeout(10):
        while not len(cordboard.calls):  # noqa: ASYNC110  (a call begins without telling us)
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait({asking})
        while len(cordboard.calls) or len(cordboard.app[TWIN_CALLS]):  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_the_docs_are_found_and_read(cordboard: Cordboard) -> None:
    async with official(cordboard) as client:
        pages = given(await client.call_tool("list_docs", {}))["pages"]
        found = given(await client.call_tool("search_docs", {"query": "inject_context"}))["found"]
        page = given(await client.call_tool("read_doc", {"page": "docs/rest.md"}))
        listed = (await client.list_resources()).resources
        read = await client.read_resource("cordboard://docs/rest")

    assert {"README", "rest", "tour"} <= {one["page"] for one in pages}
    assert "inject_context" in (found[0]["section"] + found[0]["excerpt"])
    assert page["text"].startswith("# REST API")
    assert "cordboard://docs/rest" in {str(one.uri) for one in listed}
    assert read.contents[0].text == page["text"]


async def test_every_tool_says_what_it_changes(cordboard: Cordboard) -> None:
    async with official(cordboard) as client:
        tools = {one.name: one for one in (await client.list_tools()).tools}

    reading = {name for name, one in tools.items() if one.annotations.read_only_hint}
    destroying = {name for name, one in tools.items() if one.annotations.destructive_hint}
    assert reading == {
        "list_calls",
        "get_call",
        "follow_call",
        "list_docs",
        "search_docs",
        "read_doc",
    }
    assert destroying == {"hang_up", "send_command"}
    assert all(one.description and one.output_schema for one in tools.values())


async def test_another_client_understands_it_too(cordboard: Cordboard, jambonz: Twin) -> None:
    call = await jambonz.call("/desk")
    transport = StreamableHttpTransport(f"{cordboard.url}/mcp", headers=cordboard.headers)
    async with FastClient(transport) as client:
        names = {one.name for one in await client.list_tools()}
        order = {"call_sid": call.call_sid, "user_input": "Tell of the sale."}
        receipt = await client.call_tool("generate_reply", order)
        page = await client.read_resource("cordboard://docs/tour")

    assert "follow_call" in names
    assert await call.updates(1) == ["generate_reply"]
    assert receipt.structured_content["type"] == "generate_reply"
    assert text_of(receipt)
    assert "# A tour of the code" in page[0].text


async def test_the_log_tells_who_was_steered(cordboard: Cordboard, jambonz: Twin) -> None:
    call = await jambonz.call("/desk")
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logged:
        async with official(cordboard) as client:
            order = {"call_sid": call.call_sid, "instructions": "Add."}
            given(await client.call_tool("update_instructions", order))
            await client.call_tool("get_call", {"call_sid": "nobody"})

    lines = [line for line in logged if line["event"] == "mcp_called"]
    assert [(line["tool"], line["outcome"]) for line in lines] == [
        ("update_instructions", "ok"),
        ("get_call", "refused"),
    ]
    assert [line.get("call_sid") for line in lines] == [call.call_sid, None]


async def test_a_mistake_of_ours_stays_in_the_log(
    cordboard: Cordboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_asked: object, _arguments: object) -> Any:
        raise KeyError("a secret detail")

    monkeypatch.setitem(CATALOG, "list_docs", replace(CATALOG["list_docs"], run=fail))
    async with official(cordboard) as client:
        with capture_logs() as logged:
            said = refused(await client.call_tool("list_docs", {}))

    assert said == "The server made a mistake; its log says more."
    assert "mcp_failed" in [line["event"] for line in logged]
