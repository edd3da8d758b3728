"""The application's own words over a real socket: back-pressure, barge-in, a lost connection."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from app import Application, Session, Spoken, config
from tests.server.conftest import Logbook, Start
from tests.server.jambonz import Jambonz

ROOM = 1000


class Story:
    """An endless async generator, and whether it was closed."""

    def __init__(self, words: int | None = None) -> None:
        self.words = words
        self.given: list[str] = []
        self.is_closed = asyncio.Event()

    async def tell(self) -> AsyncIterator[str]:
        try:
            while self.words is None or len(self.given) < self.words:
                self.given.append(f"word {len(self.given)} ")
                yield self.given[-1]
                await asyncio.sleep(0)
        finally:
            self.is_closed.set()


def telling(story: Story, ends: "asyncio.Queue[Spoken]") -> Application[Any, Any]:
    made: Application[Any, Any] = Application("/call")

    @made.session_new
    async def answer(session: Session) -> Any:
        return config(tts_stream={"enable": True})

    @made.on("stream_open")
    async def tell(session: Session, data: dict[str, Any]) -> None:
        ends.put_nowait(await session.tts.speak(story.tell()))

    return made


class Voice:
    """jambonz' buffer: takes pieces until 1,000 characters wait, and goes on when told to."""

    def __init__(self, call: Jambonz) -> None:
        self.call = call
        self.taken = ""
        self.room = ROOM
        self.seen = 0

    async def event(self, kind: str) -> None:
        await self.call.send("tts:streaming-event", {"event_type": kind})

    async def piece(self) -> dict[str, Any]:
        found = await self.call.commands("tts:tokens", self.seen + 1)
        self.seen += 1
        data: dict[str, Any] = found[self.seen - 1]["data"]
        return data

    async def answer(self, piece: dict[str, Any]) -> bool:
        size = len(piece["tokens"])
        if size > self.room:
            data = {"id": piece["id"], "status": "failed", "reason": "full"}
            await self.event("stream_paused")
            await self.call.send("tts:tokens-result", data)
            return False
        self.room -= size
        self.taken += piece["tokens"]
        await self.call.send("tts:tokens-result", {"id": piece["id"], "status": "ok"})
        return True

    async def take_until_full(self) -> None:
        while await self.answer(await self.piece()):
            pass

    async def drain(self) -> None:
        self.room = ROOM
        await self.event("stream_resumed")


async def test_a_long_story_is_spoken_whole_through_a_buffer_that_fills_up(start: Start) -> None:
    story, ends = Story(words=600), asyncio.Queue[Spoken]()
    call = await (await start(telling(story, ends))).call()
    voice = Voice(call)
    await voice.event("stream_open")
    taking = asyncio.create_task(take_all(voice))
    async with asyncio.timeout(5):
        spoken = await ends.get()
    taking.cancel()

    assert spoken == Spoken("".join(story.given))
    assert voice.taken == "".join(story.given)
    await call.commands("tts:flush")
    await call.close()


async def take_all(voice: Voice) -> None:
    while True:
        await voice.take_until_full()
        await voice.drain()


async def test_a_caller_who_speaks_over_the_story_ends_it(start: Start, logbook: Logbook) -> None:
    story, ends = Story(), asyncio.Queue[Spoken]()
    call = await (await start(telling(story, ends))).call()
    voice = Voice(call)
    await voice.event("stream_open")
    await voice.take_until_full()
    await voice.event("user_interruption")
    async with asyncio.timeout(1):
        spoken = await ends.get()
        await story.is_closed.wait()

    assert spoken == Spoken(voice.taken, interrupted=True, cause="barge-in")
    assert len("".join(story.given)) < 3 * ROOM, "its generator had to wait"
    await call.close()
    await logbook.line("call_ended", call_sid=call.call_sid)


async def test_a_story_goes_on_over_the_next_socket(start: Start) -> None:
    story, ends = Story(words=40), asyncio.Queue[Spoken]()
    server = await start(telling(story, ends))
    call = await server.call()
    voice = Voice(call)
    await voice.event("stream_open")
    await voice.answer(await voice.piece())
    await voice.piece()
    await call.lose()

    again = await server.dial(call_sid=call.call_sid)
    await again.open("session:reconnect")
    voice.call, voice.seen = again, 0
    taking = asyncio.create_task(take_all(voice))
    async with asyncio.timeout(5):
        spoken = await ends.get()
    taking.cancel()

    assert voice.taken == spoken.text == "".join(story.given)
    await again.close()


async def test_a_caller_who_hangs_up_closes_the_generator(start: Start, logbook: Logbook) -> None:
    story, ends = Story(), asyncio.Queue[Spoken]()
    call = await (await start(telling(story, ends))).call()
    voice = Voice(call)
    await voice.event("stream_open")
    await voice.take_until_full()
    await call.status("completed")
    await call.close()

    async with asyncio.timeout(1):
        await story.is_closed.wait()
    await logbook.line("call_ended", call_sid=call.call_sid)
    assert ends.empty()
