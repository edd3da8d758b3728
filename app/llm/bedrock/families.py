"""What the families of models behind Bedrock take, told apart by the model's id.

Bedrock passes most of a request through, and a model that does not know a field refuses the whole
request. Where an id says nothing, as the ARN of an application's own profile, nothing is sent that
not every family takes.
"""

import re
from typing import Literal

from app.llm.claude import LAST_WITH_TEMPERATURE, Model, Thinking, read_model, thinking
from app.llm.port import Effort

Place = Literal["system", "tools", "messages"]
"""Where a cache point may stand."""

_EVERYWHERE: frozenset[Place] = frozenset(("system", "tools", "messages"))
_NOT_IN_TOOLS: frozenset[Place] = frozenset(("system", "messages"))
_NOWHERE: frozenset[Place] = frozenset()

_NOVA_1 = re.compile(r"amazon\.nova-(?:micro|lite|pro|premier)")
_WITHOUT_TOOLS = re.compile(
    r"amazon\.titan|meta\.llama(?:2|3-[87])|deepseek\.r1|mistral\.mi[sx]tral-|claude-(?:v2|instant)"
)


def claude(model: str) -> Model | None:
    """Which Claude it is, if it is one."""
    return read_model(model) if "anthropic.claude" in model else None


def cache_places(model: str) -> frozenset[Place]:
    """Where the model takes cache points.

    Nova takes none among its tools ("extraneous key [cachePoint] is not permitted"), and Nova 2
    none in a conversation that used tools, so it gets none at all.
    """
    known = claude(model)
    if known is None:
        return _NOT_IN_TOOLS if _NOVA_1.search(model) else _NOWHERE
    first_haiku = known.version == (3, 5) and "haiku" in model
    return _EVERYWHERE if known.version >= (3, 7) or first_haiku else _NOWHERE


def takes_temperature(model: str) -> bool:
    """Whether the model has a temperature; of Claude only the older ones have."""
    known = claude(model)
    return known is None or known.version <= LAST_WITH_TEMPERATURE


def takes_tools(model: str) -> bool:
    """Whether the model can be offered tools in a stream."""
    return _WITHOUT_TOOLS.search(model) is None


def binds_thoughts(model: str) -> bool:
    """Whether thoughts are good only behind exactly what preceded them."""
    known = claude(model)
    return known is not None and known.binds_thoughts


def effort_of(model: str, effort: Effort | None) -> Thinking:
    """The family's own fields for how hard to think; none where it has none."""
    if (known := claude(model)) is not None:
        return thinking(known, effort)
    if effort is None or effort == "minimal":
        return Thinking()
    if "amazon.nova-2" in model:  # its "high" forbids a limit on tokens, which a call needs
        capped = "medium" if effort == "high" else effort
        return Thinking({"reasoningConfig": {"type": "enabled", "maxReasoningEffort": capped}})
    return Thinking({"reasoning_effort": effort} if "openai.gpt-oss" in model else {})
