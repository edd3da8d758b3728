"""The door of the MCP edge: who may come in, and the SDK behind it, from the first visitor on."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

import orjson
from aiohttp import web

from app.keys import CALLS, PASS, PEERS
from app.mcp_server.asgi import REFUSAL, respond
from app.mcp_server.origin import check_origin
from app.rest import ACCESS, Problem, Sought, answer_of_owner, key_of, read_body
from app.session.offers import is_of_call

if TYPE_CHECKING:
    from app.mcp_server.served import Served

__all__ = ["Edge"]

MOST: Final = 10_000
LONGEST_SID: Final = 128
# A tool may wait for what happens in a call, or ask its caller.
LONGEST_ANSWER: Final = 150.0
VERSION: Final = "MCP-Protocol-Version"
"""Sent with every request of Streamable HTTP but the first."""


class Edge:
    """Serves MCP over HTTP."""

    def __init__(self) -> None:
        self._closing = asyncio.Event()
        self._taken = 0
        self._loading: asyncio.Task[Served] | None = None

    async def control(self, request: web.Request) -> web.StreamResponse:
        """``/mcp``: calls and docs, for assistants with a key of the REST API."""
        check_origin(request)
        await request.app[ACCESS].admit(request)
        if request.method != "POST":  # nothing is told unasked, and no session is kept
            text = "MCP is spoken here by Streamable HTTP: send each message by POST."
            raise Problem(405, text, headers={"Allow": "POST"})
        body = await read_body(request)
        refusal = None
        try:
            if (elsewhere := await self._ask_owner(request, body)) is not None:
                return elsewhere
        except Problem as problem:
            if PASS in request:
                raise
            refusal = problem  # for the assistant to read, as whatever else a tool refuses with
        served, extra = await self._served(), {REFUSAL: refusal}
        return await respond(served.control, request, body, closing=self._closing, extra=extra)

    async def _ask_owner(self, request: web.Request, body: bytes) -> web.StreamResponse | None:
        """What another node answers that has the call which a tool is to act on."""
        if PEERS not in request.app or (call_sid := call_sid_of(body)) is None:
            return None
        sought = Sought(key_of(request, call_sid))
        return await answer_of_owner(request, sought, body=body, within=LONGEST_ANSWER)

    async def tools(self, request: web.Request) -> web.StreamResponse:
        """``/mcp/tools/{key}/{token}``: what a call offers, for jambonz.

        The address is all that proves who asks: that jambonz sends the verb's `auth` along with
        each request of either transport is nowhere promised.
        """
        check_origin(request)
        calls, key, token = (
            request.app[CALLS],
            request.match_info["key"],
            request.match_info["token"],
        )
        session = calls.by_key(key)
        if session is None and is_of_call(calls.runtime.secret, key, token):
            with self._place():
                elsewhere = await answer_of_owner(request, Sought(key), within=LONGEST_ANSWER)
            if elsewhere is not None:
                return elsewhere
        tools = session.find_mcp_tools(token) if session is not None else None
        if session is None or tools is None:
            raise Problem(404, "No call offers tools here, or it is over.", kind="no-such-call")
        self._require_method(request)
        served = await self._served()
        with self._place():
            return await respond(
                served.tools,
                request,
                await read_body(request),
                closing=self._closing,
                is_over=lambda: calls.by_key(session.key) is not session,
                extra=served.scope(session, tools, token),
            )

    @contextmanager
    def _place(self) -> Iterator[None]:
        """A place among the requests for tools; a stream takes one for as long as it lasts."""
        if self._taken >= MOST:
            headers = {"Retry-After": "1"}
            raise Problem(503, f"{MOST} requests for tools are served already.", headers=headers)
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1

    def _require_method(self, request: web.Request) -> None:
        """A stream of SSE begins by GET; that of Streamable HTTP, which may, is not served."""
        is_stream = request.method == "GET" and VERSION not in request.headers
        is_message = request.path.endswith("/messages")
        if request.method != "POST" and (is_message or not is_stream):
            text = "MCP is spoken here by Streamable HTTP (POST) and by SSE (GET)."
            raise Problem(405, text, headers={"Allow": "GET, POST"})

    async def _served(self) -> "Served":
        """What answers; made once, for all who wait for it."""
        if self._loading is None or (self._loading.done() and self._loading.exception()):
            self._loading = asyncio.create_task(load())
        return await asyncio.shield(self._loading)

    async def hurry(self, _web_app: web.Application) -> None:
        """End the streams: the server is about to stop."""
        self._closing.set()

    async def close(self, _web_app: web.Application) -> None:
        """Let go of all that still runs."""
        if self._loading is not None:
            with suppress(ImportError):  # told to whoever asked
                await (await self._loading).close()


def call_sid_of(body: bytes) -> str | None:
    """The call that a tool is to act on, where a message asks for one."""
    try:
        call_sid = orjson.loads(body)["params"]["arguments"]["call_sid"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    return call_sid if isinstance(call_sid, str) and 0 < len(call_sid) <= LONGEST_SID else None


async def load() -> "Served":
    """Import the SDK beside the loop, since that takes a second, and start what needs a task."""
    module = await asyncio.to_thread(import_module, "app.mcp_server.served")
    served = cast("type[Served]", module.Served)()
    await served.start()
    return served
