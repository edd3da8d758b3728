"""A `ChatRequest` as the arguments of `chat.completions.create`."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.llm.openai_wire.quirks import Quirks
from app.llm.port import ChatMessage, ChatRequest, ToolDefinition
from app.llm.target import Target

_COMPLETION_TOKENS = re.compile(r"^(o\d|gpt-5)")
_GPT = re.compile(r"gpt-(\d+)(?:\.(\d+))?")


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
    if request.temperature is not None:
        found["temperature"] = request.temperature
    if quirks.streams_usage and quirks.client != "groq":
        options = {"include_usage": True}
        if quirks.hides_obfuscation:
            options["include_obfuscation"] = False
        found["stream_options"] = options
    return found | _EFFORTS[quirks.effort](target.model, request)


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


def _no_effort(model: str, request: ChatRequest) -> dict[str, Any]:
    del model, request
    return {}


def _openai_effort(model: str, request: ChatRequest) -> dict[str, Any]:
    """Thinking costs the caller seconds; with tools the newer models must not think at all.

    From gpt-5.2 on, tools together with any effort but "none" are a 400 on this endpoint.
    """
    found = _GPT.match(model)
    version = (int(found[1]), int(found[2] or 0)) if found else (0, 0)
    is_reasoning = version >= (5, 0) or bool(re.match(r"o\d", model))
    if not is_reasoning:
        return {}
    if version >= (5, 2) and request.tools:
        return {"reasoning_effort": "none"}
    effort = request.reasoning_effort
    if effort == "minimal" or (effort is None and version >= (5, 0)):
        if version >= (5, 1):
            return {"reasoning_effort": "none"}
        effort = "minimal" if version >= (5, 0) else "low"
    return {"reasoning_effort": effort} if effort else {}


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
