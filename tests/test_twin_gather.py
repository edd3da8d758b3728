"""The gather verb as the twin plays it."""

from typing import Any

import pytest

from app.twin import Pace, Twin, TwinCall
from tests.twin_app import SILENCE, Message, serving

SAY_NEXT = {"verb": "say", "text": "Next."}


def gather(**options: Any) -> Message:
    return {"verb": "gather", "id": "menu", "actionHook": "/menu", **options}


def notes(call: TwinCall) -> list[str]:
    return [entry.data["text"] for entry in call.log if entry.kind == "note"]


async def test_gather_tells_speech() -> None:
    verbs = [gather(input=["speech", "digits"], say={"text": "How can I help?"})]
    async with serving(new=verbs) as app, Twin(app.url) as twin:
        call = await twin.call()
        assert await call.heard() == "How can I help?"
        await call.say("billing please", confidence=0.9)

        hook = await app.seen("verb:hook", reason="speechDetected")
        assert hook["hook"] == "/menu"
        assert hook["data"]["verb_id"] == "menu"
        assert hook["data"]["call_status"] == "in-progress"
        assert hook["data"]["speech"]["alternatives"] == [
            {"transcript": "billing please", "confidence": 0.9}
        ]


@pytest.mark.parametrize(
    ("options", "pressed", "digits"),
    [
        ({"numDigits": 2}, ["123"], "12"),
        ({"numDigits": 3}, ["1", "23"], "123"),
        ({"maxDigits": 2}, ["45"], "45"),
        ({"finishOnKey": "#"}, ["12", "3#"], "123"),
        ({"input": ["dtmf"], "numDigits": 1}, ["9"], "9"),
    ],
)
async def test_gather_tells_keys(options: Message, pressed: list[str], digits: str) -> None:
    async with serving(new=[gather(**options)]) as app, Twin(app.url) as twin:
        call = await twin.call()
        for keys in pressed:
            await call.dtmf(keys)

        hook = await app.seen("verb:hook")
        assert (hook["data"]["reason"], hook["data"]["digits"]) == ("dtmfDetected", digits)


@pytest.mark.parametrize(
    ("options", "keys", "expected"),
    [
        ({}, "", {"reason": "timeout"}),
        ({"minDigits": 2}, "1", {"reason": "timeout"}),
        ({"minDigits": 2}, "12", {"reason": "dtmfDetected", "digits": "12"}),
    ],
)
async def test_silence_ends_a_gather_with_the_keys_so_far_if_they_are_enough(
    options: Message, keys: str, expected: Message
) -> None:
    async with (
        serving(new=[gather(**options)], hooks={"/menu": [SAY_NEXT]}) as app,
        Twin(app.url) as twin,
    ):
        call = await twin.call()
        await call.dtmf(keys)

        assert await call.silence() == "Next."
        assert expected.items() <= app.of("verb:hook")[0]["data"].items()


async def test_with_a_clock_gather_times_out_by_itself() -> None:
    async with (
        serving(new=[gather(timeout=0.01)], hooks={"/menu": [SAY_NEXT]}) as app,
        Twin(app.url, pace=Pace(silence=True)) as twin,
    ):
        call = await twin.call()

        assert await call.heard() == "Next."
        assert app.of("verb:hook")[0]["data"]["reason"] == "timeout"


async def test_with_a_clock_the_pause_between_digits_ends_them() -> None:
    async with (
        serving(new=[gather(timeout=60, interDigitTimeout=0.01)]) as app,
        Twin(app.url, pace=Pace(silence=True)) as twin,
    ):
        call = await twin.call()
        await call.dtmf("12")

        assert (await app.seen("verb:hook"))["data"]["digits"] == "12"


async def test_a_low_confidence_is_a_reason_of_its_own() -> None:
    verb = gather(input=["speech"], recognizer={"vendor": "google", "minConfidence": 0.8})
    async with serving(new=[verb]) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.say("mumble", confidence=0.3)

        assert (await app.seen("verb:hook"))["data"]["reason"] == "stt-low-confidence"


async def test_a_partial_result_goes_to_its_own_hook_and_its_verbs_are_ignored() -> None:
    verb = gather(input=["speech"], partialResultHook="/partial")
    hooks = {"/partial": [{"verb": "hangup"}], "/menu": [SAY_NEXT]}
    async with serving(new=[verb], hooks=hooks) as app, Twin(app.url) as twin:
        call = await twin.call()

        assert await call.say("one two three four") == "Next."
        partial = next(m for m in app.of("verb:hook") if m["hook"] == "/partial")
        assert partial["data"]["speech"]["is_final"] is False
        assert partial["data"]["speech"]["alternatives"][0]["transcript"] == "one two"


async def test_barge_in_cuts_the_prompt_of_a_gather() -> None:
    verb = gather(input=["speech"], bargein=True, say={"text": "A very long prompt indeed."})
    async with (
        serving(new=[{"verb": "config", "notifyEvents": True}, verb]) as app,
        Twin(app.url, pace=Pace(speech_rate=50)) as twin,
    ):
        call = await twin.call()
        call.interrupt_after(2, "operator")
        hook = await app.seen("verb:hook")

        assert call.spoken == ["A very"]
        assert hook["data"]["speech"]["alternatives"][0]["transcript"] == "operator"
        assert app.of("verb:status", event="speech-bargein-detected")


async def test_a_gather_listens_only_to_its_input() -> None:
    async with serving(new=[gather(input=["speech"])]) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.dtmf("1")

        assert "this gather does not listen to keys" in notes(call)
        assert app.of("verb:hook") == []


@pytest.mark.parametrize("ack", [SILENCE, [{"verb": "shout"}]])
async def test_a_bad_ack_of_a_gather_is_told_and_the_call_goes_on(ack: Any) -> None:
    verbs = [gather(input=["speech"]), SAY_NEXT]
    async with (
        serving(new=verbs, hooks={"/menu": ack}) as app,
        Twin(app.url, ack_timeout=0.05) as twin,
    ):
        call = await twin.call()

        assert await call.say("hello") == "Next."
        await app.seen("jambonz:error", msg="invalid actionHook response")
        status = await app.seen("call:status", error="invalid actionHook response")
        assert status["data"]["call_status"] == "in-progress"
