"""The verbs in acks and redirects."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.doctor.finding import Finding
from app.doctor.rules.seen import Seen
from app.doctor.rules.wire import Flaw, flaws
from app.doctor.transcript import Came
from app.doctor.verb_list import read, tools_in


def verbs(seen: Seen) -> Iterator[Finding]:
    """Every verb is one that jambonz takes, with options that it has."""
    for came in seen.transcript.came:
        for where, items in lists_in(came):
            for index, item in enumerate(items):
                for flaw in flaws(item, knows_agent=seen.knows_agent):
                    yield told(flaw, f"{seen.name(came)}{where}[{index}]", came.at)


def tools(seen: Seen) -> Iterator[Finding]:
    """An agent's tools have somebody who answers them."""
    for came in seen.transcript.came:
        for where, items in lists_in(came):
            for index, (name, properties) in enumerate(map(named, items)):
                offered = list(tools_in(properties.get("llm"))) if name == "agent" else []
                if offered and "toolHook" not in properties:
                    yield Finding(
                        "tools-without-hook",
                        f"{seen.name(came)}{where}[{index}] agent",
                        f"tools {', '.join(tool['name'] for tool in offered)}, and no toolHook",
                        "a toolHook: without it nobody is asked when the model calls a tool",
                        at=came.at,
                    )


def named(item: Any) -> tuple[str, dict[str, Any]]:
    """Name and properties of what may be a verb."""
    return read(item) or ("", {})


def told(flaw: Flaw, where: str, at: float) -> Finding:
    """A flaw as a finding."""
    path = f"{where} {flaw.path}".rstrip()
    return Finding(
        flaw.rule, path, flaw.came, flaw.expected, flaw.fix, suggestion=flaw.suggestion, at=at
    )


def lists_in(came: Came) -> Iterator[tuple[str, list[Any]]]:
    """Every list of verbs in a frame, and where it stands."""
    data = came.frame.get("data") if isinstance(came.frame, Mapping) else None
    if came.type == "ack" or came.command == "redirect":
        if isinstance(data, list):
            yield ": ", data
        elif came.command == "redirect" and isinstance(data, Mapping):
            for key in ("parent_call", "child_call"):
                if isinstance(data.get(key), list):
                    yield f": {key}", data[key]
    elif came.command == "whisper" and isinstance(data, Mapping) and "whisper" in data:
        whisper = data["whisper"]
        yield ": whisper", whisper if isinstance(whisper, list) else [whisper]


def greets_again(seen: Seen) -> Iterator[Finding]:
    """After a lost socket the caller does not hear the beginning again."""
    lost = [one.at for one in seen.transcript.opened][1:]
    first = next((sent for sent in seen.transcript.sent if sent.type == "session:new"), None)
    acks = seen.transcript.acks_of(first) if first else []
    greeting = acks[0].frame.get("data") if acks else None
    for command in seen.transcript.commands if lost and greeting else ():
        if command.at > lost[0] and command.frame.get("data") == greeting:
            yield Finding(
                "greets-again",
                "command redirect after session:reconnect",
                "the verbs of session:new once more: they replace what runs",
                "an ack without data, and the call goes on where it was",
                at=command.at,
            )


RULES = (verbs, tools, greets_again)
