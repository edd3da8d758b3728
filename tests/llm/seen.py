"""What a vendor was asked, read from its own wire into one form for all."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tests.llm.servers.base import Asked


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of the history.

    Attributes:
        speaker: Who had it; the outputs of tools are the user's.
        text: What was said.
        calls: The names and arguments of the tools that were called.
        outputs: What they gave, as text.
        raw: The turn as it was on the wire.
    """

    speaker: Literal["user", "agent"]
    text: str = ""
    calls: tuple[tuple[str, Any], ...] = ()
    outputs: tuple[str, ...] = ()
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """A whole request."""

    system: str
    turns: tuple[Turn, ...]
    tools: tuple[str, ...]
    max_tokens: int | None


def see(vendor: str, asked: Asked) -> Seen:
    """Read a request."""
    return _READERS.get(vendor, _openai)(asked.body)


def find_fault(vendor: str, seen: Seen) -> str:
    """Why the real vendor would refuse such a history, or nothing."""
    turns = seen.turns
    for before, turn in zip((None, *turns), turns, strict=False):
        owed = len(before.calls) if before else 0
        if len(turn.outputs) != owed:
            return f"{owed} calls are followed by {len(turn.outputs)} outputs"
        if not (turn.text.strip() or turn.calls or turn.outputs):
            return "a turn is empty"
        if vendor in _READERS and before and turn.speaker == before.speaker:
            return f"two turns of the {turn.speaker} follow each other"
    if turns[-1].calls:
        return "the last calls have no outputs"
    if vendor in _READERS and (turns[0].speaker, turns[-1].speaker) != ("user", "user"):
        return "the user neither begins nor ends"
    return ""


def _openai(body: Mapping[str, Any]) -> Seen:
    turns: list[Turn] = []
    system: list[str] = []
    for message in body["messages"]:
        text = message.get("content") or ""
        if message["role"] == "system":
            system.append(text)
        elif message["role"] == "assistant":
            functions = [call["function"] for call in message.get("tool_calls", [])]
            calls = tuple((one["name"], json.loads(one["arguments"])) for one in functions)
            turns.append(Turn("agent", text, calls, raw=json.dumps(message)))
        elif message["role"] == "user":
            turns.append(Turn("user", text))
        elif turns and turns[-1].outputs:  # one message for each output, one turn of them all
            turns[-1] = Turn("user", outputs=(*turns[-1].outputs, text))
        else:
            turns.append(Turn("user", outputs=(text,)))
    tools = tuple(tool["function"]["name"] for tool in body.get("tools", []))
    limit = body.get("max_tokens") or body.get("max_completion_tokens")
    return Seen("\n".join(system), tuple(turns), tools, limit)


def _anthropic(body: Mapping[str, Any]) -> Seen:
    turns = []
    for message in body["messages"]:
        blocks = _blocks(message["content"])
        texts = [block["text"] for block in blocks if block["type"] == "text"]
        uses = [block for block in blocks if block["type"] == "tool_use"]
        results = [block for block in blocks if block["type"] == "tool_result"]
        turn = Turn(
            "agent" if message["role"] == "assistant" else "user",
            "".join(texts),
            tuple((use["name"], use["input"]) for use in uses),
            tuple(_joined(_blocks(result["content"])) for result in results),
            json.dumps(blocks),
        )
        turns.append(turn)
    tools = tuple(tool["name"] for tool in body.get("tools", []))
    return Seen(_joined(_blocks(body.get("system", ""))), tuple(turns), tools, body["max_tokens"])


def _gemini(body: Mapping[str, Any]) -> Seen:
    turns = []
    for content in body["contents"]:
        parts = content["parts"]
        calls = [part["functionCall"] for part in parts if "functionCall" in part]
        results = [part["functionResponse"] for part in parts if "functionResponse" in part]
        turn = Turn(
            "agent" if content["role"] == "model" else "user",
            "".join(part.get("text", "") for part in parts if not part.get("thought")),
            tuple((call["name"], call.get("args", {})) for call in calls),
            tuple(json.dumps(result["response"]) for result in results),
            json.dumps(content),
        )
        turns.append(turn)
    declared = [one for tool in body.get("tools", []) for one in tool["functionDeclarations"]]
    system = body.get("systemInstruction", {}).get("parts", [])
    limit = body.get("generationConfig", {}).get("maxOutputTokens")
    return Seen(_joined(system), tuple(turns), tuple(one["name"] for one in declared), limit)


def _bedrock(body: Mapping[str, Any]) -> Seen:
    turns = []
    for message in body["messages"]:
        blocks = message["content"]
        uses = [block["toolUse"] for block in blocks if "toolUse" in block]
        results = [block["toolResult"] for block in blocks if "toolResult" in block]
        turn = Turn(
            "agent" if message["role"] == "assistant" else "user",
            _joined(blocks),
            tuple((use["name"], use["input"]) for use in uses),
            tuple(_joined(result["content"]) for result in results),
            json.dumps(blocks),
        )
        turns.append(turn)
    specs = [tool["toolSpec"] for tool in body.get("toolConfig", {}).get("tools", [])]
    limit = body.get("inferenceConfig", {}).get("maxTokens")
    system = _joined(body.get("system", []))
    return Seen(system, tuple(turns), tuple(spec["name"] for spec in specs), limit)


def _blocks(content: Any) -> list[Any]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


def _joined(blocks: Iterable[Mapping[str, Any]]) -> str:
    return "\n".join(block["text"] for block in blocks if "text" in block)


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Seen]] = {
    "anthropic": _anthropic,
    "bedrock": _bedrock,
    "google": _gemini,
    "vertex-gemini": _gemini,
}
