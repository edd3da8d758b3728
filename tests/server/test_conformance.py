"""The WebSocket standard, case by case: an echo over our own transport, and over aiohttp's.

Groups 1 to 7 and 10 of the cases that most WebSocket libraries are measured with: framing, pings,
reserved bits, opcodes, fragments, UTF-8, closing. (Groups 9 and 12 to 13 are about sizes and
compression, which a control socket does not take.)
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import kosoku
import pytest
from aiohttp import WSMessage, WSMsgType, web

from app.server.accept import converse
from app.server.direct import DirectSocket, frame_of
from app.server.door import Door
from app.server.socket import ResponseSocket, make_response
from app.server.upgrade import Upgrade
from tests.logging_state import logging_as_before  # noqa: F401

CASES = [f"{group}.*" for group in (1, 2, 3, 4, 5, 6, 7, 10)]
FINE = {"OK", "INFORMATIONAL"}
# Text that is no UTF-8 may be refused before its last fragment has come. Here whole messages are
# looked at: jambonz sends no fragments, and it is refused all the same.
LATE_IN_TEXT = {f"6.4.{number}": "NON-STRICT/OK" for number in (1, 2, 3, 4)}
# aiohttp answers a close code of 1006, which none may send, as if it were a legal one.
KNOWN_OF_AIOHTTP = {"7.9.5": "FAILED/WRONG CODE"}
MAX_MESSAGE = 1 << 20


class EchoSocket(DirectSocket):
    """Our transport, with a note of what kind of message came last."""

    kind = WSMsgType.TEXT

    def feed_data(self, data: Any, size: int) -> None:
        self.kind = data[0]
        super().feed_data(data, size)

    def echo(self, data: bytes) -> None:
        self._write(frame_of(0x80 | self.kind, data))


class EchoListener:
    """A conversation that says what it hears."""

    def __init__(self, echo: Callable[[bytes], object]) -> None:
        self._echo = echo

    def receive(self, data: bytes) -> None:
        self._echo(data)

    def refuse(self, error: object) -> None:
        pass

    def break_off(self) -> None:
        raise AssertionError("the echo failed")

    def over(self, code: int | None) -> None:
        pass


class EchoDoorway:
    """Lets everybody in, by the door that calls come through."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.lookout = SimpleNamespace(doors={})
        self.open: set[DirectSocket] = set()
        self._news = asyncio.Event()

    def make_http(self) -> asyncio.Protocol:
        raise AssertionError("the upgrade was not understood")

    def admit(self, upgrade: Upgrade, transport: asyncio.Transport) -> DirectSocket:
        head = upgrade.accept("none")
        transport.write(head.replace(b"Sec-WebSocket-Protocol: none\r\n", b""))
        socket = EchoSocket(transport, self.loop, max_message=MAX_MESSAGE, on_gone=self.forget)
        self.open.add(socket)
        socket.listen(EchoListener(socket.echo))
        return socket

    def forget(self, socket: DirectSocket) -> None:
        self.open.discard(socket)
        self._news.set()

    async def until_all_are_gone(self) -> None:
        async with asyncio.timeout(5):
            while self.open:
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def direct() -> AsyncIterator[int]:
    """Our transport."""
    doorway = EchoDoorway()
    server = await asyncio.get_running_loop().create_server(
        lambda: Door(cast("Any", doorway)), "127.0.0.1", 0
    )
    yield server.sockets[0].getsockname()[1]
    await doorway.until_all_are_gone()
    server.close()


class Noting:
    """A WebSocket of aiohttp, with a note of what kind of message came last."""

    def __init__(self, ws: web.WebSocketResponse) -> None:
        self._ws = ws
        self.kind = WSMsgType.TEXT

    @property
    def close_code(self) -> int | None:
        return self._ws.close_code

    async def __aiter__(self) -> AsyncIterator[WSMessage]:
        async for message in self._ws:
            self.kind = message.type
            yield message


async def echo_by_aiohttp(request: web.Request) -> web.StreamResponse:
    ws = make_response(ping_interval=60, max_message=MAX_MESSAGE)
    await ws.prepare(request)
    assert request.transport is not None
    noting = Noting(ws)

    def echo(data: bytes) -> None:
        with pytest.raises(StopIteration):
            ws.send_frame(data, noting.kind).send(None)

    socket = ResponseSocket(ws, request.transport)
    await converse(cast("Any", noting), socket, cast("Any", EchoListener(echo)))
    return ws


@asynccontextmanager
async def by_aiohttp() -> AsyncIterator[int]:
    """The route of aiohttp."""
    web_app = web.Application()
    web_app.router.add_get("/", echo_by_aiohttp)
    runner = web.AppRunner(web_app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def verdicts(serve: Callable[[], AbstractAsyncContextManager[int]]) -> dict[str, str]:
    """Every case that did not go as the standard would have it, with the runner's verdicts."""
    async with serve() as port:
        results = await run_cases(f"ws://127.0.0.1:{port}/")
    assert len(results) >= 240
    found = {one.case_id: {one.behavior.value, one.behavior_close.value} for one in results}
    return {case: "/".join(sorted(said)) for case, said in found.items() if not said <= FINE}


async def run_cases(url: str) -> list[Any]:
    try:
        return await kosoku.run_fuzzingclient(url, cases=CASES, concurrency=16)
    except kosoku.FailureError as error:
        return error.results


LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
if sys.platform != "win32":
    import uvloop

    LOOPS["uvloop"] = uvloop.new_event_loop


@pytest.mark.parametrize("loop", LOOPS)
def test_our_transport_keeps_to_the_standard(loop: str) -> None:
    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        assert runner.run(verdicts(direct)) == LATE_IN_TEXT


def test_the_route_of_aiohttp_keeps_to_the_standard_but_for_one_close_code() -> None:
    with asyncio.Runner() as runner:
        assert runner.run(verdicts(by_aiohttp)) == {**LATE_IN_TEXT, **KNOWN_OF_AIOHTTP}
