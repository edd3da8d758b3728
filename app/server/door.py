"""The door of the server: opens calls' sockets itself, and hands all else to aiohttp.

A new call then costs no HTTP request object, no router and no middleware, only the few lines of the
handshake. What is to be refused goes to aiohttp too: there it gets an answer that explains.
"""

import asyncio
import time
from collections.abc import Callable

from aiohttp import web

from app.keys import CALLS, DRAINING, SETTINGS, SWITCHBOARD, WS_USERS
from app.server.conversation import Conversation
from app.server.credentials import admit
from app.server.direct import DirectSocket
from app.server.lookout import LOOKOUT
from app.server.socket import SUBPROTOCOL
from app.server.upgrade import Upgrade, read_upgrade


class Doorway:
    """What all doors of a server share; calling it makes the protocol of a new connection."""

    def __init__(self, web_app: web.Application, make_http: Callable[[], asyncio.Protocol]) -> None:
        self.loop = asyncio.get_running_loop()
        self.make_http = make_http
        self.lookout = web_app[LOOKOUT]
        self._web_app = web_app
        self._settings = web_app[SETTINGS]

    def __call__(self) -> "Door":
        """The protocol of one connection."""
        return Door(self)

    def admit(self, upgrade: Upgrade, transport: asyncio.Transport) -> DirectSocket | None:
        """Open a control socket; None where aiohttp is to refuse it."""
        web_app = self._web_app
        admitted = admit(upgrade.authorization, self._settings, web_app[WS_USERS])
        if admitted is None:
            return None
        found = web_app[SWITCHBOARD].find(upgrade.path, admitted.organisation_id)
        if (
            found is None
            or web_app[DRAINING].is_set()
            or self.lookout.is_crowded
            or SUBPROTOCOL not in upgrade.protocols
        ):
            return None
        transport.write(upgrade.accept(SUBPROTOCOL))
        socket = DirectSocket(
            transport,
            self.loop,
            max_message=self._settings.max_message,
            on_gone=self.lookout.forget,
        )
        hear = self.lookout.heard
        socket.listen(Conversation(web_app[CALLS], *found, socket, hear, admitted=admitted))
        self.lookout.watch(socket, upgrade.path)
        return socket


class Door(asyncio.Protocol):
    """A connection that has not said yet what it wants."""

    __slots__ = ("_doorway", "_transport")

    def __init__(self, doorway: Doorway) -> None:
        self._doorway = doorway
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has connected."""
        self._transport = transport  # type: ignore[assignment]  # of a stream, as always here
        self._doorway.lookout.doors[self] = time.monotonic()

    def data_received(self, data: bytes) -> None:
        """The first words: a call, or something for aiohttp."""
        transport = self._transport
        assert transport is not None
        self._leave()
        read = read_upgrade(data)
        socket = self._doorway.admit(read[0], transport) if read else None
        if read is None or socket is None:
            http = self._doorway.make_http()
            transport.set_protocol(http)
            http.connection_made(transport)
            http.data_received(data)
            return
        transport.set_protocol(socket)  # type: ignore[arg-type]  # it has all that a protocol has
        if rest := data[read[1] :]:
            socket.data_received(rest)

    def connection_lost(self, exc: Exception | None) -> None:
        """Gone without a word."""
        self._leave()

    def abort(self) -> None:
        """Let go of somebody who does not speak."""
        if self._transport is not None:
            self._transport.abort()

    def _leave(self) -> None:
        self._transport = None
        self._doorway.lookout.doors.pop(self, None)
