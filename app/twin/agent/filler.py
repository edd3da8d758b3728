"""What is heard while a tool runs: `toolFiller`."""

import asyncio
import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.twin.stack import Verb

if TYPE_CHECKING:
    from app.twin.leg import Leg

START, ESCALATION = 2.0, 10.0
"""The defaults of `startDelaySecs` and `escalationSecs`."""

AT_FIRST = "One moment, please."
LATER = (
    "This takes a little longer than usual. Thank you for waiting.",
    "I am still on it. It will not be long.",
)
"""What stands for the phrases that jambonz has made; the last is said again and again."""


class Filler:
    """Fills the wait for tools, if the verb wants it.

    A tool takes real time, on a virtual clock too, and so do the filler's delays.
    """

    def __init__(self, leg: "Leg", verb: Verb, *, speaks: bool) -> None:
        given = verb.get("toolFiller")
        self._leg = leg
        self._options: Mapping[str, Any] = given if isinstance(given, Mapping) and speaks else {}
        self._task: asyncio.Task[None] | None = None
        self._waiting = 0

    async def during(self, output: "asyncio.Future[Any]", limit: float) -> None:
        """Wait for a tool's output, at most `limit` seconds; several are filled as one."""
        self._waiting += 1
        if self._options and self._task is None:
            self._task = asyncio.ensure_future(self._fill())
            self._task.add_done_callback(self._leg.log.watch)
        try:
            await asyncio.wait({output}, timeout=limit)
        finally:
            self._waiting -= 1
            if self._task and not self._waiting:
                self._task.cancel()
                self._task = None

    async def _fill(self) -> None:
        start = seconds(self._options.get("startDelaySecs"), START)
        await asyncio.sleep(start)
        self._leg.log.note("the tool filler is heard", filler=dict(self._options))
        if self._options.get("type") == "audio":
            self._leg.voice.heard(f"[audio: {self._options.get('url')}]", "filler")
            return
        await self._say(AT_FIRST)
        escalation = seconds(self._options.get("escalationSecs"), ESCALATION)
        for turn in itertools.count():
            await asyncio.sleep(max(escalation - start, 0.0) if turn == 0 else escalation)
            await self._say(LATER[min(turn, len(LATER) - 1)])

    async def _say(self, text: str) -> None:
        if self._leg.clock.is_virtual:  # it stands still, and so would speech
            self._leg.voice.heard(text, "filler")
        else:
            await self._leg.voice.say(text, "filler")


def seconds(value: Any, default: float) -> float:
    """A duration of the verb."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else default
