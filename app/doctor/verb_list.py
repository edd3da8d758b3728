"""Reads verbs as they stand on the wire, in either notation."""

from collections.abc import Iterator, Mapping
from typing import Any

ALIASES = {"stream": "listen", "room": "conference", "s2s": "llm"}
"""Verbs that are others by another name."""


def read(item: Any) -> tuple[str, dict[str, Any]] | None:
    """Name and properties of `{"verb": "say", …}` or `{"say": {…}}`; None where it is no verb."""
    if not isinstance(item, Mapping):
        return None
    name = item.get("verb")
    if isinstance(name, str) and name:
        return name, {key: value for key, value in item.items() if key != "verb"}
    if len(item) == 1:
        ((name, properties),) = item.items()
        if isinstance(properties, Mapping):
            return str(name), dict(properties)
    return None


def read_all(data: Any) -> list[tuple[str, dict[str, Any]]]:
    """The verbs of a list; what is none is left out."""
    found = (read(item) for item in data) if isinstance(data, list) else ()
    return [verb for verb in found if verb]


def kind_of(name: str) -> str:
    """The verb that a name stands for: `stream` is `listen`, `openai_s2s` is `llm`."""
    return "llm" if name.endswith("_s2s") else ALIASES.get(name, name)


def vendor_of(name: str, properties: Mapping[str, Any]) -> str:
    """The vendor of a speech-to-speech verb."""
    return name.removesuffix("_s2s") if name.endswith("_s2s") else str(properties.get("vendor", ""))


def ends_call(data: Any) -> bool:
    """Whether verbs end the call: a hangup that no verb before it can keep from running."""
    for name, properties in read_all(data):
        if name in ("hangup", "sip:decline"):
            return True
        if any(key.endswith("Hook") for key in properties):
            return False
    return False


def tools_in(value: Any) -> Iterator[dict[str, Any]]:
    """Every tool that a language model is offered, flat: name, description, parameters."""
    if isinstance(value, list):
        for item in value:
            yield from tools_in(item)
    elif isinstance(value, Mapping):
        inner = value.get("function", value)
        if isinstance(inner, Mapping) and isinstance(inner.get("name"), str):
            if {"parameters", "description"} & set(inner):
                yield dict(inner)
        elif isinstance(value.get("modelToolName"), str):  # Ultravox
            yield {"name": value["modelToolName"]}
        else:
            for item in value.values():
                yield from tools_in(item)
