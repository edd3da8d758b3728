"""Tool calls go on in another process: by one rule, and what runs once never runs twice."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from app import Agent, Application, Session, ToolError, tool
from app.calls import Calls
from app.session import Runtime
from app.session.tool_once import CARRIED, MOST, Once
from tests.session.conftest import Line
from tests.session.test_opening import AGENT, application_with

Dial = Callable[[Application[Any, Any]], Line]


@dataclass
class FakeKeeper:
    """A keeper that keeps in memory what a call's tools have to keep.

    Attributes:
        durable: What would be found after a crash now.
        is_away: Whether nothing can be kept.
        gate: Closed: it takes its time.
        log: What happened, in order.
    """

    durable: Any = None
    is_away: bool = False
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate.set()

    def changed(self, session: Session, *, soon: bool = False) -> None:
        self.log.append("changed soon" if soon else "changed")

    async def settled(self, session: Session) -> bool:
        await self.gate.wait()
        if self.is_away:
            return False
        self.durable = orjson.loads(orjson.dumps(session._tool_calls.capture()))
        self.log.append("durable")
        return True

    async def take_over(self, session: Session) -> bytes | None:
        return None

    async def hand_over(self, session: Session, *, grace: float) -> None:
        await session._tool_calls.finish(grace)

    def over(self, session: Session) -> None:
        pass

    def is_certain(self, now: float) -> bool:
        return True


@pytest.fixture
def keeper(calls: Calls) -> FakeKeeper:
    made = FakeKeeper()
    calls.runtime.keeper = made  # type: ignore[assignment]  # only of Sessions
    return made


@pytest.fixture
def gate() -> asyncio.Event:
    return asyncio.Event()


def kept(line: Line) -> Any:
    """What a checkpoint would have, by way of JSON."""
    return orjson.loads(orjson.dumps(line.session._tool_calls.capture()))


def ask(line: Line, name: str, call_id: str = "t1", /, **arguments: Any) -> None:
    """A tool call whose output is not waited for."""
    data = {"tool_call_id": call_id, "name": name, "arguments": arguments}
    line.send("agent:tool-call", data, hook="/tools")


def agent_with(*tools: Any, **options: Any) -> Application[Any, Any]:
    return application_with(Agent(**AGENT, instructions="Help.", tools=list(tools), **options))


async def revived(application: Application[Any, Any], checkpoint: Any) -> Line:
    """The same call in another process, its tools restored and not begun."""
    line = Line(application, Calls(Runtime()))
    await line.open()
    for one in (checkpoint or {}).get("calls", ()):
        if not one.get("is_late"):
            line.session._connection._calls.add(one["id"])
    line.session._tool_calls.restore(checkpoint)
    return line


def resume(line: Line) -> list[str]:
    """Begin what was restored; what the log says of each."""
    with capture_logs() as logs:
        line.session.log = line.session.log.new()
        line.session._tool_calls.resume()
    return [one["how"] for one in logs if one["event"] == "tool_call_restored"]


def resent(line: Line) -> float:
    text = line.session._runtime.counters.write().decode()
    families = text_string_to_metric_families(text)
    samples = [sample for family in families for sample in family.samples]
    name = "cordboard_tool_outputs_resent_total"
    return sum(sample.value for sample in samples if sample.name == name)


class Runs(list[Any]):
    """What tools have been called with."""

    def __init__(self) -> None:
        super().__init__()
        self._news = asyncio.Event()

    def append(self, one: Any) -> None:
        super().append(one)
        self._news.set()

    async def begun(self) -> None:
        """Until one has been called."""
        await asyncio.wait_for(self._news.wait(), 5)


@pytest.fixture
def runs() -> Runs:
    return Runs()


@pytest.fixture
def slow(runs: Runs, gate: asyncio.Event) -> Any:
    @tool
    async def slow(items: list[str]) -> str:
        """Take long."""
        runs.append(list(items))
        items.clear()
        await gate.wait()
        return "done"

    return slow


@pytest.fixture
def pay(runs: Runs, gate: asyncio.Event) -> Any:
    @tool(once=True)
    async def pay(price: int) -> dict[str, int]:
        """Pay."""
        runs.append(price)
        await gate.wait()
        return {"paid": price}

    return pay


async def test_a_call_without_tools_in_flight_keeps_nothing(call: Dial, slow: Any) -> None:
    line = call(agent_with(slow))
    await line.open()

    assert line.session._tool_calls.capture() is None


async def test_a_tool_that_ran_runs_again_with_the_arguments_of_the_model(
    call: Dial, keeper: FakeKeeper, slow: Any, runs: Runs, gate: asyncio.Event
) -> None:
    application = agent_with(slow)
    line = call(application)
    await line.open()
    ask(line, "slow", items=["a", "b"])
    assert keeper.log == ["changed soon"]
    again = await revived(application, kept(line))
    assert resume(again) == ["runs again"]
    gate.set()

    assert await again.output("t1") == {"result": "done"}
    assert runs == [["a", "b"], ["a", "b"]]
    assert resent(again) == 0


async def test_a_tool_whose_result_is_there_at_once_costs_the_keeper_nothing(
    call: Dial, keeper: FakeKeeper
) -> None:
    @tool
    async def quick() -> str:
        """Be quick."""
        return "ok"

    line = call(agent_with(quick))
    await line.open()
    keeper.log.clear()
    await line.tool_call("quick")

    assert keeper.log == []
    assert line.session._tool_calls.capture() is None


async def test_what_runs_once_begins_only_when_that_is_durable_and_answers_when_the_result_is(
    call: Dial, keeper: FakeKeeper, pay: Any, runs: Runs, gate: asyncio.Event
) -> None:
    line = call(agent_with(pay))
    await line.open()
    keeper.gate.clear()
    ask(line, "pay", price=5)
    await asyncio.sleep(0)
    assert runs == []
    keeper.gate.set()
    await runs.begun()
    assert [one["once"] for one in keeper.durable["calls"]] == [keeper.durable["once"][0][0]]
    assert keeper.durable["once"][0][1] is None
    keeper.gate.clear()
    gate.set()
    for _ in range(10):
        await asyncio.sleep(0)
    assert line.outputs("t1") == []
    keeper.gate.set()

    assert await line.output("t1") == {"paid": 5}
    assert keeper.durable["once"][0][1] == '{"paid":5}'


async def test_what_runs_once_is_refused_while_nothing_can_be_kept(
    call: Dial, keeper: FakeKeeper, pay: Any, runs: Runs, gate: asyncio.Event
) -> None:
    gate.set()
    line = call(agent_with(pay))
    await line.open()
    keeper.is_away = True
    assert "not begun" in (await line.tool_call("pay", "1", price=5))["error"]
    keeper.is_away = False

    assert await line.tool_call("pay", "2", price=5) == {"paid": 5}
    assert runs == [5]


async def test_a_result_that_cannot_be_kept_is_told_all_the_same(
    call: Dial, keeper: FakeKeeper, pay: Any, runs: Runs, gate: asyncio.Event
) -> None:
    line = call(agent_with(pay))
    await line.open()
    ask(line, "pay", price=5)
    await runs.begun()
    keeper.is_away = True
    gate.set()

    assert await line.output("t1") == {"paid": 5}


async def test_what_had_begun_to_run_once_is_not_repeated_and_the_model_knows(
    call: Dial, keeper: FakeKeeper, pay: Any, runs: Runs, gate: asyncio.Event
) -> None:
    application = agent_with(pay)
    line = call(application)
    await line.open()
    ask(line, "pay", price=5)
    await runs.begun()
    gate.set()
    again = await revived(application, keeper.durable)
    assert resume(again) == ["outcome unknown"]

    assert "nobody knows" in (await again.output("t1"))["error"]
    assert "not known yet" in (await again.tool_call("pay", "t2", price=5))["result"]
    assert await again.tool_call("pay", "t3", price=6) == {"paid": 6}
    assert runs == [5, 6]


async def test_a_result_that_was_durable_is_sent_again_under_its_id_and_counted(
    call: Dial, keeper: FakeKeeper, pay: Any, runs: Runs, gate: asyncio.Event
) -> None:
    gate.set()
    application = agent_with(pay)
    line = call(application)
    await line.open()
    assert await line.tool_call("pay", price=5) == {"paid": 5}
    again = await revived(application, keeper.durable)
    assert resume(again) == ["its result is sent again"]

    assert await again.output("t1") == {"paid": 5}
    assert resent(again) == 1
    assert (await again.tool_call("pay", "t2", price=5))["result"] == {"paid": 5}
    assert runs == [5]


async def test_what_was_to_run_once_and_had_not_begun_runs(
    call: Dial, keeper: FakeKeeper, pay: Any, runs: Runs, gate: asyncio.Event
) -> None:
    application = agent_with(pay)
    line = call(application)
    await line.open()
    keeper.gate.clear()
    ask(line, "pay", price=5)
    await line.session._tool_calls.finish(0.0)
    again = await revived(application, kept(line))
    assert resume(again) == ["runs again"]
    gate.set()

    assert await again.output("t1") == {"paid": 5}
    assert runs == [5]


async def test_a_late_tool_runs_again_and_its_result_comes_as_context(
    call: Dial, runs: Runs, gate: asyncio.Event
) -> None:
    @tool(timeout=0.05)
    async def slow() -> dict[str, int]:
        """Take long."""
        runs.append(1)
        await gate.wait()
        return {"answer": 42}

    application = agent_with(slow)
    line = call(application)
    await line.open()
    await line.tool_call("slow")
    again = await revived(application, kept(line))
    assert resume(again) == ["runs again"]
    gate.set()
    context, _ = await again.command("agent:update", 2)

    assert '{"answer":42}' in context["messages"][0]["content"]
    assert again.outputs("t1") == []
    assert runs == [1, 1]


async def test_a_late_tool_that_runs_once_is_told_as_unknown(
    call: Dial, keeper: FakeKeeper, runs: Runs
) -> None:
    @tool(once=True, timeout=0.05)
    async def pay() -> None:
        """Pay."""
        runs.append(1)
        await asyncio.Event().wait()

    application = agent_with(pay)
    line = call(application)
    await line.open()
    await line.tool_call("pay")
    again = await revived(application, kept(line))
    assert resume(again) == ["outcome unknown"]
    context, _ = await again.command("agent:update", 2)

    assert "nobody knows" in context["messages"][0]["content"]
    assert runs == [1]


@pytest.fixture
def ported(gate: asyncio.Event, runs: Runs) -> Application[Any, Any]:
    flat = {"name": "find", "description": "Find.", "parameters": {"type": "object"}}
    agent = Agent(**AGENT, instructions="Help.", tools=[flat], tool_hook="/tool-call")
    application = application_with(agent)

    @application.on("/tool-call")
    async def on_tool_call(session: Session, data: dict[str, Any]) -> dict[str, Any]:
        runs.append(data["arguments"])
        await gate.wait()
        return {"found": data["arguments"]["what"]}

    return application


async def test_a_handler_by_name_is_asked_again(
    call: Dial, ported: Application[Any, Any], runs: Runs, gate: asyncio.Event
) -> None:
    line = call(ported)
    await line.open()
    data = {"tool_call_id": "k", "name": "find", "args": {"what": "keys"}}
    line.send("llm:tool-call", data, hook="/tool-call")
    again = await revived(ported, kept(line))
    assert resume(again) == ["runs again"]
    gate.set()

    assert await again.output("k") == {"found": "keys"}
    assert runs == [{"what": "keys"}, {"what": "keys"}]


async def test_of_several_calls_in_one_message_those_go_on_that_ran(
    call: Dial, runs: Runs, gate: asyncio.Event
) -> None:
    @tool
    async def wait(name: str) -> str:
        """Wait."""
        runs.append(name)
        await gate.wait()
        return name

    application = agent_with(wait)
    line = call(application)
    await line.open()
    calls = [{"id": one, "name": "wait", "args": {"name": one}} for one in ("a", "b")]
    line.send("agent:tool-call", {"type": "toolCall", "function_calls": calls}, hook="/tools")
    value = kept(line)
    assert len(value["frames"]) == 1
    again = await revived(application, value)
    resume(again)
    gate.set()

    assert await again.output("a") == {"result": "a"}
    assert await again.output("b") == {"result": "b"}
    assert runs == ["a", "b", "a", "b"]


async def test_a_tool_whose_function_is_gone_is_answered_in_neutral_words(
    call: Dial, slow: Any
) -> None:
    line = call(agent_with(slow))
    await line.open()
    ask(line, "slow", items=[])

    @tool
    async def other() -> None:
        """Do something else."""

    again = await revived(agent_with(other), kept(line))
    assert resume(again) == ["its function is gone"]
    output = await again.output("t1")

    assert "not possible right now" in output["error"]


async def test_a_message_that_was_too_large_to_be_kept_is_answered_too(
    call: Dial, slow: Any
) -> None:
    application = agent_with(slow)
    line = call(application)
    await line.open()
    data = {"tool_call_id": "t1", "name": "slow", "arguments": {"items": []}}
    line.send("agent:tool-call", {**data, "news": "x" * 70_000}, hook="/tools")
    value = kept(line)
    assert len(orjson.dumps(value)) < 1000
    again = await revived(application, value)
    resume(again)

    assert "not possible right now" in (await again.output("t1"))["error"]


async def test_calls_over_mcp_are_dropped_since_who_waited_is_gone(
    call: Dial, slow: Any, runs: Runs
) -> None:
    application = agent_with(slow)
    line = call(application)
    await line.open()
    waiting = asyncio.create_task(line.session.call_mcp_tool(slow, {"items": ["a"]}))
    await runs.begun()
    again = await revived(application, kept(line))
    assert resume(again) == ["dropped: it came over MCP"]
    await line.session._tool_calls.finish(0.0)
    _, is_error = await waiting

    assert is_error
    assert runs == [["a"]]


async def test_tools_have_their_grace_and_what_ends_in_it_is_answered(
    call: Dial, slow: Any, gate: asyncio.Event
) -> None:
    line = call(agent_with(slow))
    await line.open()
    ask(line, "slow", items=["a"])
    leaving = asyncio.create_task(line.session._tool_calls.finish(5.0))
    await asyncio.sleep(0)
    gate.set()
    await leaving

    assert line.outputs("t1") == [{"result": "done"}]
    assert "calls" not in (line.session._tool_calls.capture() or {})


async def test_what_is_not_done_by_then_and_what_still_comes_goes_on_elsewhere(
    call: Dial, slow: Any, runs: Runs, gate: asyncio.Event
) -> None:
    application = agent_with(slow)
    line = call(application)
    await line.open()
    ask(line, "slow", "t1", items=["a"])
    await line.session._tool_calls.finish(0.0)
    ask(line, "slow", "t2", items=["b"])
    await line.settled()
    assert runs == [["a"]]
    again = await revived(application, kept(line))
    resume(again)
    gate.set()

    assert await again.output("t1") == {"result": "done"}
    assert await again.output("t2") == {"result": "done"}
    assert line.outputs("t1") == line.outputs("t2") == []
    assert runs == [["a"], ["a"], ["b"]]


async def test_a_call_that_could_not_be_moved_goes_on_where_it_is(
    call: Dial, slow: Any, runs: Runs, gate: asyncio.Event
) -> None:
    line = call(agent_with(slow))
    await line.open()
    ask(line, "slow", "t1", items=["a"])
    await line.session._tool_calls.finish(0.0)
    resume(line)
    gate.set()

    assert await line.output("t1") == {"result": "done"}
    assert runs == [["a"], ["a"]]


async def test_what_failed_once_is_not_tried_again_in_another_process(
    call: Dial, keeper: FakeKeeper
) -> None:
    @tool(once=True)
    async def pay() -> None:
        """Pay."""
        raise ToolError("The card was refused.")

    application = agent_with(pay)
    line = call(application)
    await line.open()
    assert await line.tool_call("pay") == {"error": "The card was refused."}
    again = await revived(application, kept(line))
    resume(again)

    assert "not known" in (await again.tool_call("pay", "t2"))["result"]


def big() -> Iterator[tuple[str, bytes]]:
    return ((f"pay:{number}", b'"%b"' % (b"x" * 4000)) for number in range(10))


def test_a_checkpoint_carries_the_newest_results_and_knows_of_the_others() -> None:
    once = Once()
    for key, result in big():
        once.begin(key)
        once.finish(key, result)
    value = once.capture()
    other = Once()
    other.restore(value)

    assert sum(len(result or "") for _, result in value) <= CARRIED
    assert b"xxx" in (other.told("pay:9") or b"")
    assert b"not done twice" in (other.told("pay:0") or b"")
    assert other.result("pay:0") is None
    assert [key for key, _ in value] == [key for key, _ in big()]


def test_what_ran_once_is_bounded_and_what_may_still_run_is_not_forgotten() -> None:
    once = Once()
    once.begin("open")
    for number in range(2 * MOST):
        once.begin(str(number))
        once.finish(str(number), b"1")

    assert len(once.capture()) <= MOST
    assert "open" in once
