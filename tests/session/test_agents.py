"""Which agent runs: several among the verbs, queued ones, replaced ones, and who hears them."""

from collections.abc import Callable
from typing import Any

import pytest

from app import (
    Agent,
    AgentEnded,
    Application,
    BadUpdate,
    NoAgent,
    Session,
    action_hook,
    hangup,
    say,
    tool,
)
from tests.session.conftest import Line
from tests.session.test_opening import AGENT, application_with

Dial = Callable[[Application[Any, Any]], Line]


@tool
async def one() -> int:
    """Give one."""
    return 1


@tool
async def two() -> int:
    """Give two."""
    return 2


@action_hook
async def go_on(session: Session, ended: AgentEnded) -> None:
    """Go on with what comes next."""


@action_hook
async def say_goodbye(session: Session, ended: AgentEnded) -> list[Any]:
    """End the call."""
    session.state["ended"] = ended.completion_reason
    return [say("Goodbye."), hangup()]


def agent(*tools: Any, **options: Any) -> Agent:
    return Agent(**AGENT, instructions="Help.", tools=list(tools), **options)


async def test_the_agent_behind_another_has_its_tools_and_its_updates(call: Dial) -> None:
    line = call(application_with([agent(one, action_hook=go_on), agent(two)]))
    await line.open()
    assert await line.tool_call("one", "t1") == {"result": 1}
    await line.hook(go_on.label, completion_reason="no_response")

    assert await line.tool_call("two", "t2") == {"result": 2}
    await line.session.update_instructions("Be brief.")


async def test_a_tool_that_only_the_next_agent_has_tells_that_it_runs(call: Dial) -> None:
    line = call(application_with([agent(one), agent(two)]))
    await line.open()

    assert await line.tool_call("two") == {"result": 2}


async def test_a_queued_agent_takes_nothing_from_the_one_that_runs(call: Dial) -> None:
    line = call(application_with(agent(one)))
    await line.open()
    await line.session.redirect([agent(two)], queue=True)

    assert await line.tool_call("one") == {"result": 1}


async def test_the_end_of_a_replaced_agent_leaves_the_new_one_alone(call: Dial) -> None:
    line = call(application_with(agent(one, action_hook=say_goodbye)))
    await line.open()
    await line.session.redirect([agent(two, action_hook=say_goodbye)])
    ack = await line.hook(say_goodbye.label, completion_reason="replaced")
    await line.settled()

    assert "data" not in ack, "its verbs would replace the new agent"
    assert line.session.state == {"ended": "replaced"}, "the hook is told all the same"
    await line.session.update_instructions("Be brief.")
    assert (await line.hook(say_goodbye.label, completion_reason="done"))["data"]
    with pytest.raises(NoAgent):
        await line.session.update_instructions("Be brief.")


async def test_music_on_hold_does_not_end_the_agent(call: Dial) -> None:
    @action_hook
    async def hold_music(session: Session) -> list[Any]:
        return [say("Please wait.")]

    handoff = {"mode": "warm", "target": "+15085551212", "on_hold_hook": hold_music}
    line = call(application_with(agent(one, handoff=handoff)))
    await line.open()
    assert (await line.hook(hold_music.label, hold_detail={"from": "a", "to": "b"}))["data"]

    await line.session.update_instructions("Be brief.")


async def test_the_end_of_the_new_agent_is_known_by_its_id(call: Dial) -> None:
    line = call(application_with(agent(id="a", action_hook=say_goodbye)))
    await line.open()
    await line.session.redirect([agent(id="b", action_hook=say_goodbye)])

    ack = await line.hook(say_goodbye.label, completion_reason="done", verb_id="b")
    assert [one["verb"] for one in ack["data"]] == ["say", "hangup"]


async def test_an_end_long_after_a_redirect_is_that_of_the_new_agent(
    call: Dial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.session.agents.REPLACED_SECONDS", 0.0)
    line = call(application_with(agent(action_hook=say_goodbye)))
    await line.open()
    await line.session.redirect([agent(action_hook=say_goodbye)])

    ack = await line.hook(say_goodbye.label, completion_reason="done")
    assert [one["verb"] for one in ack["data"]] == ["say", "hangup"]


@pytest.mark.parametrize("heard", ["agent_response", "llm_response"])
@pytest.mark.parametrize("sent", ["agent_response", "llm_response"])
async def test_a_handler_by_name_hears_both_dialects(call: Dial, heard: str, sent: str) -> None:
    application = application_with(agent())
    seen: list[str] = []

    @application.on(heard)
    async def note(session: Session, data: dict[str, Any]) -> None:
        seen.append(data["response"])

    line = call(application)
    await line.open()
    line.event(sent, response="Hello.")
    await line.settled()

    assert seen == ["Hello."]


async def test_a_handler_by_name_hears_an_event_that_is_new_to_us(call: Dial) -> None:
    application = application_with(agent())
    seen: list[dict[str, Any]] = []

    @application.on("speech_started")
    async def note(session: Session, data: dict[str, Any]) -> None:
        seen.append(data)

    line = call(application)
    await line.open()
    line.event("speech_started", at=3)
    await line.settled()

    assert seen == [{"type": "speech_started", "at": 3}]


async def test_what_a_handler_does_to_its_data_reaches_nobody_else(call: Dial) -> None:
    application = application_with(agent())

    @application.on("agent:event")
    async def spoil(session: Session, data: dict[str, Any]) -> None:
        data["latency"].clear()
        data.clear()

    line = call(application)
    await line.open()
    line.event("turn_end", latency={"stt_ms": 1})
    await line.settled()

    last_turn = line.session.snapshot()["last_turn"]
    assert last_turn == {"type": "turn_end", "latency": {"stt_ms": 1}}


@pytest.mark.parametrize(
    ("update", "field"),
    [
        (lambda session: session.inject_context([{"rle": "user"}]), "messages"),
        (lambda session: session.inject_context([]), "messages"),
        (lambda session: session.update_tools([{"nme": "x"}]), "tools"),
        (lambda session: session.update_instructions(""), "instructions"),
    ],
)
async def test_a_wrong_update_is_refused_where_it_is_made(
    call: Dial, update: Callable[[Session], Any], field: str
) -> None:
    line = call(application_with(agent()))
    await line.open()

    with pytest.raises(BadUpdate, match=field):
        await update(line.session)
    assert not line.commands("agent:update")
