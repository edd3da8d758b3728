"""Usage: tokens that models took, wherever an event tells of them, and what they cost."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from app.feed import Item

__all__ = ["Prices", "Usage", "measure"]

Data = Mapping[str, Any]

MILLION: Final = 1_000_000
MOST_TOKENS: Final = 10**12
"""More is no count: it would fit into no column."""
# What a frame must hold to be read at all: most tell nothing of tokens. All holders have it.
MARK: Final = b"usage"
HOLDERS: Final = ("usage", "token_usage", "usage_metadata", "usageMetadata")
INPUT: Final = ("input_tokens", "prompt_tokens", "prompt_token_count", "promptTokenCount")
OUTPUT: Final = (
    *("output_tokens", "completion_tokens", "response_token_count", "responseTokenCount"),
    *("candidates_token_count", "candidatesTokenCount"),
)
INPUT_DETAILS: Final = (
    *("input_token_details", "input_tokens_details", "prompt_tokens_details"),
    "promptTokensDetails",
)
OUTPUT_DETAILS: Final = (
    *("output_token_details", "output_tokens_details", "completion_tokens_details"),
    *("response_tokens_details", "responseTokensDetails"),
)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens; those of sound and those from a cache are among them, and told apart for their price.

    Attributes:
        cached: Of the input.
    """

    input: int = 0
    output: int = 0
    cached: int = 0
    audio_input: int = 0
    audio_output: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input + other.input,
            self.output + other.output,
            self.cached + other.cached,
            self.audio_input + other.audio_input,
            self.audio_output + other.audio_output,
        )


class Prices:
    """US dollars for a million tokens, by model: an estimate, since price lists change.

    Args:
        table: By ``vendor:model``, or by a model's name alone: ``input``, ``output``, and where
            they differ ``cached``, ``audio_input`` and ``audio_output``.
    """

    def __init__(self, table: Mapping[str, Mapping[str, float]]) -> None:
        self._table = table

    def estimate(self, label: str, usage: Usage | None) -> float | None:
        """What it cost; None where usage or price is unknown.

        Args:
            label: Of the model, as ``openai:gpt-4.1-mini``; a dated name goes by the undated one.
            usage: What it took.
        """
        price = self._find(label) if usage is not None else None
        if price is None or usage is None:
            return None
        plain, spoken = price["input"], price["output"]
        words_in = max(0, usage.input - usage.cached - usage.audio_input)
        words_out = max(0, usage.output - usage.audio_output)
        return (
            words_in * plain
            + usage.cached * price.get("cached", plain)
            + usage.audio_input * price.get("audio_input", plain)
            + words_out * spoken
            + usage.audio_output * price.get("audio_output", spoken)
        ) / MILLION

    def _find(self, label: str) -> Mapping[str, float] | None:
        model = label.partition(":")[2] or label
        for name in (label, model):
            if name in self._table:
                return self._table[name]
        known = [name for name in self._table if model.startswith(f"{name}-")]
        return self._table[max(known, key=len)] if known else None


def measure(items: Iterable[Item]) -> Usage | None:
    """All tokens that events tell of; None where none does."""
    total: Usage | None = None
    for _, _, kind, data in items:
        if kind == "event" and type(data) is bytes and MARK in data:
            found = usage_of(orjson.loads(data).get("data"))
            if found is not None:
                total = found if total is None else total + found
    return total


def usage_of(data: Any) -> Usage | None:
    """The usage in an event's data: of a turn, or of a response of a speech-to-speech model."""
    if not isinstance(data, Mapping):
        return None
    response = data.get("response")
    places = (data, response) if isinstance(response, Mapping) else (data,)
    for place in places:
        for name in HOLDERS:
            if isinstance(told := place.get(name), Mapping):
                return read_usage(told)
    return None


def read_usage(told: Data) -> Usage | None:
    """The numbers, in the words of any vendor."""
    taken, given = number(told, INPUT), number(told, OUTPUT)
    if taken is None and given is None:
        return None
    details, spoken = first(told, INPUT_DETAILS), first(told, OUTPUT_DETAILS)
    return Usage(
        taken or 0,
        given or 0,
        number(details, ("cached_tokens",)) or 0 if isinstance(details, Mapping) else 0,
        audio_of(details),
        audio_of(spoken),
    )


def audio_of(details: Any) -> int:
    """How many of the tokens were sound: by name, or in Google's list by modality."""
    if isinstance(details, Mapping):
        return number(details, ("audio_tokens",)) or 0
    if isinstance(details, list):
        sounds = [one for one in details if isinstance(one, Mapping)]
        return sum(
            number(one, ("token_count", "tokenCount")) or 0
            for one in sounds
            if one.get("modality") == "AUDIO"
        )
    return 0


def first(data: Data, names: tuple[str, ...]) -> Any:
    """The value under the first of these names."""
    return next((data[name] for name in names if name in data), None)


def number(data: Data, names: tuple[str, ...]) -> int | None:
    """The count under the first of these names."""
    value = first(data, names)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if is_number and 0 <= value <= MOST_TOKENS else None
