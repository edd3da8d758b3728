"""From the caller's mouth to the end of their turn: speech, transcript, and being sure."""

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.llm import ChatMessage
from app.twin.agent.cue import Cue
from app.twin.agent.early import Result, Speculation
from app.twin.agent.turn_taking import TurnTaking

if TYPE_CHECKING:
    from app.twin.agent.agent import Agent


@dataclass(frozen=True, slots=True)
class Heard:
    """How long it took to hear the caller out, in seconds, and what was done meanwhile.

    Attributes:
        stt: From the end of speech to the transcript.
        eot: The further wait for the end of the turn; 0 where the transcript told it.
        preflight: What early generation came to; None where there was none.
        tokens: Tokens that it had ready.
        early: The reply that it began, unless it was a miss.
    """

    stt: float = 0.0
    eot: float = 0.0
    preflight: Result | None = None
    tokens: int = 0
    early: Speculation | None = None


class Hearing:
    """Listens for an agent."""

    def __init__(self, agent: "Agent") -> None:
        self._agent = agent
        self._leg = agent.leg
        self._times = agent.leg.pace.timings
        self._taking = TurnTaking.of(agent.verb)
        self._task: asyncio.Task[None] | None = None

    @property
    def is_listening(self) -> bool:
        """Whether the caller is speaking, or being understood."""
        return self._task is not None and not self._task.done()

    def hear(
        self, text: str, confidence: float, *, spoken: float = 0.0, first: bool = False
    ) -> None:
        """Take what the caller says, and end their turn when they have been understood.

        Args:
            text: The words.
            confidence: How sure the recognizer is.
            spoken: Seconds of it that have passed already, as after a barge-in.
            first: Whether it goes before what else the agent has to react to.
        """
        chance = self._leg.platform.chance
        speaking = max(0.0, self._times.speaking(text) - spoken)
        stt = self._times.stt.draw(chance)
        taking = self._taking
        eot = round(self._times.eot.draw(chance) * taking.factor, 3) if taking.waits else 0.0
        cue = Cue("caller", text, confidence=confidence)
        if speaking or stt or eot:
            self._task = self._leg.spawn(self._listen(cue, speaking, Heard(stt, eot), first=first))
        else:
            self._agent.take_heard(replace(cue, heard=self._at_once()), first=first)

    def _at_once(self) -> Heard:
        return Heard(preflight="hit" if self._taking.is_early else None)

    async def _listen(self, cue: Cue, speaking: float, heard: Heard, *, first: bool) -> None:
        clock = self._leg.clock
        early: Speculation | None = None
        try:
            await clock.sleep(speaking)
            await clock.sleep(heard.stt)
            if self._taking.is_early:
                early = self._speculate(cue.text)
            await clock.sleep(heard.eot)
            heard, early = self._judged(heard, early, cue.text), None
        finally:
            if early:
                early.drop()
        self._agent.take_heard(replace(cue, heard=heard), first=first)

    def _speculate(self, text: str) -> Speculation:
        """Ask the model with the transcript so far, which may lack the last words."""
        words = text.split()
        is_short = self._leg.platform.chance.random() < self._times.miss and len(words) > 1
        transcript = " ".join(words[:-1]) if is_short else text
        request = self._agent.request(Cue("caller", transcript))
        message = ChatMessage("user", transcript)
        request = replace(request, messages=(*request.messages, message))
        return Speculation(self._agent, transcript, request)

    def _judged(self, heard: Heard, early: Speculation | None, text: str) -> Heard:
        if early is None:
            return heard
        result = early.judge(text)
        if result == "miss":
            early.drop()
            return replace(heard, preflight=result)
        return replace(heard, preflight=result, tokens=early.tokens, early=early)
