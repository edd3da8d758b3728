"""Assistants, and jambonz, reach a call over MCP by way of any node."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from app import Agent, Application, Session, tool
from app.keys import CALLS
from tests.mcp_server.clients import given, over_http, over_sse, refused
from tests.peers.conftest import BrokenBus, Join, Member
from tests.server.conftest import AGENT, KEY


@tool
def note(session: Session, text: str) -> str:
    """Write something down about this call."""
    return f"of {session.from_}: {text}"


def shop() -> Application[Any, Any]:
    made: Application[Any, Any] = Application("/shop")

    @made.session_new
    async def answer(session: Session) -> Any:
        return Agent(**AGENT, mcp_servers=[session.mcp_server([note])])

    return made


async def ask(member: Member, name: str, progress: Any = None, **arguments: Any) -> Any:
    """Let an assistant of a node use a tool."""
    headers = {"Authorization": f"Bearer {KEY}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=10) as http,
        Client(streamable_http_client(member.server.url("/mcp"), http_client=http)) as client,
    ):
        return await client.call_tool(name, arguments, progress_callback=progress)


async def test_an_assistant_sees_follows_and_steers_a_call_of_another_node(join: Join) -> None:
    first, second = await join(), await join()
    call = await second.call()
    told: list[str] = []

    async def hear(_how_far: float, _total: float | None, text: str | None) -> None:
        told.append(str(text))

    seen = given(await ask(first, "get_call", call_sid=call.call_sid))
    given(await ask(first, "update_instructions", call_sid=call.call_sid, instructions="Sell."))
    followed = given(await ask(first, "follow_call", hear, call_sid=call.call_sid))
    listed = given(await ask(first, "list_calls"))

    assert seen["call_sid"] == call.call_sid
    assert (await call.commands("agent:update"))[0]["data"]["instructions"] == "Sell."
    assert "update" in [event["kind"] for event in followed["events"]]
    assert told[0].startswith("session")
    assert [one["call_sid"] for one in listed["calls"]] == [call.call_sid]


async def test_an_assistant_is_told_that_nobody_can_look(join: Join, bus: BrokenBus) -> None:
    first, second = await join(), await join()
    call = await second.call()
    bus.is_away = True

    assert "cannot be looked up" in refused(await ask(first, "list_calls"))
    assert "cannot be looked up" in refused(await ask(first, "get_call", call_sid=call.call_sid))


Connect = Callable[[str], AbstractAsyncContextManager[Any]]


@pytest.mark.parametrize("connect", [over_http, over_sse], ids=["http", "sse"])
async def test_jambonz_uses_what_a_call_offers_by_way_of_any_node(
    join: Join, connect: Connect
) -> None:
    first, second = await join(shop()), await join(shop())
    call = await second.call("/shop", **{"from": "+15085550199"})
    (server,) = call.frames[0]["data"][0]["mcpServers"]
    url = server["url"]
    assert url.startswith(second.server.url(""))

    async with connect(url.replace(second.server.url(""), first.server.url(""))) as client:
        listed = await client.list_tools()
        result = await client.call_tool("note", {"text": "yes"})

    assert [one.name for one in listed.tools] == ["note"]
    assert "of +15085550199: yes" in result.content[0].text


async def test_nobody_is_asked_about_an_address_that_none_of_us_has_given(
    join: Join, bus: BrokenBus
) -> None:
    first, second = await join(), await join()
    call = await second.call()
    bus.is_away = True  # who asked would be told so
    path = f"/mcp/tools/{call.call_sid}/{'x' * 48}"

    async with first.server.client.post(first.server.url(path), json={}) as answer:
        assert answer.status == 404
    assert first.server.web_app[CALLS].get(call.call_sid) is None
