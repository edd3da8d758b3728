"""``transfer_call``: announced, dialed, and back where nobody answers."""

from typing import Literal

import pytest

from app import Agent, Application, Session, Verb, openai_s2s
from app.builtin_tools import Target, build_transfer_call, prompt_of, transferring
from app.llm import FakeModel, ToolCall
from app.tool import Tool, ToolArgumentError
from app.twin import Twin

SALES = Target("+15085559001", "Sales", "whoever wants to buy")
DESK = Target("+15085559002", "the front desk")
BUILT = build_transfer_call([SALES, DESK], ring=20, caller_id="+16175550100")
assert BUILT is not None
front = Application("/front")
speech = Application("/speech")


@front.session_new
async def answer(session: Session) -> Agent:
    assert BUILT is not None
    return Agent(
        llm="openai:gpt-4.1-mini",
        stt="deepgram:nova-3-general",
        tts="cartesia:sonic-english",
        instructions=prompt_of("You answer calls from {{from}}.", [BUILT]),
        tools=[BUILT.tool],
        event_hooks=BUILT.event_hooks,
        greeting=False,
    )


@speech.session_new
async def speak(session: Session) -> Verb:
    assert BUILT is not None
    return openai_s2s(
        auth={"apiKey": "k"},
        instructions=prompt_of("You answer the phone.", [BUILT]),
        tools=BUILT.tools,
        event_hooks=BUILT.event_hooks,
        events=["response.*", "conversation.item.input_audio_transcription.completed"],
    )


@pytest.fixture
def cordboard_applications() -> list[Application]:
    return [front, speech]


TRANSFER = ToolCall(name="transfer_call", arguments={"phone_number": SALES.number}, id="call_1")
CONNECT = "I connect you to Sales."


@pytest.fixture
def cordboard_model() -> FakeModel:
    return FakeModel([TRANSFER, CONNECT, "I am sorry, nobody answered."])


async def test_the_transfer_is_announced_before_it_begins(jambonz: Twin) -> None:
    call = await jambonz.call("/front", far_end=["stays"])
    await call.say("I want to buy a table.")
    await call.bridged()

    assert call.spoken == [CONNECT]
    redirect = next(one for one in call.commands if one["command"] == "redirect")
    [dial] = redirect["data"]
    assert dial["verb"] == "dial"
    assert dial["target"] == [{"type": "phone", "number": SALES.number}]
    assert (dial["timeout"], dial["callerId"]) == (20, "+16175550100")


async def test_the_call_ends_when_the_person_rings_off(jambonz: Twin) -> None:
    call = await jambonz.call("/front", far_end=["stays"])
    await call.say("I want to buy a table.")
    await call.bridged()
    await call.far_hangup()

    assert await call.ended() == "the application hung up"


@pytest.mark.parametrize(
    ("far_end", "why"),
    [("busy", "the line is busy"), ("no-answer", "nobody answered")],
)
async def test_the_agent_goes_on_where_nobody_answers(
    jambonz: Twin, cordboard_model: FakeModel, far_end: Literal["busy", "no-answer"], why: str
) -> None:
    async with await jambonz.call("/front", far_end=[far_end]) as call:
        await call.say("I want to buy {{customerData.secret}}.")
        while call.spoken[-1] != "I am sorry, nobody answered.":
            await call.heard()

        prompt = cordboard_model.requests[-1].system
        assert "You answer calls from +15085551212." in prompt
        assert f"You tried to transfer the caller to Sales, but {why}." in prompt
        assert "Caller: I want to buy { {customerData.secret}}." in prompt
        assert f"You: {CONNECT}" in prompt


class TestWhenItFailsTwice:
    @pytest.fixture
    def cordboard_model(self) -> FakeModel:
        again = ToolCall(name="transfer_call", arguments={"phone_number": DESK.number}, id="call_2")
        return FakeModel(
            [TRANSFER, CONNECT, "Sales is busy.", again, "To the desk then.", "Busy too."]
        )

    async def test_the_prompt_tells_of_the_last_time_only(
        self, jambonz: Twin, cordboard_model: FakeModel
    ) -> None:
        async with await jambonz.call("/front", far_end=["busy", "busy"]) as call:
            await call.say("I want to buy a table.")
            while call.spoken[-1] != "Sales is busy.":
                await call.heard()
            await call.say("Then somebody else.")
            while call.spoken[-1] != "Busy too.":
                await call.heard()

            prompt = cordboard_model.requests[-1].system
            assert prompt.count("## What has happened so far") == 1
            assert "You tried to transfer the caller to the front desk" in prompt
            assert "Caller: I want to buy a table." in prompt


class TestWithASpeechToSpeechModel:
    @pytest.fixture
    def cordboard_model(self) -> FakeModel:
        return FakeModel(["Hello.", TRANSFER, CONNECT, "I am sorry, Sales is busy."])

    async def test_it_goes_on_too(self, jambonz: Twin, cordboard_model: FakeModel) -> None:
        async with await jambonz.call("/speech", far_end=["busy"]) as call:
            await call.heard()
            await call.say("I want to buy a table.")
            redirect = await call.command("redirect")
            assert redirect["data"][0]["verb"] == "dial"
            while len(call.spoken) < 3:
                await call.heard()

            assert call.spoken[1:] == [CONNECT, "I am sorry, Sales is busy."]
            prompt = cordboard_model.requests[-1].system
            assert "the line is busy" in prompt
            assert f"Caller: I want to buy a table.\nYou: {CONNECT}" in prompt


class TestAnnouncementsThatNeverEnd:
    @pytest.fixture
    def cordboard_model(self) -> FakeModel:
        return FakeModel([TRANSFER])

    async def test_the_transfer_begins_all_the_same(
        self, jambonz: Twin, cordboard_model: FakeModel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(transferring, "LONGEST", 0.05)
        monkeypatch.setattr("app.session.agents.Agents.tell", lambda *_: None)
        cordboard_model.add(CONNECT)
        call = await jambonz.call("/front", far_end=["stays"])
        await call.say("I want to buy a table.")
        await call.bridged()


def test_only_the_numbers_of_the_agent_can_be_dialed() -> None:
    assert BUILT is not None
    assert isinstance(BUILT.tool, Tool)
    number = BUILT.tool.parameters["properties"]["phone_number"]

    assert number["enum"] == [SALES.number, DESK.number]
    assert "Sales, whoever wants to buy" in BUILT.prompt
    for wrong in ({"phone_number": "+19005550100"}, {}, {"phone_number": 1}):
        with pytest.raises(ToolArgumentError):
            BUILT.tool.validate(wrong)
    assert BUILT.tool.validate({"phoneNumber": DESK.number}) == {"phone_number": DESK.number}


def test_without_targets_there_is_no_tool() -> None:
    assert build_transfer_call([]) is None


def test_what_was_said_is_kept_within_bounds() -> None:
    transfers = transferring.Transfers({})
    for number in range(100):
        transfers.note("Caller", f"line {number}")
    transfers.note("You", "Hel", is_piece=True)
    transfers.note("You", "lo.", is_piece=True)
    transfers.note("You", " ")
    transfers.note("Caller", "x" * 9999)
    lines = transfers.history().strip().split("\n")

    assert len(lines) == 40
    assert lines[-2] == "You: Hello."
    assert len(lines[-1]) < 500


def test_what_was_said_at_length_leaves_the_newest_of_it() -> None:
    transfers = transferring.Transfers({})
    for number in range(40):
        transfers.note("Caller", f"{number} {'x' * 9999}")
    lines = transfers.history().strip().split("\n")

    assert len(lines) == 20
    assert lines[-1].startswith("Caller: 39 xxx")
