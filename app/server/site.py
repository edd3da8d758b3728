"""Where the server listens."""

import asyncio
import ssl
from collections.abc import Callable

from aiohttp import web

from app.keys import CALLS, NODE, SETTINGS
from app.server import direct
from app.server.door import Doorway

BACKLOG = 1024


class Site(web.BaseSite):
    """A listening socket with a door: calls go straight to their sessions, the rest to aiohttp.

    Args:
        runner: Of the server's ``web.Application``, set up.
        host: Address to listen on.
        port: Port; 0 takes a free one.
        ssl_context: For TLS.
        is_direct: Whether there is a door; by default where this aiohttp allows one.
        is_shared: Whether other processes listen there, too.
    """

    __slots__ = ("_host", "_is_direct", "_is_shared", "_own", "_port")

    def __init__(
        self,
        runner: web.AppRunner,
        host: str,
        port: int,
        *,
        ssl_context: ssl.SSLContext | None = None,
        is_direct: bool | None = None,
        is_shared: bool = False,
    ) -> None:
        super().__init__(runner, ssl_context=ssl_context, backlog=BACKLOG)
        self._host, self._port, self._is_shared = host, port, is_shared
        self._is_direct = direct.is_possible() if is_direct is None else is_direct
        self._own: asyncio.Server | None = None

    @property
    def name(self) -> str:
        """Its address, as aiohttp's sites have one."""
        return f"{'https' if self._ssl_context else 'http'}://{self._host}:{self._port}"

    async def start(self) -> None:
        """Begin to listen."""
        await super().start()
        runner = self._runner
        assert isinstance(runner, web.AppRunner)
        assert runner.server is not None
        make = Doorway(runner.app, runner.server) if self._is_direct else runner.server
        self._server = await asyncio.get_running_loop().create_server(
            make,
            self._host,
            self._port,
            ssl=self._ssl_context,
            backlog=self._backlog,
            reuse_port=self._is_shared or None,
        )
        if self._port == 0:  # only now it is known
            port = self._server.sockets[0].getsockname()[1]
            settings = runner.app[SETTINGS].model_copy(update={"port": port})
            runner.app[CALLS].runtime.base_url = settings.base_url
        if self._is_shared and NODE in runner.app:
            runner.app[NODE].door = await self._open_own_door(make)

    async def _open_own_door(self, make: Callable[[], asyncio.Protocol]) -> str:
        """A door that only this process answers, for calls that it makes to itself."""
        self._own = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
        return f"ws://127.0.0.1:{self._own.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Listen no more."""
        if self._own is not None:
            self._own.close()
        await super().stop()
