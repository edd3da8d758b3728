"""The caller talks over the agent: which of it interrupts, and what happens to the reply."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.twin.agent.agent import Agent

MIN_SPEECH = 0.5
"""Seconds of speech that an interruption takes, where `minSpeechDuration` says nothing."""


class Barging:
    """Decides about interruptions as `bargeIn` says.

    Words interrupt once they have lasted for `minSpeechDuration`; shorter ones do not. A noise
    without words that lasts long enough interrupts too, but then the reply goes on where it was,
    unless `sticky` forbids it. Whoever tells no duration means an interruption.
    """

    def __init__(self, agent: "Agent") -> None:
        self._agent = agent
        options = agent.verb.get("bargeIn") or {}
        self._is_allowed = options.get("enable", True) is not False
        self._needed = float(options.get("minSpeechDuration", MIN_SPEECH))
        self._is_sticky = bool(options.get("sticky"))

    def begin(self, text: str, seconds: float | None) -> bool:
        """Let the caller begin to speak; False where nothing comes of it."""
        agent = self._agent
        if not self._is_allowed:
            return False
        lasts = seconds
        if lasts is None and text:
            lasts = agent.leg.pace.timings.speaking(text) or None
        if lasts is None:
            agent.interrupt(text)
        elif lasts < self._needed:
            agent.leg.log.note("too short to interrupt", seconds=lasts, needed=self._needed)
            return not text
        else:
            agent.leg.clock.call_later(self._needed, lambda: self._confirm(text, lasts))
        return True

    def _confirm(self, text: str, lasts: float) -> None:
        """It has lasted long enough."""
        agent = self._agent
        if not agent.is_speaking:
            if text:
                agent.hear(text, 0.97)
        elif text or self._is_sticky:
            agent.interrupt(text, self._needed)
        else:
            agent.leg.hooks.event({"type": "user_interruption"})
            agent.pause(lasts - self._needed)
