"""One WebSocket to the application, from its upgrade to its close code."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import aiohttp
from aiohttp import WSMsgType
from yarl import URL

from app.twin.address import DialFailed, explain
from app.twin.clock import Clock, RealClock

if TYPE_CHECKING:
    from app.twin.chaos import Network

SUBPROTOCOL = "ws.jambonz.org"
NO_CODE = 1005
ABNORMAL = 1006
TOO_BIG = 1009


@dataclass(frozen=True, slots=True)
class Dialling:
    """How sockets are opened: limits, credentials, TLS, and through which network.

    Attributes:
        only: An address of the one server that may be dialled; any may be where it is empty.
    """

    handshake: float
    max_frame: int
    credentials: tuple[str, str] | None = None
    tls: ssl.SSLContext | None = None
    network: "Network | None" = None
    clock: Clock = field(default_factory=RealClock)
    only: str = ""

    async def open(self, url: str) -> "Connection":
        """Dial as jambonz does.

        Raises:
            DialFailed: If there is no connection, no upgrade or no subprotocol.
        """
        if self.only and URL(url).origin() != URL(self.only).origin():
            raise DialFailed("this twin opens sockets to its own server only")
        return await (self.network.open(url, self) if self.network else Socket.open(url, self))


class Connection(Protocol):
    """An open socket, through whatever network."""

    async def send(self, text: str) -> None:
        """Send one text frame, or raise a `ConnectionError`."""

    async def read(self, receive: Callable[[str | bytes], None]) -> int | None:
        """Hand over every frame until the socket closes; return the close code."""

    async def close(self, code: int) -> None:
        """Close with a code."""

    async def cut(self) -> None:
        """Lose the connection, without a close frame."""


class Socket:
    """An open WebSocket; `open` makes one."""

    def __init__(
        self, http: aiohttp.ClientSession, ws: aiohttp.ClientWebSocketResponse, max_frame: int
    ) -> None:
        self._http = http
        self._ws = ws
        self._max_frame = max_frame

    @classmethod
    async def open(cls, url: str, dialling: Dialling) -> "Socket":
        """Dial as jambonz does.

        Raises:
            DialFailed: If there is no connection, no upgrade or no subprotocol.
        """
        http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=dialling.tls or True),
            headers={"User-Agent": "jambonz"} | basic_auth(dialling.credentials),
        )
        try:
            ws = await _upgrade(http, url, dialling)
        except BaseException:
            await http.close()
            raise
        return cls(http, ws, dialling.max_frame)

    async def send(self, text: str) -> None:
        """Send one text frame.

        Raises:
            ConnectionError: If the socket is closing.
        """
        await self._ws.send_str(text)

    async def read(self, receive: Callable[[str | bytes], None]) -> int | None:
        """Hand over every frame until the socket closes.

        Returns:
            The close code; None where we are closing it ourselves.
        """
        while True:
            message = await self._ws.receive()
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                if self._size(message.data) > self._max_frame:
                    await self.close(TOO_BIG)
                    return TOO_BIG
                receive(message.data)
                continue
            if message.type is WSMsgType.CLOSING:
                return None
            await self._http.close()
            return _close_code(message)

    async def close(self, code: int) -> None:
        """Close with a code; the answer of the other side is awaited for a moment."""
        await self._ws.close(code=code)
        await self._http.close()

    async def cut(self) -> None:
        """Lose the connection, without a close frame."""
        await self._http.close()

    @staticmethod
    def _size(data: str | bytes) -> int:
        return len(data.encode() if isinstance(data, str) else data)


def basic_auth(credentials: tuple[str, str] | None) -> dict[str, str]:
    """The header of basic auth."""
    if credentials is None:
        return {}
    return {"Authorization": aiohttp.encode_basic_auth(*credentials)}


async def _upgrade(
    http: aiohttp.ClientSession, url: str, dialling: Dialling
) -> aiohttp.ClientWebSocketResponse:
    try:
        async with asyncio.timeout(dialling.handshake):
            ws = await http.ws_connect(
                url,
                protocols=(SUBPROTOCOL,),
                compress=15,
                max_msg_size=dialling.max_frame + 1,
                timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
            )
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise explain(error) from error
    if ws.protocol != SUBPROTOCOL:
        await ws.close()
        raise DialFailed(f"Server sent no subprotocol (expected {SUBPROTOCOL})")
    return ws


def _close_code(message: aiohttp.WSMessage) -> int:
    if message.type is WSMsgType.CLOSE:
        return int(message.data) or NO_CODE
    if message.type is WSMsgType.ERROR and isinstance(message.data, aiohttp.WebSocketError):
        return int(message.data.code)
    return ABNORMAL
