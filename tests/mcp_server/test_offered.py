"""An application's tools, offered over MCP to jambonz, by both transports."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from fastmcp import Client as FastClient
from fastmcp.client.transports import SSETransport, StreamableHttpTransport
from pydantic import SecretStr

from app import Agent, Application, ConfigurationError, Session, Tool, ToolError, tool
from app.settings import Settings
from app.testing import API_KEY, Cordboard, Twin, TwinCall, serving
from tests.mcp_server.clients import given, over_http, over_sse, refused, text_of


@dataclass
class State:
    notes: int = 0
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)


shop = Application("/shop", state=State)


@tool
async def price(item: str, amount: int = 1) -> dict[str, object]:
    """What something costs.

    Args:
        item: What to buy.
        amount: How many.
    """
    if item == "moon":
        raise ToolError("The moon is not for sale.")
    return {"item": item, "price": 3 * amount}


@tool
def note(session: Session[State], text: str) -> str:
    """Write something down about this call."""
    session.state.notes += 1
    return f"Note {session.state.notes} of {session.from_}: {text}"


@tool(timeout=0.05)
async def slow(session: Session[State]) -> str:
    """Takes a while."""
    await session.state.release.wait()
    return "done"


@tool(timeout=30.0)
async def endless(session: Session[State]) -> str:
    """Never ends."""
    session.state.begun.set()
    await asyncio.Event().wait()
    return ""


@tool
async def broken() -> str:
    """Fails."""
    raise KeyError("oops")


@shop.session_new
async def answer(session: Session[State]) -> Agent:
    return Agent(
        llm="openai:gpt-4.1-mini",
        stt="deepgram:nova-3-general",
        tts="cartesia:sonic-english",
        instructions="You sell things.",
        mcp_servers=[session.mcp_server([price, note, slow, endless, broken])],
    )


@pytest.fixture
def cordboard_applications() -> list[Application[Any, Any]]:
    return [shop]


@dataclass
class Offer:
    call: TwinCall
    url: str
    session: Session[State]


@pytest.fixture
async def offer(cordboard: Cordboard, jambonz: Twin) -> Offer:
    call = await jambonz.call("/shop", from_="+15085550199")
    (server,) = call.acks[0]["data"][0]["mcpServers"]
    session = cordboard.calls.get(call.call_sid)
    assert session is not None
    return Offer(call, server["url"], session)


Connect = Callable[[str], AbstractAsyncContextManager[Any]]


@pytest.fixture(params=["http", "old http", "sse"])
def connect(request: pytest.FixtureRequest) -> Connect:
    ways: dict[str, Connect] = {
        "http": over_http,
        "old http": lambda url: over_http(url, mode="legacy"),
        "sse": over_sse,
    }
    return ways[request.param]


async def test_the_address_is_of_this_call_alone(
    cordboard: Cordboard, offer: Offer, jambonz: Twin
) -> None:
    other = await jambonz.call("/shop")
    (server,) = other.acks[0]["data"][0]["mcpServers"]

    assert offer.url.startswith(f"{cordboard.url}/mcp/tools/{offer.call.call_sid}/")
    assert server["url"] != offer.url
    assert set(server) == {"url"}


async def test_the_same_tools_keep_their_address(offer: Offer) -> None:
    tools: list[Tool[..., Any]] = [price, note, slow, endless, broken]

    assert offer.session.mcp_server(tools).url == offer.url
    assert offer.session.mcp_server(tools[:1]).url != offer.url


async def test_a_restarted_server_is_found_at_the_same_address(offer: Offer) -> None:
    settings = Settings(port=0, api_keys=(SecretStr(API_KEY),))
    async with serving([shop], settings) as restarted:
        session = Session(shop, restarted.calls.runtime)
        session.call_sid = session.key = offer.call.call_sid
        again = session.mcp_server([price, note, slow, endless, broken])

    assert again.url.rpartition("/")[2] == offer.url.rpartition("/")[2]


async def test_the_tools_are_listed_with_their_schemas(offer: Offer, connect: Connect) -> None:
    async with connect(offer.url) as client:
        tools = {one.name: one for one in (await client.list_tools()).tools}

    assert set(tools) == {"price", "note", "slow", "endless", "broken"}
    assert tools["price"].description == "What something costs."
    assert tools["price"].input_schema == dict(price.parameters)
    assert set(tools["note"].input_schema["properties"]) == {"text"}


async def test_a_tool_runs_in_its_call(offer: Offer, connect: Connect) -> None:
    async with connect(offer.url) as client:
        cost = given(await client.call_tool("price", {"item": "tea", "amount": 2}))
        first = await client.call_tool("note", {"text": "likes tea"})
        second = await client.call_tool("note", {"text": "and cake"})

    assert cost == {"item": "tea", "price": 6}
    assert text_of(first) == "Note 1 of +15085550199: likes tea"
    assert text_of(second).startswith("Note 2")
    assert offer.session.state.notes == 2
    assert offer.session.snapshot()["tool_calls"] == 3


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("price", {"item": "moon"}, "The moon is not for sale."),
        ("price", {"amount": "many"}, "Wrong arguments for price"),
        ("broken", {}, "The tool failed"),
        ("prize", {"item": "tea"}, "did you mean `price`?"),
    ],
)
async def test_what_goes_wrong_is_told_to_the_model(
    offer: Offer, name: str, arguments: dict[str, Any], says: str
) -> None:
    async with over_http(offer.url) as client:
        assert says in refused(await client.call_tool(name, arguments))


async def test_a_late_tool_is_answered_in_time_and_its_result_follows(offer: Offer) -> None:
    async with over_sse(offer.url) as client:
        said = await client.call_tool("slow", {})
    offer.session.state.release.set()
    frame = await offer.call.command("agent:update")

    assert "still running" in text_of(said)
    assert "done" in str(frame["data"])


async def test_the_end_of_the_call_answers_what_still_runs(offer: Offer, connect: Connect) -> None:
    async with connect(offer.url) as client:
        waiting = asyncio.create_task(client.call_tool("endless", {}))
        await offer.session.state.begun.wait()
        await offer.call.hangup()
        assert refused(await waiting) == "The call is over."


async def test_watchers_see_it_as_any_tool_call(cordboard: Cordboard, offer: Offer) -> None:
    async with over_http(offer.url) as client:
        await client.call_tool("price", {"item": "tea"})
    url = f"{cordboard.url}/v1/calls/{offer.call.call_sid}/events"
    await offer.call.hangup()
    async with aiohttp.ClientSession(headers=cordboard.headers) as http, http.get(url) as response:
        story = await response.text()

    assert "event: tool_call" in story
    assert '"outcome":"ok"' in story
    assert "/mcp/tools/" in story
    assert offer.url not in story, "who watches need not know the address"


@pytest.mark.parametrize("change", ["token", "call", "over"])
async def test_nobody_else_finds_the_tools(offer: Offer, change: str) -> None:
    base, token = offer.url.rsplit("/", 1)
    url = {
        "token": f"{base}/{token[:-1]}{'A' if token[-1] != 'A' else 'B'}",
        "call": f"{base}x/{token}",
        "over": offer.url,
    }[change]
    if change == "over":
        await offer.call.hangup()
    async with aiohttp.ClientSession() as http:
        for method, path in (("POST", ""), ("GET", ""), ("POST", "/messages?session_id=0")):
            async with http.request(method, url + path, json={}) as response:
                assert response.status == 404, await response.text()


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("DELETE", "", {}),
        ("GET", "/messages", {}),
        ("GET", "", {"MCP-Protocol-Version": "2025-06-18"}),
    ],
)
async def test_other_methods_are_refused(
    offer: Offer, method: str, path: str, headers: dict[str, str]
) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, offer.url + path, headers=headers) as response,
    ):
        assert response.status == 405
        await response.read()


async def test_a_stream_ends_with_its_call(offer: Offer) -> None:
    async with aiohttp.ClientSession() as http, http.get(offer.url) as response:
        assert response.content_type == "text/event-stream"
        begun = await response.content.readuntil(b"\r\n\r\n")
        await offer.call.hangup()
        async with asyncio.timeout(5):
            await response.read()

    assert b"event: endpoint\r\ndata: ./" in begun, "relative, so that a proxy may add a prefix"


async def test_another_client_understands_both_transports(offer: Offer) -> None:
    for transport in (StreamableHttpTransport(offer.url), SSETransport(offer.url)):
        async with FastClient(transport) as client:
            result = await client.call_tool("price", {"item": "tea"})
            assert result.structured_content == {"item": "tea", "price": 3}


async def test_the_public_address_is_what_jambonz_is_told(
    cordboard: Cordboard, jambonz: Twin
) -> None:
    cordboard.calls.runtime.base_url = Settings(public_url="https://voice.example.com/x").base_url
    call = await jambonz.call("/shop")

    (server,) = call.acks[0]["data"][0]["mcpServers"]
    assert server["url"].startswith("https://voice.example.com/x/mcp/tools/")


async def test_only_tools_can_be_offered(offer: Offer) -> None:
    with pytest.raises(ConfigurationError, match="expected functions with @tool"):
        offer.session.mcp_server([len])  # type: ignore[list-item]
    with pytest.raises(ConfigurationError, match="two tools are called 'price'"):
        offer.session.mcp_server([price, note.with_options(name="price")])
