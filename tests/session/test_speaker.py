"""``session.tts``: the application's own words, as they are made, and what cuts them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from app import (
    Application,
    CallEnded,
    Session,
    SpeechFailed,
    Spoken,
    TtsSpoken,
    TtsStreamEvent,
    config,
    event_hook,
)
from app.llm import ChatMessage, ChatRequest, End, FakeModel, ModelError, Token, ToolCall
from tests.session.conftest import Line
from tests.session.voice import Voice

Dial = Callable[[Application[Any, Any]], Line]


def speaking() -> Application[Any, Any]:
    made: Application[Any, Any] = Application("/speaking")

    @made.session_new
    async def answer(session: Session) -> Any:
        return config(tts_stream={"enable": True})

    return made


@pytest.fixture
async def line(call: Dial) -> Line:
    line = call(speaking())
    await line.open()
    return line


@pytest.fixture
def voice(line: Line) -> Voice:
    return Voice(line)


class Source:
    """An async generator of words that tells how it ended."""

    def __init__(self, *words: str, ends: bool = True) -> None:
        self.words, self.ends = words, ends
        self.is_closed = asyncio.Event()
        self.given = 0
        self.gate = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[str]:
        try:
            for word in self.words:
                self.given += 1
                yield word
            if not self.ends:
                await self.gate.wait()
        finally:
            self.is_closed.set()


async def test_a_text_is_spoken_and_flushed(line: Line, voice: Voice) -> None:
    speech = line.session.tts.start("Hello there.")
    voice.event("stream_open")

    assert await voice.take_all() == "Hello there."
    assert await speech == Spoken("Hello there.")
    assert [one["command"] for one in line.socket.frames[1:]] == ["tts:tokens", "tts:flush"]


async def test_tokens_of_an_async_generator_do_not_make_a_frame_each(
    line: Line, voice: Voice
) -> None:
    source = Source(*"It is sunny in Portland today, and it will stay so.")
    speech = line.session.tts.start(source)
    first = await voice.piece()
    voice.result(first["id"])
    voice.taken.append(first["tokens"])

    assert first == {"id": 1, "tokens": "I"}
    assert await voice.take_all() == "It is sunny in Portland today, and it will stay so."
    assert len(line.commands("tts:tokens")) <= 3
    assert (await speech).text == "".join(source.words)
    assert source.is_closed.is_set()


async def test_the_words_of_a_plain_iterable_and_single_sends_go_out_in_order(
    line: Line, voice: Voice
) -> None:
    tts = line.session.tts
    assert await tts.send("One, ")
    flushed = asyncio.ensure_future(tts.flush())
    assert await voice.take_all() == "One, "
    assert await flushed
    speech = tts.start(["two, ", "", "three."])
    await voice.take()
    await voice.take()

    assert (await speech).text == "two, three."
    assert [one["command"] for one in line.socket.frames[1:]] == [
        *("tts:tokens", "tts:flush"),
        *("tts:tokens", "tts:tokens", "tts:flush"),
    ]


async def test_the_stream_of_a_chat_model_is_taken_as_it_is(line: Line, voice: Voice) -> None:
    call = ToolCall("c1", "get_weather", {"city": "Portland"})
    model = FakeModel([["Let me ", "look.", call, End("tool")]])
    request = ChatRequest("Be brief.", (ChatMessage("user", "Hello"),))
    speech = line.session.tts.start(model.stream(request))

    assert await voice.take_all() == "Let me look."
    assert await speech == Spoken("Let me look.", tool_calls=(call,))


async def test_a_model_that_fails_raises_its_error_at_who_speaks(line: Line, voice: Voice) -> None:
    async def failing() -> AsyncIterator[Any]:
        yield Token("Well, ")
        yield End("error", error=ModelError("no more credit", kind="rate_limit"))

    with pytest.raises(ModelError, match="no more credit"):
        await line.session.tts.speak(failing())


async def test_a_full_buffer_holds_the_producer_and_nothing_is_lost_or_doubled(
    line: Line, voice: Voice
) -> None:
    source = Source(*[f"{number:04d} " for number in range(1000)])
    speech = line.session.tts.start(source)
    await voice.take()
    refused = await voice.piece()
    voice.event("stream_paused")
    voice.result(refused["id"], "failed", "full")
    given = source.given
    await asyncio.sleep(0)
    assert given == source.given < 300, "the generator waits"

    voice.event("stream_resumed")

    assert (await voice.piece()) == refused
    voice.taken.append(refused["tokens"])
    voice.result(refused["id"])
    assert await voice.take_all() == "".join(source.words)
    assert (await speech).text == "".join(source.words)


async def test_a_barge_in_ends_the_speech_at_once_and_closes_its_generator(
    line: Line, voice: Voice
) -> None:
    source = Source("Once upon a time, ", "there was ", ends=False)
    speech = line.session.tts.start(source)
    await voice.take()
    voice.event("user_interruption")

    assert await speech == Spoken("Once upon a time, ", True, "barge-in")
    assert source.is_closed.is_set()
    assert "tts:flush" not in [one.get("command") for one in line.socket.frames]
    assert line.session.is_open


async def test_a_barge_in_while_the_buffer_is_full_drops_what_waits(
    line: Line, voice: Voice
) -> None:
    source = Source(*["word " for _ in range(1000)])
    speech = line.session.tts.start(source)
    voice.result((await voice.piece())["id"], "failed", "full")
    voice.event("user_interruption")
    assert await speech == Spoken("", True, "barge-in")
    assert source.is_closed.is_set()

    after = line.session.tts.start("Yes?")

    assert (await voice.piece())["tokens"] == "Yes?"
    voice.result(2)
    assert (await after).text == "Yes?"


async def test_what_waits_for_its_turn_is_cut_too(line: Line, voice: Voice) -> None:
    first, second = Source("One.", ends=False), Source("Two.")
    speeches = [line.session.tts.start(first), line.session.tts.start(second)]
    await voice.take()
    voice.event("user_interruption")

    assert [one.interrupted for one in await asyncio.gather(*speeches)] == [True, True]
    assert second.given == 0


async def test_clear_stops_the_voice_here_and_there(line: Line, voice: Voice) -> None:
    speech = line.session.tts.start(Source("A long story.", ends=False))
    await voice.take()
    await line.session.tts.clear()

    assert await speech == Spoken("A long story.", True, "cleared")
    assert line.socket.frames[-1] == {"type": "command", "command": "tts:clear"}


async def test_a_vendor_that_cannot_be_reached_is_an_error_at_who_speaks(
    line: Line, voice: Voice
) -> None:
    speech = line.session.tts.start(Source("Hello", ends=True))
    piece = await voice.piece()
    voice.result(piece["id"], "failed", "connection to elevenlabs failed")

    with pytest.raises(SpeechFailed, match="connection to elevenlabs failed"):
        await speech
    later = line.session.tts.start("Once more.")
    voice.result((await voice.piece())["id"])
    assert (await later).text == "Once more."


async def test_a_lost_socket_keeps_the_speech_and_sends_on_when_jambonz_is_back(
    line: Line, voice: Voice
) -> None:
    source = Source("One. ", "Two. ", "Three.")
    speech = line.session.tts.start(source)
    await voice.take()
    unanswered = await voice.piece()
    line.lose()
    await line.come_back()
    voice.answered = 0
    voice.result(unanswered["id"])  # it was under way
    voice.taken.append(unanswered["tokens"])

    assert await voice.take_all() == "One. Two. Three."
    assert (await speech).text == "One. Two. Three."


async def test_a_piece_that_got_lost_with_the_socket_goes_again(
    line: Line, voice: Voice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.protocol.streaming.UNSURE_SECONDS", 0.05)
    speech = line.session.tts.start("Hello.")
    lost = await voice.piece()
    line.lose()
    await line.come_back()
    voice.answered = 0

    assert await voice.piece() == lost
    voice.result(lost["id"])
    assert (await speech).text == "Hello."


async def test_what_is_said_while_jambonz_is_away_waits_and_can_be_dropped(
    line: Line, voice: Voice
) -> None:
    line.lose()
    speech = line.session.tts.start("Too late.")
    await asyncio.sleep(0)
    await line.session.tts.clear()
    assert (await speech).interrupted
    await line.come_back()

    assert line.commands("tts:tokens") == []


async def test_a_stream_that_closes_holds_nothing_up(line: Line, voice: Voice) -> None:
    speech = line.session.tts.start("Hello.")
    piece = await voice.piece()
    voice.result(piece["id"], "failed", "full")
    voice.event("stream_closed")

    assert await voice.piece() == piece
    voice.result(piece["id"])
    assert (await speech).text == "Hello."


async def test_the_end_of_the_call_ends_a_speech_and_closes_its_generator(line: Line) -> None:
    source = Source("Once upon a time", ends=False)

    async def speak() -> None:
        await line.session.tts.speak(source)

    speech = asyncio.create_task(speak())
    await line.command("tts:tokens")
    line.session.end("caller hung up")

    with pytest.raises(CallEnded):
        await speech
    await asyncio.wait_for(source.is_closed.wait(), 1)
    with pytest.raises(CallEnded):
        await line.session.tts.send("anybody?")


async def test_a_generator_that_fails_raises_at_who_speaks(line: Line, voice: Voice) -> None:
    async def failing() -> AsyncIterator[str]:
        yield "So, "
        raise LookupError("no such page")

    with pytest.raises(LookupError, match="no such page"):
        await line.session.tts.speak(failing())


@pytest.mark.parametrize("source", [5, b"bytes", None, {"text": "x"}, [1, 2], "\ud800"])
async def test_what_is_no_text_is_refused(line: Line, source: Any) -> None:
    with pytest.raises(SpeechFailed, match="expected text"):
        await line.session.tts.speak(source)


async def test_a_coroutine_is_refused_with_the_fix(line: Line) -> None:
    async def made_later() -> str:
        return "text"

    with pytest.raises(SpeechFailed, match="speak\\(await"):
        await line.session.tts.speak(made_later())  # type: ignore[arg-type]


async def test_text_of_a_handler_waits_for_the_ack_that_begins_the_stream(call: Dial) -> None:
    early: Application[Any, Any] = Application("/early")

    @early.session_new
    async def answer(session: Session) -> Any:
        session.tts.start("Hello.")
        await asyncio.sleep(0)
        return config(tts_stream={"enable": True})

    line = call(early)
    await line.open()
    await line.command("tts:tokens")

    assert [one["type"] for one in line.socket.frames] == ["ack", "command"]


async def test_the_annotation_of_a_handler_says_which_events_of_the_stream_it_hears(
    call: Dial,
) -> None:
    heard: list[object] = []
    application = speaking()

    @application.on("tts:streaming-event")
    async def follow(session: Session, event: TtsSpoken) -> None:
        heard.append(event)

    @application.on("stream_open")
    @event_hook
    async def opened(session: Session, event: TtsStreamEvent) -> None:
        heard.append(event.event_type)

    line = call(application)
    await line.open()
    voice = Voice(line)
    voice.event("stream_open")
    voice.event("tts_spoken", text="Hel", bargein=True)
    await line.settled()

    assert heard == ["stream_open", TtsSpoken("Hel", True)]
