"""The parts of `llm.llmOptions` that each request carries."""

from collections.abc import Callable, Mapping
from typing import Any, TypedDict, cast, get_args

from app.llm import Effort
from app.twin.log import Log


class RequestOptions(TypedDict, total=False):
    """Limits and manner of every reply; what is not there is left to the model."""

    max_tokens: int
    temperature: float
    reasoning_effort: Effort


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_effort(value: Any) -> bool:
    return value in get_args(Effort)


_OPTIONS: dict[str, tuple[str, Callable[[Any], bool], str]] = {
    "maxTokens": ("max_tokens", _is_count, "a whole number above 0"),
    "temperature": ("temperature", _is_number, "a number"),
    "reasoningEffort": ("reasoning_effort", _is_effort, " or ".join(get_args(Effort))),
}


def read_options(options: Mapping[str, Any], log: Log) -> RequestOptions:
    """Read them; one that makes no sense is noted and left out."""
    read: dict[str, Any] = {}
    for name, (field, is_right, expected) in _OPTIONS.items():
        value = options.get(name)
        if value is None:
            continue
        if is_right(value):
            read[field] = value
        else:
            log.note(f"llmOptions.{name}: expected {expected}; got {value!r:.40}")
    return cast("RequestOptions", read)
