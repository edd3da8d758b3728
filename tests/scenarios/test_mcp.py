"""MCP servers are passed on to jambonz; own tools work beside them."""

from app.twin import Twin


async def test_the_server_is_written_as_jambonz_reads_it(jambonz: Twin) -> None:
    env = {"MCP_URL": "http://127.0.0.1:1/sse", "MCP_KEY": "k-1"}
    async with await jambonz.call("/with-mcp", env=env) as call:
        verb = call.acks[0]["data"][0]

        assert verb["mcpServers"] == [{"url": "http://127.0.0.1:1/sse", "auth": {"apiKey": "k-1"}}]
        assert [tool["name"] for tool in verb["llm"]["llmOptions"]["tools"]] == ["open_ticket"]


async def test_a_server_without_a_key_gets_none(jambonz: Twin) -> None:
    env = {"MCP_URL": "http://127.0.0.1:1/mcp"}
    async with await jambonz.call("/with-mcp", env=env) as call:
        assert call.acks[0]["data"][0]["mcpServers"] == [{"url": "http://127.0.0.1:1/mcp"}]


async def test_the_own_tool_works_beside_it(jambonz: Twin) -> None:
    async with await jambonz.call("/with-mcp") as call:
        assert "is open" in await call.say("My router does not work.")
