"""``end_call``: the last words are heard, then the line is closed."""

import pytest

from app import Agent, Application, Session, Verb, openai_s2s
from app.builtin_tools import build_end_call, ending, prompt_of
from app.llm import FakeModel, ToolCall
from app.twin import Twin

BUILT = build_end_call()
front = Application("/front")
speech = Application("/speech")
deaf = Application("/deaf")


@front.session_new
async def answer(session: Session) -> Agent:
    return Agent(
        llm="openai:gpt-4.1-mini",
        stt="deepgram:nova-3-general",
        tts="cartesia:sonic-english",
        instructions=prompt_of("You answer the phone.", [BUILT]),
        tools=[BUILT.tool],
    )


@speech.session_new
async def speak(session: Session) -> Verb:
    return openai_s2s(
        auth={"apiKey": "k"},
        instructions=prompt_of("You answer the phone.", [BUILT]),
        tools=BUILT.tools,
        event_hooks=BUILT.event_hooks,
        events=["response.done"],
    )


@deaf.session_new
async def speak_unheard(session: Session) -> Verb:
    return openai_s2s(auth={"apiKey": "k"}, instructions="You answer.", tools=BUILT.tools)


@pytest.fixture
def cordboard_applications() -> list[Application]:
    return [front, speech, deaf]


END = ToolCall(name="end_call", arguments={}, id="call_1")
GOODBYE = "Goodbye, and thank you for calling."


@pytest.fixture
def cordboard_model() -> FakeModel:
    return FakeModel(["Hello.", END, GOODBYE, "Of course, what is it?"])


async def test_the_line_is_closed_when_the_last_words_were_heard(jambonz: Twin) -> None:
    call = await jambonz.call("/front")
    await call.heard()
    await call.say("That is all, goodbye.")

    assert await call.ended() == "the application hung up"
    assert call.spoken == ["Hello.", GOODBYE]
    assert call.commands[-1]["command"] == "call:status"
    assert call.commands[-1]["data"] == {"call_status": "completed"}


async def test_the_model_is_told_to_say_goodbye(jambonz: Twin, cordboard_model: FakeModel) -> None:
    call = await jambonz.call("/front")
    await call.heard()
    await call.say("Goodbye.")
    await call.ended()

    last = cordboard_model.requests[-1]
    assert "Say goodbye now" in last.messages[-1].content
    assert "## Ending the call" in last.system


async def test_who_speaks_over_the_goodbye_is_not_cut_off(jambonz: Twin) -> None:
    async with await jambonz.call("/front") as call:
        await call.heard()
        call.interrupt_after(2, "Wait, one more thing!")
        await call.say("Goodbye.")

        assert await call.updates() == ["inject_context"]
        assert call.spoken[-1] == "Of course, what is it?"
        assert [one["command"] for one in call.commands].count("call:status") == 0


class TestWithASpeechToSpeechModel:
    @pytest.fixture
    def cordboard_model(self) -> FakeModel:
        return FakeModel(["Hello.", END, GOODBYE])

    async def test_the_end_of_its_response_closes_the_line(self, jambonz: Twin) -> None:
        call = await jambonz.call("/speech")
        await call.heard()
        await call.say("That is all, goodbye.")

        assert await call.ended() == "the application hung up"
        assert call.spoken == ["Hello.", GOODBYE]


class TestWithAModelThatNeverTellsItsEnd:
    @pytest.fixture
    def cordboard_model(self) -> FakeModel:
        return FakeModel(["Hello.", END, GOODBYE])

    async def test_the_line_is_closed_all_the_same(
        self, jambonz: Twin, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ending, "LONGEST", 0.1)
        call = await jambonz.call("/deaf")
        await call.heard()
        await call.say("That is all, goodbye.")

        assert await call.ended() == "the application hung up"
