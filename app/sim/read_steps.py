"""Read the steps of a script from YAML."""

import re
from collections.abc import Callable, Mapping
from typing import Any, get_args

from app.sim.nodes import Fields, Node
from app.sim.read_expect import read_check, read_rules
from app.sim.scenario import Action, Moment, Step

ACTIONS: tuple[Action, ...] = get_args(Action)

EVENTS = (
    *("speaking", "tool_call", "tool_output", "update"),
    *("user_transcript", "llm_response", "agent_response", "user_interruption", "turn_end"),
    "history_summarized",
)
"""What a step can be hung on."""

_ALONE: tuple[Action, ...] = ("silence", "interrupt", "hangup", "drop")
_AT_ONCE: tuple[Action, ...] = ("say", "dtmf", "interrupt", "hangup", "drop")
_MODIFIERS = ("expect", "send_after", "confidence")
_MOMENT = ("event", "name", "delay_ms")


def read_steps(node: Node) -> tuple[Step, ...]:
    """The steps of a script."""
    if not node.is_list:
        raise node.wrong("a list of steps")
    return node.all(_step)


def _step(node: Node) -> Step:
    if not node.is_mapping:
        word = node.choice(ACTIONS, "a step")
        if word not in _ALONE:
            raise node.wrong("what to do", hint=f"write {word}: …")
        return Step(_action(word), node.place)
    fields = node.fields((*ACTIONS, *_MODIFIERS), "a step")
    named = [name for name, _ in node.pairs() if name in ACTIONS]
    if len(named) != 1:
        raise node.wrong(f"one action of {', '.join(ACTIONS)}", " and ".join(named))
    own = _READERS[named[0]](fields[named[0]])
    if "send_after" in fields:
        if named[0] not in _AT_ONCE:
            hint = "it at say, dtmf, interrupt, hangup or drop"
            raise fields["send_after"].wrong(hint, named[0])
        own["moment"] = fields.read("send_after", _moment, None)
    return Step(
        _action(named[0]),
        node.place,
        expect=fields.read("expect", read_rules, ()),
        confidence=fields.read("confidence", _confidence, 0.97),
        **own,
    )


def _action(word: str) -> Action:
    return next(action for action in ACTIONS if action == word)


def _confidence(node: Node) -> float:
    value = node.number("a confidence")
    if value > 1:
        raise node.wrong("a confidence from 0 to 1")
    return value


def _moment(node: Node) -> Moment:
    fields = node.fields(_MOMENT, "send_after")
    return Moment(
        fields.must("event", lambda event: event.choice(EVENTS, "an event"), "turn_end"),
        fields.read("name", Node.text, ""),
        fields.read("delay_ms", lambda delay: delay.number(above=-1), 0.0),
    )


def _say(node: Node) -> dict[str, Any]:
    return {"text": node.text()}


def _dtmf(node: Node) -> dict[str, Any]:
    keys = node.text()
    if not re.fullmatch(r"[0-9*#A-D]+", keys):
        raise node.wrong("keys, such as 12#")
    return {"text": keys}


def _silence(node: Node) -> dict[str, Any]:
    return {} if node.is_empty else {"seconds": node.number("seconds")}


def _interrupt(node: Node) -> dict[str, Any]:
    if not node.is_mapping:
        return {"text": "" if node.is_empty else node.text(), "words": 3}
    fields = node.fields(("say", "after_words", "at_ms", "during_tool"), "an interruption")
    when = [name for name in ("after_words", "at_ms", "during_tool") if name in fields]
    if len(when) > 1:
        raise node.wrong("one of after_words, at_ms and during_tool", " and ".join(when))
    read = {"text": fields.read("say", Node.text, "")}
    return read | _when(fields, when[0] if when else "")


def _when(fields: Fields, word: str) -> dict[str, Any]:
    if word == "at_ms":
        return {"moment": Moment("speaking", "", fields.read(word, Node.number, 0.0))}
    if word == "during_tool":
        name = fields.read(word, Node.text, "")
        return {"moment": Moment("tool_call", "" if name == "true" else name)}
    return {"words": fields.read("after_words", Node.count, 3)}


def _drop(node: Node) -> dict[str, Any]:
    return {} if node.is_empty else {"code": node.count("a close code", least=1001)}


_READERS: Mapping[str, Callable[[Node], dict[str, Any]]] = {
    "say": _say,
    "dtmf": _dtmf,
    "silence": _silence,
    "interrupt": _interrupt,
    "hangup": lambda _: {},
    "drop": _drop,
    "wait": lambda node: {"awaited": read_check(node)},
}
