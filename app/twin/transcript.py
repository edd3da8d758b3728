"""A call as a conversation that a person can read: who said or did what, and when."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.twin.log import Entry

LONGEST = 300
"""Characters of a line's text before it is cut."""

_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Said:
    """One line of the conversation.

    Attributes:
        index: Where its entry stands in the call's log.
        time: Seconds after the call began.
        who: `caller`, `keys`, `agent`, `tool`, `output`, `update`, `socket`, `end`, …
        text: What was said or done, on one line.
    """

    index: int
    time: float
    who: str
    text: str

    def __str__(self) -> str:
        return f"{self.time:8.3f}  {self.who:<8} {self.text}"


def conversation(entries: Iterable[Entry]) -> list[Said]:
    """The lines of a call's log that tell its story; frames and bookkeeping are left out."""
    lines = []
    for index, entry in enumerate(entries):
        tell = _TELLERS.get(entry.kind)
        told = tell(entry.data) if tell else None
        if told:
            who, text = told
            lines.append(Said(index, entry.time, who, shorten(text)))
    return lines


def shorten(text: str, limit: int = LONGEST) -> str:
    """Text on one line, without what a terminal would obey, cut where it is too long."""
    line = _UNSAFE.sub("\ufffd", " ".join(text.split()))
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def as_json(value: object) -> str:
    """A value as the conversation shows it."""
    return json.dumps(value, ensure_ascii=False, default=str)


def as_call(name: object, arguments: object) -> str:
    """A tool call as Python would write it."""
    if not isinstance(arguments, Mapping):
        return f"{name}({as_json(arguments)})"
    return f"{name}({', '.join(f'{key}={as_json(value)}' for key, value in arguments.items())})"


_Told = tuple[str, str] | None


def _said(data: Mapping[str, Any]) -> _Told:
    if "digits" in data:
        return "keys", str(data["digits"])
    return "callee" if "leg" in data else "caller", str(data.get("text", ""))


def _heard(data: Mapping[str, Any]) -> _Told:
    cut = " — (cut)" if data.get("interrupted") else ""
    who = "→callee" if "leg" in data else str(data.get("by", ""))
    return who, f"{data.get('text', '')}{cut}"


def _output(data: Mapping[str, Any]) -> _Told:
    return "output", f"{as_json(data.get('output'))} ({data.get('ms', 0)} ms)"


_SHOWN_ELSEWHERE = ("user_transcript", "llm_response", "agent_response")


def _event(data: Mapping[str, Any]) -> _Told:
    kind = data.get("type")
    if kind in _SHOWN_ELSEWHERE:  # the words stand on lines of their own
        return None
    if kind == "turn_end":
        return "turn_end", f"interrupted={data.get('interrupted')} latency={_timings(data)}"
    return "event", f"{kind} {as_json({k: v for k, v in data.items() if k != 'type'})}"


def _timings(data: Mapping[str, Any]) -> str:
    latency = data.get("latency")
    measured = latency.items() if isinstance(latency, Mapping) else ()
    return as_json({key: value for key, value in measured if value})


def _update(data: Mapping[str, Any]) -> _Told:
    return "update", as_call(data.get("type"), {k: v for k, v in data.items() if k != "type"})


def _verb(data: Mapping[str, Any]) -> _Told:
    return ("verb", str(data.get("verb"))) if data.get("event") == "starting" else None


def _error(data: Mapping[str, Any]) -> _Told:
    return "error", ": ".join(str(data[key]) for key in ("msg", "details") if data.get(key))


def _reconnect(data: Mapping[str, Any]) -> _Told:
    why = f"code {data['code']}" if "code" in data else str(data.get("why", ""))
    return "socket", f"{data.get('event')} {why}".strip()


_TELLERS: dict[str, Callable[[Mapping[str, Any]], _Told]] = {
    "said": _said,
    "heard": _heard,
    "tool_call": lambda data: ("tool", as_call(data.get("name"), data.get("arguments"))),
    "tool_output": _output,
    "event": _event,
    "update": _update,
    "verb": _verb,
    "error": _error,
    "reconnect": _reconnect,
    "note": lambda data: ("note", str(data.get("text", ""))),
    "end": lambda data: ("end", str(data.get("reason", ""))),
}
