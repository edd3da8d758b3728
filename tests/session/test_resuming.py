"""A call that another process had goes on here."""

import asyncio
import time
from typing import Any

import orjson
import pytest
import structlog

from app import Agent, Application, Redirected, Session, Verb, google_s2s, openai_s2s, say, tool
from app.session import CallMoving, CheckpointRefused
from app.vault import Vault
from tests.session.conftest import CALL, CALL_SID, Line
from tests.session.elsewhere import (
    GATES,
    Place,
    State,
    an_agent,
    crash,
    crash_and_redial,
    goodbye,
    helper,
    keeper_of,
    ping,
    redial,
    wait_for,
)
from tests.session.test_opening import AGENT


async def begun(place: Place, answer: Any = None, told: list[str] | None = None) -> Line:
    line = Line(helper(answer, told), place())
    await line.open()
    return line


def ask(line: Line, name: str, call_id: str, /, **arguments: Any) -> None:
    data = {"tool_call_id": call_id, "name": name, "arguments": arguments}
    line.send("agent:tool-call", data, hook="/tools")


def verbs_sent(line: Line) -> list[Any]:
    """What went out with verbs: an ack, or a redirect."""
    return [one["data"] for one in line.socket.frames if one.get("data")]


async def test_the_state_and_the_agent_are_as_they_were(place: Place) -> None:
    told: list[str] = []
    line = await begun(place, told=told)
    line.event("turn_end", interrupted=True)
    await line.session.update_instructions("Now billing.")

    again = await crash_and_redial(line, place)
    session = again.session

    assert session.state == State(1, {"turn 1"})
    assert session.agent is not None
    assert session.agent.instructions == "Now billing."
    assert session._agents.tools == {"wait_for": wait_for, "ping": ping}
    assert session.started == line.session.started
    assert session.snapshot()["turns"] == session.snapshot()["interruptions"] == 1
    assert (await again.hook(goodbye.label, completion_reason="done"))["data"] == [
        {"verb": "say", "text": "Goodbye after 1."},
        {"verb": "hangup"},
    ]


async def test_nobody_is_greeted_twice(place: Place) -> None:
    told: list[str] = []
    line = await begun(place, told=told)
    line.event("llm_response", response="Hello")

    again = await crash_and_redial(line, place)

    assert verbs_sent(again) == []
    assert told == ["session_new", "session_reconnect"]


async def test_events_are_heard_on(place: Place) -> None:
    again = await crash_and_redial(await begun(place), place)
    again.event("turn_end")

    assert again.session.state.turns == 1


async def test_a_tool_that_ran_runs_again(place: Place) -> None:
    GATES["a"] = asyncio.Event()
    line = await begun(place)
    ask(line, "wait_for", "t1", gate="a")

    again = await crash_and_redial(line, place)
    GATES["a"].set()

    assert await again.output("t1") == {"result": "a is open"}


async def test_an_update_that_was_accepted_while_jambonz_was_away_is_sent(place: Place) -> None:
    line = await begun(place)
    line.event("llm_response")
    line.lose()
    receipt = await line.session.inject_context("Gold tier.")
    await line.session.command("redirect", [{"verb": "hangup"}])
    again = await crash_and_redial(line, place)

    assert receipt.queued
    assert len(again.commands("agent:update")) == 1
    assert again.commands("redirect") == [[{"verb": "hangup"}]]


async def test_what_arrived_is_not_sent_again(place: Place) -> None:
    line = await begun(place)
    await line.tool_call("ping")
    line.event("llm_response")

    again = await crash_and_redial(line, place)

    assert again.outputs("t1") == []


async def test_what_may_not_have_arrived_is_sent_again_and_counted(place: Place) -> None:
    line = await begun(place)
    await line.tool_call("ping")

    again = await crash_and_redial(line, place)

    assert again.outputs("t1") == [{"result": "pong"}]
    counted = again.session._runtime.counters.write().decode()
    assert "cordboard_tool_outputs_resent_total 1.0" in counted
    assert 'cordboard_calls_resumed_total{application="/help"} 1.0' in counted


async def test_a_batch_is_completed_elsewhere(place: Place) -> None:
    GATES["b"] = asyncio.Event()
    verb = google_s2s(llm_options={"model": "models/x"}, tools=[ping, wait_for])
    line = await begun(place, verb)
    calls = [
        {"id": "c1", "name": "ping", "args": {}},
        {"id": "c2", "name": "wait_for", "args": {"gate": "b"}},
    ]
    data = {"type": "toolCall", "tool_call_id": "f", "function_calls": calls}
    line.send("llm:tool-call", data, hook="/tools")

    again = await crash_and_redial(line, place)
    GATES["b"].set()
    output = await again.output("f")

    assert [one["id"] for one in output["toolResponse"]["functionResponses"]] == ["c1", "c2"]


async def test_a_speech_to_speech_model_is_spoken_to_in_its_own_words(place: Place) -> None:
    options = {"response_create": {"instructions": "Hello."}}
    verb = openai_s2s(model="gpt-realtime", llm_options=options, tools=[ping])
    line = await begun(place, verb)
    await line.session.update_instructions("Be brief.")
    line.send("llm:event", {"type": "session.updated"}, hook="/events")
    again = await crash_and_redial(line, place)
    await again.session.update_instructions("Be brief.")

    assert again.commands("llm:update") == line.commands("llm:update")
    assert again.session._agents.is_speech


async def test_the_rest_of_a_split_prompt_waits_on_for_the_agent(place: Place) -> None:
    line = await begun(place, an_agent(instructions="word " * 8000))
    held = len(line.session._connection._held)
    again = await crash_and_redial(line, place)
    assert held
    assert not again.commands("agent:update")
    again.event("user_transcript", transcript="Hello")

    assert len(again.commands("agent:update")) == held
    assert again.session._is_prompt_split


async def test_the_legs_that_it_dialed_are_known(place: Place) -> None:
    line = await begun(place)
    leg = {"call_sid": "leg", "parent_call_sid": CALL_SID, "call_status": "in-progress"}
    line.send("call:status", leg)
    line.send("call:status", {"call_sid": CALL_SID, "call_status": "in-progress"})
    again = await crash_and_redial(line, place)

    assert again.session.child_call_sids == ("leg",)
    assert again.session.call_status == "in-progress"


async def test_a_leg_that_was_given_an_agent_has_it_when_it_is_a_call_of_its_own(
    place: Place,
) -> None:
    application = helper()

    @application.session_redirect
    async def moved(session: Session, event: Redirected) -> Agent:
        return an_agent(instructions="Help the leg.")

    leg = {**CALL, "call_sid": "leg", "parent_call_sid": CALL_SID}
    line = Line(application, place())
    await line.open()
    await line.ack(line.send("session:redirect", leg, hook="/leg"))
    line.event("turn_end")
    again = await crash_and_redial(line, place)
    own = Line(application, again.calls)
    await own.ack(own.send("session:adulting", leg, call_sid=None))

    assert own.session.agent is not None
    assert own.session.agent.instructions == "Help the leg."
    assert await own.tool_call("ping") == {"result": "pong"}


async def test_what_comes_while_the_call_is_fetched_waits_in_order(place: Place) -> None:
    line = await begun(place)
    line.event("turn_end")
    crash(line)
    again = Line(line.application, place(), count=line.count + 1)
    keeper_of(again).gate.clear()
    back = again.send("session:reconnect", CALL)
    hook = again.send("verb:hook", {"completion_reason": "done"}, hook=goodbye.label)
    with pytest.raises(CallMoving):
        await again.session.inject_context("Too early.")
    assert again.socket.frames == []
    keeper_of(again).gate.set()
    await again.ack(hook)

    assert [one["msgid"] for one in again.socket.frames] == [back, hook]
    assert again.socket.frames[1]["data"][0] == {"verb": "say", "text": "Goodbye after 1."}


async def test_a_call_that_takes_long_to_fetch_is_acked_in_time_and_never_opened_again(
    place: Place,
) -> None:
    told: list[str] = []
    line = await begun(place, told=told)
    line.event("turn_end")
    crash(line)
    again = Line(line.application, place(), count=line.count + 1)
    keeper_of(again).gate.clear()
    await again.come_back()  # acked at the deadline, with what is safe
    keeper_of(again).gate.set()
    await again.settled()
    third = await crash_and_redial(again, place)

    assert third.session.state.turns == 1
    assert told == ["session_new", "session_reconnect", "session_reconnect"]


async def test_the_ack_answers_whichever_reconnect_came_last(place: Place) -> None:
    line = await begun(place)
    line.event("llm_response")
    crash(line)
    again = Line(line.application, place(), count=line.count + 1)
    keeper_of(again).gate.clear()
    again.send("session:reconnect", CALL)
    second = again.send("session:reconnect", CALL)
    keeper_of(again).gate.set()
    await again.ack(second)

    assert [one["msgid"] for one in again.socket.frames] == [second]
    again.event("turn_end")
    assert again.session.state.turns == 1


async def test_a_call_that_takes_long_to_fetch_is_answered_in_time_and_goes_on(
    place: Place,
) -> None:
    told: list[str] = []
    line = await begun(place, told=told)
    line.event("turn_end")
    crash(line)
    again = Line(line.application, place(), count=line.count + 1)
    keeper_of(again).gate.clear()
    back = again.send("session:reconnect", CALL)
    session = again.session
    session.sweep(time.monotonic() + 4)
    hook = again.send("verb:hook", {"completion_reason": "done"}, hook=goodbye.label)
    session.sweep(time.monotonic() + 4)

    acks = [(one["msgid"], one["data"]) for one in again.socket.frames]
    assert acks == [(back, [{"verb": "pause", "length": 1}]), (hook, [])]
    keeper_of(again).gate.set()
    while len(again.socket.frames) < 3:  # noqa: ASYNC110
        await asyncio.sleep(0)
    late = again.socket.frames[2]
    assert late["command"] == "redirect"
    assert late["data"][0] == {"verb": "say", "text": "Goodbye after 1."}
    assert session.state.turns == 1
    assert told == ["session_new", "session_reconnect"]


async def test_a_call_that_is_not_found_after_long_is_not_greeted_again(place: Place) -> None:
    told: list[str] = []
    again = Line(helper(None, told), place())
    keeper_of(again).gate.clear()
    again.send("session:reconnect", CALL)
    again.session.sweep(time.monotonic() + 4)
    keeper_of(again).gate.set()
    while again.session.agent is None:  # noqa: ASYNC110
        await asyncio.sleep(0)
    ask(again, "ping", "T1")
    await asyncio.sleep(0)

    assert told == ["session_new"]
    assert again.session._agents.tools == {"wait_for": wait_for, "ping": ping}
    assert [one["type"] for one in again.socket.frames] == ["ack", "command"]
    assert again.socket.frames[1]["tool_call_id"] == "T1"


async def test_a_socket_that_breaks_meanwhile_is_no_end_of_the_call(place: Place) -> None:
    line = await begun(place)
    line.event("turn_end")
    crash(line)
    again = Line(line.application, place(), count=line.count + 1)
    keeper_of(again).gate.clear()
    again.send("session:reconnect", CALL)
    again.lose()
    third = await redial(again, place)

    assert third.session.state.turns == 1


async def test_a_call_that_was_never_answered_is_answered_here(place: Place) -> None:
    told: list[str] = []
    line = Line(helper(None, told), place())
    crash(line)
    line.send("session:new", CALL)
    again = await redial(line, place)

    assert verbs_sent(again)[0][0]["verb"] == "agent"
    assert told == ["session_new", "session_new"]


async def test_a_handler_that_was_still_busy_runs_again_and_its_verbs_are_a_redirect(
    place: Place,
) -> None:
    application = Application("/help")
    gate = asyncio.Event()

    @application.session_new
    async def answer(session: Session) -> Verb:
        await gate.wait()
        return say("At last.")

    line = Line(application, place())
    await line.open()  # with a pause, at the deadline
    again = await crash_and_redial(line, place)
    assert verbs_sent(again) == []
    gate.set()

    assert await again.command("redirect") == [[{"verb": "say", "text": "At last."}]]


async def test_credentials_in_verbs_are_sealed_where_a_call_is_kept(place: Place) -> None:
    llm = {"vendor": "openai", "model": "gpt-4.1-mini", "auth": {"apiKey": "PRIVATE KEY"}}
    given = {**AGENT, "llm": llm}
    line = Line(helper(Agent(**given, instructions="Help.")), place())
    line.session._runtime.vault = Vault(["a key of all nodes"])
    await line.open()
    crash(line)
    kept = keeper_of(line).shelf.kept[line.session.key]
    other, same = place(), place()
    other.runtime.vault = Vault(["another key"])
    same.runtime.vault = Vault(["a key of all nodes"])
    with structlog.testing.capture_logs() as logs:
        await redial(line, lambda: other)
    keeper_of(line).shelf.kept[line.session.key] = kept
    again = await redial(line, lambda: same)

    assert b"PRIVATE KEY" not in kept
    assert "checkpoint_refused" in [one["event"] for one in logs]
    assert verbs_sent(again)[0][0]["llm"]["auth"] == {"apiKey": "PRIVATE KEY"}


DAMAGED = {
    "nothing": b"",
    "half": b'{"v":1,"application":"/help","conn',
    "later version": b'{"v":99}',
    "other application": b'{"v":1,"application":"/other"}',
    "no agents": b'{"v":1,"application":"/help","connection":{"first":"m1"}}',
}


@pytest.mark.parametrize("damage", sorted(DAMAGED))
async def test_a_checkpoint_that_cannot_be_read_is_as_none(place: Place, damage: str) -> None:
    line = await begun(place)
    crash(line)
    keeper_of(line).shelf.kept[line.session.key] = DAMAGED[damage]
    with structlog.testing.capture_logs() as logs:
        again = await redial(line, place)

    told = [one["event"] for one in logs]
    assert "checkpoint_refused" in told
    assert "reconnect_without_state" in told
    assert verbs_sent(again)[0][0]["verb"] == "agent"
    with pytest.raises(CheckpointRefused):
        again.session.restore(DAMAGED[damage])


async def test_without_a_checkpoint_the_opening_is_built_again(place: Place) -> None:
    line = Line(helper(), place())
    with structlog.testing.capture_logs() as logs:
        await line.come_back()

    assert verbs_sent(line)[0][0]["verb"] == "agent"
    assert "reconnect_without_state" in [one["event"] for one in logs]


async def test_a_tool_that_a_handler_has_made_is_told_of_and_fails_elsewhere(place: Place) -> None:
    @tool
    async def made_here() -> str:
        """Do something."""
        await asyncio.Event().wait()
        return ""

    with structlog.testing.capture_logs() as logs:
        line = await begun(place, Agent(**AGENT, instructions="Help.", tools=[made_here]))
        ask(line, "made_here", "t1")
    assert [one["what"] for one in logs if one["event"] == "not_found_again"] == [
        ["tool made_here"]
    ]

    again = await crash_and_redial(line, place)

    assert "error" in await again.output("t1")


async def test_a_variant_of_a_tool_keeps_its_options(place: Place) -> None:
    variant = ping.with_options(name="ring", timeout=9.0)
    line = await begun(place, Agent(**AGENT, instructions="Help.", tools=[variant]))
    again = await crash_and_redial(line, place)
    tools = again.session._agents.tools

    assert (tools["ring"].function, tools["ring"].timeout) == (ping.function, 9.0)
    assert await again.tool_call("ring") == {"result": "pong"}


async def test_nothing_is_sent_while_it_is_not_certain_whose_the_call_is(place: Place) -> None:
    line = await begun(place)
    keeper = keeper_of(line)
    keeper.is_sure = False
    ask(line, "ping", "t1")
    await line.session.inject_context("Gold tier.")
    assert len(line.socket.frames) == 1
    keeper.is_sure = True
    line.session.go_on()

    assert line.outputs("t1") == [{"result": "pong"}]
    assert len(line.commands("agent:update")) == 1


async def test_a_checkpoint_has_its_bounds(place: Place) -> None:
    line = await begun(place)
    line.session.customer_data = {"note": "x" * 70_000}
    line.session.lookup = {"tier": "gold"}
    with structlog.testing.capture_logs() as logs:
        line.event("turn_end")
    (cut,) = [one for one in logs if one["event"] == "checkpoint_cut"]
    again = await crash_and_redial(line, place)

    assert "customer_data" in cut["what"]
    assert again.session.state.turns == 1


async def test_what_an_author_put_in_and_json_cannot_hold_costs_nothing_else(place: Place) -> None:
    line = await begun(place)
    line.session.lookup = {"who": object()}
    line.event("turn_end")
    again = await crash_and_redial(line, place)

    assert again.session.state.turns == 1
    assert again.session.lookup == {}


async def test_a_checkpoint_holds_what_has_changed_and_no_more(place: Place) -> None:
    line = await begun(place)
    line.event("turn_end")
    value = orjson.loads(line.session.capture())

    assert value.keys() == {
        *("v", "application", "at", "started", "status", "counts", "feed", "state"),
        *("last_turn", "agents", "prompts", "code", "connection", "tools"),
    }
    assert value["connection"] == {"first": "m1"}
