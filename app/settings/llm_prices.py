"""Prices of models, as one setting."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from app.settings.llm_keys import read_json_or_file

Price = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]

NEEDED = frozenset({"input", "output"})
KNOWN = NEEDED | {"cached", "audio_input", "audio_output"}
EXPECTED = (
    'expected JSON such as {"gpt-4.1-mini": {"input": 0.4, "output": 1.6}}, with cached, '
    "audio_input and audio_output where they differ"
)


def read_llm_prices(value: str) -> Any:
    """Prices by model, from JSON or from a file of it.

    Raises:
        ValueError: If it is neither.
    """
    read = read_json_or_file(value)
    if not isinstance(read, dict):
        raise ValueError(EXPECTED)
    return read


def check_llm_prices(prices: Mapping[str, Mapping[str, float]]) -> None:
    """Refuse what is no price list.

    Raises:
        ValueError: A model lacks a price, or has one that nothing is counted for.
    """
    for price in prices.values():
        if not NEEDED <= set(price) <= KNOWN:
            raise ValueError(EXPECTED)
