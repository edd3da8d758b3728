"""What Bedrock streams, as our events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.llm.bedrock.request import VENDOR, Block, NativeTurn, tool_use
from app.llm.errors import truncated
from app.llm.port import End, Finish, ModelError, Token, ToolCall, ToolCallStart, Usage
from app.llm.tool_calls import whole_call

_FINISH: dict[str, Finish] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "content_filtered": "filtered",
    "guardrail_intervened": "filtered",
}


@dataclass(slots=True)
class _Text:
    pieces: list[str] = field(default_factory=list)

    def native(self) -> Block | None:
        text = "".join(self.pieces)
        return {"text": text} if text.strip() else None


@dataclass(slots=True)
class _Reasoning:
    """What the model thought: never spoken, and owed back to it with its signature."""

    pieces: list[str] = field(default_factory=list)
    signature: str = ""
    redacted: bytes = b""

    def add(self, delta: Mapping[str, Any]) -> None:
        self.pieces.append(delta.get("text", ""))
        self.signature += delta.get("signature", "")
        self.redacted += delta.get("redactedContent", b"")

    def native(self) -> Block | None:
        if self.redacted:
            return {"reasoningContent": {"redactedContent": self.redacted}}
        text: Block = {"text": "".join(self.pieces)}
        if self.signature:
            text["signature"] = self.signature
        return {"reasoningContent": {"reasoningText": text}}


@dataclass(slots=True)
class _Call:
    id: str
    name: str
    pieces: list[str] = field(default_factory=list)

    def whole(self) -> ToolCall:
        return whole_call(self.id, self.name, "".join(self.pieces))

    def native(self) -> Block | None:
        return tool_use(self.whole())


class Reply:
    """Puts one stream together; `take` each of its events, then ask how it `end`ed."""

    def __init__(self, model: str, prefix: str = "") -> None:
        self._model = model
        self._prefix = prefix
        self._blocks: dict[int, _Text | _Reasoning | _Call] = {}
        self._reason = ""
        self._usage: Usage | None = None

    def take(self, event: Mapping[str, Any]) -> Token | ToolCallStart | None:
        """What the event adds for the listener, if anything."""
        if "contentBlockDelta" in event:
            return self._take_delta(event["contentBlockDelta"])
        if "contentBlockStart" in event:
            return self._begin(event["contentBlockStart"])
        if "messageStop" in event:
            self._reason = event["messageStop"].get("stopReason", "")
        elif "metadata" in event:
            self._usage = _usage(event["metadata"].get("usage", {}))
        return None

    @property
    def calls(self) -> list[ToolCall]:
        """The tool calls so far; whole once the stream has ended."""
        return [block.whole() for block in self._in_order() if isinstance(block, _Call)]

    def end(self) -> End:
        """How it ended.

        Raises:
            ModelError: If the stream ended without saying why, or the model wrote nonsense.
        """
        if not self._reason:
            raise truncated(VENDOR)
        if self._reason.startswith("malformed"):
            text = f"what the model wrote cannot be read ({self._reason})"
            raise ModelError(text, kind="protocol", retryable=True, vendor=VENDOR)
        finish = _FINISH.get(self._reason, "stop")
        if finish == "stop" and self.calls:  # some models say that they stopped
            finish = "tool"
        blocks = [block.native() for block in self._in_order()]
        content = tuple(block for block in blocks if block)
        native = NativeTurn(self._model, content, self._prefix)
        return End(finish, self._usage, native=native)

    def _begin(self, event: Mapping[str, Any]) -> ToolCallStart | None:
        use = event.get("start", {}).get("toolUse")
        if use is None:
            return None
        self._blocks[_index(event)] = _Call(use["toolUseId"], use["name"])
        return ToolCallStart(use["toolUseId"], use["name"])

    def _take_delta(self, event: Mapping[str, Any]) -> Token | None:
        """Add to the block of its index; only tool calls have a start, the others begin here."""
        index, delta = _index(event), event.get("delta", {})
        if "text" in delta:
            text = self._blocks.setdefault(index, _Text())
            if isinstance(text, _Text):
                text.pieces.append(delta["text"])
                return Token(delta["text"]) if delta["text"] else None
        elif "toolUse" in delta:
            call = self._blocks.get(index)
            if isinstance(call, _Call):
                call.pieces.append(delta["toolUse"].get("input", ""))
        elif "reasoningContent" in delta:
            thought = self._blocks.setdefault(index, _Reasoning())
            if isinstance(thought, _Reasoning):
                thought.add(delta["reasoningContent"])
        return None

    def _in_order(self) -> list[_Text | _Reasoning | _Call]:
        return [self._blocks[index] for index in sorted(self._blocks)]


def _index(event: Mapping[str, Any]) -> int:
    """The block's index; botocore makes an empty event of a payload that is not JSON."""
    index = event.get("contentBlockIndex")
    if not isinstance(index, int):
        text = "bedrock sent an event without contentBlockIndex, or one that is no JSON"
        raise ModelError(text, kind="protocol", vendor=VENDOR)
    return index


def _usage(counted: Mapping[str, Any]) -> Usage:
    """Bedrock's input tokens are already without those of the cache."""
    return Usage(
        counted.get("inputTokens", 0),
        counted.get("outputTokens", 0),
        counted.get("cacheReadInputTokens", 0),
        counted.get("cacheWriteInputTokens", 0),
    )
