"""Whatever comes, in whatever order: one ack, one output, and keys as they came."""

import asyncio
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from app import Agent, Application, Session, ToolError, say, tool
from app.calls import Calls
from app.protocol import decode
from app.session import Limits, Runtime
from tests.session.conftest import CALL, Line
from tests.session.test_opening import AGENT

STEPS = ("quick", "slow", "fails", "nobody", "tool", "late", "refused", "broken", "none", "lose")
NESTED = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.text(max_size=8) | st.sampled_from(["cityName", "X-Y"]), NESTED)


@tool(timeout=0.05, late_limit=0.1)
async def late() -> str:
    """Take longer than the model waits."""
    await asyncio.sleep(0.2)
    return "done"


@tool
async def quick() -> str:
    """Answer at once."""
    return "done"


@tool
async def refused() -> str:
    """Refuse."""
    raise ToolError("not today")


@tool
async def broken() -> str:
    """Break."""
    raise RuntimeError


def make_application() -> Application[Any, Any]:
    made: Application[Any, Any] = Application("/made")

    @made.session_new
    async def answer(session: Session) -> Agent:
        return Agent(**AGENT, instructions="Help.", tools=[late, quick, refused, broken])

    @made.on("/quick")
    async def on_quick(session: Session, data: dict[str, Any]) -> Any:
        return say("ok")

    @made.on("/slow")
    async def on_slow(session: Session, data: dict[str, Any]) -> Any:
        await asyncio.sleep(0.15)
        return say("ok")

    @made.on("/fails")
    async def on_fails(session: Session, data: dict[str, Any]) -> Any:
        raise RuntimeError

    return made


@settings(max_examples=25)
@given(st.lists(st.sampled_from(STEPS), max_size=10))
async def test_every_message_gets_one_ack_and_every_tool_call_one_output(steps: list[str]) -> None:
    limits = Limits(ack_deadline=0.05, linger=5, tool_hook_timeout=0.05)
    calls = Calls(Runtime(limits=limits))
    sweeper = asyncio.create_task(calls.sweep_forever())
    line = Line(make_application(), calls)
    frames: list[dict[str, Any]] = line.socket.frames
    asked = [(await line.open())["msgid"]]
    called: list[str] = []
    for number, step in enumerate(steps):
        if step == "lose":
            await settle(line)
            line.lose(cleanly=True)
            line.socket.frames = frames
            asked.append((await line.come_back())["msgid"])
        elif step in ("quick", "slow", "fails", "nobody"):
            asked.append(line.send("verb:hook", {"reason": "x"}, hook=f"/{step}"))
        else:
            called.append(f"t{number}")
            name = {"tool": "quick", "none": "unheard-of"}.get(step, step)
            data = {"tool_call_id": called[-1], "name": name, "arguments": {}}
            line.send("agent:tool-call", data, hook="/tools")
    await settle(line)
    acks = [one["msgid"] for one in frames if one["type"] == "ack"]
    outputs = [one["tool_call_id"] for one in frames if one.get("command") == "llm:tool-output"]
    sweeper.cancel()
    calls.end_all("test over")
    await asyncio.gather(sweeper, return_exceptions=True)

    assert sorted(acks) == sorted(asked)
    assert sorted(outputs) == sorted(called)


async def settle(line: Line) -> None:
    """Until nothing runs and nothing waits for this call."""
    async with asyncio.timeout(5):
        while line.session in line.calls.runtime.waiting:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.01)


@given(data=st.fixed_dictionaries(dict.fromkeys(("customerData", "sip", "env_vars"), OBJECTS)))
def test_keys_of_a_call_are_never_renamed(data: dict[str, Any]) -> None:
    message = decode(frame("session:new", {**CALL, **data}), 0.0)

    assert message.data == {**CALL, **data}


@given(arguments=OBJECTS, key=st.sampled_from(["args", "arguments"]))
def test_keys_of_arguments_are_never_renamed(arguments: dict[str, Any], key: str) -> None:
    data = {"tool_call_id": "k", "name": "f", key: arguments}

    assert decode(frame("llm:tool-call", data), 0.0).data[key] == arguments


def frame(kind: str, data: dict[str, Any]) -> bytes:
    return orjson.dumps({"type": kind, "msgid": "m", "data": data})
