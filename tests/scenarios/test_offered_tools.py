"""jambonz calls an application's tools over MCP: no tool hook, and yet the tool knows its call."""

from dataclasses import dataclass
from typing import Any

import pytest

from app import Agent, Application, Session, ToolError, tool
from app.llm import FakeModel, ToolCall
from app.testing import Cordboard, Pace, Twin


@dataclass
class State:
    """What one call remembers."""

    orders: int = 0


shop = Application("/shop", state=State)


@tool
async def order(session: Session[State], item: str) -> str:
    """Order something.

    Args:
        item: What to order.
    """
    if item == "moon":
        raise ToolError("The moon is not for sale.")
    session.state.orders += 1
    return f"Order {session.state.orders} for {session.from_}"


@shop.session_new
async def answer(session: Session[State]) -> Agent:
    """Sell things."""
    return Agent(
        llm="openai:gpt-4.1-mini",
        stt="deepgram:nova-3-general",
        tts="cartesia:sonic-english",
        instructions="You sell things.",
        mcp_servers=[session.mcp_server([order])],
    )


@pytest.fixture
def cordboard_applications() -> list[Application[Any, Any]]:
    return [shop]


@pytest.fixture
def cordboard_model() -> FakeModel:
    return FakeModel(
        [
            "Welcome.",
            [ToolCall("one", "order", {"item": "tea"})],
            "Tea is on its way.",
            [ToolCall("two", "order", {"item": "moon"})],
            "I cannot sell that.",
            [ToolCall("three", "order", {"thing": 1})],
            "What would you like?",
        ]
    )


async def test_a_tool_runs_over_mcp_with_the_session_of_its_call(
    cordboard: Cordboard, cordboard_model: FakeModel, jambonz: Twin
) -> None:
    call = await jambonz.call("/shop", from_="+15085550199")

    assert await call.say("Tea, please.") == "Tea is on its way."
    assert await call.say("And the moon.") == "I cannot sell that."
    assert await call.say("Well, then.") == "What would you like?"

    asked = [entry.data for entry in call.log if entry.kind == "received"]
    assert "llm:tool-output" not in {one.get("command") for one in asked}
    told = [one.messages[-1].content for one in cordboard_model.requests[2::2]]
    assert "Order 1 for +15085550199" in str(told[0])
    assert "The moon is not for sale." in str(told[1])
    assert "Wrong arguments for order" in str(told[2])
    session = cordboard.calls.get(call.call_sid)
    assert session is not None
    assert (session.state.orders, session.snapshot()["tool_calls"]) == (1, 3)


async def test_each_call_has_tools_of_its_own(cordboard: Cordboard, jambonz: Twin) -> None:
    first = await jambonz.call("/shop")
    await first.say("Tea, please.")
    model = FakeModel(["Welcome.", [ToolCall("one", "order", {"item": "tea"})], "Yes."])
    async with Twin(cordboard.url, model=model, pace=Pace(handshake=5.0)) as other:
        second = await other.call("/shop", from_="+15085550188")
        assert await second.say("Tea, please.") == "Yes."

    assert "Order 1 for +15085550188" in str(model.requests[-1].messages[-1].content)
