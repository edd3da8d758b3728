"""What the suites of the vendors ask, and how they look at the answers."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

from app.llm import (
    ChatMessage,
    ChatModel,
    ChatRequest,
    End,
    Event,
    Token,
    ToolCall,
    ToolDefinition,
)
from app.llm.running import reading
from tests.llm.seen import Seen, see
from tests.llm.servers.base import Call, LoopbackVendor

WEATHER = ToolDefinition(
    "get_weather",
    "Current weather in one city; call it once for each city that is asked about.",
    {
        "type": "object",
        "properties": {"city": {"type": "string", "description": "Its name, in English."}},
        "required": ["city"],
    },
)
SYSTEM = "You answer the phone of a weather service. Look up what you are asked for; never guess."
HELLO = ChatRequest(
    SYSTEM, (ChatMessage("user", "Say in two whole sentences what rain is. Look nothing up."),)
)
PORTLAND = ChatRequest(
    SYSTEM, (ChatMessage("user", "What is the weather in Portland right now?"),), (WEATHER,)
)
BOTH = ChatRequest(
    SYSTEM, (ChatMessage("user", "What is the weather in Portland and in Paris?"),), (WEATHER,)
)
CALL = Call("get_weather", {"city": "Portland"}, "call_1")
CALLS = (CALL, Call("get_weather", {"city": "Paris"}, "call_2"))


@dataclass(frozen=True, slots=True)
class Heard:
    """Everything of one stream."""

    events: tuple[Event, ...]

    @property
    def end(self) -> End:
        """Its last event."""
        assert isinstance(self.events[-1], End)
        return self.events[-1]

    @property
    def text(self) -> str:
        """What was said."""
        return "".join(event.text for event in self.events if isinstance(event, Token))

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The tools that were called."""
        return tuple(event for event in self.events if isinstance(event, ToolCall))

    def turn(self) -> ChatMessage:
        """The turn as a history keeps it."""
        return ChatMessage("assistant", self.text, self.calls, native=self.end.native)


async def hear(model: ChatModel, request: ChatRequest) -> Heard:
    """Ask, and listen to the end."""
    return Heard(tuple([event async for event in model.stream(request)]))


def outputs(heard: Heard, *texts: str) -> tuple[ChatMessage, ...]:
    """An output for each call."""
    return tuple(
        ChatMessage("tool", text, tool_call_id=call.id)
        for call, text in zip(heard.calls, texts, strict=True)
    )


def after(request: ChatRequest, *messages: ChatMessage) -> ChatRequest:
    """The request with more history."""
    return replace(request, messages=(*request.messages, *messages))


def seen(server: LoopbackVendor, index: int = -1) -> Seen:
    """What the server was asked."""
    return see(server.vendor, server.requests[index])


@dataclass(slots=True)
class Listener:
    """A task that listens as a call does, and can be cut short.

    Attributes:
        holds: Whether it stops reading after the first event, busy with something else.
        heard: What it got so far.
        has_begun: Set with the first event.
    """

    model: ChatModel
    request: ChatRequest = PORTLAND
    holds: bool = False
    heard: list[Event] = field(default_factory=list)
    has_begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self) -> None:
        """Read the stream."""
        async for event in self.model.stream(self.request):
            self.heard.append(event)
            self.has_begun.set()
            if self.holds:
                await asyncio.Event().wait()


async def cut(task: "asyncio.Task[None]") -> float:
    """Barge in: cancel the task, and give the seconds until it was free."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    task.cancel()
    await asyncio.wait({task})
    return loop.time() - began


async def nothing_is_left() -> None:
    """Wait until no request is under way: no reader, no task of ours, no thread of boto3."""
    async with asyncio.timeout(2):
        while reading() or _busy_threads() or _tasks_of("app.llm"):  # noqa: ASYNC110  (nothing tells)
            await asyncio.sleep(0.005)


def _busy_threads() -> int:
    from app.llm.bedrock.threads import THREADS

    return THREADS.busy


def _tasks_of(package: str) -> list["asyncio.Task[Any]"]:
    path = package.replace(".", "/") + "/"
    return [task for task in asyncio.all_tasks() if path in _file_of(task)]


def _file_of(task: "asyncio.Task[Any]") -> str:
    code: Any = getattr(task.get_coro(), "cr_code", None) or getattr(
        task.get_coro(), "ag_code", None
    )
    return code.co_filename if code else ""
