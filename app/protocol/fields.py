"""Reading single fields of a payload; nothing here fails, whatever came."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

Data = Mapping[str, Any]


def text(data: Data, key: str) -> str:
    """The string at ``key``, or empty."""
    value = data.get(key)
    return value if isinstance(value, str) else ""


def number(data: Data, key: str) -> float | None:
    """The number at ``key``; a boolean is none."""
    value = data.get(key)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def whole(data: Data, key: str) -> int | None:
    """The whole number at ``key``."""
    value = number(data, key)
    return int(value) if value is not None and abs(value) < 1e15 else None


def rest(data: Data, known: type) -> Data:
    """What ``known`` has no field for."""
    return others(data, field_names(known))


def others(data: Data, known: frozenset[str]) -> Data:
    """The members of ``data`` under other keys; most often there are none."""
    if data.keys() <= known:
        return {}
    return {key: value for key, value in data.items() if key not in known}


@lru_cache
def field_names(known: type) -> frozenset[str]:
    """The keys that the fields of a class take up."""
    names: Mapping[str, object] = known.__dataclass_fields__  # type: ignore[attr-defined]
    return frozenset({*names, "type"})
