"""What we need of the official SDK; importing this takes a second, so it is done in a thread."""

import asyncio
import logging
import os
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from importlib import import_module
from typing import Any, Self

import httpx2
from mcp import types
from mcp.client import Client, stdio
from mcp.client._transport import Transport, TransportStreams
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.client.subscriptions import ListenNotSupportedError, SubscriptionLost
from mcp.shared.exceptions import MCPError

from app.mcp.target import Pin, Target, Way
from app.mcp.values import NO_ARGUMENTS, McpResult, McpTool, named

STREAM_SECONDS = 300.0
"""How long a stream of events may stay silent."""
TLS = httpx2.create_ssl_context(trust_env=False)
"""Made once, in the thread that imports this: it takes as long as a turn of the loop must not."""
MAX_PAGES = 100
MAX_TOOLS = 1000

# The SDK imports it when the first result comes, which would hold up every call for 0.2 s.
import_module("jsonschema")
# What fails is told by who asked, in one line; the SDK would write a traceback for each try.
logging.getLogger("mcp.client").setLevel(logging.CRITICAL)
# A command that does not end when its input does is stopped; the process of the server has 5 s.
stdio.PROCESS_TERMINATION_TIMEOUT = 0.8
stdio.FORCE_KILL_TIMEOUT = 0.5


class Line:
    """One connection's way to its server, and what is learned of it from outside the SDK.

    Attributes:
        status: The last HTTP status that was an error; 0 without one.
        said: The last lines of a command's standard error.
    """

    def __init__(self, target: Target, way: Way, on_end: Callable[[], object]) -> None:
        self._target, self._way, self._on_end = target, way, on_end
        self.status = 0
        self.said: deque[str] = deque(maxlen=5)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[TransportStreams]:
        """The transport, as the SDK's client takes it."""
        async with AsyncExitStack() as stack:
            transport = await self._transport(stack)
            reading, writing = await stack.enter_async_context(transport)
            yield Ending(reading, self._on_end), writing

    async def _transport(self, stack: AsyncExitStack) -> Transport:
        target = self._target
        if self._way == "stdio":
            program, *words = target.command
            parameters = stdio.StdioServerParameters(
                command=program, args=words, env=dict(target.env) or None
            )
            errors = stack.enter_context(Listening(self.said))
            return stdio.stdio_client(parameters, errlog=errors.writing)
        if self._way == "SSE":
            return sse_client(
                target.url,
                headers=dict(target.headers),
                timeout=target.connect_timeout,
                sse_read_timeout=STREAM_SECONDS,
                httpx_client_factory=self._http,
            )
        timeout = httpx2.Timeout(target.connect_timeout, read=STREAM_SECONDS)
        client = self._http(dict(target.headers), timeout)
        await stack.enter_async_context(client)
        return streamable_http_client(target.url, http_client=client)

    def _http(
        self,
        headers: dict[str, str] | None = None,
        timeout: httpx2.Timeout | None = None,
        auth: httpx2.Auth | None = None,
    ) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            headers=headers,
            timeout=timeout,
            auth=auth,
            trust_env=False,
            verify=TLS,
            transport=Pinned(self._target.pin) if self._target.pin else None,
            event_hooks={"response": [self._heed]},
        )

    async def _heed(self, response: httpx2.Response) -> None:
        if response.status_code >= 400:
            self.status = response.status_code


class Pinned(httpx2.AsyncHTTPTransport):
    """Connects to the address that was found for a host, and to no other.

    TLS and the ``Host`` header are the host's, as ever.
    """

    def __init__(self, pin: Pin) -> None:
        super().__init__(verify=TLS, trust_env=False)
        self._pin = pin

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request there."""
        url = request.url
        port = url.port or (443 if url.scheme == "https" else 80)
        pinned = httpx2.Request(
            request.method,
            url.copy_with(host=await self._pin(url.host, port)),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": url.host},
        )
        return await super().handle_async_request(pinned)


class Ending:
    """A stream that tells when it ends: the SDK's client does not say that its server is gone."""

    def __init__(self, stream: Any, on_end: Callable[[], object]) -> None:
        self._stream, self._on_end = stream, on_end

    @property
    def last_context(self) -> Any:
        """Of the message read last."""
        return getattr(self._stream, "last_context", None)

    async def receive(self) -> Any:
        """The next message."""
        try:
            return await self._stream.receive()
        except Exception:
            self._on_end()
            raise

    async def aclose(self) -> None:
        """Close it."""
        await self._stream.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self._stream.__anext__()
        except (Exception, StopAsyncIteration):
            self._on_end()
            raise

    async def __aenter__(self) -> Self:
        await self._stream.__aenter__()
        return self

    async def __aexit__(self, *exc: Any) -> bool | None:
        ended: bool | None = await self._stream.__aexit__(*exc)
        return ended


class Listening:
    """Reads what a command writes to its standard error, and keeps the end of it."""

    def __init__(self, said: deque[str]) -> None:
        self._said = said

    def __enter__(self) -> Self:
        self._reading, writing = os.pipe()
        os.set_blocking(self._reading, False)
        self.writing = os.fdopen(writing, "w")
        asyncio.get_running_loop().add_reader(self._reading, self._read)
        return self

    def __exit__(self, *exc: object) -> None:
        asyncio.get_running_loop().remove_reader(self._reading)
        self._read()
        os.close(self._reading)
        self.writing.close()

    def _read(self) -> None:
        with suppress(BlockingIOError):
            text = os.read(self._reading, 65_536).decode(errors="replace")
            self._said.extend(line.strip() for line in text.splitlines() if line.strip())


def make_client(line: Line, target: Target, timeout: float, on_change: Callable[[], object]) -> Any:
    """The SDK's client; ``on_change`` is called when the server's tools have changed."""

    async def heed(message: object) -> None:
        if isinstance(message, types.ToolListChangedNotification):
            on_change()

    async def list_roots(context: object) -> types.ListRootsResult:
        return types.ListRootsResult(roots=[types.Root(uri=uri) for uri in target.roots])

    return Client(
        line.open(),
        read_timeout_seconds=timeout,
        list_roots_callback=list_roots if target.roots else None,
        message_handler=heed,
        client_info=types.Implementation(name="cordboard", version="1"),
        # Roots came with the handshake; the newer protocol has none.
        mode="legacy" if target.roots else "auto",
        cache=None,
    )


async def heed_changes(client: Any, on_change: Callable[[], object]) -> None:
    """Follow a server of the newer protocol, which has to be asked to tell of changes."""
    with suppress(ListenNotSupportedError, SubscriptionLost, MCPError, TimeoutError):
        async with client.listen(tools_list_changed=True) as changes:
            on_change()  # what has changed before it could be told
            async for _ in changes:
                on_change()


async def list_tools(client: Any) -> tuple[McpTool, ...]:
    """All tools of a server, page by page."""
    tools: list[McpTool] = []
    cursor, seen = None, set()
    for _ in range(MAX_PAGES):
        page = await client.list_tools(cursor=cursor)
        tools += map(read_tool, page.tools)
        cursor = page.next_cursor
        if cursor is None or cursor in seen or len(tools) >= MAX_TOOLS:
            break
        seen.add(cursor)
    return named(tools[:MAX_TOOLS])


def read_tool(tool: types.Tool) -> McpTool:
    """A tool as a plain value."""
    schema = {key: value for key, value in (tool.input_schema or {}).items() if key != "$schema"}
    if schema.get("type") != "object":
        schema = dict(NO_ARGUMENTS)
    texts = (tool.description, tool.title, tool.name, "A tool.")
    description = next(text.strip() for text in texts if text and text.strip())
    return McpTool(tool.name, description, schema, tool.name)


def read_result(result: types.CallToolResult) -> McpResult:
    """What a tool gave, as a JSON value."""
    text = "\n".join(filter(None, map(text_of, result.content)))
    if result.is_error:
        return McpResult(text or "the tool failed and did not say why", is_error=True)
    structured = result.structured_content
    return McpResult(text if structured is None else structured)


def text_of(block: Any) -> str:
    """A block of a result as a model can read it."""
    if isinstance(block, types.TextContent):
        return block.text
    if isinstance(block, types.ResourceLink):
        return f"[{block.name}: {block.uri}]"
    if isinstance(block, types.EmbeddedResource):
        return str(getattr(block.resource, "text", f"[a file: {block.resource.uri}]"))
    return f"[{block.type}, {getattr(block, 'mime_type', 'unknown')}, which cannot be spoken]"


def is_lost(error: BaseException) -> bool:
    """Whether an error means that the connection is of no use any more."""
    if isinstance(error, MCPError):
        return error.code == types.CONNECTION_CLOSED or error.message == "Session terminated"
    return isinstance(error, httpx2.TransportError)


def is_unsent(error: BaseException) -> bool:
    """Whether what failed so has certainly not reached the server."""
    if isinstance(error, MCPError):
        return error.message == "Session terminated"
    return isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout)
