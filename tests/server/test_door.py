"""The door: which upgrades it opens itself, what it leaves to aiohttp, and who never speaks."""

import asyncio

import aiohttp
import orjson
import pytest
from aiohttp import WSMsgType

from app.server import direct
from app.server.direct import DirectSocket
from app.server.lookout import LOOKOUT
from app.server.routes import Routes
from app.server.socket import ResponseSocket
from app.server.upgrade import read_upgrade
from tests.server.conftest import Logbook, Start, agent_application, answering
from tests.server.jambonz import LIMIT, RawSocket

HEADERS = {
    "Host": "app.example.com",
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol": "ws.jambonz.org",
    "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
}


def head(path: str = "/agent?tenant=7", **changed: str | None) -> bytes:
    headers = {**HEADERS, **{name.replace("_", "-"): value for name, value in changed.items()}}
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""]).encode()


def test_an_upgrade_of_jambonz_is_read_and_answered_with_the_signed_key() -> None:
    found = read_upgrade(head(Authorization="Basic dXNlcjpwYXNz") + b"\x81\x80")

    assert found is not None
    upgrade, size = found
    assert (upgrade.path, upgrade.authorization) == ("/agent", "Basic dXNlcjpwYXNz")
    assert size == len(head(Authorization="Basic dXNlcjpwYXNz"))
    answer = upgrade.accept("ws.jambonz.org")
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in answer  # of RFC 6455
    assert answer.endswith(b"\r\nSec-WebSocket-Protocol: ws.jambonz.org\r\n\r\n")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        head()[:-1],
        head().replace(b"GET", b"POST"),
        head().replace(b"HTTP/1.1", b"HTTP/1.0"),
        head().replace(b"\r\n", b"\n"),
        head().replace(b"Host: ", b"Host : "),
        head().replace(b"Upgrade: websocket", b"Upgrade: websocket\r\n folded"),
        head(path="/caf%C3%A9"),
        head(path="/a b"),
        head(path="agent"),
        head(Host=None),
        head(Upgrade="h2c"),
        head(Connection="keep-alive"),
        head(Sec_WebSocket_Version="8"),
        head(Sec_WebSocket_Key="c2hvcnQ="),
        head(Sec_WebSocket_Key="not base64 at all !!"),
        head(Sec_WebSocket_Key=None),
        head(Content_Length="3"),
        head(Transfer_Encoding="chunked"),
        head().replace(b"Host:", b"host: one\r\nHost:"),
        head(X_Name="\x00"),
    ],
)
def test_what_is_written_otherwise_is_left_to_aiohttp(data: bytes) -> None:
    assert read_upgrade(data) is None


def test_paths_lead_to_applications_with_and_without_parameters_and_as_dialed_legs() -> None:
    plain, branch = agent_application("/call"), agent_application("/clinic/{branch}")
    routes = Routes([plain, branch])

    assert routes.find("/call") == (plain, {})
    assert routes.find("/call/adulting") == (plain, {})
    assert routes.find("/call/adulting/adulting") == (plain, {})
    assert routes.find("/clinic/north") == (branch, {"branch": "north"})
    assert routes.find("/clinic/north/adulting") == (branch, {"branch": "north"})
    for path in ("/", "/cal", "/call/", "/call/other", "/adulting", "/clinic/a/b"):
        assert routes.find(path) is None


async def test_each_route_carries_its_own_kind_of_socket(start: Start, route: str) -> None:
    server = await start(agent_application())
    await server.call()

    wanted = DirectSocket if route == "direct" else ResponseSocket
    assert {type(socket) for socket in server.sockets} == {wanted}


async def test_parameters_of_a_path_reach_the_session(start: Start) -> None:
    server = await start(agent_application("/clinic/{branch}"))
    call = await server.call("/clinic/north")

    assert server.session(call).path_params == {"branch": "north"}


async def test_a_first_message_right_behind_the_upgrade_is_heard(start: Start) -> None:
    server = await start(answering(lambda: [{"verb": "pause", "length": 1}]))
    async with RawSocket(server.host, server.port) as client:
        data = {"call_sid": "early", "account_sid": "a", "trace_id": "t"}
        new = {"type": "session:new", "msgid": "m", "call_sid": "early", "data": data}
        text = orjson.dumps(new)
        frame = b"\x81\xfe" + len(text).to_bytes(2, "big") + bytes(4) + text
        await client.write(head("/call") + frame)
        await client._read(lambda got: got.index(b"\r\n\r\n") + 4 if b"\r\n\r\n" in got else 0)
        ack = orjson.loads(await client.next(WSMsgType.TEXT))
    assert (ack["type"], ack["msgid"]) == ("ack", "m")


async def test_an_upgrade_in_pieces_is_served_too(start: Start) -> None:
    server = await start(agent_application())
    async with RawSocket(server.host, server.port) as client:
        whole = head("/call")
        await client.write(whole[:100])
        await asyncio.sleep(0)
        await client.write(whole[100:])
        end = b"\r\n\r\n"
        answer = await client._read(lambda got: got.index(end) + 4 if end in got else 0)
    assert answer.startswith(b"HTTP/1.1 101 ")


async def test_plain_requests_share_the_connection_with_nobody(start: Start) -> None:
    server = await start(agent_application())
    async with aiohttp.ClientSession() as client:
        for _ in range(3):  # over one kept connection
            async with client.get(server.url("/livez")) as response:
                assert await response.json() == {"status": "alive"}


async def test_a_connection_that_never_speaks_is_let_go(
    start: Start, logbook: Logbook, route: str
) -> None:
    if route != "direct":
        pytest.skip("aiohttp looks after its own connections")
    logbook.without_call.add("silent_connection")
    server = await start(agent_application(), first_message_timeout=0.2)
    reader, writer = await asyncio.open_connection(server.host, server.port)
    async with asyncio.timeout(LIMIT):
        assert await reader.read() == b""
    await logbook.line("silent_connection")
    assert not server.web_app[LOOKOUT].doors
    writer.close()


def test_this_aiohttp_is_tried_out_and_another_release_takes_the_other_route(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert direct.is_possible()
    monkeypatch.setattr(aiohttp, "__version__", "3.99.0")
    assert not direct.is_possible()
    monkeypatch.undo()
    monkeypatch.setattr(direct, "IS_THERE", False)
    assert not direct.is_possible()
    monkeypatch.undo()

    def other(*_: object, **__: object) -> object:
        raise TypeError("unexpected argument")

    monkeypatch.setattr(direct, "WebSocketReader", other)
    assert not direct.is_possible()
