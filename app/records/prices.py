"""What models cost: a list that comes with this release, and what the settings say instead."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import orjson

from app.records.usage import Prices

__all__ = ["load_prices"]

LISTED: Final = Path(__file__).with_name("prices.json")


def load_prices(own: Mapping[str, Mapping[str, float]]) -> Prices:
    """The prices that costs are estimated by; those of ``own`` come first."""
    return Prices({**orjson.loads(LISTED.read_bytes()), **own})
