"""What the tests of the vendors ask, and how they listen."""

from collections.abc import Sequence

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

WEATHER = ToolDefinition(
    "get_weather",
    "Current weather.",
    {"type": "object", "properties": {"city": {"type": "string"}}},
)
HI = ChatMessage("user", "Hi")


def ask(*messages: ChatMessage, system: str = "Be brief.", **more: object) -> ChatRequest:
    """A request with that history, or with a greeting."""
    return ChatRequest(system, messages or (HI,), **more)  # type: ignore[arg-type]


def used(call: ToolCall, output: str = "21 degrees") -> ChatMessage:
    """The output of a tool call."""
    return ChatMessage("tool", output, tool_call_id=call.id)


async def events_of(model: ChatModel, request: ChatRequest | None = None) -> list[Event]:
    """All that a model streams."""
    return [event async for event in model.stream(request or ask())]


def end_of(events: Sequence[Event]) -> End:
    """The one end of a stream, which is its last event."""
    assert [isinstance(event, End) for event in events] == [*[False] * (len(events) - 1), True]
    end = events[-1]
    assert isinstance(end, End)
    return end


def calls_of(events: Sequence[Event]) -> tuple[ToolCall, ...]:
    """The whole tool calls of a stream."""
    return tuple(event for event in events if isinstance(event, ToolCall))


def turn_of(events: Sequence[Event]) -> ChatMessage:
    """A reply as the history keeps it."""
    text = "".join(event.text for event in events if isinstance(event, Token))
    return ChatMessage("assistant", text, calls_of(events), native=end_of(events).native)
