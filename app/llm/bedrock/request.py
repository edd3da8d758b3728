"""A `ChatRequest` as the arguments of Bedrock's ConverseStream."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from app.llm.bedrock.families import (
    cache_places,
    effort_fields,
    takes_temperature,
    takes_tools,
)
from app.llm.port import (
    CALL_CONNECTED,
    CALLER_SILENT,
    ChatMessage,
    ChatRequest,
    ToolCall,
    ToolDefinition,
)

VENDOR = "bedrock"

Block = dict[str, object]
Speaker = Literal["user", "assistant"]

WITHDRAWN = "No longer available; never call it."
"""The description of a tool that only the history still knows."""


@dataclass(frozen=True, slots=True)
class NativeTurn:
    """An assistant's turn as it was streamed, to be replayed to the model that made it."""

    model: str
    content: tuple[Block, ...]


def to_converse(request: ChatRequest, model: str) -> dict[str, object]:
    """The arguments of `converse_stream`, without what nobody asked for."""
    messages = _messages(request.messages, model)
    tools = _tools(request, model)
    places = cache_places(model)
    arguments: dict[str, object] = {"modelId": model, "messages": messages}
    if request.system.strip():
        system: list[Block] = [{"text": request.system}]
        arguments["system"] = _marked(system) if "system" in places else system
    if tools:
        arguments["toolConfig"] = {"tools": _marked(tools) if "tools" in places else tools}
    if "messages" in places:
        _mark_last(messages, behind_results="tools" in places)
    if inference := _inference(request, model):
        arguments["inferenceConfig"] = inference
    if fields := effort_fields(model, request.reasoning_effort, request.max_tokens):
        arguments["additionalModelRequestFields"] = fields
    return arguments


def _inference(request: ChatRequest, model: str) -> Block:
    found: Block = {}
    if request.max_tokens is not None:
        found["maxTokens"] = request.max_tokens
    thinks = "thinking" in effort_fields(model, request.reasoning_effort, request.max_tokens)
    if request.temperature is not None and takes_temperature(model) and not thinks:
        found["temperature"] = request.temperature
    return found


def _messages(history: Sequence[ChatMessage], model: str) -> list[Block]:
    """Turns that alternate, begin and end with the user, and hold something each."""
    turns = [(speaker, blocks) for speaker, blocks in _turns(history, model) if blocks]
    if not turns or turns[0][0] == "assistant":
        turns.insert(0, ("user", [{"text": CALL_CONNECTED}]))
    if turns[-1][0] == "assistant":
        turns.append(("user", [{"text": CALLER_SILENT}]))
    return [
        {"role": speaker, "content": [block for _, blocks in same for block in blocks]}
        for speaker, same in groupby(turns, key=lambda turn: turn[0])
    ]


def _turns(history: Sequence[ChatMessage], model: str) -> Iterator[tuple[Speaker, list[Block]]]:
    """Each message's blocks; the outputs of tools are the user's, behind the turn that called."""
    as_block = _output if takes_tools(model) else _output_as_text
    for message in history:
        if message.role == "assistant":
            yield "assistant", _assistant(message, model)
        elif message.role == "user":
            yield "user", _text(message.content)
        else:
            yield "user", [as_block(message)]


def _assistant(message: ChatMessage, model: str) -> list[Block]:
    native = message.native
    if isinstance(native, NativeTurn) and native.model == model:
        return list(native.content)
    uses = [tool_use(call) for call in message.tool_calls] if takes_tools(model) else []
    return [*_text(message.content), *uses]


def _text(text: str) -> list[Block]:
    """A block of text; none where it is blank, which Bedrock refuses."""
    return [{"text": text}] if text.strip() else []


def tool_use(call: ToolCall) -> Block:
    """A tool call as a block of its turn."""
    return {
        "toolUse": {"toolUseId": call.id, "name": call.name, "input": dict(call.arguments)},
    }


def _output(message: ChatMessage) -> Block:
    content = _text(message.content) or [{"json": {}}]
    return {"toolResult": {"toolUseId": message.tool_call_id, "content": content}}


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
    if isinstance(content, list) and (
        behind_results or not any("toolResult" in block for block in content)
    ):
        messages[-1]["content"] = _marked(content)
