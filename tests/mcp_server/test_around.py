"""What stands around the MCP edge: a proxy with a prefix, and the end of the server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from app import Agent, Application, Session, tool
from app.testing import Cordboard, Twin
from tests.mcp_server.clients import Mode, given, official, over_http, over_sse

shop = Application("/shop")
PREFIX = "/voice/one"


@tool
async def price(item: str) -> int:
    """What something costs."""
    return len(item)


@shop.session_new
async def answer(session: Session[Any, Any]) -> Agent:
    return Agent(
        llm="openai:gpt-4.1-mini",
        stt="deepgram:nova-3-general",
        tts="cartesia:sonic-english",
        instructions="You sell things.",
        mcp_servers=[session.mcp_server([price])],
    )


@pytest.fixture
def cordboard_applications() -> list[Application[Any, Any]]:
    return [shop]


@asynccontextmanager
async def proxy(target: str) -> AsyncIterator[str]:
    """A proxy that takes a prefix away, and streams."""
    kept = ("Accept", "Content-Type", "Authorization", "MCP-Protocol-Version")

    async def forward(request: web.Request) -> web.StreamResponse:
        url = target + request.raw_path.removeprefix(PREFIX)
        headers = {name: request.headers[name] for name in kept if name in request.headers}
        headers |= {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
        data = await request.read()
        async with client.request(request.method, url, data=data, headers=headers) as answer:
            kind = {"Content-Type": answer.headers.get("Content-Type", "text/plain")}
            response = web.StreamResponse(status=answer.status, headers=kind)
            await response.prepare(request)
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
            return response

    web_app = web.Application()
    web_app.router.add_route("*", PREFIX + "/{tail:.*}", forward)
    runner = web.AppRunner(web_app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    async with aiohttp.ClientSession() as client:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}{PREFIX}"
        await runner.cleanup()


@pytest.fixture(params=["auto", "legacy"])
def mode(request: pytest.FixtureRequest) -> Mode:
    chosen: Mode = request.param
    return chosen


async def test_assistants_come_by_way_of_a_proxy(
    cordboard: Cordboard, jambonz: Twin, mode: Mode
) -> None:
    call = await jambonz.call("/shop")
    async with proxy(cordboard.url) as url:
        behind = Cordboard(url, cordboard.app, cordboard.settings)
        async with official(behind, mode=mode) as client:
            listed = given(await client.call_tool("list_calls", {}))
            twin_call = await client.call_tool(
                "start_twin_call", {"application": "/shop", "script": ["Hi"]}
            )

    assert [one["call_sid"] for one in listed["calls"]] == [call.call_sid]
    assert twin_call.is_error, "not by way of a proxy"


async def test_jambonz_comes_by_way_of_a_proxy(cordboard: Cordboard, jambonz: Twin) -> None:
    async with proxy(cordboard.url) as url:
        cordboard.calls.runtime.base_url = url
        call = await jambonz.call("/shop")
        (server,) = call.acks[0]["data"][0]["mcpServers"]
        async with over_sse(server["url"]) as client:
            assert given(await client.call_tool("price", {"item": "tea"})) == {"result": 3}
        async with over_http(server["url"]) as client:
            assert given(await client.call_tool("price", {"item": "cake"})) == {"result": 4}


async def test_the_end_of_the_server_ends_what_is_open(
    cordboard: Cordboard, jambonz: Twin, mode: Mode
) -> None:
    call = await jambonz.call("/shop")
    (offered,) = call.acks[0]["data"][0]["mcpServers"]
    begun = asyncio.Event()

    async def hear(how_far: float, total: float | None, text: str | None) -> None:
        begun.set()

    async with (
        aiohttp.ClientSession() as http,
        http.get(offered["url"]) as stream,
        official(cordboard, mode=mode) as client,
    ):
        await stream.content.readuntil(b"\r\n\r\n")
        order = {"call_sid": call.call_sid, "stay": True, "wait_seconds": 100}
        following = asyncio.create_task(
            client.call_tool("follow_call", order, progress_callback=hear)
        )
        await begun.wait()

        async with asyncio.timeout(5):
            await cordboard.app.shutdown()
            await stream.read()
            await asyncio.wait({following})
        following.exception()
