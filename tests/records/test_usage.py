"""Tokens and what they cost."""

from typing import Any

import orjson
import pytest

from app.feed import Item
from app.records import Prices, load_prices
from app.records.usage import Usage, measure

OPENAI = {"input_tokens": 100, "output_tokens": 20, "input_token_details": {"cached_tokens": 40}}
REALTIME = {
    **OPENAI,
    "input_token_details": {"audio_tokens": 60, "cached_tokens": 0},
    "output_token_details": {"audio_tokens": 15},
}
GOOGLE = {
    "prompt_token_count": 100,
    "response_token_count": 20,
    "prompt_tokens_details": [{"modality": "AUDIO", "token_count": 60}, {"modality": "TEXT"}],
}


def item(data: dict[str, Any]) -> Item:
    return (1, 0.0, "event", orjson.dumps({"type": "agent:event", "data": data}))


@pytest.mark.parametrize(
    ("data", "usage"),
    [
        ({"type": "turn_end", "usage": OPENAI}, Usage(100, 20, 40)),
        ({"type": "turn_end", "usage": {"prompt_tokens": 3, "completion_tokens": 4}}, Usage(3, 4)),
        ({"type": "response.done", "response": {"usage": REALTIME}}, Usage(100, 20, 0, 60, 15)),
        ({"usage_metadata": GOOGLE}, Usage(100, 20, 0, 60)),
        ({"type": "turn_end", "usage": {"seconds": 3}}, None),
        ({"type": "turn_end", "usage": "much"}, None),
        ({"type": "turn_end", "transcript": "What is the usage?"}, None),
    ],
)
def test_tokens_are_read_in_the_words_of_each_vendor(
    data: dict[str, Any], usage: Usage | None
) -> None:
    assert measure([item(data)]) == usage


def test_tokens_of_all_events_add_up() -> None:
    turn = item({"type": "turn_end", "usage": OPENAI})

    assert measure([turn, item({"type": "turn_end"}), turn]) == Usage(200, 40, 80)


def test_cached_and_spoken_tokens_have_prices_of_their_own() -> None:
    prices = Prices(
        {"m": {"input": 4, "cached": 1, "audio_input": 32, "output": 16, "audio_output": 64}}
    )

    cost = prices.estimate("openai:m", Usage(100, 20, 10, 60, 15))

    assert cost == pytest.approx((30 * 4 + 10 * 1 + 60 * 32 + 5 * 16 + 15 * 64) / 1_000_000)


def test_a_dated_model_has_the_price_of_the_undated_one_and_a_smaller_one_its_own() -> None:
    prices = load_prices({})
    usage = Usage(1_000_000, 0)

    assert prices.estimate("openai:gpt-4.1-2025-04-14", usage) == 2.0
    assert prices.estimate("openai:gpt-4.1-mini-2025-04-14", usage) == 0.4


def test_what_is_not_known_has_no_estimate() -> None:
    prices = load_prices({})

    assert prices.estimate("openai:gpt-99", Usage(1, 1)) is None
    assert prices.estimate("openai:gpt-4.1", None) is None
    assert prices.estimate("", Usage(1, 1)) is None


def test_own_prices_come_first() -> None:
    own = load_prices({"azure:gpt-4.1": {"input": 1, "output": 1}})

    assert own.estimate("azure:gpt-4.1", Usage(1_000_000, 0)) == 1.0
    assert own.estimate("openai:gpt-4.1", Usage(1_000_000, 0)) == 2.0
