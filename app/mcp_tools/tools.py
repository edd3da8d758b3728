"""``mcp_tools``: the tools of one server, as an agent takes them."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NoReturn

import structlog

from app.logs import Event
from app.mcp import McpError, McpServer, McpTool
from app.mcp_tools.pool import POOL, Source
from app.protocol import ConfigurationError
from app.signature import did_you_mean
from app.tool import Tool, ToolError, ToolOptions, phrases, tool_elsewhere

LONGEST_NAME = 64

log = structlog.get_logger("cordboard.mcp")


class McpTools(Source):
    """The tools of an MCP server, for ``Agent(tools=…)`` and ``session.update_tools(…)``.

    Made by :func:`mcp_tools`.
    """

    def __init__(
        self,
        server: Mapping[str, Any],
        *,
        only: Collection[str] | None,
        prefix: str,
        options: ToolOptions,
    ) -> None:
        self._server = server
        self._only, self._prefix, self._options = only, prefix, options
        self._tools: list[tuple[McpTool, Tool[..., Any]]] = []
        self._told: set[str] = set()
        try:
            one = self.make_server(lambda _: None)
        except McpError as error:
            raise ConfigurationError(f"mcp_tools: {error}") from None
        self.label, self.identity = one.label, one.target.identity
        tool_elsewhere(self._call, f"{prefix}x", "As a trial.", {}, **options)
        POOL.know(self)

    def __repr__(self) -> str:
        return f"mcp_tools({self.label!r})"

    def __iter__(self) -> NoReturn:
        """Not with a star: what a server has is not known before it is connected."""
        raise TypeError(f"write {self!r} without the star: its tools may come later, and change")

    @property
    def tools(self) -> tuple[Tool[..., Any], ...]:
        """What the server offers now; empty while it is not connected."""
        POOL.attach(self)
        return tuple(tool for _, tool in self._tools)

    async def ready(self, within: float = 5.0) -> bool:
        """Wait until the server is connected: in a test, or in a handler that rather waits.

        Args:
            within: Seconds to wait at most.

        Returns:
            Whether it is connected. Where it is not, the log says why.
        """
        shared = POOL.attach(self)
        if shared is not None:
            with suppress(McpError, TimeoutError):
                async with asyncio.timeout(within):
                    await shared.server.start()
        return shared is not None and shared.server.is_connected

    def make_server(self, on_change: Callable[[McpServer], None]) -> McpServer:
        """The server, for the pool."""
        return McpServer(**self._server, on_change=on_change)

    def take(self, tools: tuple[McpTool, ...]) -> bool:
        """Have these tools of the server; say whether they are others than before."""
        chosen = [tool for tool in tools if self._only is None or tool.name in self._only]
        if tools:
            self._warn_of_missing([tool.name for tool in tools])
        before = {one.name: (one, tool) for one, tool in self._tools}
        made = []
        for one in chosen:
            # The same value for the same tool: calls go on with what they have been offered.
            known, tool = before.get(one.name, (None, None))
            made.append((one, tool if tool is not None and known == one else self._make(one)))
        is_news = [tool for _, tool in made] != [tool for _, tool in self._tools]
        self._tools = made
        return is_news

    def _make(self, tool: McpTool) -> Tool[..., Any]:
        name = f"{self._prefix}{tool.name}"[:LONGEST_NAME]
        call = partial(self._call, tool.name)
        return tool_elsewhere(call, name, tool.description, tool.schema, **self._options)

    async def _call(self, tool_name: str, /, **arguments: Any) -> Any:
        """Have the server run a tool; what it says goes to the model."""
        shared = POOL.attach(self)
        try:
            if shared is None:
                raise McpError(f"MCP server {self.label} is closed")
            result = await shared.server.call(
                tool_name, arguments, self._options.get("late_limit", 60.0)
            )
        except McpError as error:
            log.warning(Event.MCP_TOOL_FAILED, tool=tool_name, reason=str(error))
            raise ToolError(phrases.UNREACHABLE) from None
        if result.is_error:
            raise ToolError(str(result.value))
        return result.value

    def _warn_of_missing(self, names: list[str]) -> None:
        for name in self._only or ():
            if name not in names and name not in self._told:
                self._told.add(name)
                close = did_you_mean(name, names) or f"; it has {', '.join(names)}"
                log.warning(
                    Event.MCP_TOOL_MISSING, server=self.label, tool=name, advice=f"only=…{close}"
                )


def mcp_tools(
    server: str | Sequence[str],
    *,
    auth: Mapping[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
    roots: Sequence[str] = (),
    only: Collection[str] | None = None,
    prefix: str = "",
    timeout: float = 4.0,
    late_limit: float = 60.0,
    filler: str | None = None,
    filler_after: float = 1.0,
    connect_timeout: float | None = None,
) -> McpTools:
    """Give an agent the tools of an MCP server that jambonz cannot reach.

    ::

        Agent(..., tools=[open_ticket, mcp_tools("uvx mcp-server-time", only=["get_current_time"])])

    The server is connected to once per process, when ``serve`` starts if this stands at module
    level, else when a call first needs it, and connected to again when it was lost. While it is
    away, agents start without its tools; those that run get them when it comes. Tools of one's own
    win over its tools of the same name.

    Args:
        server: URL (Streamable HTTP or SSE), or a command that speaks MCP on its standard input and
            output, as one text or as its words.
        auth: ``apiKey`` or ``token``, ``username`` and ``password``, or ``headers``.
        env: Environment variables for the command; it inherits PATH, HOME and few others.
        roots: Folders that the server may work in.
        only: Names of the tools to offer; all without it.
        prefix: Put before each name, where two servers have tools of one name.
        timeout: Seconds until the model is answered, as of ``@tool``.
        late_limit: Seconds that a tool may take; its result then follows.
        filler: A phrase for the caller while a tool runs.
        filler_after: Seconds until then.
        connect_timeout: Seconds to connect and list the tools: 5, for a command 30.

    Raises:
        ConfigurationError: It is neither a URL nor a command, or an option is wrong.
    """
    if isinstance(only, str):
        raise ConfigurationError(f"mcp_tools: only is a list of names; write only=[{only!r}]")
    options: ToolOptions = {
        "timeout": timeout,
        "late_limit": late_limit,
        "filler": filler,
        "filler_after": filler_after,
    }
    where = {"target": server, "auth": auth, "env": env, "roots": tuple(roots)}
    given = {**where, "connect_timeout": connect_timeout, "timeout": late_limit}
    return McpTools(given, only=only, prefix=prefix, options=options)
