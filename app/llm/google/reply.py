"""The chunks of a Gemini's stream as our events."""

import uuid
from collections.abc import Iterator
from typing import Any

from app.llm.errors import truncated
from app.llm.google.request import NativeTurn, Part
from app.llm.port import End, Event, Finish, ModelError, Token, ToolCall, ToolCallStart, Usage

FINISHES: dict[str, Finish] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "filtered",
    "RECITATION": "filtered",
    "LANGUAGE": "filtered",
    "BLOCKLIST": "filtered",
    "PROHIBITED_CONTENT": "filtered",
    "SPII": "filtered",
    "IMAGE_SAFETY": "filtered",
    "MODEL_ARMOR": "filtered",
}
"""What is in here is no failure; anything else is one."""

_LASTING = frozenset({"MISSING_THOUGHT_SIGNATURE"})
"""Failures that the same request has again; others are the luck of the draw."""


class Reply:
    """Takes chunks in order; a tool call arrives whole, and is kept until the stream is over."""

    def __init__(self, vendor: str, model: str) -> None:
        self._vendor = vendor
        self._model = model
        self._calls: list[ToolCall] = []
        self._ids: set[str] = set()
        self._parts: list[Part] = []
        self._reason: str = ""
        self._detail: str = ""
        self._usage: Any = None
        self._blocked: str = ""

    def take(self, chunk: Any) -> Iterator[Event]:
        """The events of one chunk."""
        self._usage = chunk.usage_metadata or self._usage
        if feedback := chunk.prompt_feedback:
            self._blocked = _word(feedback.block_reason) or self._blocked
        for candidate in (chunk.candidates or [])[:1]:
            self._reason = _word(candidate.finish_reason) or self._reason
            self._detail = candidate.finish_message or self._detail
            for part in (candidate.content and candidate.content.parts) or []:
                yield from self._take_part(part)

    def calls(self) -> list[ToolCall]:
        """The whole tool calls of a stream that is over.

        Raises:
            ModelError: If it did not end properly.
        """
        if self._blocked:
            return []
        if not self._reason:
            if not self._parts and self._usage is None:
                text = f"{self._vendor} sent an empty stream; is the base URL right?"
                raise ModelError(text, kind="protocol", vendor=self._vendor)
            raise truncated(self._vendor)
        if self._reason not in FINISHES:
            detail = f": {self._detail}" if self._detail else ""
            raise ModelError(
                f"{self._vendor} gave up its answer ({self._reason}{detail})",
                kind="protocol",
                retryable=self._reason not in _LASTING,
                vendor=self._vendor,
            )
        return self._calls

    def end(self) -> End:
        """How it ended; with calls it is a turn of tools, whatever the vendor calls it."""
        finish: Finish = "filtered" if self._blocked else FINISHES.get(self._reason, "error")
        if self._calls and finish in ("stop", "length"):  # arguments come whole
            finish = "tool"
        return End(finish, _usage_of(self._usage), native=self._native())

    def _take_part(self, part: Any) -> Iterator[Event]:
        if call := part.function_call:
            id_ = call.id or f"call_{uuid.uuid4().hex[:24]}"
            if call.id:
                self._ids.add(id_)
            self._calls.append(ToolCall(id_, call.name or "", call.args or {}))
            yield ToolCallStart(id_, call.name or "")
        elif part.text and not part.thought:
            yield Token(part.text)
        self._keep(part)

    def _keep(self, part: Any) -> None:
        """Keep the part to replay it; plain texts in a row become one."""
        kept: Part = part.model_dump(exclude_none=True)
        is_text = set(kept) == {"text"}
        if is_text and self._parts and set(self._parts[-1]) == {"text"}:
            self._parts[-1] = {"text": self._parts[-1]["text"] + kept["text"]}
        elif not is_text or kept["text"]:
            self._parts.append(kept)

    def _native(self) -> NativeTurn | None:
        """What to replay; a turn of text alone says all by its text."""
        if all(set(part) == {"text"} for part in self._parts):
            return None
        return NativeTurn(self._model, tuple(self._parts), frozenset(self._ids))


def _word(value: Any) -> str:
    """A value of an enumeration, one that the SDK does not know yet included."""
    word = str(getattr(value, "value", value) or "")
    return "" if word.endswith("_UNSPECIFIED") else word


def _usage_of(usage: Any) -> Usage | None:
    """Tokens, the cached ones apart; thoughts are paid as output."""
    if usage is None:
        return None
    cached = usage.cached_content_token_count or 0
    total = (usage.prompt_token_count or 0) + (usage.tool_use_prompt_token_count or 0)
    output = (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)
    return Usage(max(total - cached, 0), output, cache_read_tokens=cached)
