"""A small way from aiohttp to ASGI, which the SDK's HTTP transports speak.

The body was read whole, within the bounds of the REST API; the answer is written as it comes. When
the client goes, or the server stops, the application is told so by `http.disconnect`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any, Final

from aiohttp import web

__all__ = ["REFUSAL", "REQUEST", "AsgiApp", "respond"]

Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
AsgiApp = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

REQUEST: Final = "cordboard.request"
"""Under this name the scope holds aiohttp's request."""
REFUSAL: Final = "cordboard.refusal"
"""Under this one, why the node that has what a tool is to act on does not answer; or None."""

CLIENT_GONE: Final = 499
# How soon it is noticed that a client has gone to whom there is nothing to say.
GLANCE: Final = 0.25
# Who reads nothing for so long counts as gone.
LONGEST_WRITE: Final = 30.0
# aiohttp writes these by itself; a key is no business of what stands behind the door.
NOT_PASSED_IN: Final = frozenset({"authorization", "cookie"})
NOT_PASSED_OUT: Final = frozenset({"connection", "content-length", "transfer-encoding"})


async def respond(
    asgi_app: AsgiApp,
    request: web.Request,
    body: bytes,
    *,
    closing: asyncio.Event,
    is_over: Callable[[], bool] = lambda: False,
    extra: Mapping[str, Any] | None = None,
) -> web.StreamResponse:
    """Let an ASGI application answer a request.

    Args:
        asgi_app: The application.
        request: Of aiohttp.
        body: Of the request.
        closing: Set when the server stops.
        is_over: Asked now and then; once true, the client counts as gone.
        extra: More for the scope.
    """
    exchange = Exchange(request, body, closing, is_over)
    await asgi_app(scope_of(request) | dict(extra or {}), exchange.receive, exchange.send)
    return exchange.finished()


def scope_of(request: web.Request) -> dict[str, Any]:
    """The request as ASGI describes one."""
    pairs = ((name.decode("latin-1").lower(), value) for name, value in request.raw_headers)
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": f"{request.version.major}.{request.version.minor}",
        "method": request.method,
        "scheme": request.scheme,
        "path": request.path,
        "raw_path": request.raw_path.partition("?")[0].encode("latin-1", "replace"),
        "query_string": request.query_string.encode(),
        "root_path": "",
        "headers": [
            (name.encode("latin-1"), value) for name, value in pairs if name not in NOT_PASSED_IN
        ],
        "client": None,
        "server": None,
        REQUEST: request,
    }


class Exchange:
    """One request and its answer."""

    def __init__(
        self,
        request: web.Request,
        body: bytes,
        closing: asyncio.Event,
        is_over: Callable[[], bool],
    ) -> None:
        self._request = request
        self._body: bytes | None = body
        self._closing = closing
        self._is_over = is_over
        self._head: tuple[int, list[tuple[str, str]]] = (500, [])
        self._response: web.StreamResponse | None = None
        self._is_cut = False

    async def receive(self) -> Event:
        """The body at first, then the news that the client has gone, when it has."""
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        while not self._is_gone:
            with suppress(TimeoutError):
                async with asyncio.timeout(GLANCE):
                    await self._closing.wait()
        return {"type": "http.disconnect"}

    @property
    def _is_gone(self) -> bool:
        is_cut = self._is_cut or self._request.transport is None
        return is_cut or self._closing.is_set() or self._is_over()

    async def send(self, event: Event) -> None:
        """Take a part of the answer; what is for a client that has gone is dropped."""
        if event["type"] == "http.response.start":
            names = [(name.decode("latin-1"), value) for name, value in event.get("headers", ())]
            kept = [pair for pair in names if pair[0].lower() not in NOT_PASSED_OUT]
            self._head = event["status"], [(name, value.decode("latin-1")) for name, value in kept]
        elif event["type"] == "http.response.body":
            await self._send_body(event.get("body", b""), more=event.get("more_body", False))

    async def _send_body(self, body: bytes, *, more: bool) -> None:
        status, headers = self._head
        if self._response is None and not more:
            self._response = web.Response(status=status, headers=headers, body=body)
            return
        if self._is_cut or self._request.transport is None:
            return
        try:
            async with asyncio.timeout(LONGEST_WRITE):
                await self._write(body)
        except (ConnectionError, TimeoutError):  # the client has gone, or reads no more
            self._is_cut = True
            if self._request.transport is not None:
                self._request.transport.abort()

    async def _write(self, body: bytes) -> None:
        if self._response is None:
            status, headers = self._head
            self._response = web.StreamResponse(status=status, headers=headers)
            await self._response.prepare(self._request)
        if body:
            await self._response.write(body)

    def finished(self) -> web.StreamResponse:
        """The answer, once the application has returned."""
        if self._response is not None:
            return self._response
        if not self._is_gone:
            raise RuntimeError("the ASGI application has returned without an answer")
        return web.Response(status=CLIENT_GONE)
