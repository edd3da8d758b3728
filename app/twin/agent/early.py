"""Early generation: the model is asked before it is sure that the caller has finished."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Literal

from app.llm import ChatRequest, End, Event, Token
from app.twin.signal import Signal

if TYPE_CHECKING:
    from app.twin.agent.agent import Agent

Result = Literal["hit", "miss", "pending"]


class Speculation:
    """A request that was made ahead, and what came of it so far.

    Attributes:
        transcript: What the caller had said by then.
        request: What the model was asked.
    """

    def __init__(self, agent: "Agent", transcript: str, request: ChatRequest) -> None:
        self.transcript = transcript
        self.request = request
        self._events: deque[Event] = deque()
        self._signal = Signal()
        self._tokens = 0
        self._task = agent.leg.spawn(self._read(agent))

    def judge(self, transcript: str) -> Result:
        """What it was worth, now that it is known what the caller said."""
        if transcript != self.transcript:
            return "miss"
        return "hit" if self._events else "pending"

    @property
    def tokens(self) -> int:
        """Tokens that came so far."""
        return self._tokens

    def drop(self) -> None:
        """Throw it away."""
        self._task.cancel()

    async def stream(self) -> AsyncIterator[Event]:
        """Yield what came, and what still comes."""
        try:
            while True:
                await self._signal.until(lambda: self._events)
                event = self._events.popleft()
                yield event
                if isinstance(event, End):
                    return
        finally:
            self._task.cancel()

    async def _read(self, agent: "Agent") -> None:
        async for event in agent.ask(self.request):
            self._events.append(event)
            self._tokens += isinstance(event, Token)
            self._signal.poke()
            await asyncio.sleep(0)
