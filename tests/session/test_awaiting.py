"""Waiting until the agent has spoken, and what runs beside a call."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import structlog.testing

from app import Agent, Application, Session, Verb, openai_s2s, say
from tests.session.conftest import Line

Dial = Callable[[Application[Any, Any]], Line]

front = Application("/front")
speech = Application("/speech")
plain = Application("/plain")


@front.session_new
async def answer(session: Session) -> Agent:
    return Agent(llm="openai:gpt-4.1-mini", stt="deepgram", tts="cartesia:x")


@speech.session_new
async def speak(session: Session) -> Verb:
    return openai_s2s(auth={"apiKey": "k"}, llm_options={})


@plain.session_new
async def greet(session: Session) -> Verb:
    return say("Hello.")


def begin(line: Line, within: float = 5.0) -> "asyncio.Task[Any]":
    return asyncio.create_task(line.session.until_spoken(within))


async def test_the_end_of_a_turn_is_the_end_of_the_words(call: Dial) -> None:
    line = call(front)
    await line.open()
    first, second = begin(line), begin(line)
    await asyncio.sleep(0)  # it begins to wait
    line.event("llm_response", response="Goodbye.")
    assert not first.done()

    line.event("turn_end", response="Goodbye.", interrupted=False)

    assert (await first, await second) == ("spoken", "spoken")


async def test_an_interruption_is_told(call: Dial) -> None:
    line = call(front)
    await line.open()
    spoken = begin(line)
    await asyncio.sleep(0)  # it begins to wait
    line.event("turn_end", interrupted=True)

    assert await spoken == "interrupted"


async def test_an_agent_that_ends_or_is_replaced_will_not_speak(call: Dial) -> None:
    line = call(front)
    await line.open()
    spoken = begin(line)
    await asyncio.sleep(0)  # it begins to wait
    await line.session.redirect([say("Something else.")])
    line.session._agents.stop()

    assert await spoken == "gone"
    assert await line.session.until_spoken() == "gone"


async def test_nobody_waits_longer_than_they_want(call: Dial) -> None:
    line = call(front)
    await line.open()

    assert await line.session.until_spoken(0.01) == "unknown"
    assert line.session._agents.waiting == []


async def test_where_nothing_talks_there_is_nothing_to_wait_for(call: Dial) -> None:
    line = call(plain)
    await line.open()

    assert await line.session.until_spoken() == "gone"


async def test_words_that_were_sent_faster_than_they_are_heard_get_their_time(call: Dial) -> None:
    line = call(speech)
    await line.open()
    spoken = begin(line, within=0.05)
    await asyncio.sleep(0)  # it begins to wait
    words = [{"type": "message", "content": [{"transcript": "Goodbye. " * 20}]}]
    data = {"type": "response.done", "response": {"status": "completed", "output": words}}
    line.send("llm:event", data, hook="/events")

    assert await spoken == "unknown"


@pytest.mark.parametrize(
    ("reason", "how"), [("completed", "spoken"), ("interrupted", "interrupted")]
)
async def test_jambonz_tells_when_their_sound_has_stopped(
    call: Dial, reason: str, how: str
) -> None:
    line = call(speech)
    await line.open()
    spoken = begin(line)
    await asyncio.sleep(0)  # it begins to wait
    words = [{"type": "message", "content": [{"transcript": "Goodbye. " * 20}]}]
    data = {"type": "response.done", "response": {"status": "completed", "output": words}}
    line.send("llm:event", data, hook="/events")
    await asyncio.sleep(0)
    data = {"type": "output_audio.playback_stopped", "completion_reason": reason}
    line.send("llm:event", data, hook="/events")

    assert await spoken == how


async def test_what_fails_beside_a_call_is_logged_and_the_call_goes_on(call: Dial) -> None:
    async def fail() -> None:
        raise RuntimeError("the clock is broken")

    line = call(front)
    await line.open()
    with structlog.testing.capture_logs() as logs:
        line.session.start(fail())
        await line.settled()

    [failed] = [one for one in logs if one["event"] == "handler_failed"]
    assert (failed["kind"], failed["error"]) == ("background", "the clock is broken")
    assert line.session.is_open


async def test_what_runs_beside_a_call_ends_with_it(call: Dial) -> None:
    line = call(front)
    await line.open()
    ended = asyncio.Event()

    async def run() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    line.session.start(run())
    await asyncio.sleep(0)
    line.session.end("completed")

    async with asyncio.timeout(5):
        await ended.wait()


@pytest.mark.parametrize("how", ["task cancelled", "answered twice"])
async def test_who_leaves_early_disturbs_nobody(call: Dial, how: str) -> None:
    line = call(front)
    await line.open()
    leaving, staying = begin(line), begin(line)
    await asyncio.sleep(0)  # it begins to wait
    leaving.cancel()
    if how == "task cancelled":
        await asyncio.gather(leaving, return_exceptions=True)
    line.event("turn_end")

    assert await staying == "spoken"


async def test_an_agent_runs_from_its_first_event_on(call: Dial) -> None:
    line = call(front)
    running = asyncio.create_task(line.session.until_running(5))
    await line.open()
    await asyncio.sleep(0)
    assert not running.done()

    line.event("llm_response", response="Hello.")

    assert await running is True


async def test_an_agent_that_never_begins_is_not_waited_for(call: Dial) -> None:
    line = call(front)
    await line.open()

    assert await line.session.until_running(0.01) is False
    assert line.session._agents.waiting == []
