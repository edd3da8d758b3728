"""The servers of `mcpServers`, whose tools the platform itself calls."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.llm import ToolCall, ToolDefinition
from app.mcp import McpError, McpServer, Servers
from app.twin.stack import Verb

if TYPE_CHECKING:
    from app.twin.leg import Leg

CONNECTS_WITHIN = 5.0
"""Real seconds that an agent waits for its servers before it begins."""


class AgentServers:
    """The MCP servers of one agent, for as long as it talks.

    Attributes:
        is_ready: Whether all of them were connected to, or given up.
    """

    def __init__(self, leg: "Leg", verb: Verb) -> None:
        self._leg = leg
        given = verb.get("mcpServers")
        self._given: list[Any] = given if isinstance(given, list) else []
        self._servers = Servers(())
        self.is_ready = not self._given

    async def connect(self) -> None:
        """Connect to all of them at once; what fails is noted, and the call goes on without."""
        if self.is_ready:
            return
        self._servers = Servers(filter(None, map(self._read, self._given)))
        with self._leg.clock.hold():
            for problem in await self._servers.start():
                self._leg.log.note(str(problem))
            await self._servers.close_lost()
        for server, name in self._servers.hidden:
            text = f"{name} of {server.label} is not offered: a server before it has such a tool"
            self._leg.log.note(text)
        if tools := self._servers.tools:
            names = ", ".join(tool.name for tool in tools)
            self._leg.log.note(f"MCP servers offer: {names}")
        self.is_ready = True

    async def close(self) -> None:
        """Let go of all."""
        await self._servers.close()

    def definitions(self) -> tuple[ToolDefinition, ...]:
        """Their tools, for the model."""
        if not self._given:
            return ()
        tools = self._servers.tools
        return tuple(ToolDefinition(tool.name, tool.description, tool.schema) for tool in tools)

    def offers(self, name: str) -> bool:
        """Whether a tool is theirs; they are asked before the application."""
        return bool(self._given) and self._servers.find(name) is not None

    def ask(self, call: ToolCall) -> "asyncio.Future[Any]":
        """Call a tool; the future is what the model is told."""
        server = self._servers.find(call.name)
        assert server is not None, "whoever asks has asked whether it is offered"
        arguments = dict(call.arguments)
        entry = {"tool_call_id": call.id, "name": call.name, "arguments": arguments}
        self._leg.log.add("tool_call", {**entry, "server": server.label})
        output = self._leg.tools.expect(call.id, call.name)
        self._leg.spawn(self._call(server, call, arguments))
        return output

    async def _call(self, server: McpServer, call: ToolCall, arguments: dict[str, Any]) -> None:
        try:
            result = await server.call(call.name, arguments, self._leg.pace.tool)
        except McpError as error:
            self._leg.log.note(str(error))
            told: Any = {"error": f"{call.name} could not be called"}
        else:
            told = {"error": result.value} if result.is_error else result.value
        self._leg.tools.take(call.id, told)

    def _read(self, given: Any) -> McpServer | None:
        """A server of the verb; a command would run on this machine, and is none."""
        entry = given if isinstance(given, Mapping) else {}
        url, auth, roots = (entry.get(key) for key in ("url", "auth", "roots"))
        if not str(url).startswith(("http://", "https://")):
            self._leg.log.note(f"mcpServers: expected a url with http or https; got {given!r:.80}")
            return None
        try:
            return McpServer(
                str(url),
                auth=auth if isinstance(auth, Mapping) else None,
                roots=roots if isinstance(roots, list) else (),
                connect_timeout=CONNECTS_WITHIN,
                pin=self._leg.platform.pin,
            )
        except McpError as error:
            self._leg.log.note(str(error))
            return None
