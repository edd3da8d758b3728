"""What is known of a vendor without talking to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.llm.auth import AuthForm


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a model can do.

    Attributes:
        id: The vendor's name of it.
        streaming: Whether it answers in pieces.
        tools: Whether it takes tools; a model that does not is not offered any.
        vision: Whether it sees pictures.
        system_prompt: Whether it takes a system prompt.
        context_tokens: The tokens of its context, 0 where nobody said.
    """

    id: str
    streaming: bool = True
    tools: bool = True
    vision: bool = False
    system_prompt: bool = True
    context_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Vendor:
    """One row of the table of vendors.

    Attributes:
        id: As jambonz spells it, in `llm.vendor`.
        name: For people.
        auth: The forms of credentials that it takes.
        family: The module with the `Adapter` that speaks to it.
        base_url: Where it is, unless the credential or an option says otherwise; empty where the
            family works it out.
        models: Those known by name; others are passed on untouched.
        quirks: How it differs from its family, in the family's own words.
    """

    id: str
    name: str
    auth: tuple[AuthForm, ...]
    family: str
    base_url: str = ""
    models: tuple[ModelFacts, ...] = ()
    quirks: Mapping[str, Any] = field(default_factory=dict)

    def facts(self, model: str) -> ModelFacts:
        """What a model can do; of an unknown one the usual is expected."""
        known = next((facts for facts in self.models if facts.id == model), None)
        if known is None and model.startswith(("o1", "o3")) and "openai" in self.id:
            return ModelFacts(model, streaming=False, tools=False, system_prompt=False)
        return known or ModelFacts(model)
