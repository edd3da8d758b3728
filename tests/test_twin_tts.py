"""App-fed TTS on the twin: what is told of the tokens, what is heard, what an interruption does."""

from typing import Any

import pytest

from app.twin import Pace, Twin, TwinCall
from tests.twin_app import App, Message, serving

STREAM = {"verb": "config", "ttsStream": {"enable": True}}
TALK = {
    "verb": "config",
    "ttsStream": {"enable": True},
    "bargeIn": {"enable": True, "sticky": True, "input": ["speech"], "actionHook": "/heard"},
}
SAY = {"verb": "say", "text": "Hello."}
SLOW = Pace(speech_rate=40)


async def feed(app: App, *tokens: Any) -> list[Message]:
    """Send tokens with ids from 1; return what is told of them."""
    for number, text in enumerate(tokens, 1):
        await app.command("tts:tokens", {"id": number, "tokens": text})
    await app.seen("tts:tokens-result", len(tokens))
    return [message["data"] for message in app.of("tts:tokens-result")]


def told(app: App) -> list[str]:
    return [message["data"]["event_type"] for message in app.of("tts:streaming-event")]


async def test_text_is_spoken_sentence_by_sentence_and_the_rest_at_the_flush() -> None:
    async with serving(new=[STREAM]) as app, Twin(app.url) as twin:
        call = await twin.call()
        await app.seen("tts:streaming-event", event_type="stream_open")
        results = await feed(app, "It is 3.5 deg", "rees. Take", " a coat")
        await app.command("tts:flush")

        assert await call.streamed() == "It is 3.5 degrees. Take a coat"
        assert results == [{"id": number, "status": "ok"} for number in (1, 2, 3)]
        assert call.spoken == ["It is 3.5 degrees.", "Take a coat"]


async def test_text_that_comes_before_the_stream_is_open_waits_for_it() -> None:
    async with serving(new=[SAY]) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.heard()
        assert await feed(app, "Soon. ") == [{"id": 1, "status": "ok"}]
        await app.command("tts:flush")
        assert told(app) == []
        await app.command("config", {"ttsStream": {"enable": True}})

        assert await call.streamed() == "Soon."


async def test_text_without_an_end_is_spoken_when_no_more_comes() -> None:
    async with serving(new=[STREAM]) as app, Twin(app.url) as twin:
        call = await twin.call()
        await feed(app, "well then")

        assert await call.heard() == "well then"


async def test_tokens_without_an_id_are_ignored_without_a_word() -> None:
    async with serving(new=[STREAM]) as app, Twin(app.url) as twin:
        call = await twin.call()
        await app.command("tts:tokens", {"tokens": "Nobody hears this."})
        await app.command("tts:flush")

        assert await feed(app, "This, yes.") == [{"id": 1, "status": "ok"}]
        assert await call.heard() == "This, yes."


@pytest.mark.parametrize("tokens", [None, "", 7])
async def test_tokens_without_text_fail(tokens: Any) -> None:
    async with serving(new=[STREAM]) as app, Twin(app.url) as twin:
        await twin.call()

        assert await feed(app, tokens) == [
            {"id": 1, "status": "failed", "reason": "missing tokens"}
        ]


async def test_a_full_buffer_pauses_the_stream_and_takes_text_again_when_it_ran_low() -> None:
    sentence = f"{'a' * 89} words.\n\n"
    async with serving(new=[STREAM]) as app, Twin(app.url, pace=SLOW) as twin:
        call = await twin.call()
        results = await feed(app, *[sentence] * 20)
        statuses = [result["status"] for result in results]
        refused = statuses.index("failed")
        await app.seen("tts:streaming-event", event_type="stream_resumed")

        assert statuses[:refused] == ["ok"] * refused
        assert results[refused]["reason"] == "full"
        assert 9 <= refused <= 11
        assert told(app) == ["stream_open", "stream_paused", "stream_resumed"]
        await call.heard()


async def test_clear_stops_the_speech_and_drops_what_waits() -> None:
    async with serving(new=[STREAM]) as app, Twin(app.url, pace=SLOW) as twin:
        call = await twin.call()
        await feed(app, "One two three four five six seven eight nine ten. And more")
        await speaking(call)
        await app.command("tts:clear")

        reply = await call.streamed()
        assert reply.startswith("One")
        assert "ten" not in reply
        await feed(app, "Anew.")
        await call.heard()
        assert await call.heard() == "Anew."


async def test_a_caller_who_interrupts_is_told_and_the_buffer_is_dropped() -> None:
    async with serving(new=[TALK], hooks={"/heard": []}) as app, Twin(app.url, pace=SLOW) as twin:
        call = await twin.call()
        await feed(app, "One two three four five six seven eight nine ten. Never heard.")
        await speaking(call)
        await call.interrupt("Stop!")
        await app.seen("verb:hook")

        assert told(app) == ["stream_open", "user_interruption"]
        assert app.of("verb:hook")[0]["data"]["speech"]["alternatives"][0]["transcript"] == "Stop!"
        assert "Never" not in "".join(call.spoken)


async def test_an_interruption_after_some_words_cuts_at_that_word() -> None:
    async with serving(new=[TALK]) as app, Twin(app.url) as twin:
        call = await twin.call()
        call.interrupt_after(2, "Enough.")
        await feed(app, "One two three four.")

        assert await call.streamed() == "One two"
        await app.seen("tts:streaming-event", event_type="user_interruption")


async def test_where_nobody_listens_nothing_is_interrupted() -> None:
    async with serving(new=[STREAM]) as app, Twin(app.url) as twin:
        call = await twin.call()
        call.interrupt_after(2)
        await feed(app, "One two three.")

        assert await call.heard() == "One two three."
        assert "user_interruption" not in told(app)


async def test_what_was_spoken_is_told_where_that_is_tracked() -> None:
    async with serving(new=[TALK | {"trackTtsPlayout": True}]) as app, Twin(app.url) as twin:
        call = await twin.call()
        await feed(app, "All of it.")
        await app.seen("tts:streaming-event", event_type="tts_spoken", bargein=False)
        call.interrupt_after(1)
        await feed(app, "Some of it.")

        told = await app.seen("tts:streaming-event", event_type="tts_spoken", bargein=True)
        assert told["data"]["text"] == "Some"


async def test_a_streaming_say_lasts_as_long_as_there_is_text() -> None:
    verbs = [{"verb": "say", "stream": True}, SAY]
    async with serving(new=verbs) as app, Twin(app.url) as twin:
        call = await twin.call()
        await feed(app, "Streamed.")

        assert [await call.heard(), await call.heard()] == ["Streamed.", "Hello."]
        assert told(app) == ["stream_open", "stream_closed"]


async def test_config_closes_the_stream() -> None:
    async with serving(new=[STREAM]) as app, Twin(app.url) as twin:
        call = await twin.call()
        await app.command("config", {"ttsStream": {"enable": False}})

        await app.seen("tts:streaming-event", event_type="stream_closed")
        assert call.spoken == []


# ---------------------------------------------------------------- the background gather


async def test_the_background_gather_hears_the_caller_under_every_verb() -> None:
    answer = [{"verb": "say", "text": "You said something."}]
    async with serving(new=[TALK], hooks={"/heard": answer}) as app, Twin(app.url) as twin:
        call = await twin.call()

        assert await call.say("hello") == "You said something."
        assert await call.say("again") == "You said something."
        assert [m["data"]["reason"] for m in app.of("verb:hook")] == ["speechDetected"] * 2


async def test_a_background_gather_that_is_not_sticky_hears_once() -> None:
    once = {"bargeIn": {"enable": True, "input": ["digits"], "actionHook": "/key"}}
    async with serving(new=[{"verb": "config", **once}, SAY]) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.dtmf("1")
        await call.dtmf("2")

        assert [m["data"]["digits"] for m in app.of("verb:hook")] == ["1"]


async def test_a_caller_who_talks_over_a_say_ends_it() -> None:
    verbs = [TALK, {"verb": "say", "text": "One two three four five six."}]
    hooks = {"/heard": [{"verb": "say", "text": "Yes?"}]}
    async with serving(new=verbs, hooks=hooks) as app, Twin(app.url, pace=SLOW) as twin:
        call = await twin.call()
        await speaking(call)
        await call.interrupt("Wait.")

        assert len(call.spoken[0].split()) < 6
        assert call.spoken[1:] == ["Yes?"]


async def speaking(call: TwinCall) -> None:
    await call.leg.log.until(
        lambda: any(entry.kind == "speaking" for entry in call.log), "a word", 5
    )
