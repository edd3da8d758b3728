"""Text that the application feeds to the platform's voice: what jambonz tells of it, typed.

And :class:`TextFeed`, which keeps the order: what waits, what is in flight, what was refused.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from app.protocol.fields import Data, rest, text, whole

# jambonz' buffer holds 1,000 characters and refuses what does not fit as a whole.
PIECE = 500
# Characters that may wait here before who makes them has to wait too.
ROOM = 1000
# jambonz answers within one round trip. After a reconnect, or where the stream opens only now, a
# piece without an answer may never have been read: it goes out again after this many seconds.
UNSURE_SECONDS = 1.0
ANSWER_SECONDS = 5.0
# A refused piece waits for stream_resumed or stream_open, but not for ever: either may get lost.
RETRY_SECONDS = {"full": 5.0, "closed": 1.0}
OPEN_SECONDS = 10.0

# Failures that no waiting mends.
FATAL = ("missing", "connection to")
NO_STREAM = (
    "jambonz has no stream for it. Begin one with config(tts_stream={'enable': True}) or "
    "say(stream=True)"
)
NO_ANSWER = f"jambonz did not answer within {ANSWER_SECONDS:g} s. {NO_STREAM}"


@dataclass(frozen=True, slots=True)
class TtsStreamEvent:
    """The state of the stream of text to the voice.

    ``event_type`` is stream_open, stream_closed, stream_paused, stream_resumed or
    user_interruption.
    """

    event_type: str
    extra: Data = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TtsSpoken:
    """What the caller has heard; comes only after ``config(track_tts_playout=True)``.

    ``bargein`` tells that the caller spoke over it.
    """

    text: str
    bargein: bool = False
    extra: Data = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TtsTokensResult:
    """Whether jambonz took a piece of text; ``Session.tts`` deals with it."""

    id: int | None
    status: str = ""
    reason: str = ""
    extra: Data = field(default_factory=dict)


def read_tts_event(data: Data) -> TtsStreamEvent | TtsSpoken:
    """Turn the payload of ``tts:streaming-event`` into its type."""
    name = text(data, "event_type")
    if name == "tts_spoken":
        extra = {key: data[key] for key in data if key not in ("event_type", "text", "bargein")}
        return TtsSpoken(text(data, "text"), data.get("bargein") is True, extra)
    return TtsStreamEvent(name, rest(data, TtsStreamEvent))


def read_tokens_result(data: Data) -> TtsTokensResult:
    """Turn the payload of ``tts:tokens-result`` into its type."""
    return TtsTokensResult(
        whole(data, "id"), text(data, "status"), text(data, "reason"), rest(data, TtsTokensResult)
    )


@dataclass(slots=True)
class Piece:
    """Text that jambonz has been sent and has not answered with ok.

    Attributes:
        first: When it was sent first.
        since: When it was sent, refused, or became unsure.
        refused: Why jambonz does not take it now: ``full``, or ``closed`` where no stream is open.
        is_unsure: Whether it may never have been read.
    """

    id: int
    text: str
    first: float
    since: float
    refused: str = ""
    is_unsure: bool = False


class TextFeed:
    """Text on its way to jambonz, one piece at a time.

    jambonz refuses a piece that its buffer cannot hold, and would take a shorter one that follows:
    the order is kept only by waiting for each answer. What comes meanwhile is joined, so that a
    model's tokens do not make a frame each, and the first one never waits.

    Attributes:
        accepted: Characters that jambonz has taken, in all.
    """

    __slots__ = ("_flight", "_is_open", "_is_paused", "_items", "_last_id", "_waiting", "accepted")

    def __init__(self) -> None:
        self._items: deque[str | None] = deque()  # None stands for a flush
        self._waiting = 0
        self._flight: Piece | None = None
        self._is_open = self._is_paused = False
        self._last_id = 0
        self.accepted = 0

    @property
    def unanswered(self) -> int:
        """Characters that jambonz has not taken yet."""
        return self._waiting + (len(self._flight.text) if self._flight else 0)

    @property
    def is_empty(self) -> bool:
        """Whether all has been taken, flushes included."""
        return not self._items and self._flight is None

    @property
    def is_full(self) -> bool:
        """Whether who makes text has to wait."""
        return self._is_paused or self._waiting >= ROOM

    def put(self, text: str) -> None:
        """Append text."""
        for start in range(0, len(text), PIECE):
            self._items.append(text[start : start + PIECE])
        self._waiting += len(text)

    def put_flush(self) -> None:
        """Have what was put so far spoken, also where it ends in the middle of a sentence."""
        self._items.append(None)

    def drop(self) -> None:
        """Forget all that jambonz has not taken; ids go on, so late answers mean nothing."""
        self._items.clear()
        self._waiting = 0
        self._flight = None
        self._is_paused = False

    def take(self, now: float) -> tuple[str, dict[str, Any] | None] | None:
        """The next command to send: its name and its data; None while there is none."""
        piece = self._flight
        if piece is not None:
            return self._again(piece, now) if may_go_again(piece, now, self._is_paused) else None
        if not self._items:
            return None
        if self._items[0] is None:
            self._items.popleft()
            return "tts:flush", None
        if self._is_paused:
            return None
        self._last_id += 1
        self._flight = Piece(self._last_id, self._join(), now, now)
        return command_of(self._flight)

    def _again(self, piece: Piece, now: float) -> tuple[str, dict[str, Any]]:
        piece.since, piece.refused, piece.is_unsure = now, "", False
        return command_of(piece)

    def _join(self) -> str:
        """As much as one piece holds, up to the next flush."""
        texts: list[str] = []
        size, items = 0, self._items
        while items and (text := items[0]) is not None and size + len(text) <= PIECE:
            texts.append(text)
            size += len(text)
            items.popleft()
        self._waiting -= size
        return "".join(texts)

    def answered(self, result: TtsTokensResult, now: float) -> str | None:
        """Take an answer to a piece; gives the reason of a failure that no waiting mends."""
        piece = self._flight
        if piece is None or piece.id != result.id:
            return None
        if result.status == "ok":
            self.accepted += len(piece.text)
            self._flight = None
        elif result.reason == "full":
            self._refused(piece, "full", now)
        elif not self._is_open and not result.reason.startswith(FATAL):
            self._refused(piece, "closed", now)  # the verb that begins the stream is still to come
        else:
            return result.reason or NO_STREAM
        return None

    def _refused(self, piece: Piece, why: str, now: float) -> None:
        piece.refused, piece.since, piece.is_unsure = why, now, False
        self._is_paused = True

    def told(self, event_type: str, now: float) -> None:
        """The stream opened, closed, paused or resumed."""
        if event_type == "stream_paused":
            self._is_paused = True
        elif event_type in ("stream_open", "stream_resumed", "stream_closed"):
            # Closed or not: jambonz opens it again for the next text, as it did for the first.
            self._is_paused = False
            if event_type == "stream_open":
                self._is_open = True
                self.doubt(now)

    def doubt(self, now: float) -> None:
        """The piece in flight may never have been read."""
        if self._flight is not None and not self._flight.refused:
            self._flight.since, self._flight.is_unsure = now, True

    def overdue(self, now: float) -> str | None:
        """Why a piece cannot be spoken that has waited for too long."""
        piece = self._flight
        if piece is None or piece.is_unsure:
            return None
        if piece.refused == "closed":
            return NO_STREAM if now - piece.first >= OPEN_SECONDS else None
        is_late = not piece.refused and now - piece.since >= ANSWER_SECONDS
        return NO_ANSWER if is_late else None


def may_go_again(piece: Piece, now: float, is_paused: bool) -> bool:
    """Whether a piece is to be sent once more."""
    if piece.refused:
        return not is_paused or now - piece.since >= RETRY_SECONDS[piece.refused]
    return piece.is_unsure and now - piece.since >= UNSURE_SECONDS


def command_of(piece: Piece) -> tuple[str, dict[str, Any]]:
    """The command that carries a piece."""
    return "tts:tokens", {"id": piece.id, "tokens": piece.text}
