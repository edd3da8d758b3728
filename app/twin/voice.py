"""What the caller hears: speech that takes its time and can be cut."""

import asyncio
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from app.twin.log import Log

_PIECE = re.compile(r"\s*\S+|\s+$")


class Voice:
    """Everything that is said to the caller.

    Attributes:
        spoken: What was heard so far, one text for each utterance.
        cut_after: Barge in as soon as the present or next utterance has so many words.
        barge: What to call then.
        mark: What the log's entries carry besides, such as the leg.
    """

    def __init__(
        self, log: Log, rate: float | None, mark: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self.spoken: list[str] = []
        self.cut_after: int | None = None
        self.barge: Callable[[], object] = lambda: None
        self.log = log
        self.rate = rate
        self.mark = mark

    async def say(self, text: str, by: str) -> None:
        """Say a whole text; a cancelled one is cut where it was."""
        utterance = Utterance(self, by)
        try:
            utterance.feed(text)
            await utterance.finish()
        finally:
            utterance.end()

    def play(self, url: str) -> None:
        """Let the caller hear a recording."""
        self.heard(f"[audio: {url}]", "play")

    def heard(
        self, text: str, by: str, *, interrupted: bool = False, began: float | None = None
    ) -> None:
        """Log what was heard, and since when, where it took its time."""
        self.spoken.append(text)
        entry = {"text": text, "by": by, "interrupted": interrupted, **self.mark}
        self.log.add("heard", entry if began is None else {**entry, "began": began})


class Utterance:
    """One text on its way to the caller's ear, word by word; it may grow while it is spoken."""

    def __init__(self, voice: Voice, by: str) -> None:
        self.heard = ""
        self.is_over = False
        self._voice = voice
        self._by = by
        self._waiting: list[str] = []
        self._player: asyncio.Task[None] | None = None
        self._silent_until = 0.0
        self._began: float | None = None

    @property
    def is_quiet(self) -> bool:
        """Whether nothing of it is still to be heard."""
        return self._player is None or self._player.done()

    def pause(self, seconds: float) -> None:
        """Let some silence come before the next word."""
        if seconds > 0:
            self._silent_until = max(self._silent_until, self._voice.log.clock.time() + seconds)

    def feed(self, text: str) -> None:
        """Add text; without a speech rate it is heard at once."""
        is_at_once = self._voice.rate is None and not self._silent_until
        if is_at_once and self._voice.cut_after is None and not self.is_over:
            self.heard += text
            return
        self._waiting += _PIECE.findall(text)
        if is_at_once:
            while self._waiting and not self.is_over:
                self._say_piece()
        elif self._player is None or self._player.done():
            self._player = asyncio.ensure_future(self._play(self._voice.rate))
            self._player.add_done_callback(self._voice.log.watch)

    async def finish(self) -> None:
        """Wait until all of it was heard."""
        if self._player:
            await asyncio.wait({self._player})

    def end(self, *, interrupted: bool | None = None) -> str:
        """Stop here; return what was heard, which is logged once."""
        if not self.is_over:
            self.is_over = True
            cut = bool(self._waiting) if interrupted is None else interrupted
            if self._player:
                self._player.cancel()
            self.heard = " ".join(self.heard.split())
            if self.heard:
                self._voice.heard(self.heard, self._by, interrupted=cut, began=self._began)
        return self.heard

    async def _play(self, rate: float | None) -> None:
        clock = self._voice.log.clock
        while self._waiting and not self.is_over:
            if (silence := self._silent_until - clock.time()) > 0:
                await clock.sleep(silence)
                continue
            lasts = 0.0 if rate is None or self._goes_on(self._waiting[0]) else 1 / rate
            if rate is not None:
                self._tell(self._waiting[0])
            self._say_piece()
            await clock.sleep(lasts)

    def _tell(self, piece: str) -> None:
        """Log a word as it begins."""
        if piece.strip():
            if self._began is None:
                self._began = round(self._voice.log.elapsed, 6)
            entry = {"text": piece.strip(), "by": self._by, **self._voice.mark}
            joins = {"joins": True} if self._goes_on(piece) else {}
            self._voice.log.add("speaking", entry | joins)

    def _goes_on(self, piece: str) -> bool:
        """Whether a piece is the rest of a word: models write words in parts."""
        return bool(self.heard) and not (piece[0].isspace() or self.heard[-1].isspace())

    def _say_piece(self) -> None:
        piece = self._waiting.pop(0)
        self.heard += piece
        cut_after = self._voice.cut_after
        if cut_after is not None and len(self.heard.split()) >= cut_after:
            self._voice.cut_after = None
            self._voice.barge()


def texts(text: Any) -> list[str]:
    """The texts of a say, which may be one or several."""
    return [str(item) for item in (text if isinstance(text, list) else [text]) if item]
