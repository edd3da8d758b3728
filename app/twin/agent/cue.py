"""Why the agent takes a turn."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from app.twin.agent.hearing import Heard


@dataclass(frozen=True, slots=True)
class Cue:
    """The beginning of a turn.

    Attributes:
        kind: `greeting`, what the `caller` said, an asked-for `reply`, or `silence`.
        text: What the model is told as the user's words; empty asks it to go on.
        instructions: Added to the system prompt for this turn only.
        confidence: How sure the recognizer is of the caller's words.
        heard: How long it took to hear the caller out.
    """

    kind: Literal["greeting", "caller", "reply", "silence"]
    text: str = ""
    instructions: str = ""
    confidence: float = 0.97
    heard: "Heard | None" = None

    @property
    def transcript(self) -> str:
        """What the caller said, if this is why."""
        return self.text if self.kind == "caller" else ""
