"""Who hears the caller."""

from typing import Protocol


class Listener(Protocol):
    """Whoever hears the caller: the agent, a gather, a listen, the other side of a bridge."""

    @property
    def is_waiting(self) -> bool:
        """Whether it is the caller's turn."""

    def hear(self, text: str, confidence: float) -> None:
        """Take what the caller said."""

    def press(self, digits: str) -> None:
        """Take keys that the caller pressed."""

    def fall_silent(self) -> None:
        """Take it that the caller says nothing for too long."""

    def barge_in(self, text: str, seconds: float | None = None) -> bool:
        """Be interrupted; False where there is nothing to interrupt."""
