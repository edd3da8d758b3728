"""A scripted model for tests: it says what it was told to say, and remembers what it was asked."""

import inspect
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence

from app.llm.port import ChatRequest, End, Event, ModelError, Token, ToolCall, ToolCallStart

Part = str | ToolCall | End
"""A piece of one scripted reply: text, a tool call, or the end where it is not the usual one."""

Scripted = Part | Sequence[Part]
"""One whole scripted reply."""

Reply = Scripted | Exception | Callable[[ChatRequest], "Scripted | Awaitable[Scripted]"]
"""A scripted reply, an exception to fail with, or a function that sees the request."""


class FakeModel:
    """A `ChatModel` that plays a list of replies, one for each request.

    Args:
        replies: What to answer, in order: a string (streamed word by word), a `ToolCall`, a list
            of both with perhaps an `End`, a `ModelError` (becomes the stream's `End`), any other
            exception (raised), or a function of the request, sync or async, that returns one.

    Attributes:
        requests: Every `ChatRequest` so far, oldest first.
    """

    def __init__(self, replies: Iterable[Reply] = ()) -> None:
        self.requests: list[ChatRequest] = []
        self._replies = list(replies)

    @property
    def id(self) -> str:
        """Always "fake"."""
        return "fake"

    @property
    def remaining(self) -> int:
        """How many scripted replies are still to be played."""
        return len(self._replies)

    def add(self, *replies: Reply) -> None:
        """Append replies to the script."""
        self._replies.extend(replies)

    async def stream(self, request: ChatRequest) -> AsyncIterator[Event]:
        """Play the next reply of the script."""
        self.requests.append(request)
        reply = self._next(request)
        if callable(reply):
            answer = reply(request)
            reply = await answer if inspect.isawaitable(answer) else answer
        if isinstance(reply, ModelError):
            yield End("error", error=reply)
            return
        if isinstance(reply, Exception):
            raise reply
        for event in play(reply):
            yield event

    async def prewarm(self) -> None:
        """Nothing to do."""

    async def close(self) -> None:
        """Nothing to give back."""

    def _next(self, request: ChatRequest) -> Reply:
        if not self._replies:
            last = request.messages[-1]
            raise AssertionError(
                f"FakeModel has no reply for request {len(self.requests)}"
                f" (last message: {last.role} {last.content!r}); add one to its list"
            )
        return self._replies.pop(0)


def play(reply: Scripted) -> list[Event]:
    """The events of one scripted reply, an `End` included."""
    parts = [reply] if isinstance(reply, str | ToolCall | End) else list(reply)
    events: list[Event] = []
    for part in parts:
        if isinstance(part, str):
            events += [Token(piece) for piece in re.findall(r"\s*\S+\s*$|\s*\S+", part)]
        elif isinstance(part, ToolCall):
            events += [ToolCallStart(part.id, part.name), part]
        else:
            events.append(part)
    if not (events and isinstance(events[-1], End)):
        called = any(isinstance(event, ToolCall) for event in events)
        events.append(End("tool" if called else "stop"))
    return events
