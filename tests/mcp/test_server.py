"""Servers of the official SDK and of FastMCP, over each transport: their life, death and return."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from app.mcp import McpError, McpServer
from tests.mcp.peers import (
    STDIO,
    Desk,
    Host,
    application,
    hosted,
    official,
    path_of,
    third_party,
)

KINDS = ("http", "sse")


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture(
    params=[(official, "http"), (official, "sse"), (third_party, "http")],
    ids=["official, http", "official, sse", "third party, http"],
)
async def peer(request: Any, desk: Desk) -> AsyncIterator["Peer"]:
    make, kind = request.param
    async with hosted(application(make(desk), kind)) as host:
        peer = Peer(host, make, kind, desk)
        yield peer
        await peer.client.close()


class Peer:
    """A hosted server, and a client of it."""

    def __init__(self, host: Host, make: Callable[[Desk], Any], kind: str, desk: Desk) -> None:
        self.host, self._make, self._kind, self._desk = host, make, kind, desk
        self.client = McpServer(host.url + path_of(kind))

    async def come_back(self) -> None:
        await self.host.serve(application(self._make(self._desk), self._kind))


async def test_tools_are_listed_and_called(peer: Peer) -> None:
    await peer.client.start()

    assert [tool.name for tool in peer.client.tools] == ["add", "find_order", "fail", "wait"]
    add = peer.client.find("add")
    assert add is not None
    assert add.description == "Add two numbers."
    assert add.schema["required"] == ["a", "b"]
    assert (await peer.client.call("add", {"a": 1, "b": 2})).value == {"result": 3}
    order = await peer.client.call("find_order", {"number": 7})
    assert order.value == {"number": 7, "state": "sent"}


async def test_an_error_is_a_text_for_the_model_and_no_exception(peer: Peer) -> None:
    await peer.client.start()

    failed = await peer.client.call("fail", {"reason": "no stock"})
    wrong = await peer.client.call("add", {"a": "many"})

    assert failed.is_error
    assert "fail" in failed.value
    assert wrong.is_error
    assert "integer" in wrong.value


async def test_a_server_that_dies_in_a_call_fails_that_call_and_comes_back(
    peer: Peer, desk: Desk
) -> None:
    await peer.client.start()
    call = asyncio.create_task(peer.client.call("wait", {}))
    await desk.begun.wait()

    await peer.host.die()
    with pytest.raises(McpError, match="lost"):
        await call
    with pytest.raises(McpError, match="cannot be used; tried"):
        await peer.client.call("add", {"a": 1, "b": 2})
    assert peer.client.tools == ()

    await peer.come_back()
    assert (await peer.client.call("add", {"a": 1, "b": 2})).value == {"result": 3}
    assert desk.called == ["wait", "add 1 2"]


async def test_a_server_that_was_replaced_meanwhile_is_called_once_all_the_same(
    peer: Peer, desk: Desk
) -> None:
    await peer.client.start()

    await peer.host.die()
    await peer.come_back()

    assert (await peer.client.call("add", {"a": 1, "b": 2})).value == {"result": 3}
    assert desk.called == ["add 1 2"]


async def test_who_is_cancelled_is_free_and_the_session_goes_on(peer: Peer, desk: Desk) -> None:
    await peer.client.start()
    call = asyncio.create_task(peer.client.call("wait", {}))
    await desk.begun.wait()

    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    assert (await peer.client.call("add", {"a": 2, "b": 2})).value == {"result": 4}


async def test_a_slow_tool_is_given_up_and_the_session_goes_on(peer: Peer, desk: Desk) -> None:
    await peer.client.start()

    with pytest.raises(McpError, match=r"wait of MCP server .* did not answer in 0\.1 s"):
        await peer.client.call("wait", {}, 0.1)

    assert (await peer.client.call("add", {"a": 2, "b": 2})).value == {"result": 4}


async def test_calls_run_side_by_side_up_to_a_bound(desk: Desk) -> None:
    running, most = 0, 0
    server = official(desk)

    async def count() -> str:
        """Count."""
        nonlocal running, most
        running += 1
        most = max(most, running)
        if running == 3:
            desk.go.set()
        await desk.go.wait()
        running -= 1
        return "counted"

    server.tool()(count)
    async with hosted(application(server, "http")) as host:
        client = McpServer(host.url + "/mcp", parallel=3)
        await client.start()
        results = await asyncio.gather(*(client.call("count", {}) for _ in range(7)))
        await client.close()

    assert [result.value for result in results] == [{"result": "counted"}] * 7
    assert most == 3


@pytest.mark.parametrize("kind", KINDS)
async def test_the_other_transport_is_tried_too(kind: str, desk: Desk) -> None:
    server = official(desk)
    at_the_others_path: dict[str, Any] = {"http": "/sse", "sse": "/mcp"}
    path = at_the_others_path[kind]
    app = (
        server.streamable_http_app(streamable_http_path=path)
        if kind == "http"
        else server.sse_app(sse_path=path)
    )
    async with hosted(app) as host:
        client = McpServer(host.url + path)
        await client.start()
        assert (await client.call("add", {"a": 1, "b": 1})).value == {"result": 2}
        await client.close()


async def test_a_command_is_run_with_its_variables_and_folders_and_ended() -> None:
    client = McpServer(STDIO, env={"COLOUR": "red"}, roots=["/tmp"])
    await client.start()

    assert (await client.call("double", {"number": 21})).value == {"result": 42}
    assert (await client.call("environment", {"name": "COLOUR"})).value == {"result": "red"}
    assert (await client.call("where", {})).value == {"result": "file:///tmp"}
    assert (await client.call("odd_name_with__signs", {})).value == {"result": "odd"}
    pid = (await client.call("process", {})).value["result"]
    await client.close()

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_command_that_dies_is_run_again() -> None:
    client = McpServer(" ".join(STDIO))
    await client.start()

    with pytest.raises(McpError, match=r"die of MCP server .* was lost"):
        await client.call("die", {})

    assert (await client.call("double", {"number": 4})).value == {"result": 8}
    await client.close()


async def test_a_command_that_refuses_says_why() -> None:
    client = McpServer([*STDIO, "--crash"])

    with pytest.raises(McpError, match=r"tried stdio: .*it said: no licence found"):
        await client.start()

    await client.close()


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("no-such-program --now", "no-such-program --now cannot be used; tried stdio: .*No such"),
        ("http://127.0.0.1:1/mcp", "tried Streamable HTTP: no connection .*; SSE: no connection"),
        ("http://127.0.0.1:1/sse", "tried SSE: no connection .*; Streamable HTTP: no connection"),
    ],
)
async def test_what_cannot_be_reached_says_what_was_tried_and_why(target: str, why: str) -> None:
    client = McpServer(target)

    with pytest.raises(McpError, match=why):
        await client.start()

    assert client.problem is not None
    await client.close()


async def test_a_server_that_does_not_answer_is_given_up_in_time_over_all_ways() -> None:
    async def never(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await asyncio.Event().wait()

    async with hosted(never) as host:
        client = McpServer(host.url, connect_timeout=0.2)
        with pytest.raises(McpError, match=r"tried Streamable HTTP: no answer in 0\.2 s$"):
            await client.start()
        await client.close()


async def test_a_closed_server_takes_no_calls(desk: Desk) -> None:
    async with hosted(application(official(desk), "http")) as host:
        client = McpServer(host.url + "/mcp")
        await client.start()
        await client.close()

        with pytest.raises(McpError):
            await client.call("add", {"a": 1, "b": 2})
