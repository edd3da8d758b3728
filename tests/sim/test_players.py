"""Who plays a persona: by rules, or by a model. And who judges."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from app.llm import ChatModel, End, FakeModel, ModelError, ToolCall, connect
from app.sim import ScenarioError, UsageError
from app.sim.check import Check
from app.sim.judge import judge
from app.sim.persona import RulePlayer, request
from app.sim.scenario import Goal, Persona
from app.sim.styles import STYLES
from app.testing import Cordboard
from app.twin import Entry
from tests.sim.runs import Sim


def never(_: Check) -> bool:
    return False


async def played(persona: Persona, heard: list[str], seed: int = 0) -> list[str | None]:
    player = RulePlayer(persona, seed)
    moves = [await player.next(text, never) for text in heard]
    return [move.text if move else None for move in moves]


def persona(*goals: str, style: str = "plain", **facts: str) -> Persona:
    return Persona(style=style, goals=tuple(Goal(goal) for goal in goals), facts=facts)


@pytest.mark.parametrize(
    ("goal", "said"),
    [
        ("Find out the weather", "I would like to find out the weather."),
        ("What's the weather?", "What's the weather?"),
        ("I want my money.", "I want my money."),
        ("My card is lost.", "My card is lost."),
    ],
)
def test_a_goal_is_said_as_a_person_would(goal: str, said: str) -> None:
    assert request(goal) == said


async def test_goals_are_pursued_in_turn_and_then_the_caller_says_goodbye() -> None:
    heard = ["Hello.", "It is sunny.", "It costs 5 dollars.", "Bye."]

    assert await played(persona("What's the weather?", "What's the price?"), heard) == [
        "What's the weather?",
        "What's the price?",
        "That is all, thank you. Goodbye.",
        None,
    ]


async def test_what_the_caller_knows_is_told_once_when_it_is_asked_for() -> None:
    heard = ["Hello.", "What is your PIN?", "Sorry, which PIN?", "Done."]

    assert await played(persona("Pay the bill", PIN="4321"), heard) == [
        "I would like to pay the bill.",
        "My PIN is 4321.",
        "That is all, thank you. Goodbye.",
        None,
    ]


async def test_a_goal_that_is_not_reached_is_asked_for_again_and_then_given_up() -> None:
    goal = Goal("Pay the bill", met=Check.__new__(Check))
    texts = await played(Persona(goals=(goal,)), ["Hello."] + ["What?"] * 4)

    assert texts == [
        "I would like to pay the bill.",
        "Once more: I would like to pay the bill.",
        "Once more: I would like to pay the bill.",
        "That is all, thank you. Goodbye.",
        None,
    ]


@pytest.mark.parametrize("style", STYLES)
async def test_the_same_seed_gives_the_same_caller(style: str) -> None:
    heard = ["Hello."] + ["What do you want?"] * 11
    one = await played(persona("Pay", "Go", "Ask", style=style), heard, seed=3)
    again = await played(persona("Pay", "Go", "Ask", style=style), heard, seed=3)

    assert one == again
    assert one[-1] is None


async def test_stock_personas_differ_and_draw_by_their_seed() -> None:
    first = {
        (await played(persona("Pay", style="rambling"), ["Hello."], seed))[0] for seed in range(20)
    }
    moves = [
        await RulePlayer(persona("Pay", style="impatient"), seed).next("Hello.", never)
        for seed in range(20)
    ]

    assert len(first) > 3
    assert {bool(move and move.cut_after) for move in moves} == {True, False}


# ---------------------------------------------------------------- models

PERSONA = """\
name: by a model
path: /weather
persona:
  who: Sam, a sailor
  model: test:caller
  goals: [Find out the weather in Paris]
  facts: {boat: a yawl}
expect: [{tool: get_weather, with: {city: Paris}}]
"""


def models(**replies: FakeModel) -> Callable[[str], ChatModel]:
    def make(name: str) -> ChatModel:
        vendor, _, model = name.partition(":")
        return replies[model] if vendor == "test" else connect(name)

    return make


@pytest.fixture
def sim(cordboard: Cordboard, tmp_path: Path) -> Sim:
    return Sim(tmp_path, cordboard.url, is_idle=cordboard.calls.is_at_rest)


async def test_a_model_plays_the_caller_until_it_hangs_up(sim: Sim) -> None:
    caller = FakeModel(
        ["What's the weather in Paris?", ["Thanks, bye!", ToolCall("1", "hang_up", {})]]
    )
    sim.connect = models(caller=caller)
    sim.write(PERSONA)

    assert await sim.run() == 0, sim.out.getvalue()
    assert caller.remaining == 0
    asked = caller.requests[0]
    assert "Sam, a sailor" in asked.system
    assert "- boat: a yawl" in asked.system
    assert [message.role for message in caller.requests[1].messages] == [
        "user",
        "assistant",
        "user",
    ]
    assert "foggy" in caller.requests[1].messages[-1].content


async def test_a_model_that_fails_fails_the_call_only(sim: Sim) -> None:
    error = ModelError("the key is wrong", kind="auth", vendor="test")
    sim.connect = models(caller=FakeModel([error]))
    sim.write(PERSONA)
    (call,) = (await sim.told())["calls"]

    assert "a model failed: the key is wrong" in str(call["reasons"])


async def test_a_model_that_does_not_exist_is_told_before_the_first_call(sim: Sim) -> None:
    sim.write(PERSONA.replace("test:caller", "opnai:gpt-4.1"))
    with pytest.raises(ScenarioError, match=r"\.yaml:1: persona\.model: no model vendor 'opnai'"):
        await sim.run()

    assert sim.err.getvalue() == ""


JUDGED = """\
name: judged
path: /weather
steps: [{say: "What's the weather in Paris?"}]
expect: [{tool: get_weather}]
judge: [The agent was polite., The agent knew the weather.]
"""


def verdict(*passed: bool) -> str:
    one = [{"criterion": n, "pass": p, "reason": "so"} for n, p in enumerate(passed, 1)]
    return f"Here it is:\n```json\n{json.dumps(one)}\n```"


@pytest.mark.parametrize(
    ("passed", "code", "said"),
    [
        ([True, True], 0, "test:judge: passed"),
        ([True, False], 1, "test:judge: 'The agent knew the weather.': so"),
    ],
)
async def test_a_judge_decides_beside_the_checks(
    sim: Sim, passed: list[bool], code: int, said: str
) -> None:
    model = FakeModel([verdict(*passed)] * 2)
    sim.connect = models(judge=model)
    sim.write(JUDGED)

    assert await sim.run("--judge", "test:judge") == code
    (call,) = (await sim.told("--judge", "test:judge"))["calls"]
    assert call["judge"] == said
    question = model.requests[0].messages[0].content
    assert 'get_weather(city="Paris"' in question
    assert "2. The agent knew the weather." in question


async def test_what_the_checks_find_wrong_stays_wrong_whatever_the_judge_says(sim: Sim) -> None:
    sim.connect = models(judge=FakeModel([verdict(True, True)]))
    sim.write(JUDGED.replace("tool: get_weather", "tool: get_news"))

    assert await sim.run("--judge", "test:judge") == 1


async def test_without_a_judge_it_is_said_that_nobody_judged(sim: Sim) -> None:
    sim.write(JUDGED)

    assert await sim.run() == 0
    assert "1 were not judged: name a model with --judge vendor:model" in sim.out.getvalue()


async def test_the_offline_model_is_no_judge(sim: Sim) -> None:
    sim.write(JUDGED)
    with pytest.raises(UsageError, match="it knows words, not what they mean"):
        await sim.run("--judge", "offline")


@pytest.mark.parametrize(
    "answer", ["It was fine.", "[1, 2]", '[{"pass": true}]', '[{"pass": "yes"}, {"pass": true}]']
)
async def test_an_answer_that_is_no_verdict_is_an_error(answer: str) -> None:
    log = [Entry(0.0, "said", {"text": "Hello."})]
    with pytest.raises(ModelError, match="gave no verdict that can be read"):
        await judge(FakeModel([answer]), ["a", "b"], log)


async def test_a_judge_that_fails_is_an_error() -> None:
    error = End("error", error=ModelError("overloaded", kind="overloaded"))
    with pytest.raises(ModelError, match="overloaded"):
        await judge(FakeModel([error]), ["a"], [])
