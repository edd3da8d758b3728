"""Where the time of a turn went, in either dialect's words."""

from collections.abc import Mapping
from typing import Any

from app.twin.dialect import SCHEMA_LATENCY

STAGES = ("stt", "eot", "llm", "tool", "tts")
"""The stages of a turn, in the order in which they pass."""

_KEYS = {stage: (f"{stage}_ms", SCHEMA_LATENCY.get(f"{stage}_ms", "")) for stage in STAGES}


def stages_of(turn: Mapping[str, Any]) -> dict[str, float]:
    """The stages of a `turn_end` that took any time, in milliseconds and in order."""
    latency = turn.get("latency")
    measured = latency if isinstance(latency, Mapping) else {}
    found = {stage: measured[key] for stage in STAGES for key in _KEYS[stage] if key in measured}
    return {
        stage: value for stage, value in found.items() if isinstance(value, int | float) and value
    }
