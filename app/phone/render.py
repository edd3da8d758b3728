"""Turn an entry of a call's log into lines of text. Nothing here prints."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from app.phone import waterfall
from app.phone.explain import hint
from app.twin import Entry
from app.twin.faults import describe

Style = Literal["plain", "you", "agent", "tool", "good", "bad", "dim", "update", "slow", "bold"]

WIDTH = 8
"""Columns of the label in front of each line."""

_LONGEST = 400
_CODES: dict[Style, str] = {
    "plain": "",
    "you": "36",
    "agent": "1",
    "tool": "35",
    "good": "32",
    "bad": "31",
    "dim": "2",
    "update": "33",
    "slow": "31",
    "bold": "1",
}
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Line:
    """One line to show: a label, a text, and how it looks.

    `more` stands at its end on a terminal that is wide enough; it only repeats what `text` says.
    """

    label: str
    text: str
    style: Style = "plain"
    more: str = ""

    def __str__(self) -> str:
        return f"{self.label:<{WIDTH}}{self.text}"


def paint(line: Line) -> str:
    """The line with ANSI colours."""
    code = _CODES[line.style]
    return f"\x1b[{code}m{line}\x1b[0m" if code else str(line)


def render(entry: Entry, *, raw: bool = False) -> list[Line]:
    """The lines that show an entry to a person.

    Args:
        entry: What happened.
        raw: Whether frames are shown too.
    """
    if entry.kind in ("sent", "received"):
        return _frame(entry) if raw else []
    shown = _RENDERERS.get(entry.kind)
    return shown(entry.data) if shown else []


def to_json(entry: Entry) -> str:
    """An entry as one line of JSON."""
    data = {"time": entry.time, "kind": entry.kind, "data": entry.data}
    return json.dumps(data, ensure_ascii=False, default=str)


def safe(text: str) -> str:
    """Text on one line, without what a terminal would obey."""
    return _UNSAFE.sub("\ufffd", " ".join(text.split("\n")).replace("\t", " "))


def compact(value: object, limit: int = _LONGEST) -> str:
    """A value as short JSON."""
    return _cut(safe(json.dumps(value, ensure_ascii=False, default=str)), limit)


def _cut(text: str, limit: int = _LONGEST) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _frame(entry: Entry) -> list[Line]:
    arrow = "<<" if entry.kind == "received" else ">>"
    return [Line(arrow, compact(entry.data, 4_000), "dim")]


def _said(data: Mapping[str, Any]) -> list[Line]:
    if "leg" in data:
        return [Line("callee", safe(str(data.get("text") or data.get("digits", ""))), "you")]
    if "digits" in data:
        return [Line("keys", safe(str(data["digits"])), "you")]
    return [Line("you", safe(str(data.get("text", ""))), "you")]


def _heard(data: Mapping[str, Any]) -> list[Line]:
    cut = " —" if data.get("interrupted") else ""
    label = "→callee" if "leg" in data else safe(str(data.get("by", "")))
    return [Line(label, f"{safe(str(data.get('text', '')))}{cut}", "agent")]


def _tool_call(data: Mapping[str, Any]) -> list[Line]:
    arguments = data.get("arguments")
    pairs = arguments.items() if isinstance(arguments, Mapping) else [("", arguments)]
    listed = ", ".join(f"{safe(str(name))}={compact(value, 120)}" for name, value in pairs)
    return [Line("tool", f"→ {safe(str(data.get('name', '')))}({listed})", "tool")]


def _tool_output(data: Mapping[str, Any]) -> list[Line]:
    output = data.get("output")
    failed = isinstance(output, Mapping) and bool(output.get("error"))
    text = f"{'✗' if failed else '✓'} {data.get('ms', 0)} ms  {compact(output)}"
    return [Line("", text, "bad" if failed else "good")]


def _event(data: Mapping[str, Any]) -> list[Line]:
    kind = str(data.get("type", ""))
    if kind in ("user_transcript", "llm_response", "agent_response"):
        return []  # the caller's words and the reply are shown as they are said
    if kind == "user_interruption":
        return [Line("", "interrupted", "update")]
    if kind == "turn_end":
        return _turn_end(data)
    return [Line("event", compact(data), "dim")]


def _turn_end(data: Mapping[str, Any]) -> list[Line]:
    turn = waterfall.read(data)
    if not turn.text:
        return []  # words on a wire take no time; that is no news
    return [Line("", safe(turn.text), "slow" if turn.is_slow else "dim", more=turn.strip)]


def _update(data: Mapping[str, Any]) -> list[Line]:
    kind = str(data.get("type", ""))
    told = _UPDATES.get(kind, compact)(data)
    return [Line("update", f"──── {safe(kind)}: {_cut(safe(told))} ────", "update")]


def _reply_asked(data: Mapping[str, Any]) -> str:
    asked = [str(data[key]) for key in ("user_input", "instructions") if data.get(key)]
    return " / ".join([*asked, "at once"] if data.get("interrupt") else asked) or "go on"


def _context(data: Mapping[str, Any]) -> str:
    messages = data.get("messages")
    listed = messages if isinstance(messages, list) else []
    return " / ".join(
        f"{m.get('role')}: {m.get('content')}" for m in listed if isinstance(m, Mapping)
    )


def _tools(data: Mapping[str, Any]) -> str:
    tools = data.get("tools")
    names = []
    for tool in tools if isinstance(tools, list) else []:
        inner = tool.get("function", tool) if isinstance(tool, Mapping) else {}
        names.append(str(inner.get("name", "?")) if isinstance(inner, Mapping) else "?")
    return ", ".join(names) or "no tools"


_UPDATES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "update_instructions": lambda data: str(data.get("instructions", "")),
    "inject_context": _context,
    "update_tools": _tools,
    "generate_reply": _reply_asked,
}


def _verb(data: Mapping[str, Any]) -> list[Line]:
    if data.get("event") != "starting":
        return []
    label = f" {data['id']}" if data.get("id") else ""
    return [Line("verb", safe(f"{data.get('verb')}{label}"), "dim")]


def _status(data: Mapping[str, Any]) -> list[Line]:
    parts = (data.get("call_status"), data.get("sip_status"), data.get("sip_reason"))
    return [Line("status", safe(" ".join(str(part) for part in parts if part)), "dim")]


def _error(data: Mapping[str, Any]) -> list[Line]:
    return tell_problem(describe(data))


def _reconnect(data: Mapping[str, Any]) -> list[Line]:
    event = str(data.get("event", ""))
    if event == "lost":
        return [Line("socket", f"closed with code {data.get('code')}", "update")]
    why = f": {data['why']}" if data.get("why") else ""
    return [Line("socket", safe(f"{event}{why}"), "update")]


def _note(data: Mapping[str, Any]) -> list[Line]:
    return [Line("note", _cut(safe(str(data.get("text", "")))), "dim")]


def _end(data: Mapping[str, Any]) -> list[Line]:
    lasted = f" ({data['duration']} s)" if data.get("duration") else ""
    return [Line("end", safe(f"{data.get('reason')}{lasted}"), "bold")]


def tell_problem(problem: str) -> list[Line]:
    """A problem, and what to do about it where that is known."""
    lines = [Line("problem", _cut(safe(problem)), "bad")]
    advice = hint(problem)
    return [*lines, Line("", advice, "plain")] if advice else lines


_RENDERERS: dict[str, Callable[[Mapping[str, Any]], list[Line]]] = {
    "said": _said,
    "heard": _heard,
    "tool_call": _tool_call,
    "tool_output": _tool_output,
    "event": _event,
    "update": _update,
    "verb": _verb,
    "status": _status,
    "error": _error,
    "reconnect": _reconnect,
    "note": _note,
    "end": _end,
}
