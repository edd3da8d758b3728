"""Hold music: a hook's verbs, played again and again to a caller who waits."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from app.twin.hooks import name_of
from app.twin.stack import Verb

if TYPE_CHECKING:
    from app.twin.leg import Leg

WAITING = ("play", "say", "pause", "leave")
"""What a wait hook may return."""

ENTERING = ("play", "say", "pause")
"""What other hooks may return whose verbs run beside a verb."""

BETWEEN = 0.5
"""Seconds of silence between two rounds."""


class BadMusic(Exception):
    """A hook that must return an array of a few verbs returned something else."""


async def ask_music(
    leg: "Leg", hook: Any, data: Mapping[str, Any], allowed: tuple[str, ...]
) -> list[Verb]:
    """Ask a hook that must return an array.

    Raises:
        BadMusic: If it does not, or if the array holds other verbs.
        NoAck, BadInstruction: As for every hook.
    """
    answer = await leg.hooks.ask(hook, data)
    if not isinstance(answer, list):
        raise BadMusic(f"{name_of(hook)} must return an array of {', '.join(allowed)}")
    verbs = leg.hooks.check(answer)
    if others := sorted({verb["verb"] for verb in verbs} - set(allowed)):
        text = f"{name_of(hook)} may return only {', '.join(allowed)}"
        raise BadMusic(f"{text}; came {', '.join(others)}")
    return verbs


class Waiting:
    """A caller who waits; in a twin whose clock stands still each round waits for its silence."""

    def __init__(self, leg: "Leg", allowed: tuple[str, ...] = WAITING) -> None:
        self._leg = leg
        self._allowed = allowed
        self._is_resting = False
        self._is_forever = False

    @property
    def is_waiting(self) -> bool:
        """Whether a round is over."""
        return self._is_resting

    def hear(self, text: str, confidence: float) -> None:
        """Nobody is there yet."""
        self._leg.log.note("nobody hears a caller who waits")

    def press(self, digits: str) -> None:
        """Nobody is there yet."""
        self._leg.log.note("nobody hears the keys of a caller who waits")

    def fall_silent(self) -> None:
        """Wait on: the next round begins."""
        self._is_resting = self._is_forever
        self._leg.log.poke()

    def barge_in(self, _text: str, _seconds: float | None = None) -> bool:
        """Hold music cannot be interrupted."""
        return False

    async def play(self, hook: Any, data: Callable[[], Mapping[str, Any]]) -> bool:
        """Play a hook's verbs again and again; True when they say `leave`.

        Raises:
            BadMusic, NoAck, BadInstruction: As `ask_music`.
        """
        while hook:
            verbs = await ask_music(self._leg, hook, data(), self._allowed)
            if await perform_until_leave(self._leg, verbs):
                return True
            if not verbs:  # jambonz does not ask again
                break
            await self._rest()
        await self._rest(forever=True)
        return False

    async def outlast(self, limit: float) -> None:
        """Wait until the patience of whoever set this limit is over; 0 is no limit."""
        if limit and self._leg.pace.silence:
            await self._leg.clock.sleep(limit)
        else:
            await self._rest(forever=not limit)

    async def _rest(self, *, forever: bool = False) -> None:
        self._is_resting, self._is_forever = True, forever
        self._leg.log.poke()
        if self._leg.pace.scale and not forever:
            await self._leg.sleep(BETWEEN)
            self._is_resting = False
        await self._leg.log.happens(lambda: not self._is_resting)


async def wait_with_music(
    leg: "Leg", hook: Any, data: Callable[[], Mapping[str, Any]], done: Callable[[], bool]
) -> bool:
    """Let a caller wait until `done()`; True where the hook's verbs say `leave` before.

    Raises:
        BadMusic, NoAck, BadInstruction: As `ask_music`.
    """
    waiting = Waiting(leg)
    leg.listener = waiting
    music = asyncio.ensure_future(waiting.play(hook, data))
    music.add_done_callback(lambda _: leg.log.poke())
    try:
        await leg.log.happens(lambda: music.done() or done())
        return not done() and music.result()
    finally:
        music.cancel()
        await asyncio.gather(music, return_exceptions=True)
        if leg.listener is waiting:
            leg.listener = None


async def perform_until_leave(leg: "Leg", verbs: list[Verb]) -> bool:
    """Run verbs beside the stack; True at a `leave`."""
    for verb in verbs:
        if verb["verb"] == "leave":
            return True
        await leg.perform(verb)
    return False
