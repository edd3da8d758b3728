"""From aiohttp to ASGI: requests, answers, streams, and clients that go."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from app.keys import SETTINGS
from app.mcp_server import asgi
from app.mcp_server.asgi import AsgiApp, Receive, Send, respond
from app.rest import read_body
from app.settings import Settings


@dataclass
class Stage:
    """An ASGI application behind the adapter, and what may be asked of both."""

    client: TestClient[web.Request, web.Application]
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    returned: asyncio.Event = field(default_factory=asyncio.Event)
    app: AsgiApp | None = None

    def play(self, app: AsgiApp) -> None:
        self.app = app


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async def handle(request: web.Request) -> web.StreamResponse:
        assert found.app is not None
        try:
            return await respond(
                found.app,
                request,
                await read_body(request),
                closing=found.closing,
                is_over=found.over.is_set,
            )
        finally:
            found.returned.set()

    web_app = web.Application()
    web_app[SETTINGS] = Settings()
    web_app.router.add_route("*", "/{tail:.*}", handle)
    async with TestClient(TestServer(web_app)) as client:
        found = Stage(client)
        yield found


def start(status: int = 200, **headers: str) -> dict[str, Any]:
    pairs = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": pairs}


def body(text: str = "", *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": text.encode(), "more_body": more}


async def test_a_request_arrives_whole_and_without_its_key(stage: Stage) -> None:
    seen: dict[str, Any] = {}

    async def app(scope: Any, receive: Receive, send: Send) -> None:
        seen.update(scope, message=await receive())
        await send(start(201, content_type="text/x-test", connection="close"))
        await send(body("Grüße"))

    stage.play(app)
    headers = {"Authorization": "Bearer secret", "X-Own": "1"}
    async with stage.client.post("/a%20b?q=1", data=b"hello", headers=headers) as response:
        assert (response.status, await response.text()) == (201, "Grüße")
        assert response.content_type == "text/x-test"

    assert seen["message"] == {"type": "http.request", "body": b"hello", "more_body": False}
    assert (seen["method"], seen["path"], seen["query_string"]) == ("POST", "/a b", b"q=1")
    names = dict(seen["headers"])
    assert names[b"x-own"] == b"1"
    assert b"authorization" not in names


async def test_a_stream_is_written_as_it_comes(stage: Stage) -> None:
    go_on = asyncio.Event()

    async def app(_scope: Any, _receive: Receive, send: Send) -> None:
        await send(start(content_type="text/event-stream"))
        await send(body("one", more=True))
        await go_on.wait()
        await send(body("two"))

    stage.play(app)
    async with stage.client.get("/") as response:
        assert await response.content.readexactly(3) == b"one"
        go_on.set()
        assert await response.content.read() == b"two"


async def wait_for_the_end(_scope: Any, receive: Receive, send: Send) -> None:
    """Stream a little, then nothing until the client has gone."""
    await receive()
    await send(start())
    await send(body("begun", more=True))
    assert await receive() == {"type": "http.disconnect"}
    await send(body("nobody reads this", more=True))
    await send(body())


async def test_a_client_that_goes_is_noticed_though_nothing_is_written(stage: Stage) -> None:
    stage.play(wait_for_the_end)
    response = await stage.client.get("/")
    await response.content.readexactly(5)
    response.close()

    async with asyncio.timeout(5):
        await stage.returned.wait()


@pytest.mark.parametrize("why", ["closing", "over"])
async def test_a_stream_ends_where_the_server_stops_or_its_cause_is_gone(
    stage: Stage, why: str
) -> None:
    stage.play(wait_for_the_end)
    async with asyncio.timeout(5), stage.client.get("/") as response:
        await response.content.readexactly(5)
        getattr(stage, why).set()
        await response.read()


async def test_a_client_that_never_reads_is_cut_off(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asgi, "LONGEST_WRITE", 0.05)

    async def flood(_scope: Any, receive: Receive, send: Send) -> None:
        await receive()
        gone = asyncio.create_task(asyncio.wait_for(receive(), 20))
        await send(start())
        while not gone.done():
            await send(body("x" * 1_000_000, more=True))
            await asyncio.sleep(0)

    stage.play(flood)
    _, writer = await asyncio.open_connection("127.0.0.1", stage.client.port, limit=1024)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(10):
        await stage.returned.wait()
    writer.close()


async def test_an_application_that_says_nothing_is_our_mistake(stage: Stage) -> None:
    async def app(_scope: Any, _receive: Receive, _send: Send) -> None:
        return

    stage.play(app)
    async with stage.client.get("/") as response:
        assert response.status == 500


async def test_a_client_may_go_before_it_is_answered(stage: Stage) -> None:
    begun = asyncio.Event()

    async def app(_scope: Any, receive: Receive, _send: Send) -> None:
        await receive()
        begun.set()
        assert await receive() == {"type": "http.disconnect"}

    stage.play(app)
    asking = asyncio.create_task(stage.client.session.get(stage.client.make_url("/")))
    await begun.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    async with asyncio.timeout(5):
        await stage.returned.wait()


async def test_a_body_beyond_the_bound_is_refused(stage: Stage) -> None:
    stage.play(wait_for_the_end)
    with pytest.raises(aiohttp.ClientResponseError):
        async with stage.client.post("/", data=b"x" * 400_000) as response:
            response.raise_for_status()
