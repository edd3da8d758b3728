"""The caller: does the steps of a script, or what is typed."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import suppress

from app.phone.render import Line, tell_problem
from app.phone.screen import Screen
from app.phone.steps import HELP, Step, parse
from app.twin import Entry, TwinCall, TwinError

WORDS_BEFORE_INTERRUPTION = 3
"""How much of an answer is heard before a scripted interruption."""

STREAMED = 5.0
"""Seconds for an answer that the application streams to begin and end; no verb announces one."""

BREATH = 0.05
"""Seconds between an answer and the next words of a script, since no caller takes none: what the
application makes of the answer (an update, say) arrives meanwhile."""

_ANSWERED = ("say", "dtmf", "silence", "interrupt")
_OF_THE_CALLEE = ("callee", "callee-keys", "ring-off")
_AT_ONCE = (
    *("interrupt", "drop", "hangup", "help", "raw", "nothing", "unknown"),
    *_OF_THE_CALLEE,
)
"""What a person at a terminal means now, whatever is being said."""


class Caller:
    """Acts on a call.

    Attributes:
        call: The call.
        drops: How many times it lost the socket on purpose.
        faults: What kept it from doing as it was told.
    """

    def __init__(self, call: TwinCall, screen: Screen) -> None:
        self.drops = 0
        self.faults: list[str] = []
        self.call = call
        self._screen = screen
        self._is_answer_due = True  # the call begins with one
        self._waits_for_answers = True
        self._turns: deque[Step | None] = deque()
        self._arrived = asyncio.Event()
        self._over = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        call.subscribe(self._watch)

    async def follow(self, script: Iterable[Step]) -> None:
        """Do the steps in order, each after the answer to the one before; then hang up."""
        steps = list(script)
        for step, later in zip(steps, [*steps[1:], None], strict=True):
            await self._quiet()
            self.expect(later)
            if not await self._try(step):
                break
            await self._quiet()
            self.call.let_finish()
        await self._hang_up()

    def expect(self, step: Step | None) -> None:
        """Be ready to cut the coming answer, if the step after it is an interruption."""
        if step and step.kind == "interrupt":
            self.call.interrupt_after(WORDS_BEFORE_INTERRUPTION)

    async def listen(self, lines: AsyncIterator[str], *, is_terminal: bool) -> None:
        """Do what is typed until the lines or the call end; then hang up.

        Args:
            lines: What is typed.
            is_terminal: Whether a person types: some commands then act at once, and the end of the
                lines hangs up at once; else each line waits for the answer to the one before.
        """
        self._waits_for_answers = not is_terminal
        typing = asyncio.create_task(self._type(lines, is_terminal=is_terminal))
        turning = asyncio.create_task(self._take_turns())
        over = asyncio.create_task(self._over.wait())
        ends = {over, typing} if is_terminal else {over, turning}
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _stop({typing, turning, over, *self._tasks})
        self._screen.leave()
        await self._hang_up()

    async def _type(self, lines: AsyncIterator[str], *, is_terminal: bool) -> None:
        self._screen.prompt()
        async for line in lines:
            self._screen.entered(line)
            step = parse(line)
            if not is_terminal or step.kind not in _AT_ONCE:
                self._line_up(step)
            elif step.kind == "hangup":
                await self._hang_up()
            else:
                self._spawn(step)
        self._line_up(None)

    def _line_up(self, step: Step | None) -> None:
        if not self._turns:
            self.expect(step)
        self._turns.append(step)
        self._arrived.set()

    async def _take_turns(self) -> None:
        while (step := await self._next_turn()) and step.kind != "hangup":
            self.call.let_finish()
            self.expect(self._turns[0] if self._turns else None)
            await self._try(step)

    async def _next_turn(self) -> Step | None:
        while not self._turns:
            self._arrived.clear()
            await self._arrived.wait()
        step = self._turns[0]
        if step is None or step.kind not in _OF_THE_CALLEE:  # who need not wait for the caller
            with suppress(TwinError):  # the step itself will tell
                await self._quiet()
        return self._turns.popleft()

    async def _quiet(self) -> None:
        """Wait for the caller's turn; where nobody types, also for an answer that is streamed."""
        await self.call.settled()
        if self._waits_for_answers and self._is_answer_due:
            if self.call.is_streaming:
                with suppress(TwinError):
                    await self.call.streamed(timeout=STREAMED)
            await asyncio.sleep(BREATH)
            await self.call.settled()
        self._is_answer_due = False

    def _spawn(self, step: Step) -> None:
        """Do a step without waiting for the one before."""
        task = asyncio.create_task(self._do_at_once(step))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _do_at_once(self, step: Step) -> None:
        await self._try(step, at_once=True)

    async def _try(self, step: Step, *, at_once: bool = False) -> bool:
        """Do a step; False, and a problem shown, if it could not be done."""
        try:
            await self._do(step, at_once=at_once)
        except TwinError as error:
            reason = str(error).splitlines()[0]
            problem = f"{step.kind} {step.text}".strip() + f": {reason}"
            self.faults.append(problem)
            self._screen.tell(*tell_problem(problem))
            return False
        return True

    async def _do(self, step: Step, *, at_once: bool) -> None:
        call = self.call
        self._is_answer_due = step.kind in _ANSWERED
        actions: dict[str, Callable[[], Awaitable[object]]] = {
            "say": lambda: call.say(step.text),
            "dtmf": lambda: call.dtmf(step.text),
            "silence": call.silence,
            "callee": lambda: self._callee(step),
            "callee-keys": lambda: self._callee(step),
            "ring-off": call.far_hangup,
            "interrupt": lambda: call.interrupt(step.text) if at_once else call.say(step.text),
            "drop": lambda: self._drop(at_once=at_once),
        }
        if action := actions.get(step.kind):
            await action()
        elif step.kind == "raw":
            self._screen.raw = not self._screen.raw
            self._screen.tell(Line("", f"frames are {'shown' if self._screen.raw else 'hidden'}"))
        elif step.kind in ("help", "unknown"):
            text = HELP if step.kind == "help" else step.text
            self._screen.tell(*(Line("", line) for line in text.splitlines()))

    async def _callee(self, step: Step) -> None:
        """Speak or press keys as the party that the application dialled."""
        callee = await self.call.child()
        await (callee.say(step.text) if step.kind == "callee" else callee.dtmf(step.text))

    async def _drop(self, *, at_once: bool) -> None:
        self.drops += 1
        await self.call.drop()
        if not at_once:
            await self.call.reconnected()

    async def _hang_up(self) -> None:
        if not self.call.is_over:
            await self.call.hangup()
        await self.call.ended()

    def _watch(self, entry: Entry) -> None:
        if entry.kind == "end":
            self._over.set()


async def _stop(tasks: "set[asyncio.Task[None] | asyncio.Task[bool]]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
