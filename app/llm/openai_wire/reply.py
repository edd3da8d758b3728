"""The chunks of a chat completion as our events."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from app.llm.errors import truncated
from app.llm.openai_wire.request import ReasonedTurn
from app.llm.port import End, Event, Finish, ModelError, Token, ToolCall, ToolCallStart, Usage
from app.llm.tool_calls import whole_call

FINISHES: dict[str, Finish] = {
    "stop": "stop",
    "tool_calls": "tool",
    "function_call": "tool",
    "length": "length",
    "content_filter": "filtered",
}


@dataclass(slots=True)
class _Call:
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)
    is_announced: bool = False


class Reply:
    """Takes chunks in order; calls are kept by their index, since parallel ones may interleave."""

    def __init__(self, vendor: str) -> None:
        self._vendor = vendor
        self._calls: dict[int, _Call] = {}
        self._reasoning: list[str] = []
        self._finish: str | None = None
        self._usage: Any = None
        self._has_text = False
        self._is_billed = False

    def take(self, chunk: Any) -> Iterator[Event]:
        """The events of one chunk; those without choices carry usage or nothing."""
        self._usage = getattr(chunk, "usage", None) or _groq_usage(chunk) or self._usage
        self._is_billed = self._is_billed or bool(self._usage and not chunk.choices)
        for choice in chunk.choices or []:
            if choice.finish_reason:
                self._finish = choice.finish_reason
            if (delta := choice.delta) is not None:
                yield from self._take_delta(delta)

    def end(self) -> Iterator[Event | End]:
        """The whole tool calls of a stream that is over, then how it ended.

        Some compatible servers give no reason; the count of tokens then marks the end.

        Raises:
            ModelError: Of kind "truncated" or "protocol", if it did not end properly.
        """
        has_content = self._has_text or bool(self._calls)
        if self._finish is None and not (self._is_billed and has_content):
            if not (has_content or self._usage):
                text = f"{self._vendor} sent an empty stream; is the base URL right?"
                raise ModelError(text, kind="protocol", vendor=self._vendor)
            raise truncated(self._vendor)
        calls = [self._whole(call) for _, call in sorted(self._calls.items())]
        yield from calls
        finish: Finish = FINISHES.get(self._finish or "stop", "stop")
        if calls and finish == "stop":  # some compatible servers say so
            finish = "tool"
        reasoning = "".join(self._reasoning)
        native = ReasonedTurn(reasoning) if reasoning else None
        yield End(finish, usage_of(self._usage), native=native)

    def _take_delta(self, delta: Any) -> Iterator[Event]:
        thought = getattr(delta, "reasoning_content", None)
        if isinstance(thought, str):
            self._reasoning.append(thought)
        if delta.content:
            self._has_text = True
            yield Token(delta.content)
        for position, part in enumerate(delta.tool_calls or []):
            index = position if part.index is None else part.index
            yield from self._take_call(self._calls.setdefault(index, _Call()), part)

    def _take_call(self, call: _Call, part: Any) -> Iterator[Event]:
        call.id = call.id or part.id or ""
        if part.function is not None:
            call.name = call.name or part.function.name or ""
            call.arguments.append(part.function.arguments or "")
        if call.name and not call.is_announced:
            call.id = call.id or f"call_{uuid.uuid4().hex[:24]}"
            call.is_announced = True
            yield ToolCallStart(call.id, call.name)

    def _whole(self, call: _Call) -> ToolCall:
        if not call.is_announced:
            text = f"{self._vendor} called a tool without naming it"
            raise ModelError(text, kind="protocol", vendor=self._vendor)
        return whole_call(call.id, call.name, "".join(call.arguments))


def usage_of(usage: Any) -> Usage | None:
    """Tokens, the cached ones apart."""
    if usage is None:
        return None
    details = getattr(usage, "prompt_tokens_details", None)
    cached = getattr(details, "cached_tokens", None) or getattr(usage, "prompt_cache_hit_tokens", 0)
    total = usage.prompt_tokens or 0
    cached = min(cached or 0, total)
    return Usage(total - cached, usage.completion_tokens or 0, cache_read_tokens=cached)


def _groq_usage(chunk: Any) -> Any:
    return getattr(getattr(chunk, "x_groq", None), "usage", None)
