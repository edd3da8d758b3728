"""A `ChatRequest` as the arguments of Bedrock's ConverseStream."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.llm.bedrock.families import (
    binds_thoughts,
    cache_places,
    effort_of,
    takes_temperature,
    takes_tools,
)
from app.llm.claude import Thinking
from app.llm.history import framed
from app.llm.port import ChatMessage, ChatRequest, ToolCall, ToolDefinition

VENDOR = "bedrock"

Block = dict[str, Any]

WITHDRAWN = "No longer available; never call it."
"""The description of a tool that only the history still knows."""


@dataclass(frozen=True, slots=True)
class NativeTurn:
    """An assistant's turn as it was streamed, to be replayed to the model that made it.

    Attributes:
        model: Which one that is.
        content: The turn's blocks.
        prefix: What preceded them, for a model whose thoughts are good only behind that.
    """

    model: str
    content: tuple[Block, ...]
    prefix: str = ""

    def fits(self, message: ChatMessage, model: str, prefix: str) -> bool:
        """Whether the turn is still what was streamed, for this model and in this place."""
        uses = [block["toolUse"]["toolUseId"] for block in self.content if "toolUse" in block]
        is_whole = uses == [call.id for call in message.tool_calls]
        return is_whole and (self.model, self.prefix) == (model, prefix)


@dataclass(frozen=True, slots=True)
class Asked:
    """What `converse_stream` is called with, and what stands for all of it."""

    arguments: Mapping[str, Any]
    prefix: str


def ask(request: ChatRequest, model: str) -> Asked:
    """The arguments, without what nobody asked for."""
    effort = effort_of(model, request.reasoning_effort)
    tools, places = _tools(request, model), cache_places(model)
    signed = _sign([request.system, tools, effort.arguments]) if binds_thoughts(model) else ""
    messages, prefix = _messages(framed(request.messages), model, signed)
    found: Block = {"modelId": model, "messages": messages}
    if request.system.strip():
        system: list[Block] = [{"text": request.system}]
        found["system"] = _marked(system) if "system" in places else system
    if tools:
        found["toolConfig"] = {"tools": _marked(tools) if "tools" in places else tools}
    if "messages" in places:
        _mark_last(messages, behind_results="tools" in places)
    if inference := _inference(request, model, effort):
        found["inferenceConfig"] = inference
    if effort.arguments:
        found["additionalModelRequestFields"] = effort.arguments
    return Asked(found, prefix)


def _inference(request: ChatRequest, model: str, effort: Thinking) -> Block:
    found: Block = {}
    if request.max_tokens is not None:
        found["maxTokens"] = request.max_tokens + effort.room
    thinks = effort.arguments.get("thinking", {}).get("type") in ("enabled", "adaptive")
    if request.temperature is not None and takes_temperature(model) and not thinks:
        found["temperature"] = request.temperature
    return found


def _messages(history: Sequence[ChatMessage], model: str, prefix: str) -> tuple[list[Block], str]:
    """Turns that alternate, and what stands for all of them where that matters."""
    messages: list[Block] = []
    for message in history:
        role = "assistant" if message.role == "assistant" else "user"
        blocks = _blocks(message, model, prefix)
        if messages and messages[-1]["role"] == role:
            messages[-1]["content"].extend(blocks)
        else:
            messages.append({"role": role, "content": [*blocks]})
        prefix = prefix and _sign([prefix, role, blocks])
    return messages, prefix


def _blocks(message: ChatMessage, model: str, prefix: str) -> list[Block]:
    if message.role == "tool":
        return [_output(message) if takes_tools(model) else _output_as_text(message)]
    native = message.native
    if isinstance(native, NativeTurn) and native.fits(message, model, prefix):
        return list(native.content)
    text = [{"text": message.content}] if message.content.strip() else []
    uses = [tool_use(call) for call in message.tool_calls] if takes_tools(model) else []
    return [*text, *uses]


def tool_use(call: ToolCall) -> Block:
    """A tool call as a block of its turn."""
    return {
        "toolUse": {"toolUseId": call.id, "name": call.name, "input": dict(call.arguments)},
    }


def _output(message: ChatMessage) -> Block:
    """An output; Bedrock takes no blank text."""
    content: Block = {"text": message.content} if message.content.strip() else {"json": {}}
    return {"toolResult": {"toolUseId": message.tool_call_id, "content": [content]}}


def _output_as_text(message: ChatMessage) -> Block:
    """For a model that knows no tools, after another one that did."""
    return {"text": f"(looked up: {message.content})"}


def _tools(request: ChatRequest, model: str) -> list[Block]:
    """The tools on offer, and those of the history where none is.

    Bedrock refuses a history with tool calls unless some tool is defined.
    """
    if not takes_tools(model):
        return []
    if request.tools:
        return [_tool(tool) for tool in request.tools]
    used = {call.name: None for message in request.messages for call in message.tool_calls}
    return [_tool(ToolDefinition(name, WITHDRAWN)) for name in used]


def _tool(tool: ToolDefinition) -> Block:
    schema: Mapping[str, object] = tool.parameters or {"type": "object", "properties": {}}
    spec: Block = {"name": tool.name, "inputSchema": {"json": dict(schema)}}
    if tool.description.strip():  # botocore refuses an empty one
        spec["description"] = tool.description
    return {"toolSpec": spec}


def _marked(blocks: Iterable[Block]) -> list[Block]:
    return [*blocks, {"cachePoint": {"type": "default"}}]


def _mark_last(messages: list[Block], *, behind_results: bool) -> None:
    """Mark the last message, which is made anew for each request, so that marks never add up."""
    content = messages[-1]["content"]
    if behind_results or not any("toolResult" in block for block in content):
        messages[-1]["content"] = _marked(content)


def _sign(what: Sequence[Any]) -> str:
    text = json.dumps(what, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
