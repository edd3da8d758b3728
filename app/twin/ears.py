"""What the caller does reaches whoever listens: a verb, or the gather in the background."""

from typing import TYPE_CHECKING

from app.twin.plays.gather import speech_of

if TYPE_CHECKING:
    from app.twin.leg import Leg


class Ears:
    """The way from one caller to those who listen.

    Attributes:
        transcription: The hook that is told all that the caller says; None where there is none.
        is_paused: Whether the transcription is.
    """

    def __init__(self, leg: "Leg") -> None:
        self.transcription: object = None
        self.is_paused = False
        self._leg = leg

    def hear(self, text: str, confidence: float) -> None:
        """Let the caller say something."""
        leg = self._leg
        leg.log.add("said", {"text": text, **leg.mark})
        if self.transcription and not self.is_paused:
            speech = speech_of(text, confidence, is_final=True)
            leg.hooks.notify(self.transcription, leg.info.common() | {"speech": speech})
        if hearer := leg.listener or leg.background:
            hearer.hear(text, confidence)
        else:
            leg.log.note("nobody listens to the caller")

    def press(self, digits: str) -> None:
        """Let the caller press keys."""
        leg = self._leg
        leg.log.add("said", {"digits": digits, **leg.mark})
        if hearer := leg.listener or leg.background:
            hearer.press(digits)
        else:
            leg.log.note("nobody waits for keys")

    def fall_silent(self) -> None:
        """Let the caller be silent for too long."""
        self._leg.log.note("the caller is silent")
        if self._leg.listener:
            self._leg.listener.fall_silent()

    def barge_in(self, text: str, seconds: float | None = None) -> bool:
        """Let the caller talk over what is being said; False where nothing can be interrupted."""
        leg = self._leg
        if leg.stream.is_speaking and (leg.listener or leg.background):
            leg.stream.interrupt()
        elif leg.background and not leg.listener and not leg.stack.is_idle:
            leg.stack.kill()
        else:
            return bool(leg.listener and leg.listener.barge_in(text, seconds))
        if text:
            self.hear(text, 0.97)
        return True
