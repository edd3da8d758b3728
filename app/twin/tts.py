"""App-fed TTS: text that the application streams, cut into sentences and spoken as it comes."""

import asyncio
import re
from typing import TYPE_CHECKING, Any

from app.twin.clock import Timer
from app.twin.voice import Utterance

if TYPE_CHECKING:
    from app.twin.leg import Leg

HIGH_WATER = 1000
"""Characters that wait to be spoken at the most; more are refused as `full`."""

LOW_WATER = 200
"""A full buffer takes text again from here."""

IDLE = 1.0
"""Seconds without new text after which what waits is spoken, whatever it ends in."""

SHORTEST_IDLE = 0.05
"""The same, for a twin whose clock stands still: long enough for text that is on its way."""

_SENTENCE_END = re.compile(r"(?<!\d)[.!?](?=\s|$)|\n\n")


class TtsStream:
    """The stream of one call; text may come before it is open, and waits.

    Attributes:
        is_open: Whether `config.ttsStream` or a streaming `say` opened it.
        replies: What was heard, one text for each flush, clear or interruption.
    """

    def __init__(self, leg: "Leg") -> None:
        self.is_open = False
        self.replies: list[str] = []
        self._leg = leg
        self._buffer = ""
        self._flushes: list[int] = []  # how much of the buffer stands before each flush
        self._is_full = False
        self._heard: list[str] = []
        self._utterance: Utterance | None = None
        self._speaker: asyncio.Task[None] | None = None
        self._idle: Timer | None = None
        self._dry = asyncio.Event()

    @property
    def is_speaking(self) -> bool:
        """Whether some of its text is being spoken now."""
        return self._speaker is not None

    def open(self) -> None:
        """Open it, and begin to speak what came before."""
        if not self.is_open:
            self.is_open = True
            self._tell("stream_open")
            self._go_on()

    def close(self) -> None:
        """Close it; what was not spoken is dropped."""
        if self.is_open:
            self.clear()
            self.is_open = False
            self._tell("stream_closed")

    def take(self, data: Any) -> None:
        """Take a `tts:tokens` command's data, and tell what became of it."""
        id_ = data.get("id") if isinstance(data, dict) else None
        if id_ is None:
            self._leg.log.note("tts:tokens without an id: silently ignored", data=data)
            return
        failure = self._feed(data.get("tokens"))
        result = {"status": "failed", "reason": failure} if failure else {"status": "ok"}
        self._leg.line.send("tts:tokens-result", {"id": id_, **result})

    def flush(self) -> None:
        """End a reply: all that came is spoken, whatever it ends in."""
        self._flushes.append(len(self._buffer))
        self._go_on()

    def clear(self) -> None:
        """Drop what is not spoken yet, and stop speaking."""
        self._buffer = ""
        self._flushes.clear()
        self._stop_idling()
        if self._utterance:
            self._utterance.end(interrupted=True)
        else:
            self._end_reply()
        self._resume()

    def halt(self) -> None:
        """Forget everything; the call is over."""
        self._buffer = ""
        self._stop_idling()

    def interrupt(self) -> None:
        """Let the caller talk over it: the buffer is dropped, and the application is told."""
        self.clear()
        self._tell("user_interruption")

    async def run_dry(self) -> None:
        """Wait until something was spoken and nothing is left."""
        self._dry.clear()
        await self._dry.wait()

    def _feed(self, tokens: Any) -> str:
        """Buffer text; return why not, or ""."""
        if not isinstance(tokens, str) or not tokens:
            return "missing tokens"
        if not self._buffer and not tokens.strip():
            return ""
        if len(self._buffer) + len(tokens) > HIGH_WATER:
            if not self._is_full:
                self._is_full = True
                self._tell("stream_paused")
            return "full"
        self._buffer += tokens
        self._go_on()
        return ""

    def _go_on(self) -> None:
        self._stop_idling()
        if not self.is_open or self.is_speaking:
            return
        if self._chunk_size or self._flushes:
            self._speaker = self._leg.spawn(self._speak())
        elif self._buffer:
            wait = max(IDLE * self._leg.pace.scale, SHORTEST_IDLE)
            self._idle = self._leg.clock.call_later(wait, self._speak_the_rest)

    def _speak_the_rest(self) -> None:
        self._idle = None
        self._speaker = self._leg.spawn(self._speak(len(self._buffer)))

    async def _speak(self, size: int = 0) -> None:
        try:
            while size or self._chunk_size or self._flushes:
                await self._say(self._next(size or self._chunk_size))
                size = 0
        finally:
            self._speaker = None
            self._leg.log.poke()
        self._go_on()
        if not self.is_speaking and not self._buffer:
            self._dry.set()

    @property
    def _chunk_size(self) -> int:
        """How much of the buffer can be spoken: up to a flush, or else to the last sentence end."""
        if self._flushes:
            return self._flushes[0]
        ends = [m.end() for m in _SENTENCE_END.finditer(self._buffer) if m.start()]
        return ends[-1] if ends else 0

    def _next(self, size: int) -> str:
        """Take a chunk out of the buffer."""
        chunk, self._buffer = self._buffer[:size], self._buffer[size:]
        self._flushes = [place - size for place in self._flushes]
        if len(self._buffer) < LOW_WATER:
            self._resume()
        return chunk

    async def _say(self, chunk: str) -> None:
        utterance = self._utterance = Utterance(self._leg.voice, "tts")
        try:
            utterance.feed(chunk)
            await utterance.finish()
        finally:
            was_cut = utterance.is_over
            heard = utterance.end()
            self._utterance = None
        if heard:
            self._heard.append(heard)
            if self._leg.effects.get("config", {}).get("trackTtsPlayout"):
                self._tell("tts_spoken", text=heard, bargein=was_cut)
        is_flushed = bool(self._flushes) and self._flushes[0] <= 0 and not was_cut
        if is_flushed:
            del self._flushes[0]
        if is_flushed or was_cut:
            self._end_reply()

    def _end_reply(self) -> None:
        if self._heard:
            self.replies.append(" ".join(self._heard))
            self._heard.clear()

    def _resume(self) -> None:
        if self._is_full:
            self._is_full = False
            self._tell("stream_resumed")

    def _stop_idling(self) -> None:
        if self._idle:
            self._idle.cancel()
            self._idle = None

    def _tell(self, event_type: str, **more: Any) -> None:
        self._leg.line.send("tts:streaming-event", {"event_type": event_type, **more})
