"""What Bedrock streams, as our events."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.llm.bedrock.request import Block, NativeTurn
from app.llm.port import End, Event, Finish, ModelError, Token, ToolCall, ToolCallStart, Usage

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

    def block(self) -> Block | None:
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

    def block(self) -> Block | None:
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

    def call(self) -> ToolCall:
        arguments, problem = _parse("".join(self.pieces))
        return ToolCall(self.id, self.name, arguments, problem)

    def block(self) -> Block | None:
        arguments = self.call().arguments
        return {"toolUse": {"toolUseId": self.id, "name": self.name, "input": arguments}}


class Reply:
    """Puts one stream together; `feed` each of its events, then ask for the `rest`."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._blocks: dict[int, _Text | _Reasoning | _Call] = {}
        self._reason = ""
        self._usage: Usage | None = None

    def feed(self, event: Mapping[str, Any]) -> Event | None:
        """What the event adds for the listener, if anything."""
        if "contentBlockDelta" in event:
            return self._delta(event["contentBlockDelta"])
        if "contentBlockStart" in event:
            return self._start(event["contentBlockStart"])
        if "messageStop" in event:
            self._reason = event["messageStop"].get("stopReason", "")
        elif "metadata" in event:
            self._usage = _usage(event["metadata"].get("usage", {}))
        return None

    def rest(self) -> Iterator[Event]:
        """The whole tool calls, and the end.

        Raises:
            ModelError: If the stream ended without saying why, or the model wrote nonsense.
        """
        if not self._reason:
            message = "the stream ended in the middle of the reply"
            raise ModelError(message, kind="truncated", retryable=True, vendor="bedrock")
        if self._reason.startswith("malformed"):
            message = f"the model's output could not be read ({self._reason})"
            raise ModelError(message, kind="protocol", retryable=True, vendor="bedrock")
        calls = [block.call() for block in self._in_order() if isinstance(block, _Call)]
        yield from calls
        yield End(self._finish(calls), self._usage, native=self._native())

    def _start(self, event: Mapping[str, Any]) -> Event | None:
        use = event.get("start", {}).get("toolUse")
        if use is None:
            return None
        self._blocks[_index(event)] = _Call(use["toolUseId"], use["name"])
        return ToolCallStart(use["toolUseId"], use["name"])

    def _delta(self, event: Mapping[str, Any]) -> Event | None:
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

    def _finish(self, calls: list[ToolCall]) -> Finish:
        """Some models end with "end_turn" although they called a tool."""
        finish = _FINISH.get(self._reason, "stop")
        return "tool" if calls and finish == "stop" else finish

    def _native(self) -> NativeTurn:
        blocks = [block.block() for block in self._in_order()]
        return NativeTurn(self._model, tuple(block for block in blocks if block))


def _index(event: Mapping[str, Any]) -> int:
    """The block's index; botocore makes an empty event of a payload that is not JSON."""
    index = event.get("contentBlockIndex")
    if not isinstance(index, int):
        message = "an event of the stream could not be read: it holds no contentBlockIndex"
        raise ModelError(message, kind="protocol", retryable=True, vendor="bedrock")
    return index


def _parse(text: str) -> tuple[dict[str, object], str]:
    """The arguments of a call, or no arguments and the problem with them."""
    try:
        arguments = json.loads(text or "{}")
    except ValueError:
        arguments = None
    if isinstance(arguments, dict):
        return arguments, ""
    return {}, "the arguments were no valid JSON object; call the tool again with correct ones"


def _usage(counted: Mapping[str, Any]) -> Usage:
    """Bedrock's input tokens are already without those of the cache."""
    return Usage(
        counted.get("inputTokens", 0),
        counted.get("outputTokens", 0),
        counted.get("cacheReadInputTokens", 0),
        counted.get("cacheWriteInputTokens", 0),
    )
