"""The application's own model speaks as its tokens come."""

import io
from collections.abc import AsyncIterator
from itertools import groupby

import pytest

from app.phone import Options, phone
from app.testing import Cordboard, Pace
from app.twin import Twin


async def test_each_answer_is_streamed_in_tokens(jambonz: Twin) -> None:
    async with await jambonz.call("/own-model") as call:
        assert "a model of your own" in await call.streamed()
        await call.say("Who are you?")

        assert "Robin" in await call.streamed()
        tokens = [one for one in call.commands if one["command"] == "tts:tokens"]
        assert len({one["data"]["id"] for one in tokens}) == len(tokens) > 2
        assert call.acks[0]["data"][0] == {"verb": "config", "ttsStream": {"enable": True}}


async def test_the_model_knows_what_was_said_before(jambonz: Twin) -> None:
    async with await jambonz.call("/own-model") as call:
        await call.streamed()
        await call.say("My name is Sarah.")
        await call.streamed()
        await call.say("What is my name?")

        assert "Sarah" in await call.streamed()


async def test_a_silent_caller_is_asked(jambonz: Twin) -> None:
    async with await jambonz.call("/own-model") as call:
        await call.streamed()
        await call.silence()

        assert await call.streamed() == "Are you still there?"


async def test_the_text_telephone_waits_for_what_is_streamed(cordboard: Cordboard) -> None:
    async def lines() -> AsyncIterator[str]:
        yield "Who are you?"
        yield "Goodbye."

    out = io.StringIO()
    url = cordboard.url.replace("http", "ws") + "/own-model"
    assert await phone(Options(url=url), out=out, lines=lines()) == 0

    speakers = [line.split()[0] for line in out.getvalue().splitlines() if line.strip()]
    turns = [who for who, _ in groupby(who for who in speakers if who in ("tts", "you"))]
    assert turns == ["tts", "you", "tts", "you", "tts"]


class TestAtTheSpeedOfSpeech:
    @pytest.fixture
    def cordboard_pace(self) -> Pace:
        return Pace(speech_rate=40, backoff=0.01, handshake=5.0)

    async def test_a_caller_who_talks_over_it_cuts_the_answer(self, jambonz: Twin) -> None:
        async with await jambonz.call("/own-model") as call:
            await call.streamed()
            call.interrupt_after(3, "Stop!")
            await call.say("What can you do for me?")

            cut = await call.streamed()
            assert len(cut.split()) <= 4
            assert await call.streamed()
