"""The four ways in which agents' events and tool calls look on the wire."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

DialectName = Literal["agent", "docs", "llm", "hook"]

SCHEMA_LATENCY = {
    "stt_ms": "transcriber_latency",
    "eot_ms": "turn_detection_latency",
    "llm_ms": "model_latency",
    "tts_ms": "voice_latency",
}
"""The schema's names for the documentation's latency keys; `tool_ms` has none."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """Names of messages, events and keys.

    Attributes:
        event: Type of the message that carries an event.
        tool_call: Type of the message that carries a tool call.
        reply: The event that tells the reply's text.
        arguments: The key of a tool call's arguments.
        is_documented: True for the documentation's keys (`stt_ms`, `tool_calls`, `confidence`),
            False for the schema's.
        is_acked: Whether both messages await an ack.
    """

    event: str
    tool_call: str
    reply: str
    arguments: str
    is_documented: bool
    is_acked: bool = False

    def event_data(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """An event under this dialect's name."""
        if data.get("type") in ("llm_response", "agent_response"):
            return {**data, "type": self.reply}
        return dict(data)

    def turn_end(self, turn: Mapping[str, Any]) -> dict[str, Any]:
        """A turn's summary, given in the documentation's form."""
        if self.is_documented:
            return dict(turn)
        data = {key: turn[key] for key in turn if key not in ("confidence", "tool_calls")}
        latency = turn["latency"].items()
        data["latency"] = {SCHEMA_LATENCY.get(k, k): v for k, v in latency if k != "tool_ms"}
        return data


DIALECTS: dict[DialectName, Dialect] = {
    "agent": Dialect("agent:event", "agent:tool-call", "llm_response", "arguments", False),
    "docs": Dialect("agent:event", "agent:tool-call", "agent_response", "arguments", True),
    "llm": Dialect("llm:event", "llm:tool-call", "llm_response", "args", False),
    "hook": Dialect("verb:hook", "verb:hook", "agent_response", "arguments", True, is_acked=True),
}


def by_hand(event: Mapping[str, Any]) -> dict[str, Any]:
    """Complete an event that a test sends, where jambonz always sends more than its type."""
    if event["type"] == "turn_end":
        return {"transcript": "", "response": "", "interrupted": False, "latency": {}, **event}
    return dict(event)
