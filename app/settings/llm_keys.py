"""Credentials of model vendors, as one setting."""

import json
from pathlib import Path
from typing import Any


def read_llm_keys(value: str) -> dict[str, dict[str, Any]]:
    """Credentials by vendor, from JSON or from a file of it; a text stands for `{"apiKey": …}`.

    Raises:
        ValueError: If it is neither.
    """
    read = read_json_or_file(value)
    if not isinstance(read, dict) or not all(
        key and isinstance(key, str | dict) for key in read.values()
    ):
        raise ValueError('expected JSON such as {"openai": "sk-…", "bedrock": {"apiKey": "…"}}')
    return {
        vendor.lower(): {"apiKey": key} if isinstance(key, str) else key
        for vendor, key in read.items()
    }


def read_json_or_file(value: str) -> Any:
    """JSON, or that in a file; None where it is none.

    Raises:
        ValueError: If there is no such file.
    """
    text = value.strip()
    if not text.startswith("{"):
        try:
            text = Path(text).read_text(encoding="utf-8")
        except (OSError, ValueError):
            raise ValueError("expected JSON, or a file that can be read") from None
    try:
        return json.loads(text)
    except ValueError:
        return None
