"""Looks after connections: those that never say what they want, and sockets that fall silent.

One task for all of them, a few looks a second at most, instead of a timer for each.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

import structlog
from aiohttp import WSCloseCode, web

from app.server.direct import DirectSocket
from app.server.socket import ControlSocket
from app.settings import Settings

if TYPE_CHECKING:
    from app.server.door import Door

log = structlog.get_logger("cordboard.server")

# How many sockets are looked at before others have their turn.
AT_ONCE = 200
LONGEST_LOOK = 1.0


class Lookout:
    """The open connections of a server.

    Attributes:
        sockets: Control sockets, by either route.
        doors: Connections that have not said a word, and when they came, in monotonic seconds.
    """

    def __init__(self, settings: Settings) -> None:
        self.sockets: set[ControlSocket] = set()
        self.doors: dict[Door, float] = {}
        self._mute: dict[ControlSocket, tuple[float, str]] = {}
        self._quiet: dict[DirectSocket, int] = {}
        self._max_mute = settings.max_silent_sockets
        self._first_message_timeout = settings.first_message_timeout
        self._ping_interval = settings.ping_interval

    def watch(self, socket: ControlSocket, path: str) -> None:
        """A control socket was opened; its first message must come in time."""
        self.sockets.add(socket)
        self._mute[socket] = (time.monotonic(), path)

    def heard(self, socket: ControlSocket) -> None:
        """Its first message has come."""
        self._mute.pop(socket, None)

    def forget(self, socket: ControlSocket) -> None:
        """A control socket is gone."""
        self.sockets.discard(socket)
        self._mute.pop(socket, None)
        self._quiet.pop(socket, None)  # type: ignore[call-overload]  # of a direct one, if any

    @property
    def mute(self) -> list[ControlSocket]:
        """Control sockets that have not said a word yet."""
        return list(self._mute)

    @property
    def is_crowded(self) -> bool:
        """Whether as many sockets as may be have not said a word yet."""
        return len(self._mute) >= self._max_mute

    async def keep(self) -> None:
        """Look again and again, for as long as the server runs."""
        await asyncio.gather(
            every(min(LONGEST_LOOK, self._first_message_timeout / 4), self._look_for_words),
            every(self._ping_interval / 2, self._look_for_life),
        )

    async def _look_for_words(self) -> None:
        """Who has said nothing for too long has no business here."""
        oldest = time.monotonic() - self._first_message_timeout
        for door in [door for door, came in self.doors.items() if came < oldest]:
            log.info("silent_connection")
            door.abort()
        for socket, (opened, path) in [*self._mute.items()]:
            if opened < oldest and socket.is_open:
                log.warning("no_first_message", path=path)
                socket.close(WSCloseCode.POLICY_VIOLATION, "no message in time")

    async def _look_for_life(self) -> None:
        """Ping who was silent for an interval, and drop who does not answer for half of one."""
        for number, socket in enumerate(list(self.sockets)):
            if number % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0)
            if not isinstance(socket, DirectSocket) or not socket.is_open:
                continue  # aiohttp looks after its own
            if socket.is_heard:
                socket.is_heard = False
                self._quiet.pop(socket, None)
                continue
            looks = self._quiet[socket] = self._quiet.get(socket, 0) + 1
            if looks == 2:
                socket.ping()
            elif looks > 2:
                socket.abort()


LOOKOUT: Final = web.AppKey("lookout", Lookout)


async def every(seconds: float, look: Callable[[], Awaitable[None]]) -> None:
    """Do something again and again."""
    while True:
        await asyncio.sleep(seconds)
        await look()
