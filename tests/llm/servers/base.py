"""A server on the loopback that answers like a vendor: the flow is here, the wire in a subclass."""

import asyncio
import json
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from aiohttp import web

from app.llm import ChatModel, connect

Where = Literal["", "headers", "first", "middle"]


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call to answer with; `arguments` as text is written as it stands."""

    name: str
    arguments: Mapping[str, Any] | str = field(default_factory=dict)
    id: str = ""

    @property
    def written(self) -> str:
        """The arguments as the model writes them."""
        args = self.arguments
        return args if isinstance(args, str) else json.dumps(args, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """One reply, in no vendor's language.

    Attributes:
        parts: Pieces of text and calls, in order.
        status: Anything but 200 answers with an error of that status and `message`.
        retry_after: The header of that name.
        stall: Where to keep silent until the client has left: before the headers, after them, or
            after the first part.
        cut: How it breaks off after the first part: the connection is dropped, or the body ends
            cleanly without any mark of an end.
        garbage: A piece that cannot be read follows the first part.
        error_inside: The vendor's own error follows the first part, inside the 200.
        finish: How it ends, in our words; by default "tool" with calls and "stop" without.
        reasoning: Thoughts that come first and are never spoken.
        split: Write it in pieces of a few bytes, so that characters are torn apart.
        delay: Seconds before the first piece.
        pace: Seconds between two pieces.
        usage: Input, output and cached input tokens.
    """

    parts: tuple[str | Call, ...] = ("Hello", " there")
    status: int = 200
    message: str = "it went wrong"
    retry_after: str = ""
    stall: Where = ""
    cut: Literal["", "drop", "clean"] = ""
    garbage: bool = False
    error_inside: bool = False
    finish: Literal["", "stop", "tool", "length", "filtered"] = ""
    reasoning: str = ""
    split: bool = False
    delay: float = 0.0
    pace: float = 0.0
    usage: tuple[int, int, int] = (20, 5, 0)

    @property
    def finishes(self) -> str:
        """How it ends."""
        calls = any(isinstance(part, Call) for part in self.parts)
        return self.finish or ("tool" if calls else "stop")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


class LoopbackVendor(ABC):
    """Plays one vendor for one test; `answer` scripts it, `connect` gives a model that asks it.

    Attributes:
        vendor: The vendor's id.
        model: A model of it.
        requests: Every request for a reply, oldest first.
        others: All other requests, such as for a list of models.
        left: How often a client went away in the middle of an answer.
        connections: The addresses that requests came from, one for each connection.
    """

    vendor: str
    model: str

    def __init__(self) -> None:
        self.requests: list[Asked] = []
        self.others: list[Asked] = []
        self.left = 0
        self.connections: set[object] = set()
        self.url = ""
        self.begun = asyncio.Event()
        self._changed = asyncio.Event()
        self._answers: deque[Answer] = deque()
        self._runner: web.AppRunner | None = None

    @abstractmethod
    def auth(self) -> Mapping[str, Any]:
        """A credential that the server takes."""

    @abstractmethod
    def options(self) -> Mapping[str, Any]:
        """The `connectOptions` that lead here."""

    @abstractmethod
    def opening(self, answer: Answer) -> Iterator[bytes]:
        """What is written before the first part."""

    @abstractmethod
    def part(self, index: int, part: str | Call, answer: Answer) -> Iterator[bytes]:
        """One part on the wire."""

    @abstractmethod
    def closing(self, answer: Answer) -> Iterator[bytes]:
        """The vendor's mark of a proper end, and its usage."""

    @abstractmethod
    def garbage(self) -> bytes:
        """A piece that cannot be read."""

    @abstractmethod
    def error_inside(self, message: str) -> bytes:
        """The vendor's own error in the middle of a stream."""

    @abstractmethod
    def error_body(self, answer: Answer) -> Any:
        """The JSON of an HTTP error."""

    @abstractmethod
    def is_reply(self, request: web.Request) -> bool:
        """Whether a request asks for a reply."""

    async def other(self, request: web.Request) -> web.StreamResponse:
        """Answer anything else, such as a list of models."""
        return web.json_response({"error": f"no {request.path} here"}, status=404)

    content_type = "text/event-stream"

    def error_headers(self, answer: Answer) -> dict[str, str]:
        """Further headers of an HTTP error."""
        del answer
        return {}

    def answer(self, *answers: Answer) -> None:
        """Script the next replies; without a script it says hello."""
        self._answers.extend(answers)

    def connect(self, model: str = "", **options: Any) -> ChatModel:
        """A model that asks this server; `options` are further connectOptions."""
        return connect(
            f"{self.vendor}:{model or self.model}",
            auth=self.auth(),
            connect_options={**self.options(), **options},
        )

    def forget(self) -> None:
        """Be as new, for the next test."""
        self.requests.clear()
        self.others.clear()
        self.connections.clear()
        self._answers.clear()
        self.begun.clear()
        self.left = 0

    async def someone_left(self, times: int = 1) -> None:
        """Wait until clients went away in the middle of so many answers."""
        async with asyncio.timeout(5):
            while self.left < times:
                self._changed.clear()
                await self._changed.wait()

    async def start(self) -> Self:
        """Listen on a free port."""
        app = web.Application(client_max_size=8 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner:
            await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        self.connections.add(request.transport.get_extra_info("peername"))
        raw = await request.read()
        try:
            body = json.loads(raw) if raw else None
        except ValueError:
            body = raw.decode()
        asked = Asked(request.method, request.path, dict(request.headers), body)
        if not self.is_reply(request):
            self.others.append(asked)
            return await self.other(request)
        self.requests.append(asked)
        self.begun.set()
        answer = self._answers.popleft() if self._answers else Answer()
        try:
            return await self._reply(request, answer)
        except (asyncio.CancelledError, ConnectionError):
            self.left += 1
            self._changed.set()
            raise

    async def _reply(self, request: web.Request, answer: Answer) -> web.StreamResponse:
        if answer.stall == "headers":
            await asyncio.Event().wait()
        if answer.status != 200:
            headers = self.error_headers(answer) | {"x-request-id": "req_1"}
            if answer.retry_after:
                headers["retry-after"] = answer.retry_after
            return web.json_response(self.error_body(answer), status=answer.status, headers=headers)
        response = web.StreamResponse(headers={"x-request-id": "req_1"})
        response.content_type = self.content_type
        await response.prepare(request)
        if answer.stall == "first":
            await asyncio.Event().wait()
        await asyncio.sleep(answer.delay)
        for piece in self._pieces(answer):
            if answer.pace:
                await asyncio.sleep(answer.pace)
            if piece is None:
                await asyncio.Event().wait()
            elif answer.cut == "drop" and piece == b"":
                assert request.transport is not None
                request.transport.abort()
                return response
            else:
                await self._write(response, piece, answer)
        await response.write_eof()
        return response

    async def _write(self, response: web.StreamResponse, piece: bytes, answer: Answer) -> None:
        if not answer.split:
            await response.write(piece)
            return
        for at in range(0, len(piece), 7):
            await response.write(piece[at : at + 7])
            await asyncio.sleep(0)

    def _pieces(self, answer: Answer) -> Iterator[bytes | None]:
        """What is written; None keeps silent from there on, and an empty piece breaks off."""
        yield from self.opening(answer)
        for index, part in enumerate(answer.parts):
            yield from self.part(index, part, answer)
            if index:
                continue
            if answer.stall == "middle":
                yield None
            if answer.garbage:
                yield self.garbage()
            if answer.error_inside:
                yield self.error_inside(answer.message)
                return
            if answer.cut == "drop":
                yield b""
            if answer.cut == "clean":
                return
        yield from self.closing(answer)
