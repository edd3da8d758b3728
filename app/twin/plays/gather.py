"""The gather verb: keys and speech, with a prompt, timeouts and partial results."""

import asyncio
from typing import TYPE_CHECKING, Any

from app.twin.pending import NoAck
from app.twin.stack import Verb
from app.twin.vocabulary import BadInstruction
from app.twin.voice import texts

if TYPE_CHECKING:
    from app.twin.leg import Leg

TIMEOUT = 15.0
"""Seconds until a gather without `timeout` ends."""


async def gather(leg: "Leg", verb: Verb) -> None:
    """Collect keys or speech and tell them to the action hook."""
    collecting = Gather(leg, verb)
    leg.listener = collecting
    leg.log.poke()
    try:
        result = await collecting.run()
    finally:
        leg.listener = None
    try:
        await leg.hooks.action(verb, result)
    except (NoAck, BadInstruction) as failure:
        leg.error("invalid actionHook response", str(failure), verb="gather")
        leg.tell_status(leg.info, error="invalid actionHook response", reason=str(failure))


class Gather:
    """One gather at work; it listens to the caller."""

    def __init__(self, leg: "Leg", verb: Verb) -> None:
        self._leg = leg
        self._verb = verb
        self._inputs = set(verb.get("input") or ["digits"])
        self._digits = ""
        self._is_prompting = True
        self._more = asyncio.Event()
        self._result: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._min = int(verb.get("minDigits") or 1)
        self._max = int(verb.get("numDigits") or verb.get("maxDigits") or 99)
        self._prompter: asyncio.Task[None] | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether the prompt is over and nothing was collected yet."""
        return not self._is_prompting and not self._result.done()

    async def run(self) -> dict[str, Any]:
        """Prompt, collect, and return the fields of the result."""
        self._prompter = asyncio.ensure_future(self._prompt())
        try:
            ends: set[asyncio.Future[Any]] = {self._prompter, self._result}
            await asyncio.wait(ends, return_when="FIRST_COMPLETED")
            if self._prompter.done() and not self._prompter.cancelled():
                self._prompter.result()
            self._is_prompting = False
            self._leg.log.poke()
            return await self._collect()
        finally:
            self._prompter.cancel()
            await asyncio.wait({self._prompter})

    def hear(self, text: str, confidence: float) -> None:
        """Take speech, if the gather listens to it."""
        if "speech" not in self._inputs:
            self._leg.log.note("this gather does not listen to speech")
            return
        self._partial(text)
        wanted = (self._verb.get("recognizer") or {}).get("minConfidence") or 0
        reason = "speechDetected" if confidence >= wanted else "stt-low-confidence"
        self._end({"reason": reason, "speech": speech_of(text, confidence, is_final=True)})

    def press(self, digits: str) -> None:
        """Take keys, if the gather listens to them."""
        if not self._inputs & {"digits", "dtmf"}:
            self._leg.log.note("this gather does not listen to keys")
            return
        if self._is_prompting and self._verb.get("dtmfBargein"):
            self._cut_prompt("dtmf-bargein-detected")
        for digit in digits:
            if digit == self._verb.get("finishOnKey"):
                self._end_digits()
                return
            self._digits += digit
            if len(self._digits) >= self._max:
                self._end_digits()
                return
        self._more.set()

    def fall_silent(self) -> None:
        """Give up waiting: with the keys so far, if they are enough."""
        if len(self._digits) >= self._min:
            self._end_digits()
        else:
            self._end({"reason": "timeout"})

    def barge_in(self, text: str, seconds: float | None = None) -> bool:
        """Cut the prompt, if barge-in is on, and take what was said."""
        if not self._is_prompting or not self._verb.get("bargein"):
            return False
        self._cut_prompt("speech-bargein-detected")
        if text:
            self._leg.ears.hear(text, 0.97)
        return True

    async def _prompt(self) -> None:
        for key in ("say", "play"):
            prompt = self._verb.get(key) or {}
            for text in texts(prompt.get("text", "")):
                await self._leg.voice.say(text, "gather")
            for url in texts(prompt.get("url", "")):
                self._leg.voice.play(url)
                await self._leg.sleep(3)

    async def _collect(self) -> dict[str, Any]:
        while self._leg.pace.silence and not self._result.done():
            self._more.clear()
            if not await self._is_in_time():
                self.fall_silent()
        return await self._result

    async def _is_in_time(self) -> bool:
        """Wait for a key or the result; False if neither came in time."""
        more = asyncio.ensure_future(self._more.wait())
        ends: set[asyncio.Future[Any]] = {more, self._result}
        try:
            done, _ = await asyncio.wait(ends, timeout=self._limit(), return_when="FIRST_COMPLETED")
        finally:
            more.cancel()
        return bool(done)

    def _limit(self) -> float | None:
        between = self._verb.get("interDigitTimeout")
        if self._digits and between:
            return float(between)
        return float(self._verb.get("timeout", TIMEOUT)) or None

    def _partial(self, text: str) -> None:
        hook = self._verb.get("partialResultHook")
        if hook:
            words = text.split()
            speech = speech_of(" ".join(words[: (len(words) + 1) // 2]), 0.5, is_final=False)
            self._leg.hooks.notify(hook, self._leg.hooks.result(self._verb, {"speech": speech}))

    def _cut_prompt(self, event: str) -> None:
        self._leg.verb_status(self._verb, event, verb="gather")
        if self._prompter:
            self._prompter.cancel()

    def _end_digits(self) -> None:
        self._end({"reason": "dtmfDetected", "digits": self._digits})

    def _end(self, result: dict[str, Any]) -> None:
        if not self._result.done():
            self._result.set_result(result)


def speech_of(text: str, confidence: float, *, is_final: bool) -> dict[str, Any]:
    """The `speech` of a result."""
    return {
        "language_code": "en-US",
        "channel_tag": 1,
        "is_final": is_final,
        "alternatives": [{"transcript": text, "confidence": confidence}],
        "vendor": {"name": "twin", "evt": {}},
    }
