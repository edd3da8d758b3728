"""How hard a Claude thinks: each generation is told in its own way.

A caller waits for the first word, so without a wish a model thinks as little as it lets itself be
told. From Claude 5 on it thinks unless told not to; the largest always think, and can be told to
make little effort only.
"""

import re
from dataclasses import dataclass
from typing import Any

from app.llm.port import Effort

_MODEL = re.compile(
    r"claude-(?:(?P<family>[a-z]+)-)?(?P<major>\d{1,2})(?!\d)(?:[-.](?P<minor>\d{1,2})(?!\d))?"
)
_BUDGETS: dict[Effort, int] = {"low": 1024, "medium": 4096, "high": 12_288}

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


def read_model(name: str) -> Model:
    """Family and version of a model, as its name says them."""
    found = _MODEL.search(name)
    if not found:
        return Model("", (0, 0))
    return Model(found["family"] or "", (int(found["major"]), int(found["minor"] or 0)))


def thinking(model: Model, effort: Effort | None) -> dict[str, Any]:
    """The arguments that say how hard to think."""
    if effort in (None, "minimal"):
        return _as_little_as_can_be(model)
    if model.version >= (5, 0):
        return {"output_config": {"effort": effort}}
    if model.version >= (4, 6):
        return {"thinking": {"type": "adaptive"}, "output_config": {"effort": effort}}
    if model.version >= (3, 7):
        return {"thinking": {"type": "enabled", "budget_tokens": _BUDGETS[effort]}}
    return {}


def _as_little_as_can_be(model: Model) -> dict[str, Any]:
    if model.version < (5, 0):  # these think only when asked
        return {}
    if model.family in ("fable", "mythos") or (model.family == "opus" and model.version >= (5, 5)):
        return {"output_config": {"effort": "low"}}
    if model.family == "sonnet" and model.version >= (5, 5):
        return {"thinking": {"type": "between_tools"}}
    return {"thinking": {"type": "disabled"}}
