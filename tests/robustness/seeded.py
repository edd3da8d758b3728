"""One call of a seed: who says what, when the network fails, and what must hold afterwards."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

from app import (
    Agent,
    Application,
    InjectContext,
    Session,
    TurnEnd,
    event_hook,
    tool,
)
from app.llm import ChatRequest, FakeModel, ToolCall
from app.testing import Chaos, Cordboard, Pace, Twin, TwinCall
from app.twin.chaos import ShakySocket

STEPS = 6
PACE = Pace(backoff=0.01, handshake=5.0, patience=15.0)
UPDATE = "agent:update"
TOOLS = ("quick", "slow", "in_thread", "once")


@dataclass
class State:
    """What the application remembers of a call."""

    turns: int = 0


@dataclass
class Witness:
    """What the application did for a call."""

    openings: int = 0
    runs: Counter[str] = field(default_factory=Counter)
    state: State = field(default_factory=State)


WITNESSES: dict[str, Witness] = {}
"""By call_sid; a test empties it."""


def witness_of(session: Session[Any]) -> Witness:
    return WITNESSES.setdefault(session.call_sid, Witness())


@tool
async def quick(session: Session[State], number: str) -> str:
    """Answer at once."""
    witness_of(session).runs[number] += 1
    return f"quick {number}"


@tool
async def slow(session: Session[State], number: str) -> str:
    """Answer after a moment."""
    witness_of(session).runs[number] += 1
    await rounds(100)
    return f"slow {number}"


@tool
def in_thread(session: Session[State], number: str) -> str:
    """Answer from a thread."""
    witness_of(session).runs[number] += 1
    return f"in_thread {number}"


@tool(once=True)
async def once(session: Session[State], number: str) -> str:
    """Do something that must not be done twice."""
    witness_of(session).runs[number] += 1
    await asyncio.sleep(0)
    return f"once {number}"


@event_hook
async def count(session: Session[State], turn: TurnEnd) -> None:
    """Remember the turns."""
    session.state.turns += 1
    witness_of(session).state = session.state


def make_application() -> Application[Any, Any]:
    """The application under test."""
    made = Application("/seeded", state=State)

    @made.session_new
    async def answer(session: Session[State]) -> Agent:
        witness_of(session).openings += 1
        return Agent(
            llm="openai:gpt-4.1-mini",
            stt="deepgram:nova-3-general",
            tts="cartesia:x",
            instructions="Help.",
            tools=[quick, slow, in_thread, once],
            event_hooks=[count],
        )

    return made


class Run:
    """One call, whose seed decides everything."""

    def __init__(self, seed: int, server: Cordboard) -> None:
        self.seed = seed
        self._server = server
        self._random = Random(f"steps {seed}")
        self._talk = Random(f"model {seed}")
        self._numbers = 0
        self.drops = 0
        self.accepted: list[str] = []
        self.call: TwinCall

    async def live(self) -> None:
        """Have the call, then look at it."""
        model = FakeModel([self._reply] * 500)
        async with Twin(
            self._server.url.replace("http", "ws"),
            model=model,
            chaos=self._chaos(),
            clock="virtual",
            seed=self.seed,
            pace=PACE,
            is_idle=self._server.calls.is_at_rest,
        ) as twin:
            self.call = await twin.call("/seeded")
            for _ in range(STEPS):
                await self._step()
            await self.call.settled()
            await self._arrived()
            await self.call.hangup()

    async def _arrived(self) -> None:
        """Wait until all that was accepted is there."""
        log = self.call.leg.log
        await log.until(lambda: {*self.accepted} <= self._heard(), "all updates", PACE.patience)

    def _heard(self) -> set[str]:
        data = (frame["data"] for frame in self.call.commands if frame["command"] == UPDATE)
        return {str(one["messages"][0]["content"]) for one in data}

    def _chaos(self) -> Chaos:
        chance = self._random.random
        return Chaos(
            delay=chance(),
            duplicate=chance() / 2,
            reorder=chance() / 2,
            cut=chance() / 4,
            redial=chance() / 2,
            longest=0.05 + chance(),
            seed=self.seed,
        )

    def _reply(self, request: ChatRequest) -> Any:
        if self._talk.random() < 0.4:
            many = self._talk.choice((1, 1, 2, 3))
            return [self._tool_call() for _ in range(many)]
        return "Well, yes."

    def _tool_call(self) -> ToolCall:
        self._numbers += 1
        number = str(self._numbers)
        return ToolCall(f"call_{number}", self._talk.choice(TOOLS), {"number": number})

    async def _step(self) -> None:
        step = self._random.choices(
            (self._say, self._update, self._say_and_update, self._drop, self._drop_in_a_turn),
            (4, 2, 3, 1, 1),
        )[0]
        await step()

    async def _say(self) -> None:
        await self.call.say("Go on.")

    async def _update(self) -> None:
        for _ in range(self._random.randint(1, 3)):
            number = f"update {len(self.accepted)}"
            await self._server.calls.update_agent(
                self.call.call_sid, InjectContext([{"role": "system", "content": number}])
            )
            self.accepted.append(number)

    async def _say_and_update(self) -> None:
        await asyncio.gather(self._say(), self._update())

    async def _drop_in_a_turn(self) -> None:
        await asyncio.gather(self._say_and_update(), self._drop())

    async def _drop(self) -> None:
        """Lose a socket with all that we have written and that has not arrived."""
        if self.drops:
            return
        self.drops += 1
        await rounds(self._random.randint(0, 40))
        while not await self._is_heard():
            await rounds(1)
        await self.call.drop()

    async def _is_heard(self) -> bool:
        """Wait until jambonz' last word was heard, and all has arrived that was written before.

        jambonz says nothing twice that needs no ack. And what the server has heard shows it that
        the socket works: what it wrote before is not sent again.
        """
        socket = self.call.leg.line._socket
        if not isinstance(socket, ShakySocket):
            return True
        before, is_quiet = self._said(), self._is_quiet(socket)
        await rounds(10)
        written = {*socket._back._frames}
        while written & {*socket._back._frames}:
            await rounds(1)
        await rounds(30)  # what has just arrived may lead to the next word
        is_quiet = is_quiet and self._is_quiet(socket) and self._said() == before
        return is_quiet and self._are_calls_known()

    def _are_calls_known(self) -> bool:
        """Whether the server has heard of all tool calls: a busy machine may take its time."""
        session = self._server.calls.get(self.call.call_sid)
        if session is None:
            return True
        connection, asked = session._connection, self.call.leg.tools._waiting
        return all(one in connection._calls or one in connection._done_calls for one in asked)

    def _is_quiet(self, socket: ShakySocket) -> bool:
        return socket._there.is_empty and not self.call.leg.line._outbox

    def _said(self) -> int:
        return sum(entry.kind == "sent" for entry in self.call.log)


async def rounds(count: int) -> None:
    """Let others go on for a while."""
    for _ in range(count):
        await asyncio.sleep(0)
