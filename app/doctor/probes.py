"""The messages that try what an application named: hooks, tools, events."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from app.doctor.hooks import HookAt
from app.doctor.payloads import WITHOUT_CALL_INFO, results
from app.doctor.samples import sample
from app.doctor.transcript import Wants
from app.doctor.verb_list import tools_in
from app.twin.dialect import DIALECTS, DialectName

UNKNOWN_TOOL = "tool_that_was_not_offered"
"""A tool that no application has; it wants an answer all the same."""

_ids = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Probe:
    """One message to send.

    Attributes:
        data: The payload, without the call info.
        has_call_info: Whether the call info comes before it.
        is_strange: Whether it is one that no application can know.
    """

    type: str
    hook: str
    data: Mapping[str, Any] = field(default_factory=dict)
    wants: Wants = "ack"
    about: str = ""
    option: str = ""
    tool_call_id: str = ""
    has_call_info: bool = True
    is_strange: bool = False

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes two probes the same."""
        what = self.about if self.tool_call_id else repr(self.data)  # ids are new each time
        return (self.type, self.hook, self.option, what)


def of_hook(hook: HookAt, dialect: DialectName) -> list[Probe]:
    """Every message that tries a hook."""
    if hook.verb in ("agent", "llm") and hook.part == hook.verb:
        if hook.option == "toolHook":
            return list(_tool_calls(hook, dialect))
        if hook.option == "eventHook":
            return list(_events(hook, dialect))
    if hook.verb == "redirect" and hook.option == "statusHook":
        return []  # statuses go to another socket from then on
    return [_asking(hook, payload) for payload in results(hook)]


def _asking(hook: HookAt, payload: Mapping[str, Any]) -> Probe:
    type_ = "verb:hook"
    if hook.option == "confirmHook":
        type_ = "dial:confirm"
    elif hook.verb == "redirect":
        type_ = "session:redirect"
    label = {"verb_id": hook.verb_id} if hook.verb_id else {}
    return Probe(
        type_,
        hook.name,
        {**label, **payload},
        about=f"{type_} {hook.name} ({hook.key})",
        option=hook.key,
        has_call_info=hook.key not in WITHOUT_CALL_INFO,
    )


def _tool_calls(hook: HookAt, dialect: DialectName) -> Iterator[Probe]:
    """One call of each tool that is offered, and of one that is not."""
    offered = list(tools_in(hook.properties.get("llm", hook.properties.get("llmOptions"))))
    for tool in [*offered, {"name": UNKNOWN_TOOL}]:
        id_ = f"call_doctor{next(_ids)}"
        arguments = sample(tool.get("parameters", {"type": "object"}))
        probe = _tool_call(hook, dialect, id_, str(tool["name"]), arguments)
        yield replace(probe, is_strange=tool["name"] == UNKNOWN_TOOL)


def _tool_call(hook: HookAt, dialect: DialectName, id_: str, name: str, arguments: Any) -> Probe:
    names = DIALECTS["llm" if hook.verb == "llm" and dialect != "hook" else dialect]
    data: dict[str, Any] = {"tool_call_id": id_, "name": name, names.arguments: arguments}
    if hook.verb == "llm" and hook.vendor == "google":
        call = {"id": id_, "name": name, "args": arguments}
        data = {"type": "toolCall", "tool_call_id": id_, "function_calls": [call]}
    about = f"{names.tool_call} of tool {name!r} on {hook.name}"
    option = f"{hook.key}:{hook.vendor}" if hook.verb == "llm" else hook.key
    return Probe(names.tool_call, hook.name, data, "output", about, option, id_, False)


def _events(hook: HookAt, dialect: DialectName) -> Iterator[Probe]:
    """The events of one turn, and an interruption."""
    names = DIALECTS["llm" if hook.verb == "llm" and dialect != "hook" else dialect]
    turn = {
        "type": "turn_end",
        "transcript": "hello",
        "response": "Hello.",
        "interrupted": False,
        "latency": {"stt_ms": 310, "llm_ms": 640, "tts_ms": 190},
        "confidence": 0.99,
        "tool_calls": [],
    }
    agent = [
        {"type": "user_transcript", "transcript": "hello"},
        names.event_data({"type": "llm_response", "response": "Hello."}),
        {"type": "user_interruption"},
        names.turn_end(turn),
    ]
    s2s = [{"type": "conversation.item.input_audio_transcription.completed", "transcript": "hello"}]
    wants: Wants = "ack" if names.is_acked else "nothing"
    for event in agent if hook.verb == "agent" else s2s:
        about = f"event {event['type']} on {hook.name}"
        yield Probe(names.event, hook.name, event, wants, about, hook.key, has_call_info=False)
