"""Speech-to-speech calls over a real socket: the twin plays each vendor, in its own reading."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from app import (
    AgentEnded,
    Application,
    BadUpdate,
    LlmEvent,
    Session,
    ToolError,
    Verb,
    action_hook,
    elevenlabs_s2s,
    event_hook,
    hangup,
    s2s,
    say,
    tool,
)
from app.llm import FakeModel, ModelError, ToolCall
from app.session import Session as LiveSession
from app.testing import Cordboard
from app.twin import Twin, TwinCall

KEY = {"apiKey": "k"}
# What each vendor's verb needs beside prompt and tools.
OPTIONS: dict[str, dict[str, Any]] = {
    "openai": {},
    "google": {"events": ["llm_event"]},
    "deepgram": {"llm_options": {"Settings": {"agent": {"speak": {}}}}},
    "ultravox": {},
    "qwen": {},
    "gptlive": {
        "llm_options": {
            "session_update": {
                "delegation": {"type": "responses", "responses": {"model": "gpt-5.5"}}
            }
        }
    },
    "voicelive": {
        "connect_options": {"host": "example.com"},
        "llm_options": {"session_update": {}, "response_create": {}},
    },
    "nova": {"auth": {"accessKeyId": "i", "secretAccessKey": "s"}},
}
ends: list[AgentEnded] = []


class Ear:
    """What an event hook has heard."""

    def __init__(self) -> None:
        self.heard: list[LlmEvent] = []
        self.news = asyncio.Event()

    def hear(self, event: LlmEvent) -> None:
        self.heard.append(event)
        self.news.set()

    async def until(self, is_enough: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not is_enough():
                self.news.clear()
                await self.news.wait()


ear = Ear()


@tool
async def get_weather(city: str) -> dict[str, object]:
    """Current weather in a city.

    Args:
        city: City name.
    """
    if city == "Atlantis":
        raise ToolError("No forecast; ask for a nearby city.")
    return {"city": city, "celsius": 11}


@event_hook
async def note(session: Session, event: LlmEvent) -> None:
    ear.hear(event)


@action_hook
async def finish(session: Session, ended: AgentEnded) -> list[Verb]:
    ends.append(ended)
    return [say("Sorry."), hangup()]


line = Application("/s2s/{vendor}")


@line.session_new
async def answer(session: Session) -> Verb:
    vendor = session.path_params["vendor"]
    options = {"auth": KEY, "instructions": "You know the weather.", **OPTIONS[vendor]}
    return s2s(
        vendor=vendor, tools=[get_weather], event_hooks=[note], action_hook=finish, **options
    )


kept = Application("/kept")


@kept.session_new
async def answer_kept(session: Session) -> Verb:
    return elevenlabs_s2s(
        auth={"agent_id": "a"}, llm_options={}, tools=[get_weather], event_hooks=[note]
    )


@pytest.fixture
def cordboard_applications() -> list[Application[Any, Any]]:
    ear.heard.clear()
    ear.news = asyncio.Event()  # one belongs to one loop
    ends.clear()
    return [line, kept]


@pytest.fixture
def cordboard_model() -> FakeModel:
    return FakeModel()


def weather(city: str, id_: str) -> ToolCall:
    return ToolCall(id_, "get_weather", {"city": city})


async def start(jambonz: Twin, model: FakeModel, vendor: str) -> TwinCall:
    """A call whose model has greeted, where its vendor's does."""
    model.add("Hello.")
    call = await jambonz.call(f"/s2s/{vendor}")
    await call.settled()
    await (call.heard() if call.spoken else call.say("Hello?"))
    return call


def notes(call: TwinCall) -> list[str]:
    return [entry.data["text"] for entry in call.log if entry.kind == "note"]


def outputs(model: FakeModel) -> list[Any]:
    return [json.loads(m.content) for m in model.requests[-1].messages if m.role == "tool"]


@pytest.mark.parametrize("vendor", OPTIONS)
async def test_a_tool_is_offered_called_and_its_result_spoken(
    vendor: str, jambonz: Twin, cordboard_model: FakeModel
) -> None:
    async with await start(jambonz, cordboard_model, vendor) as call:
        cordboard_model.add(weather("Portland", "c1"), "It has eleven degrees.")

        assert await call.say("How is Portland?") == "It has eleven degrees."
        (offered,) = cordboard_model.requests[-1].tools
        assert (offered.name, offered.parameters["required"]) == ("get_weather", ["city"])
        assert cordboard_model.requests[-1].system == "You know the weather."
        (result,) = outputs(cordboard_model)
        assert result.get("output", result) == {"city": "Portland", "celsius": 11}
        assert not any("dropped" in text for text in notes(call))


@pytest.mark.parametrize("vendor", OPTIONS)
async def test_parallel_calls_one_of_which_fails_are_both_answered(
    vendor: str, jambonz: Twin, cordboard_model: FakeModel
) -> None:
    async with await start(jambonz, cordboard_model, vendor) as call:
        both = [weather("Atlantis", "c1"), weather("Portland", "c2")]
        cordboard_model.add(both, "Only Portland.")

        assert await call.say("Atlantis and Portland?") == "Only Portland."
        failed, found = outputs(cordboard_model)
        assert "nearby city" in str(failed)
        assert "11" in str(found)
        sent = [one for one in call.commands if one["command"] == "llm:tool-output"]
        assert len(sent) == (1 if vendor == "google" else 2)


async def test_gemini_answers_a_second_batch_under_the_same_id(
    jambonz: Twin, cordboard_model: FakeModel
) -> None:
    async with await start(jambonz, cordboard_model, "google") as call:
        for number, city in enumerate(("Portland", "Boston")):
            cordboard_model.add(weather(city, f"f{number}"), f"Told of {city}.")
            assert await call.say(city) == f"Told of {city}."

        assert [one["output"]["city"] for one in outputs(cordboard_model)] == [
            "Portland",
            "Boston",
        ]


async def test_elevenlabs_calls_what_is_declared_there(jambonz: Twin) -> None:
    async with await jambonz.call("/kept") as call:
        good = await call.tool_call("get_weather", {"city": "Portland"}, tool_call_id="c1")
        bad = await call.tool_call("get_weather", {"town": "Portland"}, tool_call_id="c2")

        assert good["data"]["result"] == '{"city":"Portland","celsius":11}'
        assert (good["data"]["is_error"], bad["data"]["is_error"]) == (False, True)


@pytest.mark.parametrize(
    ("vendor", "names"),
    [
        (
            "openai",
            [
                "conversation.item.input_audio_transcription.completed",
                "response.audio_transcript.done",
                "response.done",
            ],
        ),
        ("google", ["server_content"] * 3),
        ("ultravox", ["transcript", "transcript", "state"]),
        ("deepgram", ["ConversationText", "ConversationText", "AgentAudioDone"]),
    ],
)
async def test_the_vendors_events_reach_an_event_hook(
    vendor: str, names: list[str], jambonz: Twin, cordboard_model: FakeModel
) -> None:
    async with await start(jambonz, cordboard_model, vendor) as call:
        cordboard_model.add("Fine.")
        mark = len(call.events)
        await call.say("How are you?")
        await ear.until(lambda: len(ear.heard) == len(call.events))

        assert [event.name for event in ear.heard[mark:]] == names


def session_of(server: Cordboard, call: TwinCall) -> LiveSession:
    session = server.calls.get(call.call_sid)
    assert session is not None
    return session


@pytest.mark.parametrize("vendor", ["openai", "deepgram", "gptlive", "qwen", "voicelive"])
async def test_new_instructions_reach_the_model(
    vendor: str, jambonz: Twin, cordboard: Cordboard, cordboard_model: FakeModel
) -> None:
    async with await start(jambonz, cordboard_model, vendor) as call:
        await session_of(cordboard, call).update_instructions("Speak Spanish.")
        await call.command("llm:update")
        cordboard_model.add("Hola.")

        assert await call.say("Hello?") == "Hola."
        assert cordboard_model.requests[-1].system == "Speak Spanish."


@pytest.mark.parametrize("vendor", ["openai", "google", "ultravox"])
async def test_context_reaches_the_model_and_makes_it_say_nothing(
    vendor: str, jambonz: Twin, cordboard: Cordboard, cordboard_model: FakeModel
) -> None:
    async with await start(jambonz, cordboard_model, vendor) as call:
        spoken = len(call.spoken)
        await session_of(cordboard, call).inject_context("The caller is Sarah.")
        await call.command("llm:update")
        assert len(call.spoken) == spoken
        cordboard_model.add("Hello Sarah.")
        await call.say("Who am I?")

        request = cordboard_model.requests[-1]
        assert "Sarah" in request.system + " ".join(m.content for m in request.messages)


@pytest.mark.parametrize("vendor", ["google", "ultravox", "gptlive"])
async def test_a_reply_can_be_asked_for(
    vendor: str, jambonz: Twin, cordboard: Cordboard, cordboard_model: FakeModel
) -> None:
    async with await start(jambonz, cordboard_model, vendor) as call:
        cordboard_model.add("There is a sale.")
        await session_of(cordboard, call).generate_reply(user_input="Tell of the sale.")

        assert await call.heard() == "There is a sale."


async def test_new_tools_reach_openai_and_are_answered(
    jambonz: Twin, cordboard: Cordboard, cordboard_model: FakeModel
) -> None:
    @tool
    async def tell_time() -> str:
        """Tell the time."""
        return "noon"

    async with await start(jambonz, cordboard_model, "openai") as call:
        await session_of(cordboard, call).update_tools([tell_time])
        await call.command("llm:update")
        cordboard_model.add(ToolCall("c1", "tell_time", {}), "It is noon.")

        assert await call.say("What time is it?") == "It is noon."
        assert [one.name for one in cordboard_model.requests[-1].tools] == ["tell_time"]
        assert outputs(cordboard_model) == [{"result": "noon"}]


async def test_what_jambonz_would_drop_never_leaves_the_server(
    jambonz: Twin, cordboard: Cordboard, cordboard_model: FakeModel
) -> None:
    async with await start(jambonz, cordboard_model, "openai") as call:
        session = session_of(cordboard, call)
        with pytest.raises(BadUpdate):
            await session.update_llm({"type": "response.create"})
        await session.command("llm:update", {"type": "response.create"})
        await call.command("llm:update")

        assert [text for text in notes(call) if "invalid mid-call request" in text]
        assert len([one for one in call.commands if one["command"] == "llm:update"]) == 1


async def test_a_failure_of_the_model_comes_to_the_action_hook(
    jambonz: Twin, cordboard_model: FakeModel
) -> None:
    async with await start(jambonz, cordboard_model, "openai") as call:
        cordboard_model.add(ModelError("the account is empty", kind="auth"))

        assert await call.say("Hello?") == "Sorry."
        await call.ended()
        assert ends[0].completion_reason == "server error"
        assert isinstance(ends[0].error, dict)


async def test_a_redirect_takes_the_call_away_from_the_model(
    jambonz: Twin, cordboard: Cordboard, cordboard_model: FakeModel
) -> None:
    async with await start(jambonz, cordboard_model, "ultravox") as call:
        await session_of(cordboard, call).redirect([say("One moment."), hangup()])

        assert await call.heard() == "One moment."
        await call.ended()


async def test_a_lost_socket_does_not_lose_a_tools_output(
    jambonz: Twin, cordboard_model: FakeModel
) -> None:
    async with await start(jambonz, cordboard_model, "google") as call:
        await call.drop()
        await call.reconnected()
        cordboard_model.add(weather("Portland", "c1"), "Eleven.")

        assert await call.say("Portland?") == "Eleven."
