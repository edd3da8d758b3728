"""The server is started anew in the middle of a call, and the call goes on."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from pydantic import SecretStr

from app import Agent, AgentEnded, Application, Session, Verb, action_hook, say, tool
from app.builtin_tools.transferring import TRANSFERS
from app.llm import FakeModel, ToolCall
from app.settings import Settings
from app.store import DEFAULT_ORGANISATION, Store, Tenant
from app.store.agents import Saved
from app.stored.limits import ANSWERS
from app.testing import API_KEY, Cordboard, contains
from app.twin import Twin
from tests.stored.agents import CASCADED, GEMINI, OPENAI, read
from tests.web_peer import Peer, peer

AGENT = {
    "llm": "openai:gpt-4.1-mini",
    "stt": "deepgram:nova-3-general",
    "tts": "cartesia:sonic-english",
}
Create = Callable[..., Awaitable[str]]


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


@pytest.fixture(autouse=True)
def kitchen() -> Kitchen:
    KITCHEN.__init__()  # type: ignore[misc]
    return KITCHEN


@pytest.fixture
def cordboard_applications() -> list[Application[Any, Any]]:
    return [shop]


@pytest.fixture
def cordboard_settings() -> Settings:
    keys = {"openai": {"apiKey": "k"}, "google": {"apiKey": "k"}}
    secret = SecretStr("a key that outlives a restart, as it has to")
    return Settings(
        port=0,
        api_keys=(SecretStr(API_KEY),),
        allow_private=("127.0.0.1",),
        llm_keys=keys,
        secret_key=(secret,),
    )


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
            call.expect.output("cook", "soup is ready").times(1)
            assert kitchen.runs == ["soup", "soup"]


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


@pytest.fixture
def cordboard_store(sqlite_store: Store) -> Store:
    return sqlite_store


@pytest.fixture
def tenant(sqlite_store: Store) -> Tenant:
    return sqlite_store.tenant(DEFAULT_ORGANISATION, "test")


@pytest.fixture
def create(tenant: Tenant) -> Create:
    """Creates an agent and gives the path that it answers on."""

    async def made(config: dict[str, Any], **options: Any) -> str:
        kind = "realtime_config" if "provider" in config else "agent_config"
        stored = await tenant.agents.create(Saved(read(**{kind: config}, **options).to_json()))
        return f"/agents/{stored.id}"

    return made


EVERY = pytest.mark.parametrize("config", [CASCADED, OPENAI, GEMINI], ids=["agent", "openai", "gemini"])


class TestAStoredAgent:
    @pytest.fixture
    def cordboard_model(self) -> FakeModel:
        return FakeModel(["Hello.", "Yes.", one("end_call", 1), "Goodbye."])

    @EVERY
    async def test_its_tools_hooks_and_limits_are_there_again(
        self, config: dict[str, Any], jambonz: Twin, cordboard: Cordboard, create: Create
    ) -> None:
        limits = {"max_duration": 600, "max_turns": 50}
        path = await create(config, limits=limits)
        async with await jambonz.call(path) as call:
            await call.heard()
            await call.say("Are you there?")
            (before,) = cordboard.calls
            answers, version = before.notes[ANSWERS], before.stored_version
            await cordboard.restart()
            await call.reconnected()
            (session,) = cordboard.calls

            assert session is not before
            assert session.stored_version == version
            assert session.agent is not None
            assert sorted(session._agents.tools) == ["end_call"]
            assert session.agent.raw_tools == ()
            assert session.notes[ANSWERS] == answers
            await call.say("I have all I wanted.")
            assert await call.ended() == "the application hung up"
            assert call.spoken[-1] == "Goodbye."
            assert len(call.acks[0]["data"]) == 1

    async def test_the_last_answer_that_it_may_give_is_counted_on(
        self, jambonz: Twin, cordboard: Cordboard, create: Create
    ) -> None:
        path = await create(CASCADED, limits={"max_turns": 2, "goodbye": "Our time is over."})
        async with await jambonz.call(path) as call:
            await call.heard()
            await cordboard.restart()
            await call.reconnected()
            await call.say("Are you there?")
            await call.ended()

            assert call.spoken == ["Hello.", "Yes.", "Our time is over."]

    async def test_it_keeps_its_version_although_another_one_is_published(
        self, jambonz: Twin, cordboard: Cordboard, create: Create, tenant: Tenant
    ) -> None:
        path = await create(CASCADED)
        async with await jambonz.call(path) as call:
            await call.heard()
            again = read(agent_config=CASCADED, tools={"end_call": False})
            await tenant.agents.replace(path.rpartition("/")[2], Saved(again.to_json()))
            await cordboard.restart()
            await call.reconnected()
            (session,) = cordboard.calls

            assert [*session._agents.tools] == ["end_call"]

    async def test_its_end_is_told_to_its_hooks_once(
        self, jambonz: Twin, cordboard: Cordboard, create: Create
    ) -> None:
        async with peer() as crm:
            crm.on("/calls", "ok")
            hook = {"url": f"{crm.url}/calls", "events": ["call.started", "call.ended"]}
            path = await create(CASCADED, call_hooks=[hook])
            async with await jambonz.call(path) as call:
                await call.heard()
                await crm.heard(1)
                await cordboard.restart()
                await call.reconnected()
                await call.hangup()
                await crm.heard(2)

            assert [asked.json["event"] for asked in crm.asked] == ["call.started", "call.ended"]


TRANSFER = one("transfer_call", 1, phone_number="+15085559001")
TARGETS = [{"number": "+15085559001", "name": "Sales"}]


class TestATransfer:
    @pytest.fixture
    def cordboard_model(self) -> FakeModel:
        return FakeModel(["Hello.", TRANSFER, "I connect you.", "Sales is busy."])

    @EVERY
    async def test_who_talked_before_begins_again_where_nobody_answers(
        self,
        config: dict[str, Any],
        jambonz: Twin,
        cordboard: Cordboard,
        create: Create,
        cordboard_model: FakeModel,
    ) -> None:
        path = await create(config, transfer_targets=TARGETS, tools={"transfer_call": True})
        async with await jambonz.call(path, far_end=["no-answer"]) as call:
            await call.heard()
            await call.say("I want to buy a table.")
            await call.command("redirect")
            (session,) = cordboard.calls
            assert session.notes[TRANSFERS]["going"]["name"] == "Sales"
            await cordboard.restart()
            while call.spoken[-1] != "Sales is busy.":
                await call.heard()

            prompt = cordboard_model.requests[-1].system
            assert "nobody answered" in prompt
            assert "Caller: I want to buy a table." in prompt


class TestAnHttpTool:
    @pytest.fixture
    def cordboard_model(self) -> FakeModel:
        return FakeModel(["Hello.", one("find_order", 1, order="7"), "It is on its way."])

    @EVERY
    async def test_a_request_that_was_under_way_is_made_again(
        self,
        config: dict[str, Any],
        jambonz: Twin,
        cordboard: Cordboard,
        create: Create,
        tenant: Tenant,
    ) -> None:
        async with peer() as crm:
            await self.define(tenant, crm)
            path = await create(config, http_tools=["find_order"])
            async with await jambonz.call(path) as call:
                await call.heard()
                asking = asyncio.create_task(call.say("Where is order 7?"))
                await crm.heard(1)
                await cordboard.restart()
                await crm.heard(2)
                crm.let_go()

                assert await asking == "It is on its way."

    async def define(self, tenant: Tenant, crm: Peer) -> None:
        """The tool of the organisation, whose server takes its time."""
        crm.hang("/orders/7")
        definition = {
            "name": "find_order",
            "description": "Find an order.",
            "url": f"{crm.url}/orders/{{order}}",
            "parameters": {
                "type": "object",
                "properties": {"order": {"type": "string"}},
                "required": ["order"],
            },
        }
        await tenant.tools.create(definition, {})
