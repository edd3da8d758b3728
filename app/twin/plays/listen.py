"""The listen verb, without a sound: it lasts a while and then tells its action hook."""

import asyncio
from typing import TYPE_CHECKING, Any

from app.twin.stack import Verb

if TYPE_CHECKING:
    from app.twin.leg import Leg

SECONDS = 5
"""How long a listen without an end of its own lasts."""


async def listen(leg: "Leg", verb: Verb) -> None:
    """Pretend to stream audio until `maxLength`, `finishOnKey` or the caller's silence."""
    fork = Fork(str(verb.get("finishOnKey", "")))
    leg.log.note("no audio is streamed in this part of the twin", url=verb["url"])
    leg.listener = fork
    leg.fork_is_running = True
    leg.log.poke()
    seconds = int(verb.get("maxLength") or SECONDS)
    try:
        if fork.keys and not leg.pace.silence:
            await fork.ended.wait()
        else:
            await _until(fork.ended, seconds * leg.pace.scale)
    finally:
        leg.listener = None
        leg.fork_is_running = False
    digits = {"digits": fork.pressed} if fork.pressed else {}
    await leg.hooks.action_logged(verb, {"dial_call_duration": seconds, **digits})


class Fork:
    """A listen at work: it takes every word and waits for its key."""

    def __init__(self, keys: str) -> None:
        self.keys = keys
        self.pressed = ""
        self.ended = asyncio.Event()

    @property
    def is_waiting(self) -> bool:
        """Whether it goes on."""
        return not self.ended.is_set()

    def hear(self, text: str, confidence: float) -> None:
        """Take what was said, as audio would."""

    def press(self, digits: str) -> None:
        """End on the key that ends it."""
        for digit in digits:
            if digit in self.keys:
                self.pressed = digit
                self.ended.set()

    def fall_silent(self) -> None:
        """End, as if the far end closed its socket."""
        self.ended.set()

    def barge_in(self, _text: str, _seconds: float | None = None) -> bool:
        """Nothing is said that could be interrupted."""
        return False


async def _until(ended: asyncio.Event, limit: float) -> None:
    waiting: asyncio.Future[Any] = asyncio.ensure_future(ended.wait())
    try:
        await asyncio.wait({waiting}, timeout=limit)
    finally:
        waiting.cancel()
