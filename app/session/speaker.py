"""The application's own words to the platform's voice, as they are made: ``session.tts``."""

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from app.llm import End, Event, Token, ToolCall, ToolCallStart
from app.protocol import LocalError, TextFeed, read_tokens_result
from app.session.errors import CallEnded

if TYPE_CHECKING:
    from app.session.live import LiveCall

Cause = Literal["barge-in", "cleared"]
Words = str | Iterable[str] | AsyncIterable[str] | AsyncIterable[Event]

# A generator that is cancelled should end at once; who awaits ``speak`` does not wait for longer.
CLOSING_SECONDS = 1.0
END: Any = object()
EXPECTED = "expected text, an iterable of texts, an async generator of texts, or a model's stream"


class SpeechFailed(LocalError):
    """The platform could not take text to speak, or what was to be spoken is no text."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What became of one ``speak``.

    Attributes:
        text: What jambonz has taken. How much of it was heard, only ``TtsSpoken`` tells.
        interrupted: Whether it was cut: the rest was dropped and its generator closed.
        cause: What cut it: ``barge-in``, or ``cleared`` by the application.
        tool_calls: What a model's stream asked for beside its text.
    """

    text: str
    interrupted: bool = False
    cause: Cause | None = None
    tool_calls: tuple[ToolCall, ...] = ()


@dataclass(slots=True)
class Speech:
    """One ``speak`` while it runs.

    Attributes:
        round: The speaker's when it was asked for; another one means that it was cut.
        begin: Characters that jambonz will have taken before its own.
        is_drawing: Whether it waits for its source, and not for jambonz.
    """

    round: int
    begin: int
    is_drawing: bool = False
    said: list[str] = field(default_factory=list)
    tool_calls: list[ToolCall] = field(default_factory=list)


class Speaker:
    """Feeds text to a stream that ``config(tts_stream=…)`` or ``say(stream=True)`` has begun.

    Text may be given before the stream is open. What jambonz refuses because its buffer is full
    goes out again, in order and once. Replies are spoken one after the other. When the caller
    speaks over one, all that jambonz has not taken is dropped and every ``speak`` ends.
    """

    def __init__(self, session: "LiveCall[Any, Any]") -> None:
        self._session = session
        self._feed = TextFeed()
        self._turn = asyncio.Lock()
        self._news = asyncio.Event()
        self._round = 0  # goes up whenever what was to be spoken is dropped
        self._cause: Cause | None = None
        self._failure: SpeechFailed | None = None

    async def speak(self, source: Words) -> Spoken:
        """Speak a text, or texts as they come, and flush; returns when jambonz has taken all.

        Args:
            source: Text, an iterable of texts (which must not block), an async generator, or what
                ``ChatModel.stream`` gives. A generator is closed when the caller speaks over it.

        Raises:
            SpeechFailed: jambonz cannot speak, or the source gave something else than text.
            CallEnded: The call ended meanwhile.
        """
        require_words(source)
        asked = self._round
        async with self._turn:
            speech = Speech(asked, self._feed.accepted + self._feed.unanswered)
            task = self._session._start(self._draw(source, speech))
            task.add_done_callback(lambda _: self._news.set())
            try:
                while not task.done() and asked == self._round:
                    await self._change()
            finally:
                await stop(task, is_needed=speech.is_drawing or asked == self._round)
            return self._outcome(task, speech)

    def start(self, source: Words) -> "asyncio.Task[Spoken]":
        """As :meth:`speak`, in the background: what starts it need not wait, as a hook must not.

        It ends with the call. A failure is logged, and raised at whoever awaits the task.
        """
        require_words(source)
        task = self._session._start(self.speak(source))
        task.add_done_callback(self._report)
        return task

    async def send(self, text: str) -> bool:
        """Append text; waits while jambonz' buffer is full.

        Returns:
            False where the caller spoke, or ``clear`` was called, before the text was taken over.

        Raises:
            SpeechFailed: jambonz cannot speak.
            CallEnded: The call is over.
        """
        text, asked = check_text(text), self._round
        async with self._turn:
            return await self._put(text, asked)

    async def flush(self) -> bool:
        """Have spoken what was sent so far; returns when jambonz has taken it. As :meth:`send`."""
        asked = self._round
        async with self._turn:
            return await self._finish(asked)

    async def clear(self) -> None:
        """Stop speaking at once: drop what was not spoken, here and at jambonz."""
        self._require_call()
        self._cut("cleared")
        if not self._session._connection.is_opening:
            self._emit("tts:clear", None)
            self._session._flush()

    # how a speech runs

    async def _draw(self, source: Words, speech: Speech) -> None:
        """Take texts from the source as fast as jambonz does; the source is closed at the end."""
        items = each(source)
        try:
            while speech.round == self._round:
                speech.is_drawing = True
                item = await anext(items, END)
                speech.is_drawing = False
                if item is END:
                    await self._finish(speech.round)
                    return
                if text := text_in(item, speech.tool_calls):
                    await self._put(text, speech.round, speech.said)
        finally:
            speech.is_drawing = False
            if close := getattr(items, "aclose", None):
                await close()

    def _outcome(self, task: "asyncio.Task[None]", speech: Speech) -> Spoken:
        is_cut = speech.round != self._round
        error = None if not task.done() or task.cancelled() else task.exception()
        if error is not None and not is_cut:
            raise error
        if error is not None:
            self._session._failed("speech", None, error)
        elif task.cancelled() and not is_cut:
            self._require_call()
            raise SpeechFailed("what was to be spoken was cancelled by its own source")
        taken = max(0, self._feed.accepted - speech.begin)
        text = "".join(speech.said)[:taken]
        return Spoken(text, is_cut, self._cause if is_cut else None, tuple(speech.tool_calls))

    async def _put(self, text: str, asked: int, said: list[str] | None = None) -> bool:
        self._require_call()
        if asked != self._round:
            return False
        if said is not None:
            said.append(text)
        self._feed.put(text)
        self.pump()
        await self._until(lambda: asked != self._round or not self._feed.is_full)
        return asked == self._round

    async def _finish(self, asked: int) -> bool:
        self._require_call()
        if asked != self._round:
            return False
        self._feed.put_flush()
        self.pump()
        await self._until(lambda: asked != self._round or self._feed.is_empty)
        return asked == self._round

    async def _until(self, is_so: Callable[[], bool]) -> None:
        """Wait for a change; a failure and the end of the call are raised here."""
        while self._failure is None and self._session.is_open and not is_so():
            await self._change()
        self._require_call()

    async def _change(self) -> None:
        self._news.clear()
        await self._news.wait()

    def _report(self, task: "asyncio.Task[Spoken]") -> None:
        """Say in the log why a speech failed that nobody may await."""
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, CallEnded):
            self._session._failed("speech", None, error)

    def _require_call(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        self._session._require_open()

    # what jambonz tells; called by the read loop and the sweeper

    @property
    def is_idle(self) -> bool:
        """Whether no deadline is to be kept."""
        return self._feed.is_empty

    def hear(self, data: dict[str, Any]) -> None:
        """An event of the stream."""
        kind = data.get("event_type")
        if kind == "user_interruption":
            self._cut("barge-in")  # jambonz has dropped its own buffer by now
        elif isinstance(kind, str):
            self._feed.told(kind, time.monotonic())
            self._changed()

    def hear_result(self, data: dict[str, Any]) -> None:
        """An answer: a piece of text was taken, or not."""
        reason = self._feed.answered(read_tokens_result(data), time.monotonic())
        if reason is not None:
            self._fail(reason)
        self._changed()

    def resume(self) -> None:
        """Go on after a lost socket."""
        self._feed.doubt(time.monotonic())

    def sweep(self, now: float) -> None:
        """Look at what has waited for too long, and send what had to wait."""
        if not self._can_send:
            return
        reason = self._feed.overdue(now)
        if reason is not None:
            self._fail(reason)
        self._changed()

    def end(self) -> None:
        """The call is over: nothing waits any more."""
        self._feed.drop()
        self._news.set()

    def pump(self) -> None:
        """Send what may go now."""
        if not self._can_send:
            return
        now = time.monotonic()
        while (command := self._feed.take(now)) is not None:
            self._emit(*command)
        if not self._feed.is_empty:
            self._session._runtime.waiting.add(self._session)  # it has a deadline
        self._session._flush()

    @property
    def _can_send(self) -> bool:
        """Whether what is written now is read now; else it waits here and can still be dropped."""
        session = self._session
        socket, connection = session._socket, session._connection
        is_there = socket is not None and socket.is_open and not connection.is_queueing
        return is_there and session.is_open and not connection.is_opening

    def _emit(self, name: str, data: dict[str, Any] | None) -> None:
        self._session._connection.command(name, data)
        self._session._publish("command", {"command": name, "data": data})

    def _changed(self) -> None:
        self.pump()
        self._news.set()

    def _cut(self, cause: Cause) -> None:
        self._round += 1
        self._cause = cause
        self._feed.drop()
        self._news.set()

    def _fail(self, reason: str) -> None:
        """What waits cannot be spoken: who speaks, or speaks next, is told."""
        self._feed.drop()
        self._failure = SpeechFailed(f"text could not be spoken: {reason}")
        self._session.log.error("speech_failed", reason=reason)


def require_words(source: object) -> None:
    """Refuse what cannot be spoken before anything is."""
    if isinstance(source, str):
        check_text(source)
    elif isinstance(source, Awaitable):
        getattr(source, "close", lambda: None)()  # or it is said to have never been awaited
        raise SpeechFailed(f"{EXPECTED}; got something to await: speak(await …)")
    elif isinstance(source, bytes | dict) or not isinstance(source, AsyncIterable | Iterable):
        raise SpeechFailed(f"{EXPECTED}; got {type(source).__name__}")


async def stop(task: "asyncio.Task[None]", *, is_needed: bool) -> None:
    """Wait for a speech that was cut; one that waits for its source is cancelled."""
    if task.done():
        return
    if is_needed:
        task.cancel()
    await asyncio.wait([task], timeout=CLOSING_SECONDS)


def each(source: Words) -> AsyncIterator[object]:
    """What a source gives, one by one."""
    if isinstance(source, AsyncIterable):
        return aiter(source)
    return one_by_one((source,) if isinstance(source, str) else source)


async def one_by_one(items: Iterable[str]) -> AsyncIterator[str]:
    """An iterable as an async one."""
    for item in items:
        yield item


def text_in(item: object, tool_calls: list[ToolCall]) -> str:
    """The text in what a source gave.

    Raises:
        ModelError: The model failed.
        SpeechFailed: It is no text.
    """
    if isinstance(item, Token):
        item = item.text
    elif isinstance(item, ToolCall):
        tool_calls.append(item)
    elif isinstance(item, End) and item.error is not None:
        raise item.error
    if isinstance(item, ToolCall | ToolCallStart | End):
        return ""
    return check_text(item)


def check_text(text: object) -> str:
    """Text that JSON can hold.

    Raises:
        SpeechFailed: It is something else.
    """
    if not isinstance(text, str):
        raise SpeechFailed(f"{EXPECTED}; got {type(text).__name__}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise SpeechFailed(f"{EXPECTED}; got half a character: {error.reason}") from None
    return text
