"""A desk with its own tool, one of a program that speaks MCP, and servers that jambonz calls."""

import pytest

from app.testing import Cordboard
from app.twin import Twin
from hooks.mcp import manual


@pytest.fixture(autouse=True)
async def connected(cordboard: Cordboard) -> None:
    """The program runs before the first call, as under `serve`."""
    assert cordboard.url
    assert await manual.ready(30)


async def test_the_server_is_written_as_jambonz_reads_it(jambonz: Twin) -> None:
    env = {"MCP_URL": "http://127.0.0.1:1/sse", "MCP_KEY": "k-1"}
    async with await jambonz.call("/with-mcp", env=env) as call:
        verb = call.acks[0]["data"][0]

        assert verb["mcpServers"] == [{"url": "http://127.0.0.1:1/sse", "auth": {"apiKey": "k-1"}}]
        names = [tool["name"] for tool in verb["llm"]["llmOptions"]["tools"]]
        assert names == ["open_ticket", "search_manual"]


async def test_a_server_without_a_key_gets_none(jambonz: Twin) -> None:
    env = {"MCP_URL": "http://127.0.0.1:1/mcp"}
    async with await jambonz.call("/with-mcp", env=env) as call:
        assert call.acks[0]["data"][0]["mcpServers"] == [{"url": "http://127.0.0.1:1/mcp"}]


async def test_the_program_answers_and_so_does_the_own_tool(jambonz: Twin) -> None:
    async with await jambonz.call("/with-mcp") as call:
        assert "ten seconds" in await call.say("Search the manual for reset.")
        call.expect.tool("search_manual", topic="reset")
        assert "is open" in await call.say("Open a ticket: my router does not work.")
