"""What a test can expect of a call, read from its log: each kind of fact with its names."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from app.twin.log import Entry

FactKind = Literal[
    "tool", "output", "spoken", "event", "update", "command", "verb", "error", "end", "said"
]
"""What is looked for.

- `tool`, `output`: a tool call with its arguments, and what was given back.
- `spoken`: what the caller heard: `text`, `by`, `interrupted`.
- `said`: what the caller said: `text` or `digits`.
- `event`: an event of the agent, by its type.
- `update`, `command`, `verb`: what the application sent, by its name.
- `error`: a `jambonz:error`.
- `end`: the end of the call: `reason`, `by`, `duration`.
"""

KINDS: tuple[FactKind, ...] = get_args(FactKind)


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened.

    Attributes:
        index: Where its entry stands in the log.
        time: Seconds after the call began.
        name: Which tool, event, verb, …; empty where the kind has no names.
        data: Its arguments or fields.
    """

    index: int
    time: float
    name: str
    data: Any


def facts(entries: Sequence[Entry], kind: FactKind, leg: str = "") -> list[Fact]:
    """The facts of a kind in a log, in order.

    Args:
        entries: The log.
        kind: What is looked for.
        leg: Who heard or said it, where that is not the caller.
    """
    read = _READERS[kind]
    return [
        Fact(index, entry.time, name, data)
        for index, entry in enumerate(entries)
        for name, data in read(entry)
        if kind not in ("spoken", "said") or entry.data.get("leg", "") == leg
    ]


_Read = Iterator[tuple[str, Any]]


def _tools(entry: Entry) -> _Read:
    if entry.kind == "tool_call":
        yield str(entry.data["name"]), entry.data["arguments"]


def _outputs(entry: Entry) -> _Read:
    if entry.kind == "tool_output":
        yield str(entry.data["name"]), entry.data["output"]


def _of_kind(kind: str, name: str = "") -> Callable[[Entry], _Read]:
    def read(entry: Entry) -> _Read:
        if entry.kind == kind:
            yield str(entry.data.get(name, "")) if name else "", entry.data

    return read


def _commands(entry: Entry) -> _Read:
    if entry.kind == "received" and entry.data.get("type") == "command":
        yield str(entry.data.get("command")), entry.data.get("data")


def _updates(entry: Entry) -> _Read:
    for command, data in _commands(entry):
        if command == "agent:update" and isinstance(data, Mapping):
            yield str(data.get("type")), data


def _verbs(entry: Entry) -> _Read:
    """Verbs come in the acks and by `redirect`."""
    if entry.kind != "received" or entry.data.get("command", "redirect") != "redirect":
        return
    data = entry.data.get("data")
    for verb in data if isinstance(data, list) else ():
        if isinstance(verb, Mapping):
            yield str(verb.get("verb")), verb


_READERS: dict[FactKind, Callable[[Entry], _Read]] = {
    "tool": _tools,
    "output": _outputs,
    "spoken": _of_kind("heard"),
    "said": _of_kind("said"),
    "event": _of_kind("event", "type"),
    "update": _updates,
    "command": _commands,
    "verb": _verbs,
    "error": _of_kind("error", "msg"),
    "end": _of_kind("end"),
}
