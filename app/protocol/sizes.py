"""What makes a frame large."""

from typing import Any

import orjson


def large_parts(frame: Any, *, most: int = 3) -> dict[str, int]:
    """The largest leaves of a frame, without those that hardly count: path → bytes of JSON."""
    sizes: dict[str, int] = {}
    measure(frame, "", sizes)
    least = max(sizes.values()) / 10
    largest = sorted(sizes.items(), key=lambda item: -item[1])[:most]
    return {path: size for path, size in largest if size >= least}


def measure(value: Any, path: str, sizes: dict[str, int]) -> None:
    """Walk down to texts and other leaves."""
    if isinstance(value, dict):
        for key, inner in value.items():
            measure(inner, f"{path}.{key}" if path else str(key), sizes)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            measure(inner, f"{path}[{index}]", sizes)
    else:
        sizes[path] = len(orjson.dumps(value))
