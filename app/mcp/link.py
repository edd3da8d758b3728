"""One connection to a server, from its opening to its end, in a task of its own.

The SDK cancels the task inside its client when the server dies, so nothing else may run there.
"""

import asyncio
from collections.abc import Callable
from types import ModuleType
from typing import Any

from app.mcp.errors import McpError, leaves, reason_of
from app.mcp.target import Target, Way
from app.mcp.values import McpResult, McpTool

REFUSED = (401, 403)


class Link:
    """A connection.

    Attributes:
        is_open: Whether tools can be called.
        error: Why it could not be opened, or why it ended.
    """

    def __init__(
        self,
        sdk: ModuleType,
        target: Target,
        *,
        connect_timeout: float,
        call_timeout: float,
        on_tools: Callable[[tuple[McpTool, ...]], None],
    ) -> None:
        self.is_open = False
        self.error: McpError | None = None
        self._sdk, self._target = sdk, target
        self._connect_timeout, self._call_timeout = connect_timeout, call_timeout
        self._on_tools = on_tools
        self._client: Any = None
        self._ended = asyncio.Event()
        self._news = asyncio.Event()
        self._calls: set[asyncio.Task[McpResult]] = set()
        self._broken_by: BaseException | None = None
        self._deadline = 0.0

    @property
    def was_open(self) -> bool:
        """Whether it ever was open."""
        return self._client is not None

    async def live(self) -> None:
        """Try the ways to the server, and keep the first that works for as long as it lasts."""
        tried: list[str] = []
        self._deadline = asyncio.get_running_loop().time() + self._connect_timeout
        for way in self._target.ways:
            line = self._sdk.Line(self._target, way, self.end)
            reason = await self._try(way, line)
            if self.was_open:
                self.error = McpError(f"MCP server {self._target.label} was lost: {reason}")
                return
            tried.append(f"{way}: {self._explain(reason, line)}")
            if line.status in REFUSED or self._is_late():
                break
            self._broken_by = None
            self._ended.clear()
        self.error = McpError(
            f"MCP server {self._target.label} cannot be used; tried {'; '.join(tried)}",
            is_unsent=True,
        )

    def _is_late(self) -> bool:
        return asyncio.get_running_loop().time() >= self._deadline

    def end(self) -> None:
        """Leave, or notice that the server has left."""
        self.is_open = False
        self._ended.set()
        self._news.set()

    async def call(self, name: str, arguments: dict[str, Any], within: float) -> McpResult:
        """Call a tool by the name that the server knows.

        Raises:
            McpError: No result came; a result that is an error is no exception.
        """
        was_alone = not self._calls
        work = self._client.call_tool(name, arguments, read_timeout_seconds=within)
        task = asyncio.ensure_future(self._read(work))
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
        try:
            # Not awaited itself: who is cancelled is free at once, whatever the SDK still does.
            await asyncio.wait({task})
        finally:
            task.cancel()
        if task.cancelled():
            raise McpError(
                f"MCP server {self._target.label} was lost: {self._why()}",
                is_unsent=was_alone and self._was_unreachable,
            )
        return self._result_of(name, task)

    def _result_of(self, name: str, task: asyncio.Task[McpResult]) -> McpResult:
        error = task.exception()
        if error is None:
            return task.result()
        if self._sdk.is_lost(error):
            self._broken_by = self._broken_by or error
            self.end()
        how = "was lost" if self._sdk.is_lost(error) else "failed"
        text = f"{name} of MCP server {self._target.label} {how}: {reason_of(error)}"
        raise McpError(text, is_unsent=self._sdk.is_unsent(error)) from error

    async def _read(self, work: Any) -> McpResult:
        result: McpResult = self._sdk.read_result(await work)
        return result

    async def _try(self, way: Way, line: Any) -> str:
        """Connect by one way and stay; give the reason why that ended."""
        limit = asyncio.timeout_at(self._deadline)
        client = self._sdk.make_client(line, self._target, self._call_timeout, self._news.set)
        try:
            async with limit, client:
                tools = await self._sdk.list_tools(client)
                limit.reschedule(None)
                self._client, self.is_open = client, True
                self._on_tools(tools)
                await self._stay(client)
        except TimeoutError:
            return f"no answer in {self._connect_timeout:g} s"
        except (Exception, BaseExceptionGroup) as error:  # whatever the SDK raises
            self._broken_by = self._broken_by or error
        finally:
            self.is_open = False
            for call in [*self._calls]:
                call.cancel()
        return self._why()

    async def _stay(self, client: Any) -> None:
        """Keep the list of tools true until the connection ends."""
        heeding = asyncio.ensure_future(self._sdk.heed_changes(client, self._news.set))
        try:
            while not self._ended.is_set():
                await self._news.wait()
                self._news.clear()
                if not self._ended.is_set():
                    async with asyncio.timeout(self._connect_timeout):
                        self._on_tools(await self._sdk.list_tools(client))
        finally:
            heeding.cancel()

    def _why(self) -> str:
        return reason_of(self._broken_by) if self._broken_by else "it closed the connection"

    def _explain(self, reason: str, line: Any) -> str:
        """A reason with what was learned of it from outside the SDK."""
        if line.status in REFUSED:
            return f"HTTP {line.status}, it refuses the credentials; see auth=…"
        if line.status and "HTTP" not in reason:
            return f"{reason} (HTTP {line.status})"
        return f"{reason}; it said: {line.said[-1][:200]}" if line.said else reason

    @property
    def _was_unreachable(self) -> bool:
        if self._broken_by is None:
            return False
        return any(self._sdk.is_unsent(one) for one in leaves(self._broken_by))
