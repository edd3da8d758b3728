"""How hard a Gemini thinks: 2.5 takes a budget of tokens, later ones a level.

A caller waits for the first word, so without a wish a model thinks as little as it can be told to.
"""

import re
from dataclasses import dataclass
from typing import Any

from app.llm.port import Effort

_VERSION = re.compile(r"gemini-(\d+)(?:\.(\d+))?-?(.*)")
_BUDGETS: dict[Effort, int] = {"low": 1024, "medium": 4096, "high": 12_288}
_LEAST_OF_PRO = 128
"""Gemini 2.5 Pro cannot be told not to think."""
_ROOM: dict[str, int] = {"MINIMAL": 256, "LOW": 1024, "MEDIUM": 4096, "HIGH": 12_288}
"""Tokens that a level may take: they count as output, the limit is meant for the reply."""


@dataclass(frozen=True, slots=True)
class Thinking:
    """The `thinking_config` to send, if any, and the tokens that it may take."""

    config: dict[str, Any] | None = None
    room: int = 0


def thinking(model: str, effort: Effort | None) -> Thinking:
    """How hard a model is to think; a model of unknown name is not told."""
    found = _VERSION.search(model)
    if not found:
        return Thinking()
    version = (int(found[1]), int(found[2] or 0))
    if version >= (3, 0):
        level = _level(version, found[3], effort)
        return Thinking({"thinking_level": level}, _ROOM[level])
    if version == (2, 5):
        budget = _BUDGETS.get(effort or "minimal", _LEAST_OF_PRO if "pro" in found[3] else 0)
        return Thinking({"thinking_budget": budget}, budget)
    return Thinking()  # those before do not think


def signs(model: str) -> bool:
    """Whether a model signs its tool calls and wants them back signed."""
    found = _VERSION.search(model)
    return bool(found) and int(found[1]) >= 3  # type: ignore[index]


def _level(version: tuple[int, int], variant: str, effort: Effort | None) -> str:
    if effort == "medium" and version == (3, 0) and "pro" in variant:
        return "LOW"  # it knows low and high only
    if effort in ("low", "medium", "high"):
        return effort.upper()
    knows_minimal = "flash-lite" in variant or (version == (3, 0) and "flash" in variant)
    return "MINIMAL" if knows_minimal else "LOW"
