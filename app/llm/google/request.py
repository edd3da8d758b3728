"""A `ChatRequest` as the arguments of `generate_content_stream`."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.llm.google.thinking import signs, thinking
from app.llm.history import framed
from app.llm.port import ChatMessage, ChatRequest, ToolCall, ToolDefinition

UNSIGNED = b"skip_thought_signature_validator"
"""In place of the signature of a call that this model never signed, such as another one's."""

Part = dict[str, Any]


@dataclass(frozen=True, slots=True)
class NativeTurn:
    """A model's turn as it was streamed, with the signatures of its parts.

    Attributes:
        model: Who made it; another model cannot read the signatures.
        parts: As they came, in the SDK's names.
        ids: Which of our ids for its calls are the vendor's own; others are never sent.
    """

    model: str
    parts: tuple[Part, ...]
    ids: frozenset[str] = field(default_factory=frozenset)


def arguments(request: ChatRequest, model: str) -> dict[str, Any]:
    """What the SDK is called with."""
    contents = _contents(framed(request.messages), model)
    return {"model": model, "contents": contents, "config": _config(request, model)}


def _config(request: ChatRequest, model: str) -> dict[str, Any]:
    found: dict[str, Any] = {"automatic_function_calling": {"disable": True}}
    thoughts = thinking(model, request.reasoning_effort)
    if request.system.strip():
        found["system_instruction"] = request.system
    if request.tools:
        found["tools"] = [{"function_declarations": [_tool(tool) for tool in request.tools]}]
    if request.max_tokens is not None:
        found["max_output_tokens"] = request.max_tokens + thoughts.room
    if request.temperature is not None:
        found["temperature"] = request.temperature
    if thoughts.config is not None:
        found["thinking_config"] = thoughts.config
    return found


def _tool(tool: ToolDefinition) -> dict[str, Any]:
    """By its JSON Schema as it stands: the other field takes a dialect of it only."""
    schema: Mapping[str, object] = tool.parameters or {"type": "object", "properties": {}}
    described = {"description": tool.description} if tool.description.strip() else {}
    return {"name": tool.name, **described, "parameters_json_schema": dict(schema)}


def _contents(history: Sequence[ChatMessage], model: str) -> list[dict[str, Any]]:
    """Turns that alternate; the outputs of a turn's calls stand together, right behind it."""
    contents: list[dict[str, Any]] = []
    calls: dict[str, ToolCall] = {}
    ids: set[str] = set()
    for message in history:
        role = "model" if message.role == "assistant" else "user"
        native = message.native
        calls |= {call.id: call for call in message.tool_calls}
        if isinstance(native, NativeTurn) and native.model == model:
            ids |= native.ids
            parts = list(native.parts)
        elif message.role == "tool":
            parts = [_response(message, calls[message.tool_call_id].name, ids)]
        else:
            parts = list(_parts(message, model))
        if contents and contents[-1]["role"] == role:
            contents[-1]["parts"].extend(parts)
        else:
            contents.append({"role": role, "parts": parts})
    return contents


def _response(message: ChatMessage, name: str, ids: set[str]) -> Part:
    response = {"name": name, "response": {"output": _output(message.content)}}
    named = {"id": message.tool_call_id} if message.tool_call_id in ids else {}
    return {"function_response": {**named, **response}}


def _parts(message: ChatMessage, model: str) -> Iterator[Part]:
    if message.content.strip():
        yield {"text": message.content}
    for index, call in enumerate(message.tool_calls):
        yield _call(call, is_signed=index == 0 and signs(model))


def _call(call: ToolCall, *, is_signed: bool) -> Part:
    """A call of a turn that is not native: of parallel ones the first is signed."""
    part: Part = {"function_call": {"name": call.name, "args": dict(call.arguments)}}
    return {**part, "thought_signature": UNSIGNED} if is_signed else part


def _output(text: str) -> Any:
    """A tool's output as what it is, where it is JSON of some structure."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, dict | list) else text
