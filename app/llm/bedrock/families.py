"""What the families of models behind Bedrock take, told apart by the model's id.

Bedrock passes most of a request through, and a model that does not know a field refuses the whole
request. Where an id says nothing, as the ARN of an application's own profile, nothing is sent that
every family would not take.
"""

import re
from typing import Literal

from app.llm.port import Effort

Place = Literal["system", "tools", "messages"]
"""Where a cache point may stand."""

_EVERYWHERE: frozenset[Place] = frozenset(("system", "tools", "messages"))
_NOT_IN_TOOLS: frozenset[Place] = frozenset(("system", "messages"))
_NOWHERE: frozenset[Place] = frozenset()

_CLAUDE = re.compile(r"anthropic\.claude-(.*)")
_VERSION = re.compile(r"(?:^|-)(\d{1,2})(?=-|$|:)")  # neither a date nor the "v1:0" of Bedrock
_NOVA_1 = re.compile(r"amazon\.nova-(?:micro|lite|pro|premier)")
_BUDGETS = {"low": 1024, "medium": 4096, "high": 8192}
_LEAST_BUDGET = 1024
_WITHOUT_TOOLS = re.compile(
    r"amazon\.titan|meta\.llama(?:2|3-[87])|deepseek\.r1|mistral\.mi[sx]tral-|claude-(?:v2|instant)"
)


def claude_version(model: str) -> tuple[int, ...] | None:
    """(4, 5) for Claude 4.5, () for a Claude without a number, None for any other model."""
    found = _CLAUDE.search(model)
    return tuple(int(part) for part in _VERSION.findall(found[1])[:2]) if found else None


def cache_places(model: str) -> frozenset[Place]:
    """Where the model takes cache points.

    Nova takes none among its tools ("extraneous key [cachePoint] is not permitted"), and Nova 2
    none in a conversation that used tools, so it gets none at all.
    """
    version = claude_version(model)
    if version is None:
        return _NOT_IN_TOOLS if _NOVA_1.search(model) else _NOWHERE
    first_haiku = version == (3, 5) and "haiku" in model
    return _EVERYWHERE if version >= (3, 7) or first_haiku else _NOWHERE


def takes_temperature(model: str) -> bool:
    """Whether the model has a temperature; Claude has none since 4.7."""
    version = claude_version(model)
    return version is None or version < (4, 7)


def takes_tools(model: str) -> bool:
    """Whether the model can be offered tools in a stream."""
    return _WITHOUT_TOOLS.search(model) is None


def effort_fields(model: str, effort: Effort | None, max_tokens: int | None) -> dict[str, object]:
    """The family's own fields for how hard to think; nothing where it has none."""
    if effort is None or effort == "minimal":
        return {}
    version = claude_version(model)
    if version is not None:
        return _claude_effort(version, effort, max_tokens)
    if "amazon.nova-2" in model:  # its "high" forbids a limit on tokens, which a call needs
        capped = "medium" if effort == "high" else effort
        return {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": capped}}
    return {"reasoning_effort": effort} if "openai.gpt-oss" in model else {}


def _claude_effort(
    version: tuple[int, ...], effort: Effort, max_tokens: int | None
) -> dict[str, object]:
    if version >= (4, 6):
        return {"output_config": {"effort": effort}}
    budget = _BUDGETS[effort]
    if max_tokens is not None and budget >= max_tokens:
        budget = _LEAST_BUDGET
    if version < (3, 7) or (max_tokens is not None and budget >= max_tokens):
        return {}
    return {"thinking": {"type": "enabled", "budget_tokens": budget}}
