"""A server: an actor that keeps one connection, and whom others ask for calls."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from types import ModuleType
from typing import Any

from app.mcp.errors import McpError
from app.mcp.link import Link
from app.mcp.target import Pin, Target, read_target
from app.mcp.values import McpResult, McpTool

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 60.0
LASTS = 5.0
"""A connection that lasted so many seconds is made anew at once."""
LEAVE_WITHIN = 2.5
"""Seconds for a connection to end by itself when it is closed."""
PARALLEL = 16


class McpServer:
    """An MCP server and its tools, for one event loop.

    Attributes:
        target: Where it is.
        tools: What it offers while it is connected; empty while it is not.
        problem: Why it is not connected; None while it is, or before the first try.
    """

    def __init__(
        self,
        target: str | Sequence[str],
        *,
        auth: Mapping[str, Any] | None = None,
        env: Mapping[str, str] | None = None,
        roots: Sequence[object] = (),
        pin: Pin | None = None,
        timeout: float = 30.0,
        connect_timeout: float | None = None,
        parallel: int = PARALLEL,
        on_change: Callable[["McpServer"], None] | None = None,
    ) -> None:
        """Describe a server; nothing is done before :meth:`start`.

        Args:
            target: Its URL, or the command that runs it: as one text, or as its words.
            auth: ``apiKey`` or ``token``, ``username`` and ``password``, or ``headers``.
            env: Environment variables for the command, which inherits very few.
            roots: Folders that it may work in, as paths or ``file://`` addresses.
            pin: Finds the address to connect to for a host, where the target is somebody else's
                word: then it must be a URL.
            timeout: Seconds that a call may take.
            connect_timeout: Seconds to connect and to list its tools; 5, for a command 30.
            parallel: Calls that run at once; others wait.
            on_change: Called when its tools have changed, or it came or went.

        Raises:
            McpError: The target cannot be read.
        """
        self.target: Target = read_target(target, auth=auth, env=env, roots=roots, pin=pin)
        self.tools: tuple[McpTool, ...] = ()
        self.problem: McpError | None = None
        self._timeout = timeout
        self._connect_timeout = connect_timeout or self.target.connect_timeout
        self._on_change = on_change
        self._slots = asyncio.Semaphore(parallel)
        self._link: Link | None = None
        self._actor: asyncio.Task[None] | None = None
        self._is_closing = False
        self._outcome = asyncio.Event()
        self._wake = asyncio.Event()

    @property
    def label(self) -> str:
        """What logs and errors call it; holds no secret."""
        return self.target.label

    @property
    def is_connected(self) -> bool:
        """Whether its tools can be called now."""
        return self._link is not None and self._link.is_open

    def find(self, name: str) -> McpTool | None:
        """The tool of this name, if it offers one."""
        return next((tool for tool in self.tools if tool.name == name), None)

    def begin(self) -> None:
        """Let it connect, and go on trying, without waiting for it."""
        if self._actor is None:
            self._actor = asyncio.get_running_loop().create_task(self._live())

    async def start(self) -> None:
        """Wait until it is connected; it goes on trying where it is not.

        Raises:
            McpError: A try failed; the text says what was tried and why it failed.
        """
        await self._ready()

    async def call(
        self, name: str, arguments: Mapping[str, Any], within: float | None = None
    ) -> McpResult:
        """Call a tool by its name among :attr:`tools`; a lost connection is made anew first.

        Args:
            name: Of the tool.
            arguments: For it.
            within: Seconds for all of it; the server's ``timeout`` without one.

        Raises:
            McpError: No such tool, no connection, or no result in time.
        """
        limit = self._timeout if within is None else within
        try:
            async with asyncio.timeout(limit), self._slots:
                return await self._call(name, dict(arguments), limit)
        except TimeoutError:
            text = f"{name} of MCP server {self.label} did not answer in {limit:g} s"
            raise McpError(text) from None

    async def close(self) -> None:
        """Let go of the server; a command is ended."""
        self._is_closing = True
        self._wake.set()
        if self._actor is None:
            return
        try:
            if self._link is not None and self._link.is_open:
                self._link.end()
                await asyncio.wait({self._actor}, timeout=LEAVE_WITHIN)
        finally:
            self._actor.cancel()
            await asyncio.wait({self._actor})

    async def _call(self, name: str, arguments: dict[str, Any], within: float) -> McpResult:
        for is_last in (False, True):
            link = await self._ready()
            tool = self.find(name)
            if tool is None:
                raise McpError(f"MCP server {self.label} has no tool {name!r}")
            try:
                return await link.call(tool.remote, arguments, within)
            except McpError as error:
                if is_last or not error.is_unsent:
                    raise
                self._outcome.clear()  # it has not begun: connect anew and ask again
        raise AssertionError("the last try returns or raises")

    async def _ready(self) -> Link:
        """The open connection, after a try to make one where there is none."""
        self.begin()
        if not self.is_connected and not self._is_closing:
            self._outcome.clear()
            self._wake.set()
            await self._outcome.wait()
        if self._link is None or not self._link.is_open:
            raise self.problem or McpError(f"MCP server {self.label} is closed")
        return self._link

    async def _live(self) -> None:
        """Connect, and connect anew when that ends, with pauses that grow while it is of no use."""
        try:
            sdk = await asyncio.to_thread(import_module, "app.mcp.sdk")
            pause = 0.0
            while not self._is_closing:
                self._wake.clear()
                began = time.monotonic()
                await self._keep(self._make_link(sdk))
                lasted = time.monotonic() - began
                was_of_use = self._link is not None and self._link.was_open and lasted > LASTS
                pause = 0.0 if was_of_use else min(max(pause * 2, FIRST_PAUSE), LONGEST_PAUSE)
                await self._rest(pause)
        finally:
            self._outcome.set()

    def _make_link(self, sdk: ModuleType) -> Link:
        self._link = Link(
            sdk,
            self.target,
            connect_timeout=self._connect_timeout,
            call_timeout=self._timeout,
            on_tools=self._note_tools,
        )
        return self._link

    async def _keep(self, link: Link) -> None:
        """Let a connection live in its own task, to its end."""
        task = asyncio.ensure_future(link.live())
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()
            await asyncio.wait({task}, timeout=LEAVE_WITHIN)
        self.tools, was_open, self.problem = (), link.was_open, link.error
        if not was_open:
            self._outcome.set()
        self._tell()

    async def _rest(self, seconds: float) -> None:
        """Wait before the next try; who wants to call something ends it."""
        if not self._is_closing:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), seconds)

    def _note_tools(self, tools: tuple[McpTool, ...]) -> None:
        """It is connected, or its tools have changed."""
        is_news = self.problem is not None or tools != self.tools
        self.tools, self.problem = tools, None
        self._outcome.set()
        if is_news:
            self._tell()

    def _tell(self) -> None:
        if self._on_change is not None and not self._is_closing:
            self._on_change(self)
