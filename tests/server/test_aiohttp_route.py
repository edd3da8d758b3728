"""The route of aiohttp, where a far end that goes at the wrong moment makes it raise."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import orjson
import pytest
from aiohttp import ClientConnectionResetError, WSMsgType, web

from app.server import socket as server_socket
from app.session import Limits
from app.settings import Settings
from tests.server.conftest import Logbook, Server, agent_application, running
from tests.server.jambonz import RawSocket, call_info


@pytest.fixture
async def server(logbook: Logbook) -> AsyncIterator[Server]:
    async with AsyncExitStack() as stack:
        application = agent_application()
        opening = running([application], Settings(), Limits(), None, is_direct=False)
        yield await stack.enter_async_context(opening)


async def gone(*_: Any, **__: Any) -> None:
    raise ClientConnectionResetError("Cannot write to closing transport")


async def test_a_ping_of_a_far_end_that_is_gone_costs_its_socket_only(
    server: Server, logbook: Logbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_socket, "HANDSHAKE_SECONDS", 0.1)
    async with RawSocket(server.host, server.port) as client:
        await client.upgrade("/call")
        frame = {"type": "session:new", "msgid": "m", "data": call_info("raw-call")}
        await client.send(orjson.dumps(frame))
        await client.next(WSMsgType.TEXT)
        monkeypatch.setattr(web.WebSocketResponse, "pong", gone)
        await client.send(b"are you there?", WSMsgType.PING)
        await logbook.line("socket_lost", call_sid="raw-call")
    monkeypatch.undo()

    assert not logbook.about("session_beyond_repair")
    again = await server.dial(call_sid="raw-call")
    await again.open("session:reconnect")
    assert await again.tool_call("ping") == {"result": "pong"}


async def test_who_is_gone_before_the_upgrade_is_answered_leaves_no_traceback(
    server: Server, logbook: Logbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web.WebSocketResponse, "prepare", gone)
    async with RawSocket(server.host, server.port) as client:
        assert (await client.upgrade("/call")).startswith("HTTP/1.1 499 ")

    assert logbook.lines == []
