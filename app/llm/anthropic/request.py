"""A `ChatRequest` as the arguments of `messages.create`."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.llm.claude import read_model, thinking
from app.llm.history import framed
from app.llm.port import ChatMessage, ChatRequest, ToolDefinition

DEFAULT_MAX_TOKENS = 4096
"""The API wants a limit."""

FORMER_VERSION = "2023-06-01"
"""The API's version that still knows `temperature`; the SDK sends a later one."""

WITHDRAWN = "No longer available; never call it."
"""The description of a tool that only the history still knows."""

CACHED = {"cache_control": {"type": "ephemeral"}}

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class NativeTurn:
    """An assistant's turn with thoughts, which are signed.

    A signature holds for the model that made it. From Claude 5 on it also holds for exactly what
    preceded it: the system prompt, the tools and all messages. Where any of these changed, as on a
    phone call they may at any moment, the turn is replayed without its thoughts, else it would be
    refused.
    """

    model: str
    blocks: tuple[Block, ...]
    prefix: str

    def holds(self, model: str, prefix: str) -> bool:
        """Whether its signatures are good for a model behind what a prefix stands for."""
        is_bound = read_model(model).binds_thoughts
        return self.model == model and (self.prefix == prefix or not is_bound)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the SDK is called with.

    Attributes:
        arguments: Of `messages.create`.
        prefix: What the reply's thoughts will be bound to.
        ignored: What was asked for and cannot be had.
    """

    arguments: dict[str, Any]
    prefix: str
    ignored: tuple[str, ...] = ()


def ask(request: ChatRequest, model: str) -> Asked:
    """What to call the SDK with."""
    tools = _tools(request)
    thoughts = thinking(read_model(model), request.reasoning_effort)
    signed = _sign([request.system, tools, thoughts.arguments])
    messages, prefix = _messages(framed(request.messages), model, signed)
    found: dict[str, Any] = {
        "model": model,
        "max_tokens": (request.max_tokens or DEFAULT_MAX_TOKENS) + thoughts.room,
        "messages": _marked_last(messages),
        **thoughts.arguments,
    }
    if request.system.strip():
        found["system"] = [{"type": "text", "text": request.system, **CACHED}]
    if tools:
        found["tools"] = [*tools[:-1], {**tools[-1], **CACHED}]
    if tools and not request.tools:
        found["tool_choice"] = {"type": "none"}
    return Asked(found, prefix, _add_temperature(found, request, model))


def _add_temperature(found: dict[str, Any], request: ChatRequest, model: str) -> tuple[str, ...]:
    """Send it where the model still takes one, which it does by the API's former version only."""
    if request.temperature is None:
        return ()
    thinks = found.get("thinking", {}).get("type") in ("enabled", "adaptive")
    if thinks or not read_model(model).takes_temperature:
        return ("temperature",)
    found["extra_headers"] = {"anthropic-version": FORMER_VERSION}
    found["extra_body"] = {"temperature": min(request.temperature, 1.0)}
    return ()


def _messages(history: Sequence[ChatMessage], model: str, signed: str) -> tuple[list[Block], str]:
    """Turns that alternate, and what stands for all of them and for what `signed` stands for."""
    messages: list[Block] = []
    prefix = signed
    for message in history:
        role = "assistant" if message.role == "assistant" else "user"
        blocks = _blocks(message, model, prefix)
        if messages and messages[-1]["role"] == role:
            messages[-1]["content"].extend(blocks)
        else:
            messages.append({"role": role, "content": [*blocks]})
        prefix = _sign([prefix, role, blocks])
    return messages, prefix


def _blocks(message: ChatMessage, model: str, prefix: str) -> list[Block]:
    text = [_text(message.content)] if message.content.strip() else []
    if message.role == "tool":
        return [{"type": "tool_result", "tool_use_id": message.tool_call_id, "content": text}]
    if isinstance(message.native, NativeTurn) and message.native.holds(model, prefix):
        return list(message.native.blocks)
    uses = [tool_use(call.id, call.name, dict(call.arguments)) for call in message.tool_calls]
    return [*text, *uses]


def tool_use(id_: str, name: str, arguments: dict[str, Any]) -> Block:
    """A tool call as a block of its turn."""
    return {"type": "tool_use", "id": id_, "name": name, "input": arguments}


def _text(text: str) -> Block:
    return {"type": "text", "text": text}


def _tools(request: ChatRequest) -> list[Block]:
    """The tools on offer, or those of the history: with calls in it the API wants some."""
    used = {call.name: None for message in request.messages for call in message.tool_calls}
    offered = request.tools or [ToolDefinition(name, WITHDRAWN) for name in used]
    return [_tool(tool) for tool in offered]


def _tool(tool: ToolDefinition) -> Block:
    schema = {"type": "object", "properties": {}, **tool.parameters}
    described = {"description": tool.description} if tool.description.strip() else {}
    return {"name": tool.name, **described, "input_schema": schema}


def _marked_last(messages: list[Block]) -> list[Block]:
    """Mark the end of the history for the cache, on a copy: stored marks would add up."""
    last = messages[-1]
    *others, block = last["content"]
    return [*messages[:-1], {**last, "content": [*others, {**block, **CACHED}]}]


def _sign(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, default=str).encode()).hexdigest()
