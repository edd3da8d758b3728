"""Sockets to the application under examination, opened as jambonz opens them."""

import asyncio
import time
from dataclasses import dataclass

import aiohttp

from app.twin.address import DialFailed, explain
from app.twin.socket import SUBPROTOCOL, basic_auth

PATIENCE = 3.0
"""How many times the handshake's limit is waited, so that a slow upgrade can be told of."""


class CannotConnect(Exception):
    """No socket could be opened; the message says why."""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """An open socket, and what its upgrade told.

    Attributes:
        took: Seconds from the first SYN to the 101 response.
        subprotocol: Header of the response.
        extensions: Header of the response.
    """

    http: aiohttp.ClientSession
    ws: aiohttp.ClientWebSocketResponse
    took: float
    subprotocol: str | None
    extensions: str

    async def close(self, code: int) -> None:
        """Close with a code."""
        await self.ws.close(code=code)
        await self.http.close()

    async def cut(self) -> None:
        """Lose the connection, without a close frame."""
        await self.http.close()


@dataclass(frozen=True, slots=True)
class Dialler:
    """How sockets are opened."""

    url: str
    credentials: tuple[str, str] | None
    handshake: float

    async def dial(self, url: str = "") -> Upgrade:
        """Open a socket.

        Raises:
            CannotConnect: If there is none.
        """
        headers: dict[str, str] = {}
        http = _session(self.credentials, headers)
        began = time.monotonic()
        try:
            async with asyncio.timeout(self.handshake * PATIENCE):
                ws = await http.ws_connect(
                    url or self.url,
                    protocols=(SUBPROTOCOL,),
                    compress=15,
                    max_msg_size=0,
                    timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
                )
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            await http.close()
            raise CannotConnect(str(_why(error))) from error
        took = time.monotonic() - began
        return Upgrade(http, ws, took, headers.get("protocol"), headers.get("extensions", ""))


def _why(error: Exception) -> DialFailed | str:
    if isinstance(error, aiohttp.WSServerHandshakeError) and error.status == 101:
        return f"upgrade failed: {error.message}"
    return explain(error)


def _session(credentials: tuple[str, str] | None, headers: dict[str, str]) -> aiohttp.ClientSession:
    """A session that keeps the headers of the 101 response: the WebSocket does not show them."""

    async def keep(_: object, __: object, told: aiohttp.TraceRequestEndParams) -> None:
        if "Sec-WebSocket-Protocol" in told.response.headers:
            headers["protocol"] = told.response.headers["Sec-WebSocket-Protocol"]
        headers["extensions"] = told.response.headers.get("Sec-WebSocket-Extensions", "")

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(keep)
    return aiohttp.ClientSession(
        headers={"User-Agent": "jambonz"} | basic_auth(credentials), trace_configs=[trace]
    )
