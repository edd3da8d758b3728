"""Finds every hook that verbs name, and knows what jambonz wants of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.doctor.verb_list import kind_of, read, read_all, vendor_of

FREE = frozenset(
    {"auth", "customerData", "data", "headers", "llmOptions", "metadata", "options", "tag"}
)
"""Objects whose keys are the author's or the vendor's: no hook is looked for in them."""

NOTIFYING = (
    "eventHook",
    "statusHook",
    "partialResultHook",
    "dtmfHook",
    "transcriptionHook",
    "translationHook",
)
"""Hooks that only notify: verbs in their acks are ignored."""

_WAITING = frozenset({"say", "play", "pause"})
MUST_RETURN: Mapping[str, frozenset[str]] = {
    "enqueue.waitHook": _WAITING | {"leave"},
    "conference.waitHook": _WAITING | {"leave"},
    "conference.enterHook": _WAITING,
    "dial.onHoldHook": _WAITING,
    "transfer.onHoldHook": _WAITING,
    "handoff.onHoldHook": _WAITING,
}
"""Hooks whose ack must hold an array, and the verbs that may stand in it."""


@dataclass(frozen=True, slots=True)
class HookAt:
    """A hook, and where it was named.

    Attributes:
        name: As it comes back in messages.
        part: What holds the option: a verb, or an object in one such as `amd`.
        option: `actionHook` and so on.
        verb: The verb, by its first name: `listen` for `stream`.
        properties: Of the verb.
        verb_id: The `id` of the verb; empty where it has none.
        vendor: Of a speech-to-speech verb.
    """

    name: str
    part: str
    option: str
    verb: str
    properties: Mapping[str, Any]
    verb_id: str = ""
    vendor: str = ""

    @property
    def key(self) -> str:
        """As `gather.actionHook`."""
        return f"{self.part}.{self.option}"

    @property
    def is_notifying(self) -> bool:
        """Whether verbs in its ack are ignored."""
        return self.option in NOTIFYING


def find(data: Any) -> list[HookAt]:
    """Every hook that a list of verbs names and that comes over the socket, in its order."""
    return [hook for name, properties in read_all(data) for hook in _of_verb(name, properties)]


def _of_verb(name: str, properties: Mapping[str, Any]) -> Iterator[HookAt]:
    verb, id_, vendor = kind_of(name), str(properties.get("id", "")), vendor_of(name, properties)
    for part, option, hook in _walk(verb, properties):
        if not hook.startswith(("http://", "https://")):
            yield HookAt(hook, part, option, verb, properties, id_, vendor)


def _walk(part: str, value: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for key, inner in value.items():
        if key.endswith("Hook") and (name := hook_name(inner)):
            yield part, key, name
        elif key not in FREE:
            yield from _below(key, inner)


def _below(key: str, value: Any) -> Iterator[tuple[str, str, str]]:
    if isinstance(value, list):
        for item in value:
            yield from _below(key, item)
    elif isinstance(value, Mapping):
        verb = read(value) if "verb" in value else None
        yield from _walk(kind_of(verb[0]) if verb else key, verb[1] if verb else value)


def hook_name(value: Any) -> str:
    """The name of a hook, which may be an object; empty where it is neither."""
    if isinstance(value, Mapping):
        value = value.get("url")
    return value if isinstance(value, str) else ""
