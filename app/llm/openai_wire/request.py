"""A `ChatRequest` as the arguments of `chat.completions.create`."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.llm.openai_wire.quirks import Quirks
from app.llm.port import ChatMessage, ChatRequest, ToolDefinition
from app.llm.target import Target

_COMPLETION_TOKENS = re.compile(r"^(o\d|gpt-5)")
_GPT = re.compile(r"(?<![a-z])gpt-(\d)(?:\.?(\d+))?")
_O_SERIES = re.compile(r"^o\d")


def arguments(target: Target, quirks: Quirks, request: ChatRequest) -> dict[str, Any]:
    """What the SDK is called with."""
    found: dict[str, Any] = {
        "model": target.model,
        "messages": [*_system(request), *_history(request)],
        "stream": True,
    }
    if request.tools:
        found["tools"] = [_tool(tool) for tool in request.tools]
    if limit := request.max_tokens or quirks.default_max_tokens:
        found[_limit_name(target, quirks)] = limit
    found |= _EFFORTS[quirks.effort](target.model, request)
    if request.temperature is not None and not _refuses_warmth(target, quirks, found):
        found["temperature"] = request.temperature
    if quirks.streams_usage and quirks.client != "groq":
        options = {"include_usage": True}
        if quirks.hides_obfuscation:
            options["include_obfuscation"] = False
        found["stream_options"] = options
    return found


def _system(request: ChatRequest) -> Iterator[dict[str, Any]]:
    if request.system.strip():
        yield {"role": "system", "content": request.system}


def _history(request: ChatRequest) -> Iterator[dict[str, Any]]:
    for message in request.messages:
        if message.role == "tool":
            yield {
                "role": "tool",
                "tool_call_id": message.tool_call_id,
                "content": message.content,
            }
        elif message.role == "assistant":
            yield from _assistant(message)
        elif message.content.strip():
            yield {"role": "user", "content": message.content}


def _assistant(message: ChatMessage) -> Iterator[dict[str, Any]]:
    """Text and tool calls of one turn together; a turn that holds neither is left out."""
    turn: dict[str, Any] = {"role": "assistant", "content": message.content or None}
    if message.tool_calls:
        turn["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(dict(call.arguments))},
            }
            for call in message.tool_calls
        ]
    if isinstance(message.native, ReasonedTurn) and message.tool_calls:
        turn["reasoning_content"] = message.native.reasoning
    if message.content.strip() or message.tool_calls:
        yield turn


class ReasonedTurn:
    """What DeepSeek wants back with a turn that called tools: the thoughts that led to it."""

    __slots__ = ("reasoning",)

    def __init__(self, reasoning: str) -> None:
        self.reasoning = reasoning


def _tool(tool: ToolDefinition) -> dict[str, Any]:
    parameters: Mapping[str, object] = tool.parameters or {"type": "object", "properties": {}}
    function: dict[str, Any] = {"name": tool.name, "parameters": dict(parameters)}
    if tool.description:
        function["description"] = tool.description
    return {"type": "function", "function": function}


def _limit_name(target: Target, quirks: Quirks) -> str:
    if quirks.max_tokens != "auto":
        return quirks.max_tokens
    return "max_completion_tokens" if _COMPLETION_TOKENS.match(target.model) else "max_tokens"


def _refuses_warmth(target: Target, quirks: Quirks, found: Mapping[str, Any]) -> bool:
    """Whether a temperature would be a 400: OpenAI's models take none while they think."""
    if quirks.effort != "openai":
        return False
    thinks = found.get("reasoning_effort", "none") != "none"
    return thinks or bool(_O_SERIES.match(target.model)) or "-pro" in target.model


def _no_effort(model: str, request: ChatRequest) -> dict[str, Any]:
    del model, request
    return {}


def _openai_effort(model: str, request: ChatRequest) -> dict[str, Any]:
    effort = _chosen_effort(model, request)
    return {"reasoning_effort": effort} if effort else {}


def _chosen_effort(model: str, request: ChatRequest) -> str | None:
    """Thinking costs the caller seconds; with tools the newer models must not think at all.

    From gpt-5.2 on, tools together with any effort but "none" are a 400 on this endpoint. Of a
    model whose name tells nothing, such as a deployment's, the author knows best.
    """
    asked, version = request.reasoning_effort, _gpt_version(model)
    if _O_SERIES.match(model):
        return "low" if asked == "minimal" else asked
    if version is None:
        return asked
    if version < (5, 0) or "-chat" in model:
        return None
    if "-pro" in model:  # it always thinks hard
        return asked if asked in ("medium", "high") else None
    least = "none" if version >= (5, 1) else "minimal"
    is_least = asked in (None, "minimal") or (version >= (5, 2) and request.tools)
    return least if is_least else asked


def _gpt_version(model: str) -> tuple[int, int] | None:
    """The version in a model's name, as in gpt-5.4-mini or, on Azure, gpt-35-turbo."""
    found = _GPT.search(model)
    return (int(found[1]), int(found[2] or 0)) if found else None


def _deepseek_effort(model: str, request: ChatRequest) -> dict[str, Any]:
    """Thinking is on by default there and costs seconds before the first word: off unless asked."""
    del model
    if request.reasoning_effort in (None, "minimal"):
        return {"extra_body": {"thinking": {"type": "disabled"}}}
    effort = request.reasoning_effort
    return {"extra_body": {"thinking": {"type": "enabled"}, "reasoning_effort": effort}}


def _groq_effort(model: str, request: ChatRequest) -> dict[str, Any]:
    effort = request.reasoning_effort
    if "gpt-oss" in model:
        low = effort in (None, "minimal")
        return {"reasoning_effort": "low" if low else effort, "reasoning_format": "hidden"}
    if "qwen" in model:
        off = effort in (None, "minimal")
        return {"reasoning_effort": "none" if off else "default", "reasoning_format": "hidden"}
    return {}


_EFFORTS = {
    "openai": _openai_effort,
    "deepseek": _deepseek_effort,
    "groq": _groq_effort,
    "none": _no_effort,
}
