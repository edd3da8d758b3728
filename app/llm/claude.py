"""How hard a Claude thinks: each generation is told in its own way.

A caller waits for the first word, so without a wish a model thinks as little as it lets itself be
told. From Claude 5 on it thinks unless told not to; the largest always think, and can be told to
make little effort only.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from app.llm.port import Effort

_MODEL = re.compile(
    r"claude-(?:(?P<family>[a-z]+)-)?(?P<major>\d{1,2})(?!\d)(?:[-.](?P<minor>\d{1,2})(?!\d))?"
)
_ROOM: dict[Effort, int] = {"minimal": 1024, "low": 1024, "medium": 4096, "high": 12_288}
"""Tokens that thoughts may take: they count as output, the limit is meant for the reply."""

LAST_WITH_TEMPERATURE = (4, 6)
"""The last generation that takes a temperature, and only by the API's former version."""


@dataclass(frozen=True, slots=True)
class Model:
    """What a model's name tells; version (0, 0) where it tells nothing."""

    family: str
    version: tuple[int, int]

    @property
    def takes_temperature(self) -> bool:
        """Whether it takes one by the API's former version."""
        return (0, 0) < self.version <= LAST_WITH_TEMPERATURE

    @property
    def binds_thoughts(self) -> bool:
        """Whether its thoughts hold only for what preceded them."""
        return self.version >= (5, 0)


@dataclass(frozen=True, slots=True)
class Thinking:
    """The arguments that say how hard to think, and the tokens that it may take."""

    arguments: dict[str, Any] = field(default_factory=dict)
    room: int = 0


def read_model(name: str) -> Model:
    """Family and version of a model, as its name says them."""
    found = _MODEL.search(name)
    if not found:
        return Model("", (0, 0))
    return Model(found["family"] or "", (int(found["major"]), int(found["minor"] or 0)))


def thinking(model: Model, effort: Effort | None) -> Thinking:
    """How hard a model is to think; one of unknown name is not told."""
    if effort in (None, "minimal"):
        return _as_little_as_can_be(model)
    room = _ROOM[effort]
    if model.version >= (5, 0):
        return Thinking({"output_config": {"effort": effort}}, room)
    if model.version >= (4, 6):
        adaptive = {"thinking": {"type": "adaptive"}, "output_config": {"effort": effort}}
        return Thinking(adaptive, room)
    if model.version >= (3, 7):
        return Thinking({"thinking": {"type": "enabled", "budget_tokens": room}}, room)
    return Thinking()


def _as_little_as_can_be(model: Model) -> Thinking:
    if model.version < (5, 0):  # these think only when asked
        return Thinking()
    if model.family in ("fable", "mythos") or (model.family == "opus" and model.version >= (5, 5)):
        return Thinking({"output_config": {"effort": "low"}}, _ROOM["low"])
    if model.family == "sonnet" and model.version >= (5, 5):
        return Thinking({"thinking": {"type": "between_tools"}})
    return Thinking({"thinking": {"type": "disabled"}})
