"""Verbs made from `data/verbs.json` and nothing else: valid ones, piece by piece."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
CHUNK = 6
"""How many options a made-up verb has beside the required ones."""

# What the type of an option does not say: things that jambonz reads further into.
VALUES: Mapping[str, Any] = {
    "agent.toolFiller": False,
    "conference.record": {"path": "https://example.org/recordings"},
    "conference.statusEvents": ["join"],
    "dtmf.dtmf": "12#",
    "gptlive_s2s.llmOptions": {
        "session_update": {"delegation": {"type": "responses", "responses": {"model": "gpt"}}}
    },
    "gather.play": {"url": "https://cdn.example.com/a.mp3"},
    "voicelive_s2s.auth": {"apiKey": "key"},
    "room.record": {"path": "https://example.org/recordings"},
    "room.statusEvents": ["join"],
    "referTo": "sip:bob@example.org",
    "sipUri": "sip:bob@example.org",
    "url": "https://cdn.example.com/a.mp3",
    "number": "+15085551212",
    "status": 603,
}
# What the protocol's section 3.9 calls required beside what the data does.
IN_PRACTICE: Mapping[str, dict[str, Any]] = {
    "gather": {"actionHook": "/gather-actionHook"},
    "say": {"text": "text"},
    "transcribe": {"transcriptionHook": "/transcribe-transcriptionHook"},
}
NEVER_TOGETHER = (
    {"text", "stream"},
    {"listen", "stream"},
    {"tools", "systemPrompt", "messages", "initialMessages"},
)
"""Options that say the same thing twice."""


@dataclass(frozen=True)
class Option:
    """One line of the data: a name, which may be dotted, and its type."""

    name: str
    type: str
    required: bool
    enum: tuple[Any, ...]

    @property
    def last(self) -> str:
        return self.name.rsplit(".", 1)[-1]


def read(lines: list[dict[str, Any]]) -> tuple[Option, ...]:
    return tuple(
        Option(line["name"], line["type"], line.get("required", False), tuple(line.get("enum", ())))
        for line in lines
    )


@cache
def data() -> tuple[dict[str, tuple[Option, ...]], dict[str, tuple[Option, ...]]]:
    raw = json.loads((DATA / "verbs.json").read_text(encoding="utf-8"))
    verbs = {name: read(lines) for name, lines in raw["verbs"].items()}
    return verbs, {name: read(lines) for name, lines in raw["components"].items()}


def verb_names() -> list[str]:
    return list(data()[0])


def options(verb: str, below: str = "") -> list[Option]:
    """The options of a verb, or of an object in it, that stand one level below."""
    prefix = f"{below}." if below else ""
    found = [one for one in data()[0][verb] if one.name.startswith(prefix)]
    return [one for one in found if "." not in one.name[len(prefix) :]]


def component(name: str) -> list[Option]:
    return [one for one in data()[1].get(name, ()) if "." not in one.name]


def hook(verb: str, option: Option) -> str:
    return f"/{verb.replace(':', '-')}-{option.last}"


def value(verb: str, option: Option) -> Any:
    """A valid value: of the first of its types, with what is required inside."""
    kind = option.type.split("|")[0]
    if f"{verb}.{option.name}" in VALUES:
        return VALUES[f"{verb}.{option.name}"]
    if option.last in VALUES and kind in ("string", "number"):
        return VALUES[option.last]
    if kind == "ref:actionHook" or (option.last.endswith("Hook") and kind == "string"):
        return hook(verb, option)
    if kind.startswith("array<"):
        inner = Option(option.name, kind[6:].rstrip(">"), True, option.enum)
        return [value(verb, inner)]
    if kind.startswith("ref:"):
        return of_component(verb, kind[4:])
    if option.enum:
        return option.enum[0]
    if kind == "object":
        return {
            inner.last: value(verb, inner) for inner in options(verb, option.name) if inner.required
        }
    return {"string": "text", "number": 1, "integer": 1, "boolean": True}.get(kind, {})


def of_component(verb: str, name: str) -> dict[str, Any]:
    """An object of a shared kind, with what it must have."""
    if name == "target":
        return {"type": "phone", "number": "+15085551212"}
    if name == "llmMessage":
        return {"role": "user", "content": "text"}
    if name == "dub":
        return {"action": "addTrack", "track": "music"}
    return {one.name: value(verb, one) for one in component(name) if one.required}


def minimal(verb: str) -> dict[str, Any]:
    """A verb with what it must have."""
    made = {one.name: value(verb, one) for one in options(verb) if one.required}
    return {"verb": verb, **made, **IN_PRACTICE.get(verb, {})}


def chunks(verb: str) -> Iterator[dict[str, Any]]:
    """Valid verbs that hold every option of one between them."""
    left = [one for one in options(verb) if not one.required]
    while left:
        made, later = minimal(verb), []
        for one in left:
            if len(made) > CHUNK + 2 or collides(one.name, set(made)):
                later.append(one)
            else:
                made[one.name] = filled(verb, one)
        yield made
        if later == left:
            return
        left = later


def collides(name: str, there: set[str]) -> bool:
    return name not in there and any(name in group and group & there for group in NEVER_TOGETHER)


def filled(verb: str, option: Option) -> Any:
    """A value with everything inside that it may have, as far as it goes together."""
    made = value(verb, option)
    if isinstance(made, dict) and option.type.startswith("object"):
        for inner in options(verb, option.name):
            if not collides(inner.last, set(made)):
                made.setdefault(inner.last, filled(verb, inner))
    return made


def valid(verb: str) -> list[dict[str, Any]]:
    return [minimal(verb), *chunks(verb)]


def examples() -> list[dict[str, Any]]:
    """The frames and verbs that the protocol's sections 1 to 4 show as right."""
    lines = (DATA / "examples.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]
