"""The cycle of a turn in time: speech, transcript, end of turn, thinking, voice, interruptions."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from app.llm import FakeModel, ToolCall
from app.twin import Pace, Twin, TwinCall
from app.twin.agent.turn_taking import TurnTaking
from app.twin.spread import BadSpread, Spread
from app.twin.timings import Timings
from tests.twin_app import App, Message, agent, serving

KRISP = {"turnDetection": "krisp"}
EARLY = {"turnDetection": "krisp", "earlyGeneration": True}
STORY = "one two three four five six seven eight nine ten"


@dataclass
class Stage:
    """A call to a tiny application, with the model that plays its agent."""

    app: App
    call: TwinCall
    model: FakeModel

    @property
    def turn(self) -> Message:
        return [event for event in self.call.events if event["type"] == "turn_end"][-1]

    @property
    def latency(self) -> Message:
        found: Message = self.turn["latency"]
        return found

    def times(self, kind: str, **data: Any) -> list[float]:
        return [
            entry.time
            for entry in self.call.log
            if entry.kind == kind and data.items() <= entry.data.items()
        ]


@asynccontextmanager
async def calling(
    *replies: Any, tools: Message | None = None, rate: float | None = None, **options: Any
) -> AsyncIterator[Stage]:
    """A call on a virtual clock; `verb` holds options of the agent, the rest are `Timings`."""
    verb = options.pop("verb", {})
    model = FakeModel(replies)
    pace = Pace(speech_rate=rate, timings=Timings.of(**options))
    made = agent(greeting=False, **verb)
    async with (
        serving(new=[made], tools=tools or {}) as app,
        Twin(app.url, model=model, pace=pace, clock="virtual", seed=1, dialect="docs") as twin,
    ):
        yield Stage(app, await twin.call(), model)


async def test_every_part_of_a_turn_takes_its_time() -> None:
    async with calling("Yes.", stt=0.3, llm=0.5, tts=0.2, rate=2, caller_rate=2) as stage:
        await stage.call.say("are you there now")

        assert stage.latency == {"stt_ms": 300, "llm_ms": 500, "tts_ms": 200}
        (said,) = stage.times("said")
        (spoke,) = stage.times("speaking")
        (end,) = stage.times("event", type="turn_end")
        assert spoke - said == pytest.approx(2 + 0.3 + 0.5 + 0.2)
        assert end - spoke == pytest.approx(0.5)


async def test_the_time_in_tools_is_no_thinking_time() -> None:
    call = ToolCall("id_1", "find_slot", {})
    async with calling([call], "Nine.", llm=0.4, tools={"find_slot": {"at": 9}}) as stage:
        await stage.call.say("When?")

        assert stage.latency["tool_ms"] == 0  # time stands still while an output is owed
        assert stage.turn["tool_calls"] == [{"name": "find_slot", "rtt_ms": 0}]


@pytest.mark.parametrize(
    ("verb", "eot"),
    [
        ({}, None),
        (KRISP, 400),
        ({"turnDetection": {"mode": "krisp", "threshold": 0.25}}, 200),
        ({**KRISP, "stt": {"vendor": "assemblyai"}}, None),
        ({"stt": {"vendor": "deepgramflux"}}, 400),
    ],
)
async def test_who_decides_about_turns_says_how_long_it_takes(
    verb: Message, eot: int | None
) -> None:
    async with calling("Yes.", eot=0.4, verb=verb) as stage:
        await stage.call.say("Hello")

        assert stage.latency.get("eot_ms") == eot


async def test_an_early_reply_that_is_ready_is_a_hit() -> None:
    async with calling("Yes I am.", eot=0.5, llm=0.3, verb=EARLY) as stage:
        assert await stage.call.say("Are you there?") == "Yes I am."

        assert stage.latency["preflight"] == {"result": "hit", "tokens": 3}
        assert "llm_ms" not in stage.latency
        assert [request.messages[-1].content for request in stage.model.requests] == [
            "Are you there?"
        ]


async def test_an_early_reply_that_is_not_ready_is_pending() -> None:
    async with calling("Yes.", eot=0.2, llm=0.5, verb=EARLY) as stage:
        assert await stage.call.say("Are you there?") == "Yes."

        assert stage.latency["preflight"] == {"result": "pending"}
        assert stage.latency["llm_ms"] == 300
        assert len(stage.model.requests) == 1


async def test_an_early_reply_to_half_a_sentence_is_thrown_away() -> None:
    async with calling("Too early.", "Yes.", eot=0.5, llm=0.1, miss=1.0, verb=EARLY) as stage:
        assert await stage.call.say("Are you there?") == "Yes."

        assert stage.latency["preflight"] == {"result": "miss"}
        asked = [request.messages[-1].content for request in stage.model.requests]
        assert asked == ["Are you", "Are you there?"]


@pytest.mark.parametrize(
    ("verb", "is_early"),
    [
        ({"earlyGeneration": True}, False),
        (EARLY, True),
        ({**EARLY, "speak": False}, False),
        ({**EARLY, "stt": {"vendor": "speechmatics"}}, False),
        ({"stt": {"vendor": "deepgramflux"}}, True),
    ],
)
def test_only_krisp_with_the_flag_and_flux_ask_early(verb: Message, is_early: bool) -> None:
    assert TurnTaking.of(verb).is_early is is_early


async def test_words_interrupt_once_they_have_lasted_long_enough() -> None:
    async with calling(STORY, "Sorry.", rate=3) as stage:
        stage.call.interrupt_after(4, "stop it please", seconds=1.0)
        await stage.call.say("A story")

        first = next(entry.data for entry in stage.call.log if entry.kind == "heard")
        assert first["interrupted"] is True
        assert len(first["text"].split()) == 5  # half a second later
        assert "user_interruption" in [event["type"] for event in stage.call.events]
        assert stage.model.requests[-1].messages[-2].content == first["text"]


async def test_a_cough_does_not_interrupt() -> None:
    async with calling(STORY, rate=2) as stage:
        stage.call.interrupt_after(4, seconds=0.3)

        assert await stage.call.say("A story") == STORY
        assert "user_interruption" not in [event["type"] for event in stage.call.events]


async def test_after_a_noise_the_reply_goes_on_unless_interruptions_are_sticky() -> None:
    async with calling(STORY, rate=2, verb={"bargeIn": {"minSpeechDuration": 0.2}}) as stage:
        stage.call.interrupt_after(4, seconds=3.2)

        assert await stage.call.say("A story") == STORY
        assert stage.turn["interrupted"] is True
        words = stage.times("speaking")
        assert max(b - a for a, b in itertools.pairwise(words)) >= 3
    sticky = {"bargeIn": {"minSpeechDuration": 0.2, "sticky": True}}
    async with calling(STORY, rate=2, verb=sticky) as stage:
        stage.call.interrupt_after(4, seconds=3.2)

        assert len((await stage.call.say("A story")).split()) < 10


async def test_no_one_interrupts_an_agent_that_forbids_it() -> None:
    async with calling(STORY, rate=2, verb={"bargeIn": {"enable": False}}) as stage:
        stage.call.interrupt_after(4, "stop it please", seconds=2.0)

        assert await stage.call.say("A story") == STORY


@pytest.mark.parametrize("interrupt", [False, True])
@pytest.mark.parametrize("state", ["idle", "thinking", "speaking", "tool"])
async def test_a_reply_that_is_asked_for_waits_its_turn_or_cuts(
    state: str, interrupt: bool
) -> None:
    replies: list[Any] = [STORY, "Sale."]
    if state == "tool":
        replies = (
            [[ToolCall("id_1", "slow", {})], "Sale."]
            if interrupt
            else [
                [ToolCall("id_1", "slow", {})],
                STORY,
                "Sale.",
            ]
        )
    if state == "idle" or (state == "thinking" and interrupt):
        replies = ["Sale."]
    async with calling(*replies, rate=2, llm=1.0) as stage:
        await _reach(stage, state)
        await stage.app.update(type="generate_reply", user_input="Sale!", interrupt=interrupt)
        await stage.call.updates(1)
        if state == "tool" and not interrupt:
            await stage.app.send_tool_output("id_1", {})
        await stage.call.settled()

        heard = stage.call.spoken
        assert heard[-1] == "Sale."
        cut = interrupt and state != "idle"
        assert (STORY in heard) is (not cut and state != "idle")
        assert stage.model.requests[-1].messages[-1].content == "Sale!"


UPDATES: dict[str, Message] = {
    "update_instructions": {"instructions": "You sell shoes."},
    "inject_context": {"messages": [{"role": "system", "content": "They like shoes."}]},
    "update_tools": {"tools": [{"name": "find_shoes"}]},
}


@pytest.mark.parametrize("type_", UPDATES)
@pytest.mark.parametrize("state", ["idle", "thinking", "speaking", "tool"])
async def test_the_other_updates_cut_nothing_and_hold_from_the_next_request(
    state: str, type_: str
) -> None:
    replies: list[Any] = [STORY, "And that is all."]
    if state == "tool":
        replies.insert(0, [ToolCall("id_1", "slow", {})])
    async with calling(*replies, rate=2, llm=1.0) as stage:
        await _reach(stage, state)
        await stage.app.update(type=type_, **UPDATES[type_])
        await stage.call.updates(1)
        if state == "tool":
            await stage.app.send_tool_output("id_1", {})
        elif state == "idle":
            await stage.call.say("A story")
        await stage.call.settled()
        await stage.call.say("Go on")

        assert stage.call.spoken == [STORY, "And that is all."]
        assert not any(event.get("interrupted") for event in stage.call.events)
        know = ["shoes" in f"{one.system}{one.tools}" for one in stage.model.requests]
        assert know == {"idle": [True, True], "tool": [False, True, True]}.get(state, [False, True])


async def _reach(stage: Stage, state: str) -> None:
    """Bring the agent into a state, and hold the time there."""
    if state == "idle":
        await stage.call.settled()
        return
    stage.call.leg.ears.hear("A story", 0.97)
    match state:
        case "thinking":
            await stage.call.leg.log.happens(lambda: "user_transcript" in _types(stage))
        case "speaking":
            await stage.call.leg.log.happens(lambda: len(stage.times("speaking")) >= 3)
        case "tool":
            await stage.app.seen("agent:tool-call")


def _types(stage: Stage) -> list[str]:
    return [str(event["type"]) for event in stage.call.events]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("norml(1, 2)", "did you mean 'normal'"),
        ("uniform(1)", "uniform takes 2 numbers, got 1"),
        ("soon", "expected a number of seconds"),
        ("-1", "0 or more"),
    ],
)
def test_a_spread_that_makes_no_sense_is_refused_with_the_reason(text: str, problem: str) -> None:
    with pytest.raises(BadSpread, match=problem.replace("(", r"\(")):
        Spread.parse(text)


async def test_the_same_seed_draws_the_same_times() -> None:
    async def trace(seed: int) -> str:
        model = FakeModel(["Yes.", "No."])
        pace = Pace(speech_rate=3, timings=Timings.natural())
        made = agent(greeting=False, **EARLY, id="x")
        async with (
            serving(new=[made]) as app,
            Twin("ws://x", model=model, pace=pace, clock="virtual", seed=seed) as twin,
        ):
            twin.url = app.url
            call = await twin.call()
            await call.say("Are you there?")
            await call.say("And now?")
            return str([event.get("latency") for event in call.events])

    assert await trace(3) == await trace(3) != await trace(4)
