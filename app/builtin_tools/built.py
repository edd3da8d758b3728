"""What a builder gives."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from app.hook import Hook
from app.session import Session
from app.tool import Tool, ToolSource


@dataclass(frozen=True, slots=True)
class Built:
    """A tool, and what the prompt says of it.

    Attributes:
        tool: For ``Agent(tools=…)`` or a speech-to-speech verb; several, where it is a source.
        prompt: A section for the end of the prompt, in Markdown; empty where none is needed.
        event_hooks: What must hear the events of an agent that has the tool.
        resume: Goes on with what the tool had begun in a call when the call's process ended.
    """

    tool: Tool[..., Any] | ToolSource
    prompt: str = ""
    event_hooks: tuple[Hook[..., Any], ...] = ()
    resume: Callable[[Session], None] | None = None

    @property
    def tools(self) -> tuple[Tool[..., Any], ...]:
        """As of now, for a speech-to-speech verb, whose tools do not come and go."""
        return self.tool.tools if isinstance(self.tool, ToolSource) else (self.tool,)


def prompt_of(prompt: str, built: Iterable[Built]) -> str:
    """A prompt with the sections of the tools behind it."""
    return "\n\n".join([prompt.rstrip(), *(one.prompt for one in built if one.prompt)])
