"""Speech-to-speech verbs in a session: tools, outputs, updates, events, the end."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import structlog

from app import (
    Agent,
    AgentEnded,
    Application,
    BadUpdate,
    Calls,
    LlmEvent,
    NoAgent,
    Session,
    ToolError,
    TurnEnd,
    Verb,
    action_hook,
    deepgram_s2s,
    elevenlabs_s2s,
    event_hook,
    google_s2s,
    hangup,
    openai_s2s,
    say,
    tool,
    ultravox_s2s,
)
from tests.session.conftest import CALL_SID, Line
from tests.session.test_opening import AGENT, application_with

Dial = Callable[[Application[Any, Any]], Line]


@tool
async def add(left: int, right: int) -> int:
    """Add two numbers."""
    return left + right


@tool
async def fail() -> str:
    """Fail."""
    raise ToolError("Ask for a nearby city.")


async def talking(call: Dial, made: Verb) -> Line:
    line = call(application_with(made))
    await line.open()
    return line


async def ask(line: Line, name: str, call_id: str = "t1", /, **args: Any) -> Any:
    """A tool call as a speech-to-speech verb makes it; gives the data of its output."""
    data = {"tool_call_id": call_id, "name": name, "args": args}
    line.send("llm:tool-call", data, hook="/tools")
    return await line.output(call_id)


def item(call_id: str, output: str) -> dict[str, Any]:
    call = {"type": "function_call_output", "call_id": call_id, "output": output}
    return {"type": "conversation.item.create", "item": call}


def batch(*calls: tuple[str | None, str, dict[str, Any]]) -> dict[str, Any]:
    """A message of Gemini's; open-source jambonz always gives it the same tool_call_id."""
    listed = [
        {**({"id": id_} if id_ else {}), "name": name, "args": args} for id_, name, args in calls
    ]
    return {"type": "toolCall", "tool_call_id": "function_call_id", "function_calls": listed}


def responses(data: Any) -> list[Any]:
    found: list[Any] = data["toolResponse"]["functionResponses"]
    return found


async def test_a_result_goes_out_in_the_vendors_shape(call: Dial) -> None:
    line = await talking(call, openai_s2s(tools=[add]))

    assert await ask(line, "add", left=1, right=2) == item("t1", '{"result":3}')


async def test_a_shape_follows_the_verb_that_runs(call: Dial) -> None:
    line = await talking(call, ultravox_s2s(tools=[add]))
    assert (await ask(line, "add", "1", left=1, right=2))["invocation_id"] == "1"
    await line.session.redirect(Agent(**AGENT, tools=[add]))
    assert await line.tool_call("add", "2", left=1, right=2) == {"result": 3}


async def test_wrong_arguments_and_unknown_tools_are_told_to_the_model(call: Dial) -> None:
    line = await talking(call, deepgram_s2s(llm_options={"Settings": {}}, tools=[add]))
    wrong = await ask(line, "add", "1", left="many")
    unknown = await ask(line, "ad", "2")

    assert "right" in wrong["data"]["content"]
    assert "add" in unknown["data"]["content"]
    assert unknown["data"]["name"] == "ad"


async def test_a_failing_tool_is_marked_for_elevenlabs(call: Dial) -> None:
    line = await talking(
        call, elevenlabs_s2s(auth={"agent_id": "a"}, llm_options={}, tools=[fail, add])
    )
    failed = (await ask(line, "fail", "1"))["data"]
    added = (await ask(line, "add", "2", left=1, right=1))["data"]

    assert (failed["result"], failed["is_error"]) == ("Ask for a nearby city.", True)
    assert (added["result"], added["is_error"]) == ('{"result":2}', False)


async def test_parallel_calls_are_each_answered_by_their_own_id(call: Dial) -> None:
    gates = {"a": asyncio.Event(), "b": asyncio.Event()}

    @tool
    async def wait(name: str) -> str:
        """Wait for a gate."""
        await gates[name].wait()
        return name

    line = await talking(call, openai_s2s(tools=[wait]))
    first = asyncio.create_task(ask(line, "wait", "1", name="a"))
    second = asyncio.create_task(ask(line, "wait", "2", name="b"))
    await asyncio.sleep(0)
    gates["b"].set()
    assert await second == item("2", '{"result":"b"}')
    gates["a"].set()
    assert await first == item("1", '{"result":"a"}')


async def test_a_batch_gets_one_answer_with_every_response(call: Dial) -> None:
    line = await talking(call, google_s2s(tools=[add, fail]))
    calls = batch(("f1", "add", {"left": 1, "right": 2}), ("f2", "fail", {}), ("f3", "nothing", {}))
    line.send("llm:tool-call", calls, hook="/tools")
    await line.output("function_call_id")
    await line.settled()
    (answer,) = line.outputs("function_call_id")

    assert responses(answer)[:2] == [
        {"id": "f1", "name": "add", "response": {"output": {"result": 3}}},
        {"id": "f2", "name": "fail", "response": {"error": "Ask for a nearby city."}},
    ]
    assert responses(answer)[2]["id"] == "f3"


async def test_the_next_batch_under_the_same_id_is_another_one(call: Dial) -> None:
    line = await talking(call, google_s2s(tools=[add]))
    for number in (1, 2):
        calls = batch((f"f{number}", "add", {"left": number, "right": 0}))
        line.send("llm:tool-call", calls, hook="/tools")
        line.send("llm:tool-call", calls, hook="/tools")  # the same once more
    await line.settled()

    answers = [responses(one)[0] for one in line.outputs("function_call_id")]
    assert [(one["id"], one["response"]["output"]) for one in answers] == [
        ("f1", {"result": 1}),
        ("f2", {"result": 2}),
    ]


async def test_functions_without_an_id_are_answered_in_order_and_without_one(call: Dial) -> None:
    line = await talking(call, google_s2s(tools=[add]))
    calls = [(None, "add", {"left": 1, "right": 0}), (None, "add", {"left": 2, "right": 0})]
    for _ in range(2):
        line.send("llm:tool-call", batch(*calls), hook="/tools")
    await line.settled()

    assert [responses(one) for one in line.outputs("function_call_id")] == [
        [
            {"name": "add", "response": {"output": {"result": 1}}},
            {"name": "add", "response": {"output": {"result": 2}}},
        ]
    ] * 2


async def test_a_batch_waits_for_its_slowest_function_only_until_the_deadline(call: Dial) -> None:
    never = asyncio.Event()

    @tool(timeout=0.1)
    async def hang() -> str:
        """Hang."""
        await never.wait()
        return "late"

    line = await talking(call, google_s2s(tools=[add, hang]))
    calls = batch(("f1", "add", {"left": 1, "right": 0}), ("f2", "hang", {}))
    line.send("llm:tool-call", calls, hook="/tools")
    answer = await line.output("function_call_id")

    assert "still running" in responses(answer)[1]["response"]["output"]["result"]
    never.set()
    (late,) = await line.command("llm:update")
    assert "late" in late["clientContent"]["turns"][0]["parts"][0]["text"]


async def test_large_results_of_a_batch_share_the_frame(call: Dial) -> None:
    @tool
    async def read(page: int) -> str:
        """Read a page."""
        return str(page) * 5000

    line = await talking(call, google_s2s(tools=[read]))
    calls = batch(*((f"f{page}", "read", {"page": page}) for page in range(12)))
    line.send("llm:tool-call", calls, hook="/tools")
    answer = await line.output("function_call_id")

    assert [one["id"] for one in responses(answer)] == [f"f{page}" for page in range(12)]
    assert all("cut from" in one["response"]["output"]["note"] for one in responses(answer))


async def test_a_batch_outlives_a_lost_socket(call: Dial) -> None:
    gate = asyncio.Event()

    @tool
    async def wait() -> str:
        """Wait."""
        await gate.wait()
        return "done"

    line = await talking(call, google_s2s(tools=[wait, add]))
    calls = batch(("f1", "wait", {}), ("f2", "add", {"left": 1, "right": 1}))
    line.send("llm:tool-call", calls, hook="/tools")
    line.lose()
    gate.set()
    await line.come_back()

    assert len(responses(await line.output("function_call_id"))) == 2


async def test_a_handler_by_name_answers_each_function_of_a_batch(call: Dial) -> None:
    application = application_with(google_s2s(tools=[{"name": "look_up"}], tool_hook="/look"))

    @application.on("/look")
    async def look(session: Session, data: dict[str, Any]) -> dict[str, Any]:
        return {"found": data["arguments"]["what"]}

    line = call(application)
    await line.open()
    calls = batch(("f1", "look_up", {"what": "a"}), ("f2", "look_up", {"what": "b"}))
    line.send("llm:tool-call", calls, hook="/look")

    assert [
        one["response"]["output"] for one in responses(await line.output("function_call_id"))
    ] == [
        {"found": "a"},
        {"found": "b"},
    ]


@pytest.mark.parametrize("functions", [[], [5], {"id": "f1"}])
async def test_a_malformed_batch_is_logged_and_dropped(call: Dial, functions: Any) -> None:
    with structlog.testing.capture_logs() as logs:
        line = await talking(call, google_s2s(tools=[add]))
        line.send("llm:tool-call", {"type": "toolCall", "function_calls": functions}, hook="/tools")

    assert "tool_call_malformed" in [one["event"] for one in logs]


async def test_a_late_result_comes_to_openai_as_context(call: Dial) -> None:
    gate = asyncio.Event()

    @tool(timeout=0.1)
    async def slow() -> str:
        """Take long."""
        await gate.wait()
        return "at last"

    line = await talking(call, openai_s2s(tools=[slow]))
    assert "still running" in (await ask(line, "slow"))["item"]["output"]
    gate.set()
    (late,) = await line.command("llm:update")

    assert late["type"] == "conversation.item.create"
    assert "at last" in late["item"]["content"][0]["text"]


async def test_where_nothing_can_be_told_later_the_deadline_ends_the_tool(call: Dial) -> None:
    ended = []

    @tool(timeout=0.1)
    async def slow() -> str:
        """Take long."""
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)
        return ""

    line = await talking(call, elevenlabs_s2s(auth={"agent_id": "a"}, llm_options={}, tools=[slow]))
    answer = (await ask(line, "slow"))["data"]
    await line.settled()

    assert ("was stopped" in answer["result"], answer["is_error"], ended) == (True, True, [True])


async def test_the_updates_go_out_as_llm_update(call: Dial) -> None:
    line = await talking(call, openai_s2s(tools=[add]))
    session = line.session
    receipt = await session.update_instructions("Speak Spanish now.")
    await session.inject_context("Gold tier.")
    await session.update_llm({"type": "response.cancel"})

    assert (receipt.type, receipt.sent[0]["command"]) == ("update_instructions", "llm:update")
    assert [one["type"] for one in line.commands("llm:update")] == [
        "session.update",
        "conversation.item.create",
        "response.cancel",
    ]
    assert session.agent is not None
    assert session.agent.instructions == "Speak Spanish now."


async def test_new_tools_in_mid_call_are_offered_and_answered(call: Dial) -> None:
    line = await talking(call, openai_s2s(tools=[fail]))
    await line.session.update_tools([add])

    (update,) = line.commands("llm:update")
    assert update["session"]["tools"] == [{"type": "function", **add.definition}]
    assert await ask(line, "add", left=1, right=1) == item("t1", '{"result":2}')


async def test_what_the_vendor_cannot_do_sends_nothing(call: Dial) -> None:
    line = await talking(call, ultravox_s2s(tools=[add]))
    with pytest.raises(BadUpdate, match="ultravox"):
        await line.session.update_instructions("New.")
    with pytest.raises(BadUpdate, match="input_text_message"):
        await line.session.update_llm({"type": "session.update"})

    assert line.commands("llm:update") == []


async def test_a_command_sends_any_event_and_tells_what_will_come_of_it(call: Dial) -> None:
    line = await talking(call, openai_s2s(tools=[add]))
    good = await line.session.command("llm:update", {"type": "response.cancel"})
    doubtful = await line.session.command("llm:update", {"type": "response.create"})

    assert good.warnings == ()
    assert "jambonz passes on" in doubtful.warnings[0]
    assert len(line.commands("llm:update")) == 2


async def test_an_agent_takes_no_events_of_a_vendor(call: Dial) -> None:
    line = await talking(call, Agent(**AGENT))
    with pytest.raises(BadUpdate, match="update_instructions"):
        await line.session.update_llm({"type": "session.update"})
    await line.session.redirect(say("Bye."))
    with pytest.raises(NoAgent):
        await line.session.update_llm({"type": "session.update"})


async def test_a_call_is_updated_from_outside_by_its_id(call: Dial, calls: Calls) -> None:
    line = await talking(call, deepgram_s2s(llm_options={"Settings": {}}))
    await calls.update_llm(CALL_SID, {"type": "InjectAgentMessage", "message": "Hello."})

    assert line.commands("llm:update") == [{"type": "InjectAgentMessage", "message": "Hello."}]


async def test_an_event_hook_hears_the_vendors_events(call: Dial) -> None:
    heard: list[LlmEvent] = []

    @event_hook
    async def note(event: LlmEvent) -> None:
        heard.append(event)

    @event_hook
    async def count(turn: TurnEnd) -> None:
        raise AssertionError("an agent's event")

    line = await talking(call, openai_s2s(llm_options={}, event_hooks=[note, count]))
    line.send("llm:event", {"type": "turn_end", "n": 1}, hook="/events")
    line.send("llm:event", {"server_content": {"turn_complete": True}}, hook="/events")
    await line.settled()

    assert [(one.name, one.data) for one in heard] == [
        ("turn_end", {"type": "turn_end", "n": 1}),
        ("server_content", {"server_content": {"turn_complete": True}}),
    ]


async def test_what_a_model_still_tells_when_it_was_replaced_keeps_its_type(call: Dial) -> None:
    heard: list[LlmEvent] = []

    @event_hook
    async def note(event: LlmEvent) -> None:
        heard.append(event)

    line = await talking(call, openai_s2s(llm_options={}, event_hooks=[note]))
    await line.session.redirect(say("Bye."))
    line.send("llm:event", {"type": "response.done"}, hook="/events")
    await line.settled()

    assert heard == [LlmEvent("response.done", {"type": "response.done"})]


async def test_a_handler_by_the_name_of_an_event_hears_it(call: Dial) -> None:
    heard: list[Any] = []
    application = application_with(openai_s2s(llm_options={}, event_hook="/mine"))

    @application.on("response.done")
    async def done(session: Session, data: dict[str, Any]) -> None:
        heard.append(data["type"])

    @application.on("/mine")
    async def mine(session: Session, event: LlmEvent) -> None:
        heard.append(event)

    line = call(application)
    await line.open()
    line.send("llm:event", {"type": "response.done"}, hook="/mine")
    line.send("llm:event", {"type": "response.created"}, hook="/mine")
    await line.settled()

    assert heard == [
        "response.done",
        LlmEvent("response.done", {"type": "response.done"}),
        LlmEvent("response.created", {"type": "response.created"}),
    ]


async def test_the_end_is_told_with_its_reason_and_its_error(call: Dial) -> None:
    ends: list[AgentEnded] = []

    @action_hook
    async def finish(ended: AgentEnded) -> list[Verb]:
        ends.append(ended)
        return [hangup()]

    line = await talking(call, openai_s2s(llm_options={}, action_hook=finish))
    data = {"completion_reason": "server failure", "error": {"code": "invalid_api_key"}}
    ack = await line.hook(finish.label, **data)

    assert ack["data"] == [{"verb": "hangup"}]
    assert (ends[0].completion_reason, ends[0].error) == (
        "server failure",
        {"code": "invalid_api_key"},
    )
    assert line.session.agent is None


async def test_a_snapshot_shows_the_model_and_its_tools(call: Dial) -> None:
    line = await talking(call, openai_s2s(model="gpt-realtime", instructions="P", tools=[add]))
    agent = line.session.snapshot()["agent"]

    assert agent == {"llm": "openai:gpt-realtime", "instructions_length": 1, "tools": ["add"]}
