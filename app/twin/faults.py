"""Tell from the log of a call whether it went well."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.twin.log import Entry

ACKED = (
    "session:new",
    "session:reconnect",
    "session:redirect",
    "session:adulting",
    "verb:hook",
    "dial:confirm",
)
"""The messages that jambonz wants an ack for."""

RESTARTS = (1000, 1001, 1012)
"""Close codes of an application that ends, or makes room for another one, in good order."""

MODEL_FAILED = "the model failed: "
"""What the note of a model that failed begins with: the agent has ended without a word."""

_BAD_ENDS = ("a hook failed", "no ack", "the twin failed")


@dataclass(slots=True)
class _Case:
    """What is known so far."""

    limit: float
    drops: int
    faults: list[str] = field(default_factory=list)
    unacked: dict[str, tuple[float, str]] = field(default_factory=dict)
    unanswered: dict[str, tuple[float, str]] = field(default_factory=dict)

    def add(self, fault: str) -> None:
        if fault not in self.faults:
            self.faults.append(fault)


def find_faults(entries: Iterable[Entry], *, ack_timeout: float, drops: int = 0) -> list[str]:
    """What the application did wrong, in the order in which it showed.

    Args:
        entries: The whole log of the call.
        ack_timeout: Seconds that an ack, or the output of a tool, may take.
        drops: How many times the phone itself lost the socket.
    """
    case = _Case(ack_timeout, drops)
    now = 0.0
    for entry in entries:
        now = entry.time
        look = _LOOKS.get(entry.kind)
        if look:
            look(case, entry.time, entry.data)
    for began, name in case.unacked.values():
        known = any(fault.startswith(f"no ack to {name}") for fault in case.faults)
        if now - began >= ack_timeout * 0.95 and not known:
            case.add(f"no ack to {name} within {ack_timeout:g} s")
    for began, name in case.unanswered.values():
        if now - began >= ack_timeout:
            case.add(f"the tool call {name} was not answered")
    return case.faults


def describe(error: Mapping[str, Any]) -> str:
    """The data of a `jambonz:error` in one line."""
    details = f": {error['details']}" if error.get("details") else ""
    return f"jambonz:error {error.get('msg')}{details}"


def _sent(case: _Case, time: float, data: dict[str, Any]) -> None:
    if data.get("type") in ACKED:
        name = f"{data['type']} {data.get('hook', '')}".strip()
        case.unacked[str(data["msgid"])] = (time, name)


def _received(case: _Case, time: float, data: dict[str, Any]) -> None:
    if data.get("command") == "llm:tool-output":
        case.unanswered.pop(str(data.get("tool_call_id")), None)
    if data.get("type") != "ack":
        return
    began, name = case.unacked.pop(str(data.get("msgid")), (time, ""))
    if time - began > case.limit:
        case.add(f"the ack of {name} came after {time - began:.1f} s, too late")


def _reconnect(case: _Case, _: float, data: dict[str, Any]) -> None:
    if data.get("event") != "lost":
        return
    case.unacked = {id_: asked for id_, asked in case.unacked.items() if "session:" in asked[1]}
    if case.drops:
        case.drops -= 1
    elif data.get("code") not in RESTARTS:
        case.add(f"the socket was closed with code {data.get('code')}")


def _error(case: _Case, _: float, data: dict[str, Any]) -> None:
    case.add(describe(data))


def _tool_call(case: _Case, time: float, data: dict[str, Any]) -> None:
    case.unanswered[str(data["tool_call_id"])] = (time, str(data["name"]))


def _tool_output(case: _Case, _: float, data: dict[str, Any]) -> None:
    case.unanswered.pop(str(data["tool_call_id"]), None)


def _note(case: _Case, _: float, data: dict[str, Any]) -> None:
    text = str(data.get("text"))
    if text.startswith(MODEL_FAILED):
        case.add(text)


def _end(case: _Case, _: float, data: dict[str, Any]) -> None:
    reason = str(data.get("reason"))
    if reason.startswith(_BAD_ENDS):
        case.add(reason)


_LOOKS = {
    "sent": _sent,
    "received": _received,
    "reconnect": _reconnect,
    "error": _error,
    "tool_call": _tool_call,
    "tool_output": _tool_output,
    "note": _note,
    "end": _end,
}
