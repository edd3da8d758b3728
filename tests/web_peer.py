"""A web server on loopback that answers as it is told, and keeps what it was asked."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.test_utils import TestServer

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Asked:
    """One request, as it came over the wire."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: str


@dataclass
class Peer:
    """The server; what is asked for where nothing is set is answered with 404."""

    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def on(self, path: str, answer: "str | bytes | Answer", **options: object) -> str:
        """Answer a path with a text, bytes, or a function; gives its address."""
        self.answers[path] = answer if callable(answer) else simple(answer, **options)
        return self.url + path

    def redirect(self, path: str, to: str, status: int = 302) -> str:
        """Answer a path with a redirect."""
        return self.on(path, "", status=status, headers={"Location": to})

    def stall(self, path: str) -> str:
        """Answer a path never; the request ends when the client leaves."""

        async def wait(_request: web.Request) -> web.StreamResponse:
            await asyncio.Event().wait()
            raise AssertionError

        return self.on(path, wait)

    async def until(self, number: int) -> None:
        """Wait until it has been asked so often."""
        async with asyncio.timeout(5):
            while len(self.asked) < number:
                self.came.clear()
                await self.came.wait()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.text()
        self.asked.append(Asked(request.method, request.raw_path, dict(request.headers), body))
        self.came.set()
        answer = self.answers.get(request.path)
        return (
            web.Response(status=404, text="nothing here") if not answer else await answer(request)
        )


def simple(body: str | bytes, **options: object) -> Answer:
    async def answer(_request: web.Request) -> web.StreamResponse:
        content = body.encode() if isinstance(body, str) else body
        return web.Response(body=content, **options)  # type: ignore[arg-type]

    return answer


@asynccontextmanager
async def peer() -> AsyncIterator[Peer]:
    """Run a server for as long as the block lasts."""
    one = Peer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", one.handle)
    async with TestServer(app, handler_cancellation=True, shutdown_timeout=0.1) as server:
        assert server.port is not None
        one.port = server.port
        yield one
