"""MCP servers that operators name: used like any other, but only where requests may go."""

import pytest

from app.builtin_tools.mcp import build_mcp_tools
from app.mcp import McpError, McpServer
from app.mcp_tools import POOL, McpTools
from app.outward import Outward, OutwardError
from tests.mcp.peers import Desk, application, hosted, third_party
from tests.outward.test_client import Names


async def test_its_tools_are_the_agents(desk: Desk) -> None:
    outward = Outward(["127.0.0.1"], resolver=Names(["127.0.0.1"]))
    async with hosted(application(third_party(desk), "http")) as host:
        url = f"{host.url}/mcp".replace("127.0.0.1", "tools.example")
        built = build_mcp_tools(url, outward, only=["add"], prefix="desk_")
        assert isinstance(built.tool, McpTools)
        POOL.open(follow := lambda _: None)
        try:
            assert await built.tool.ready()
            (tool,) = built.tools
            assert tool.name == "desk_add"
            assert await tool.call(None, {"a": 1, "b": 2}) == {"result": 3}
        finally:
            await POOL.close(follow)


async def test_a_private_server_is_not_connected_to(desk: Desk) -> None:
    outward = Outward(resolver=Names(["127.0.0.1"]))
    async with hosted(application(third_party(desk), "http")) as host:
        with pytest.raises(OutwardError, match="CORDBOARD_ALLOW_PRIVATE"):
            build_mcp_tools(host.url, outward)

        url = f"{host.url}/mcp".replace("127.0.0.1", "tools.example")
        server = McpServer(url, pin=outward.pin)
        with pytest.raises(McpError, match="leads to an address that is not public"):
            await server.start()
        await server.close()


async def test_a_command_is_no_server_that_an_operator_may_name() -> None:
    with pytest.raises(McpError, match="expected http:// or https://"):
        McpServer("cat /etc/passwd", pin=Outward().pin)
    with pytest.raises(OutwardError):
        build_mcp_tools("cat /etc/passwd", Outward())


@pytest.fixture
def desk() -> Desk:
    return Desk()
