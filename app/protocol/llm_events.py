"""Events of a speech-to-speech model: the vendor's own, with keys that jambonz made snake_case."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class LlmEvent:
    """An event of the vendor whose model runs.

    Attributes:
        name: Its ``type``; Google's events have none and go by their first key, as
            ``server_content``.
        data: All of it, as it came.
    """

    name: str
    data: Mapping[str, Any]


def llm_event_name(data: Mapping[str, Any]) -> str:
    """What an event is called."""
    name = data.get("type")
    return name if isinstance(name, str) else next(iter(data), "")


def read_llm_event(data: Mapping[str, Any]) -> LlmEvent:
    """Turn the payload of llm:event into its type."""
    return LlmEvent(llm_event_name(data), data)
