"""The agent verb as the twin lives it: turns, tools, events, interruptions, its end."""

import asyncio
import json
from typing import Any

import pytest

from app.llm import CALL_CONNECTED, CALLER_SILENT, ChatRequest, FakeModel, ModelError, ToolCall
from app.twin import DialectName, Pace, Twin, TwinCall
from tests.twin_app import Message, agent, serving

TOOL = {"name": "find_slot", "description": "Find a slot", "parameters": {"type": "object"}}
BYE = [{"verb": "say", "text": "Goodbye."}, {"verb": "hangup"}]


def call_of(name: str, **arguments: Any) -> ToolCall:
    return ToolCall(f"id_{name}_{len(arguments)}", name, arguments)


def silent(**options: Any) -> Message:
    """An agent that waits for the caller to speak first."""
    return agent(greeting=False, **options)


def notes(call: TwinCall) -> str:
    return "\n".join(entry.data["text"] for entry in call.log if entry.kind == "note")


def types(call: TwinCall) -> list[str]:
    return [str(event["type"]) for event in call.events]


# ---------------------------------------------------------------- turns


async def test_the_agent_greets_first() -> None:
    model = FakeModel(["Hello, this is the clinic."])
    async with serving(new=[agent()]) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()

        assert await call.heard() == "Hello, this is the clinic."
        assert model.requests[0].system == "You are kind."
        assert model.requests[0].messages[0].content == CALL_CONNECTED


async def test_without_a_greeting_it_waits_for_the_caller() -> None:
    model = FakeModel(["Yes."])
    async with serving(new=[silent()]) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()

        assert await call.say("Hello?") == "Yes."
        assert [m.content for m in model.requests[0].messages] == ["Hello?"]
        assert call.spoken == ["Yes."]


async def test_the_prompt_history_tools_and_limits_come_from_llm_options() -> None:
    options = {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Earlier."}]},
            {"role": "assistant", "content": "Noted."},
        ],
        "systemPrompt": "You are kind.",
        "tools": [TOOL, {"type": "function", "function": {"name": "wrapped"}}],
        "maxTokens": 99,
        "temperature": 0.3,
    }
    model = FakeModel(["Yes."])
    verb = silent(llm={"vendor": "openai", "model": "x", "llmOptions": options})
    async with serving(new=[verb]) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()
        await call.say("Hello?")

    request = model.requests[0]
    assert request.system == "You are kind.\n\nBe brief."
    assert [m.content for m in request.messages] == ["Earlier.", "Noted.", "Hello?"]
    assert [tool.name for tool in request.tools] == ["find_slot", "wrapped"]
    assert request.tools[0].description == "Find a slot"
    assert (request.max_tokens, request.temperature) == (99, 0.3)


async def test_the_events_of_a_turn_come_in_their_order() -> None:
    async with (
        serving(new=[silent()]) as app,
        Twin(app.url, model=FakeModel(["Half past nine."])) as twin,
    ):
        call = await twin.call()
        await call.say("When?")
        await app.seen("agent:event", type="turn_end")

        assert types(call) == ["user_transcript", "llm_response", "turn_end"]
        assert [m["data"] for m in app.of("agent:event")] == call.events
        assert {m["hook"] for m in app.of("agent:event")} == {"/events"}
        assert call.events[0]["transcript"] == "When?"
        assert call.events[1]["response"] == "Half past nine."


@pytest.mark.parametrize(
    ("dialect", "event", "tool_call", "reply", "arguments"),
    [
        ("agent", "agent:event", "agent:tool-call", "llm_response", {"city_name": "X"}),
        ("docs", "agent:event", "agent:tool-call", "agent_response", {"city_name": "X"}),
        ("llm", "llm:event", "llm:tool-call", "llm_response", {"cityName": "X"}),
        ("hook", "verb:hook", "verb:hook", "agent_response", {"city_name": "X"}),
    ],
)
async def test_every_dialect_says_the_same_in_its_own_words(
    dialect: DialectName, event: str, tool_call: str, reply: str, arguments: Message
) -> None:
    model = FakeModel([["One moment. ", call_of("find", cityName="X")], "It is free."])
    async with (
        serving(new=[silent()], tools={"find": {"ok": True}}) as app,
        Twin(app.url, model=model, dialect=dialect) as twin,
    ):
        call = await twin.call()
        assert await call.say("When?") == "One moment. It is free."
        end = (await app.seen(event, type="turn_end"))["data"]

        asked = next(m for m in app.of(tool_call) if "tool_call_id" in m["data"])
        key = "args" if dialect == "llm" else "arguments"
        documented = dialect in ("docs", "hook")
        assert asked["hook"] == "/tools"
        assert asked["data"][key] == arguments
        assert app.of(event, type=reply)[0]["data"]["response"] == "One moment. It is free."
        assert ("tts_ms" in end["latency"]) is documented
        assert ("voice_latency" in end["latency"]) is not documented
        assert ("tool_calls" in end) is documented
        assert ("confidence" in end) is documented
        if documented:
            assert end["tool_calls"][0]["name"] == "find"
            assert end["latency"]["tool_ms"] >= 0


async def test_early_generation_is_told_as_a_preflight_hit() -> None:
    verb = silent(earlyGeneration=True, turnDetection="krisp")
    async with serving(new=[verb]) as app, Twin(app.url, model=FakeModel(["A b c."])) as twin:
        call = await twin.call()
        await call.say("Go.")
        latency = (await app.seen("agent:event", type="turn_end"))["data"]["latency"]

        assert latency["preflight"] == {"result": "hit", "tokens": 3}
        assert "model_latency" not in latency


async def test_a_silent_agent_answers_in_events_only() -> None:
    model = FakeModel(["Thinking.", "Again."])
    async with serving(new=[silent(speak=False)]) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()
        assert await call.say("Hello?") == ""
        await call.say("And?")

        assert [e.get("response") for e in call.events if e["type"] == "llm_response"] == [
            "Thinking.",
            "Again.",
        ]
        assert [m.content for m in model.requests[1].messages] == ["Hello?", "Thinking.", "And?"]


async def test_noise_isolation_is_noted() -> None:
    verb = silent(noiseIsolation="krisp")
    async with serving(new=[verb]) as app, Twin(app.url, model=FakeModel([])) as twin:
        call = await twin.call()
        await call.settled()

        assert "noiseIsolation recorded" in notes(call)


# ---------------------------------------------------------------- tools


async def test_tool_calls_of_one_reply_are_in_flight_together_and_answered_in_any_order() -> None:
    calls = [call_of("a"), call_of("b", x=1)]
    model = FakeModel([calls, "Both done."])
    async with serving(new=[silent()]) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()
        answer = asyncio.create_task(call.say("Both."))
        await app.seen("agent:tool-call", 2)
        for one in reversed(calls):
            await app.send_tool_output(one.id, {"from": one.name})

        assert await answer == "Both done."
        history = model.requests[1].messages
        assert [m.role for m in history] == ["user", "assistant", "tool", "tool"]
        assert [m.content for m in history[2:]] == ['{"from": "a"}', '{"from": "b"}']
        assert [m.tool_call_id for m in history[2:]] == [one.id for one in calls]
        assert history[1].tool_calls == tuple(calls)


async def test_what_is_said_before_a_tool_call_is_heard_while_the_tool_runs() -> None:
    model = FakeModel([["Let me see. ", call_of("slow")], "Found."])
    async with serving(new=[silent()]) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()
        answer = asyncio.create_task(call.say("Go."))
        assert await call.heard() == "Let me see."
        await app.send_tool_output("id_slow_0", {"ok": True})

        assert await answer == "Let me see. Found."


async def test_a_tool_that_does_not_answer_in_time_is_told_to_the_model() -> None:
    model = FakeModel([call_of("lost"), "Sorry."])
    async with (
        serving(new=[silent()]) as app,
        Twin(app.url, model=model, pace=Pace(tool=0.02)) as twin,
    ):
        call = await twin.call()

        assert await call.say("Go.") == "Sorry."
        assert "did not answer in time" in model.requests[1].messages[-1].content
        await app.send_tool_output("id_lost_0", {"late": True})
        await call.command("llm:tool-output")
        assert "late or unknown tool output, dropped" in notes(call)


async def test_the_tool_filler_is_heard_after_its_delay() -> None:
    filler = {"type": "audio", "url": "https://e.org/tick.wav", "startDelaySecs": 0.01}
    model = FakeModel([call_of("slow"), "Done."])
    async with (
        serving(new=[silent(toolFiller=filler)]) as app,
        Twin(app.url, model=model, pace=Pace(tool=0.05)) as twin,
    ):
        call = await twin.call()
        await call.say("Go.")

        assert "the tool filler is heard" in notes(call)


async def test_a_tool_call_by_hand_returns_its_output() -> None:
    async with serving(new=[silent()], tools={"f": {"a": 1}}) as app, Twin(app.url) as twin:
        call = await twin.call()

        assert await call.tool_call("f", {"x": 1}, tool_call_id="mine") == {"a": 1}
        assert app.of("agent:tool-call")[0]["data"] == {
            "tool_call_id": "mine",
            "name": "f",
            "arguments": {"x": 1},
        }


# ---------------------------------------------------------------- interruptions


async def test_a_barge_in_cuts_the_reply_and_begins_a_new_turn() -> None:
    model = FakeModel(["One two three four five six.", "Short."])
    async with serving(new=[silent()]) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()
        call.interrupt_after(3, "Stop.")

        assert await call.say("Count.") == "One two three Short."
        assert types(call)[-5:] == [
            "user_interruption",
            "turn_end",
            "user_transcript",
            "llm_response",
            "turn_end",
        ]
        cut = next(e for e in call.events if e["type"] == "turn_end")
        assert (cut["interrupted"], cut["response"]) == (True, "One two three")
        assert [m.content for m in model.requests[1].messages] == [
            "Count.",
            "One two three",
            "Stop.",
        ]


async def test_the_parts_of_a_word_count_as_one_word() -> None:
    reply = ["In", " Port", "land", " it", " ra", "ins", " a lot."]
    model = FakeModel([reply, "Short."] * 2)
    for pace in (Pace(), Pace(speech_rate=200)):
        async with serving(new=[silent()]) as app, Twin(app.url, model=model, pace=pace) as twin:
            call = await twin.call()
            call.interrupt_after(4, "Stop.")

            await call.say("Where?")

            assert call.spoken == ["In Portland it ra", "Short."]


async def test_interrupt_cuts_speech_that_takes_time() -> None:
    model = FakeModel(["One two three four five six seven eight.", "Short."])
    async with (
        serving(new=[silent()]) as app,
        Twin(app.url, model=model, pace=Pace(speech_rate=20)) as twin,
    ):
        call = await twin.call()
        first = asyncio.create_task(call.say("Count."))
        await app.seen("agent:event", type="llm_response")

        assert await call.interrupt("Stop.") == "Short."
        await first
        assert call.spoken[0] != "One two three four five six seven eight."
        assert call.log[-1].kind != "error"


async def test_an_interruption_while_a_tool_runs_drops_its_output() -> None:
    model = FakeModel([call_of("slow"), "Fine."])
    async with serving(new=[silent()]) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()
        waiting = asyncio.create_task(call.say("Go."))
        await app.seen("agent:tool-call")

        assert await call.interrupt("Never mind.") == "Fine."
        await waiting
        await app.send_tool_output("id_slow_0", {})
        await call.command("llm:tool-output")
        assert "late or unknown tool output, dropped" in notes(call)
        assert [m.role for m in model.requests[1].messages] == ["user", "user"]


async def test_with_nothing_to_interrupt_it_is_an_ordinary_turn() -> None:
    async with serving(new=[silent()]) as app, Twin(app.url, model=FakeModel(["Yes."])) as twin:
        call = await twin.call()

        assert await call.interrupt("Hello?") == "Yes."
        assert "user_interruption" not in types(call)


async def test_without_barge_in_the_reply_is_heard_to_its_end() -> None:
    model = FakeModel(["One two three.", "Now you."])
    verb = silent(bargeIn={"enable": False})
    async with serving(new=[verb]) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()
        call.interrupt_after(1, "Stop.")

        assert await call.say("Count.") == "One two three."
        assert await call.interrupt("And?") == "Now you."


# ---------------------------------------------------------------- silence and the end


async def test_a_silent_caller_is_asked_until_the_agent_gives_up() -> None:
    model = FakeModel(["Are you there?", "Hello?", "Good.", "Hello again?"])
    verb = silent(noResponseMaxPrompts=2, id="desk")
    async with (
        serving(new=[verb], hooks={"/done": BYE}) as app,
        Twin(app.url, model=model) as twin,
    ):
        call = await twin.call()
        assert await call.silence() == "Are you there?"
        assert model.requests[0].messages[-1].content == CALLER_SILENT
        assert await call.silence() == "Hello?"
        assert await call.say("Yes!") == "Good."
        assert await call.silence() == "Hello again?"
        model.add("Last time?")
        await call.silence()

        assert await call.silence() == "Goodbye."
        hook = (await app.seen("verb:hook"))["data"]
        assert (hook["completion_reason"], hook["verb_id"]) == ("no_response", "desk")
        assert await call.ended() == "the application hung up"


async def test_with_a_clock_the_agent_checks_in_by_itself() -> None:
    model = FakeModel(["Are you there?"])
    verb = silent(noResponseTimeout=0.01, noResponseMaxPrompts=1)
    async with (
        serving(new=[verb], hooks={"/done": BYE}) as app,
        Twin(app.url, model=model, pace=Pace(silence=True)) as twin,
    ):
        call = await twin.call()
        await call.ended()

        assert call.spoken == ["Are you there?", "Goodbye."]


async def test_a_timeout_of_zero_never_checks_in() -> None:
    verb = silent(noResponseTimeout=0)
    async with serving(new=[verb]) as app, Twin(app.url, model=FakeModel([])) as twin:
        call = await twin.call()

        assert await call.silence() == ""


async def test_a_failing_model_ends_the_verb_with_its_error() -> None:
    model = FakeModel([ModelError("bad key", kind="auth")])
    async with (
        serving(new=[agent()], hooks={"/done": BYE}) as app,
        Twin(app.url, model=model) as twin,
    ):
        call = await twin.call()
        await call.ended()

        data = (await app.seen("verb:hook"))["data"]
        assert data["completion_reason"] == "server error"
        assert data["error"] == {"code": "auth", "message": "bad key"}
        assert call.spoken == ["Goodbye."]


async def test_a_redirect_replaces_the_agent_and_the_verbs_of_its_hook_are_ignored() -> None:
    async with (
        serving(new=[silent()], hooks={"/done": BYE}) as app,
        Twin(app.url, model=FakeModel([])) as twin,
    ):
        call = await twin.call()
        await app.command("redirect", [{"verb": "say", "text": "A person takes over."}])
        assert await call.heard() == "A person takes over."
        await app.seen("verb:hook")
        await call.hook("/sync")

        assert "verbs of this ack are ignored" in notes(call)
        assert call.spoken == ["A person takes over."]


async def test_a_caller_who_hangs_up_causes_no_action_hook() -> None:
    async with serving(new=[silent()]) as app, Twin(app.url, model=FakeModel([])) as twin:
        call = await twin.call()
        await call.hangup()

        assert app.of("verb:hook") == []
        last = (await app.seen("call:status", call_status="completed"))["data"]
        assert last["call_termination_by"] == "caller"


async def test_the_built_in_hangup_ends_the_call_after_its_last_words() -> None:
    model = FakeModel([["Bye now. ", ToolCall("h", "hangup", {"reason": "all done"})], "(gone)"])
    async with serving(new=[silent(hangup={})]) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()
        await call.say("Bye.")

        assert await call.ended() == "the agent hung up: all done"
        assert call.spoken[0] == "Bye now."
        assert app.of("agent:tool-call") == []


@pytest.mark.parametrize(("outcome", "goes_on"), [("answer", False), ("busy", True)])
async def test_the_handoff_tool_transfers_to_the_scripted_far_end(
    outcome: Any, goes_on: bool
) -> None:
    handoff = {"mode": "warm", "target": [{"type": "phone", "number": "1"}], "actionHook": "/h"}
    model = FakeModel([call_of("transfer_to_human"), "As you see.", "Still here."])
    async with serving(new=[silent(handoff=handoff)]) as app, Twin(app.url, model=model) as twin:
        call = await twin.call(far_end=[outcome])
        await call.say("A person, please.")
        await app.seen("verb:hook", 1 if goes_on else 2)

        hooks = [m["hook"] for m in app.of("verb:hook")]
        assert model.requests[0].tools[-1].name == "transfer_to_human"
        assert hooks == (["/h"] if goes_on else ["/h", "/done"])
        if goes_on:
            told = model.requests[1].messages[-1].content
            assert json.loads(told) == {"error": f"The transfer failed: {outcome}."}
            assert await call.say("Hello?") == "Still here."
        else:
            assert len(model.requests) == 1  # nobody hears the model any more


async def test_a_model_may_look_at_what_it_is_asked() -> None:
    def echo(request: ChatRequest) -> str:
        return f"You said {request.messages[-1].content}"

    async with serving(new=[silent()]) as app, Twin(app.url, model=FakeModel([echo])) as twin:
        call = await twin.call()

        assert await call.say("hi") == "You said hi"


async def test_the_agent_notes_keys_and_goes_on() -> None:
    async with serving(new=[silent()]) as app, Twin(app.url, model=FakeModel([])) as twin:
        call = await twin.call()
        await call.dtmf("1")

        assert "does not listen to keys" in notes(call)
