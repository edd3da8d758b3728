"""Applications that speak their own words, as they are made."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app import Application, GatherEnded, Session, Spoken, Verb, action_hook, config, gather
from app.llm import ChatMessage, ChatRequest, FakeModel
from app.twin import Twin

reader: Application[Any, Any] = Application("/reader", state=list)
model = FakeModel()


@action_hook(name="heard")
async def answer(session: Session, heard: GatherEnded) -> list[Verb]:
    request = ChatRequest("Be brief.", (ChatMessage("user", heard.transcript or "Hello"),))
    session.tts.start(model.stream(request))
    return [gather(input=["speech"], action_hook=answer)]


@reader.session_new
async def greet(session: Session) -> list[Verb]:
    session.tts.start(["Hello, ", "I am ", "here. ", "Ask me ", "anything."])
    return [
        config(
            tts_stream={"enable": True},
            barge_in={"enable": True, "input": ["speech"], "action_hook": cut},
        ),
        gather(input=["speech"], action_hook=answer),
    ]


@action_hook(name="cut")
async def cut(session: Session, heard: GatherEnded) -> None: ...


@reader.on("/count")
async def count(session: Session, data: dict[str, Any]) -> None:
    speech = session.tts.start(numbers(session))
    speech.add_done_callback(lambda done: speeches.put_nowait(done.result()))


async def numbers(session: Session) -> AsyncIterator[str]:
    try:
        for number in range(1000):
            yield f"Number {number} of a thousand. "
            await asyncio.sleep(0)
    finally:
        session.state.append("closed")
        states.put_nowait(session.state)


speeches: asyncio.Queue[Spoken] = asyncio.Queue()
states: asyncio.Queue[list[str]] = asyncio.Queue()


@pytest.fixture
def cordboard_applications() -> list[Application[Any, Any]]:
    return [reader]


async def test_a_greeting_in_pieces_is_one_reply(jambonz: Twin) -> None:
    async with await jambonz.call("/reader") as call:
        assert await call.streamed() == "Hello, I am here. Ask me anything."


async def test_the_words_of_a_chat_model_are_spoken_as_they_come(jambonz: Twin) -> None:
    model.add("It is sunny. It will stay so.")
    async with await jambonz.call("/reader") as call:
        await call.streamed()
        await call.say("How is the weather?")

        assert await call.streamed() == "It is sunny. It will stay so."


async def test_a_caller_who_interrupts_ends_the_speech_and_its_generator(jambonz: Twin) -> None:
    async with await jambonz.call("/reader") as call:
        await call.streamed()
        call.interrupt_after(3, "Stop!")
        await call.hook("/count")
        async with asyncio.timeout(5):
            spoken, state = await speeches.get(), await states.get()

        assert spoken.interrupted
        assert spoken.cause == "barge-in"
        assert spoken.text.startswith("Number 0 of a thousand. ")
        assert len(spoken.text) < 10_000, "jambonz takes 1,000 characters at a time"
        assert state == ["closed"]
        assert await call.streamed() == "Number 0 of"
