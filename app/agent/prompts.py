"""The prompts of an agent that hold variables, compiled."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.agent.templates import Template, compile_template
from app.verbs.render import Wire

HISTORIES = ("messages", "initialMessages")


@dataclass(frozen=True, slots=True)
class Prompts:
    """Templates in ``llmOptions``.

    Attributes:
        system: That of ``systemPrompt``, if it is one.
        messages: Key, index and template of each message that is one.
        own: The author's own variables.
    """

    system: Template | None
    messages: tuple[tuple[str, int, Template], ...]
    own: Mapping[str, object]

    def fill(self, llm: Wire, values: Mapping[str, object]) -> Wire:
        """``llm`` for one call; the original stays as it is."""
        options = dict(llm["llmOptions"])
        if self.system is not None:
            options["systemPrompt"] = self.system.fill(values, self.own)
        for key in {key for key, _, _ in self.messages}:
            options[key] = list(options[key])
        for key, index, template in self.messages:
            content = template.fill(values, self.own)
            options[key][index] = {**options[key][index], "content": content}
        return {**llm, "llmOptions": options}


def read_prompts(wire: Wire, own: Mapping[str, object]) -> Prompts | None:
    """The templates in an agent's properties; None where no prompt has a variable."""
    options = wire.get("llm", {}).get("llmOptions", {})
    system = compile_template(options.get("systemPrompt", ""))
    messages = tuple(
        (key, index, template)
        for key in HISTORIES
        for index, message in enumerate(options.get(key, ()))
        if isinstance(message["content"], str)
        and (template := compile_template(message["content"])) is not None
    )
    return Prompts(system, messages, own) if system or messages else None


def system_prompt(wire: Wire) -> str:
    """The instructions in an agent's properties, also where they stand in the history."""
    options = wire.get("llm", {}).get("llmOptions", {})
    systems = [
        message["content"]
        for key in HISTORIES
        for message in options.get(key, ())
        if message["role"] == "system" and isinstance(message["content"], str)
    ]
    return str(options.get("systemPrompt") or "\n\n".join(systems))
