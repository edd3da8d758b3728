"""The server is started anew in the middle of a call, and the call goes on."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from pydantic import SecretStr

from app import Agent, AgentEnded, Application, Session, Verb, action_hook, say, tool
from app.llm import FakeModel, ToolCall
from app.settings import Settings
from app.testing import Cordboard, contains
from app.twin import Twin

AGENT: Any = {
    "llm": "openai:gpt-4.1-mini",
    "stt": "deepgram:nova-3-general",
    "tts": "cartesia:sonic-english",
}


@dataclass
class Order:
    items: list[str] = field(default_factory=list)
    promised: datetime | None = None


@dataclass
class Kitchen:
    """What goes on in a tool, as a test sees it."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    runs: list[str] = field(default_factory=list)
    back: int = 0


KITCHEN = Kitchen()


@tool
async def order(session: Session[Order], dish: str) -> dict[str, int]:
    """Order a dish."""
    session.state.items.append(dish)
    return {"ordered": len(session.state.items)}


@tool
async def cook(dish: str) -> str:
    """Cook a dish."""
    KITCHEN.runs.append(dish)
    KITCHEN.begun.set()
    await KITCHEN.gate.wait()
    return f"{dish} is ready"


@tool(once=True)
async def pay(price: int) -> str:
    """Pay."""
    KITCHEN.runs.append(f"pay {price}")
    KITCHEN.begun.set()
    await KITCHEN.gate.wait()
    return "paid"


@action_hook
async def thank(session: Session[Order], ended: AgentEnded) -> list[Verb]:
    return [say(f"You have ordered {', '.join(session.state.items)}.")]


shop = Application("/shop", state=Order)


@shop.session_new
async def answer(session: Session[Order]) -> Agent:
    session.state.promised = datetime(2026, 11, 25, 19, 30)
    return Agent(**AGENT, instructions="Sell.", tools=[order, cook, pay], action_hook=thank)


@shop.session_reconnect
async def back(session: Session[Order]) -> None:
    KITCHEN.back += 1


offers = Application("/offers", state=Order)


@offers.session_new
async def offer(session: Session[Order]) -> Agent:
    return Agent(**AGENT, instructions="Sell.", mcp_servers=[session.mcp_server([order])])


@pytest.fixture(autouse=True)
def kitchen() -> Kitchen:
    KITCHEN.__init__()  # type: ignore[misc]
    return KITCHEN


@pytest.fixture
def cordboard_settings() -> Settings:
    return Settings(port=0, secret_key=(SecretStr("a key that outlives a restart, as it has to"),))


@pytest.fixture
def cordboard_applications() -> list[Application[Any, Any]]:
    return [shop, offers]


def one(name: str, number: int, /, **arguments: Any) -> ToolCall:
    return ToolCall(name=name, arguments=arguments, id=f"call_{number}")


class TestAnApplication:
    @pytest.fixture
    def cordboard_model(self) -> FakeModel:
        return FakeModel(
            ["Hello.", one("order", 1, dish="soup"), "Soup.", one("order", 2, dish="fish"), "Both."]
        )

    async def test_the_state_and_the_conversation_go_on(
        self, jambonz: Twin, cordboard: Cordboard, kitchen: Kitchen
    ) -> None:
        async with await jambonz.call("/shop") as call:
            await call.heard()
            assert await call.say("Soup, please.") == "Soup."
            await cordboard.restart()
            await call.reconnected()
            assert await call.say("And fish.") == "Both."
            (session,) = cordboard.calls

            assert session.state == Order(["soup", "fish"], datetime(2026, 11, 25, 19, 30))
            assert call.spoken == ["Hello.", "Soup.", "Both."]
            call.expect.output("order", ordered=2)
            call.expect.no.error()
            assert kitchen.back == 1


class TestAToolThatRuns:
    @pytest.fixture
    def cordboard_model(self) -> FakeModel:
        return FakeModel(["Hello.", one("cook", 1, dish="soup"), "Here it is."])

    async def test_it_runs_again_and_the_model_has_one_output(
        self, jambonz: Twin, cordboard: Cordboard, kitchen: Kitchen
    ) -> None:
        async with await jambonz.call("/shop") as call:
            await call.heard()
            asking = asyncio.create_task(call.say("Soup, please."))
            await kitchen.begun.wait()
            await cordboard.restart()
            kitchen.gate.set()

            assert await asking == "Here it is."
            call.expect.output("cook", result="soup is ready").times(1)
            assert kitchen.runs == ["soup", "soup"]


async def test_what_is_offered_over_mcp_is_found_at_its_address(
    jambonz: Twin, cordboard: Cordboard
) -> None:
    async with await jambonz.call("/offers") as call:
        await call.heard()
        token = call.acks[0]["data"][0]["mcpServers"][0]["url"].rpartition("/")[2]
        await cordboard.restart()
        await call.reconnected()
        (session,) = cordboard.calls

        assert session.find_mcp_tools(token) == {"order": order}
        assert session.find_mcp_tools(f"{token}x") is None


class TestAPayment:
    @pytest.fixture
    def cordboard_model(self) -> FakeModel:
        again = one("pay", 2, price=5)
        return FakeModel(["Hello.", one("pay", 1, price=5), "I do not know.", again, "Still not."])

    async def test_it_is_not_made_twice_and_the_model_knows_that_nobody_knows(
        self, jambonz: Twin, cordboard: Cordboard, kitchen: Kitchen
    ) -> None:
        async with await jambonz.call("/shop") as call:
            await call.heard()
            asking = asyncio.create_task(call.say("Pay."))
            await kitchen.begun.wait()
            await cordboard.restart()

            assert await asking == "I do not know."
            call.expect.output("pay", error=contains("nobody knows"))
            await call.say("Pay again.")
            assert kitchen.runs == ["pay 5"]
