"""The events of a Claude's stream as ours."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from app.llm.anthropic.request import Block, NativeTurn, tool_use
from app.llm.errors import truncated
from app.llm.port import End, Event, Finish, ModelError, Token, ToolCall, ToolCallStart, Usage
from app.llm.tool_calls import whole_call

FINISHES: dict[str, Finish] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "tool_use": "tool",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "filtered",
}
_THOUGHTS = ("thinking", "redacted_thinking")


@dataclass(slots=True)
class _Block:
    """One content block, as it grows.

    Attributes:
        type: As the vendor calls it.
        start: What came when it began.
        pieces: Text, thoughts or written arguments, as the type has it.
        signature: Of thoughts.
    """

    type: str
    start: Any
    pieces: list[str] = field(default_factory=list)
    signature: str = ""

    def call(self) -> ToolCall:
        """The whole tool call; without any piece its arguments stood in the start."""
        text = "".join(self.pieces)
        if not text and isinstance(self.start.input, dict):
            return ToolCall(self.start.id, self.start.name, self.start.input)
        return whole_call(self.start.id, self.start.name, text)

    def native(self) -> Block | None:
        """The block as it is replayed."""
        text = "".join(self.pieces)
        if self.type == "text":
            return {"type": "text", "text": text} if text.strip() else None
        if self.type == "thinking":
            return {"type": "thinking", "thinking": text, "signature": self.signature}
        if self.type == "redacted_thinking":
            return {"type": "redacted_thinking", "data": self.start.data}
        if self.type == "tool_use":
            call = self.call()
            return tool_use(call.id, call.name, dict(call.arguments))
        return None


class Reply:
    """Takes events in order; blocks are kept by their index, since parallel ones may interleave."""

    def __init__(self, vendor: str, model: str, prefix: str) -> None:
        self._vendor = vendor
        self._model = model
        self._prefix = prefix
        self._blocks: dict[int, _Block] = {}
        self._reason: str | None = None
        self._is_over = False
        self._usage: dict[str, int] = {}

    def take(self, event: Any) -> Iterator[Event]:
        """Our events of one of theirs."""
        if event.type == "content_block_start":
            yield from self._begin(event.index, event.content_block)
        elif event.type == "content_block_delta":
            yield from self._grow(event.index, event.delta)
        elif event.type == "message_start":
            self._count(event.message.usage)
        elif event.type == "message_delta":
            self._reason = event.delta.stop_reason or self._reason
            self._count(event.usage)
        elif event.type == "message_stop":
            self._is_over = True

    def calls(self) -> list[ToolCall]:
        """The whole tool calls of a stream that is over.

        Raises:
            ModelError: Of kind "truncated" or "protocol", if it did not end properly.
        """
        if not self._is_over and not self._usage:
            text = f"{self._vendor} sent an empty stream; is the base URL right?"
            raise ModelError(text, kind="protocol", vendor=self._vendor)
        if not self._is_over or self._reason is None:
            raise truncated(self._vendor)
        return [block.call() for block in self._in_order() if block.type == "tool_use"]

    def end(self) -> End:
        """How it ended."""
        finish = FINISHES.get(self._reason or "", "stop")
        blocks = self._in_order()
        if finish == "stop" and any(block.type == "tool_use" for block in blocks):
            finish = "tool"
        return End(finish, self._counted(), native=self._native())

    def _begin(self, index: int, start: Any) -> Iterator[Event]:
        self._blocks[index] = block = _Block(start.type, start)
        if start.type == "tool_use":
            yield ToolCallStart(start.id, start.name)
        elif start.type == "text" and start.text:
            block.pieces.append(start.text)
            yield Token(start.text)

    def _grow(self, index: int, delta: Any) -> Iterator[Event]:
        if (block := self._blocks.get(index)) is None:
            text = f"{self._vendor} sent a piece of a block that never began"
            raise ModelError(text, kind="protocol", vendor=self._vendor)
        if delta.type == "text_delta":
            block.pieces.append(delta.text)
            if delta.text:
                yield Token(delta.text)
        elif delta.type == "input_json_delta":
            block.pieces.append(delta.partial_json)
        elif delta.type == "thinking_delta":
            block.pieces.append(delta.thinking)
        elif delta.type == "signature_delta":
            block.signature += delta.signature

    def _in_order(self) -> list[_Block]:
        return [self._blocks[index] for index in sorted(self._blocks)]

    def _native(self) -> NativeTurn | None:
        """What to replay; a turn without thoughts says all by its text and calls."""
        blocks = self._in_order()
        if not any(block.type in _THOUGHTS for block in blocks):
            return None
        kept = [native for block in blocks if (native := block.native())]
        return NativeTurn(self._model, tuple(kept), self._prefix)

    def _count(self, usage: Any) -> None:
        """Keep the latest numbers: they are cumulative."""
        for name in (
            "input_tokens",
            "output_tokens",
            "cache_read_input_tokens",
            "cache_creation_input_tokens",
        ):
            if (value := getattr(usage, name, None)) is not None:
                self._usage[name] = value

    def _counted(self) -> Usage | None:
        if not self._usage:
            return None
        return Usage(
            self._usage.get("input_tokens", 0),
            self._usage.get("output_tokens", 0),
            cache_read_tokens=self._usage.get("cache_read_input_tokens", 0),
            cache_write_tokens=self._usage.get("cache_creation_input_tokens", 0),
        )
