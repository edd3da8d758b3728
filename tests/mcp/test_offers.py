"""What servers offer: page by page, under odd or equal names, to those whom they let in."""

import asyncio
import base64
from typing import Any

import pytest
from mcp.server.mcpserver import Context, MCPServer

from app.mcp import McpError, McpServer, McpTool, Servers
from app.mcp.target import headers_of, label_of, read_target
from app.mcp.values import named
from tests.mcp.peers import Desk, application, hosted, official, path_of, third_party
from tests.mcp.raw import raw_server, tool


def text(value: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": value}]}


async def test_all_pages_are_read() -> None:
    def page(params: dict[str, Any]) -> dict[str, Any]:
        number = int(params.get("cursor") or 0)
        more = {"nextCursor": str(number + 1)} if number < 2 else {}
        return {"tools": [tool(f"tool_{number}")], **more}

    async with raw_server(tools=page, call=lambda _: text("")) as url:
        server = McpServer(url)
        await server.start()
        names = [one.name for one in server.tools]
        await server.close()

    assert names == ["tool_0", "tool_1", "tool_2"]


async def test_pages_that_never_end_are_left() -> None:
    def page(params: dict[str, Any]) -> dict[str, Any]:
        return {"tools": [tool("again")], "nextCursor": "the same"}

    async with raw_server(tools=page, call=lambda _: text("")) as url:
        server = McpServer(url)
        await server.start()
        names = [one.name for one in server.tools]
        await server.close()

    assert names == ["again", "again_2"]


async def test_names_that_models_refuse_are_mended_and_the_server_gets_its_own() -> None:
    called: list[str] = []

    def call(params: dict[str, Any]) -> dict[str, Any]:
        called.append(params["name"])
        return text("done")

    tools = [tool("search/all files"), tool("search_all_files"), tool("é" * 80)]
    async with raw_server(tools=lambda _: {"tools": tools}, call=call) as url:
        server = McpServer(url)
        await server.start()
        names = [one.name for one in server.tools]
        for name in names:
            await server.call(name, {})
        await server.close()

    assert names == ["search_all_files", "search_all_files_2", "_" * 64]
    assert called == ["search/all files", "search_all_files", "é" * 80]


def test_a_number_keeps_equal_names_apart_within_64_letters() -> None:
    plain = [McpTool("", "", {}, "x" * 70 + ending) for ending in "ab"]

    assert [tool.name for tool in named(plain)] == ["x" * 64, "x" * 62 + "_2"]


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        (text("plain"), "plain"),
        ({"content": [], "structuredContent": {"a": 1}}, {"a": 1}),
        ({"content": [*text("a")["content"], *text("b")["content"]]}, "a\nb"),
        ({"content": []}, ""),
        (
            {"content": [{"type": "image", "data": "aGk=", "mimeType": "image/png"}]},
            "[image, image/png, which cannot be spoken]",
        ),
        (
            {"content": [{"type": "resource", "resource": {"uri": "file:///a", "text": "inside"}}]},
            "inside",
        ),
        (
            {"content": [{"type": "resource_link", "uri": "file:///a", "name": "a file"}]},
            "[a file: file:///a]",
        ),
    ],
)
async def test_a_result_is_a_value_that_a_model_can_read(answer: Any, value: Any) -> None:
    async with raw_server(tools=lambda _: {"tools": [tool("get")]}, call=lambda _: answer) as url:
        server = McpServer(url)
        await server.start()
        result = await server.call("get", {})
        await server.close()

    assert result.value == value
    assert not result.is_error


@pytest.mark.parametrize(
    "answer", ["{not json", {"content": "no list"}, {"content": [{"type": "hologram"}]}, []]
)
async def test_a_malformed_result_fails_the_call_and_not_the_session(answer: Any) -> None:
    answers = [text("fine"), answer]
    async with raw_server(
        tools=lambda _: {"tools": [tool("get")]}, call=lambda _: answers.pop()
    ) as url:
        server = McpServer(url)
        await server.start()
        with pytest.raises(McpError, match="get of MCP server"):
            await server.call("get", {}, 5)
        assert (await server.call("get", {})).value == "fine"
        await server.close()


async def test_a_malformed_list_is_a_server_that_cannot_be_used() -> None:
    async with raw_server(tools=lambda _: {"tools": "none"}, call=lambda _: "") as url:
        server = McpServer(url)
        with pytest.raises(McpError, match="cannot be used"):
            await server.start()
        await server.close()


@pytest.mark.parametrize(
    ("auth", "headers"),
    [
        ({"apiKey": "k"}, {"Authorization": "Bearer k"}),
        ({"api_key": "k"}, {"Authorization": "Bearer k"}),
        ({"token": "t"}, {"Authorization": "Bearer t"}),
        (
            {"username": "u", "password": "p"},
            {"Authorization": "Basic " + base64.b64encode(b"u:p").decode()},
        ),
        ({"headers": {"X-Key": "1"}}, {"X-Key": "1"}),
        ({"X-Key": "1"}, {"X-Key": "1"}),
        (None, {}),
    ],
)
async def test_auth_becomes_headers_and_lets_in(auth: Any, headers: dict[str, str]) -> None:
    assert headers_of(auth) == headers
    async with raw_server(
        tools=lambda _: {"tools": [tool("get")]}, call=lambda _: text("in"), headers=headers
    ) as url:
        server = McpServer(url, auth=auth)
        await server.start()
        assert (await server.call("get", {})).value == "in"
        await server.close()


async def test_a_refused_key_is_said_to_be_one_and_no_other_way_is_tried() -> None:
    async with raw_server(
        tools=lambda _: {}, call=lambda _: {}, headers={"Authorization": "Bearer right"}
    ) as url:
        server = McpServer(url, auth={"apiKey": "wrong"})
        with pytest.raises(McpError) as caught:
            await server.start()
        await server.close()

    assert str(caught.value) == (
        f"MCP server {url} cannot be used; "
        "tried Streamable HTTP: HTTP 401, it refuses the credentials; see auth=…"
    )


async def test_no_secret_is_in_a_label() -> None:
    url = read_target("https://me:pw@mcp.example.com/sse?key=123")
    words = label_of(["run", "--api-key", "123", "TOKEN=456", "--level", "2"])

    assert url.label == "https://mcp.example.com/sse"
    assert url.ways == ("SSE", "Streamable HTTP")
    assert words == "run --api-key '…' 'TOKEN=…' --level 2"


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("ws://example.com", "expected http:// or https://"),
        ("https://", "expected http:// or https:// and a host"),
        ("", "expected the URL of an MCP server or a command"),
        ("run 'it", "not well formed"),
        ([1], "expected the URL"),
    ],
)
def test_what_is_neither_url_nor_command_is_refused(target: Any, why: str) -> None:
    with pytest.raises(McpError, match=why):
        McpServer(target)


async def test_of_two_servers_with_one_name_the_first_answers_and_the_other_is_told() -> None:
    one, other = Desk(), Desk()
    async with (
        hosted(application(official(one), "http")) as first,
        hosted(application(third_party(other), "sse")) as second,
    ):
        dead = McpServer("http://127.0.0.1:1/mcp")
        servers = Servers([dead, McpServer(first.url + "/mcp"), McpServer(second.url + "/sse")])
        problems = await servers.start()
        found = servers.find("add")
        assert found is not None
        await found.call("add", {"a": 1, "b": 2})
        names, hidden = [tool.name for tool in servers.tools], servers.hidden
        await servers.close()

    assert [str(problem)[:40] for problem in problems] == [
        "MCP server http://127.0.0.1:1/mcp cannot"
    ]
    assert names == ["add", "find_order", "fail", "wait"]
    assert (one.called, other.called) == (["add 1 2"], [])
    assert next((server.label, name) for server, name in hidden) == (second.url + "/sse", "add")


@pytest.mark.parametrize("kind", ["http", "sse"])
@pytest.mark.parametrize("roots", [(), ("/tmp",)], ids=["newest", "handshake"])
async def test_a_change_of_the_tools_is_heard(kind: str, roots: tuple[str, ...]) -> None:
    peer = MCPServer("learns")

    async def learn(context: Context) -> str:
        """Learn another tool."""
        peer.tool(name="learned")(lambda: "yes")
        await context.notify_tools_changed()
        await context.session.send_tool_list_changed()
        return "ok"

    peer.tool()(learn)
    heard: list[list[str]] = []
    has_learned = asyncio.Event()

    def hear(server: McpServer) -> None:
        heard.append([tool.name for tool in server.tools])
        if len(heard) == 2:
            has_learned.set()

    async with hosted(application(peer, kind)) as host:
        server = McpServer(host.url + path_of(kind), roots=roots, on_change=hear)
        await server.start()
        await server.call("learn", {})
        async with asyncio.timeout(5):
            await has_learned.wait()
        assert (await server.call("learned", {})).value == "yes"
        await server.close()

    assert heard == [["learn"], ["learn", "learned"]]
