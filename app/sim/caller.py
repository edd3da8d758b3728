"""Does what a script says on a call, and looks after each step whether it went as expected."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from app.sim.check import Miss, Rule, misses
from app.sim.scenario import Moment, Step
from app.twin import Entry, TwinCall, TwinError, WaitFailed

GRACE = 0.5
"""Seconds of real time that an application's messages may be on their way when they are missed."""


@dataclass(slots=True)
class Armed:
    """A step that does not wait for the answer to the one before.

    Attributes:
        began: Where in the log it was done.
        done: Does it; None where the voice does, after so many words.
    """

    began: "asyncio.Future[int]"
    done: "asyncio.Task[None] | None" = None


class Script:
    """The caller of a script.

    Attributes:
        misses: What was not as expected.
        drops: How often the caller lost the socket.
    """

    def __init__(self, call: TwinCall, steps: Sequence[Step]) -> None:
        self.misses: list[Miss] = []
        self.drops = 0
        self._call = call
        self._steps = steps
        self._armed: dict[int, Armed] = {}
        self._since = 0  # where in the log the step before was begun
        self._arm(0)

    async def play(self) -> None:
        """Do every step; stop where one cannot be done."""
        try:
            await self._call.settled()
            for n, step in enumerate(self._steps):
                if not await self._try(n, step):
                    return
        finally:
            await self._disarm()

    async def _try(self, n: int, step: Step) -> bool:
        call = self._call
        try:
            began = await self._take(n, step)
        except TwinError as error:
            reason = str(error).splitlines()[0]
            self.misses.append(Miss(str(step.place), f"{step}: {reason}", len(call.log) - 1))
            return False
        self._since = began
        self.misses += await settle(call, step.expect, began - 1)
        return True

    async def _take(self, n: int, step: Step) -> int:
        """Do a step, or let it do itself; return where in the log that was."""
        call, armed = self._call, self._armed.get(n)
        if armed and armed.done:
            await call.leg.log.until(armed.began.done, _told(step.moment), call.leg.pace.patience)
            await armed.done
        if armed and armed.began.done():
            await call.settled()
            return armed.began.result()
        call.let_finish()  # what was said was too short to be cut
        began = len(call.log)
        self._arm(n + 1)
        await self._do(step)
        return began

    async def _do(self, step: Step) -> None:
        call = self._call
        actions: dict[str, Callable[[], Awaitable[object]]] = {
            "say": lambda: call.say(step.text, confidence=step.confidence),
            "dtmf": lambda: call.dtmf(step.text),
            "silence": lambda: call.silence(step.seconds),
            "interrupt": lambda: call.interrupt(step.text),
            "hangup": call.hangup,
            "drop": lambda: self._drop(step),
            "wait": lambda: self._wait(step),
        }
        await actions[step.action]()

    async def _drop(self, step: Step) -> None:
        self.drops += 1
        await self._call.drop(code=step.code)
        if step.moment is None:
            await self._call.reconnected()

    async def _wait(self, step: Step) -> None:
        """Wait until something happened since the step before was begun."""
        check = step.awaited
        if check is None:
            return
        limit = check.within / 1000 if check.within else self._call.leg.pace.patience
        log, after = self._call.log, self._since - 1
        await self._call.leg.log.until(
            lambda: not misses([check], log, after), str(check.wanted), limit
        )

    def _arm(self, n: int) -> None:
        """Be ready for a step that is to be done while the other side is busy."""
        step = self._steps[n] if n < len(self._steps) else None
        if step is None or n in self._armed or (step.words is None and step.moment is None):
            return
        began: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def watch(entry: Entry) -> None:
            if not began.done() and self._is_time(step, entry):
                began.set_result(len(self._call.log) - 1)
                self._arm(n + 1)

        self._armed[n] = Armed(began)
        self._call.subscribe(watch)
        if step.words is not None:
            self._call.interrupt_after(step.words, step.text)
        else:
            self._armed[n].done = asyncio.create_task(self._act(step, began))

    @staticmethod
    def _is_time(step: Step, entry: Entry) -> bool:
        if step.moment is None:
            return entry.kind == "heard" and bool(entry.data.get("interrupted"))
        return is_moment(step.moment, entry)

    async def _act(self, step: Step, began: "asyncio.Future[int]") -> None:
        """Do a step at its moment, whatever is being said."""
        call, moment = self._call, step.moment
        await began
        if moment and moment.delay_ms:
            await call.leg.clock.sleep(moment.delay_ms / 1000)
        match step.action:
            case "say" | "interrupt":
                await call.interrupt(step.text)
            case "dtmf":
                call.leg.ears.press(step.text)
            case _:
                await self._do(step)

    async def _disarm(self) -> None:
        acts = {armed.done for armed in self._armed.values() if armed.done}
        for act in acts:
            act.cancel()
        await asyncio.gather(*acts, return_exceptions=True)


def is_moment(moment: Moment, entry: Entry) -> bool:
    """Whether an entry of the log is what a step waits for."""
    if moment.event == "speaking":
        return entry.kind in ("speaking", "heard")
    if moment.event in ("tool_call", "tool_output"):
        return entry.kind == moment.event and moment.name in ("", entry.data.get("name"))
    if moment.event == "update":
        return entry.kind == "update" and moment.name in ("", entry.data.get("type"))
    return entry.kind == "event" and entry.data.get("type") == moment.event


def _told(moment: Moment | None) -> str:
    return f"{moment.event} {moment.name}".strip() if moment else ""


async def settle(call: TwinCall, rules: Sequence[Rule], after: int) -> list[Miss]:
    """What some rules miss, once all that may still be on its way had time to arrive."""
    missed = misses(rules, call.log, after)
    if missed and not call.leg.is_closed:
        with suppress(WaitFailed):
            await call.leg.log.until(
                lambda: call.leg.is_closed or not misses(rules, call.log, after), "", GRACE
            )
        missed = misses(rules, call.log, after)
    return missed
