"""The server is started anew under a call that a stored agent answers."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from app import Session
from app.builtin_tools.transferring import TRANSFERS
from app.llm import FakeModel, ToolCall
from app.session import StoredVersion, refit, tool_recovery
from app.settings import Settings
from app.store import DEFAULT_ORGANISATION, Store, StoreUnavailable, Tenant
from app.store.agents import Saved
from app.stored import StoredAgents
from app.stored.limits import ANSWERS
from app.testing import API_KEY, Cordboard, contains
from app.twin import Twin
from tests.mcp.peers import Desk, application, hosted, third_party
from tests.stored.agents import CASCADED, GEMINI, OPENAI, read
from tests.web_peer import Peer, peer

Create = Callable[..., Awaitable[str]]


def one(name: str, number: int, /, **arguments: Any) -> ToolCall:
    return ToolCall(name=name, arguments=arguments, id=f"call_{number}")


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


EVERY = pytest.mark.parametrize(
    "config", [CASCADED, OPENAI, GEMINI], ids=["agent", "openai", "gemini"]
)


class Away:
    """A store that does not answer who recalls a stored agent.

    Attributes:
        held: Set once a tool call waits.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_away, self.held = True, asyncio.Event()
        compile_again, hold = StoredAgents._compile_again, tool_recovery.hold

        async def fail(agents: StoredAgents, session: Session, version: StoredVersion) -> Any:
            if self.is_away:
                raise StoreUnavailable("it is away")
            return await compile_again(agents, session, version)

        def notice(calls: Any, message: Any, frame: bytes) -> None:
            hold(calls, message, frame)
            self.held.set()

        monkeypatch.setattr(StoredAgents, "_compile_again", fail)
        monkeypatch.setattr(tool_recovery, "hold", notice)
        monkeypatch.setattr(refit, "PAUSE", 0.01)


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
            version = before.stored_version
            await cordboard.restart()
            await call.reconnected()
            (session,) = cordboard.calls

            assert session is not before
            assert session.stored_version == version
            assert session.agent is not None
            assert sorted(session._agents.tools) == ["end_call"]
            assert session.agent.raw_tools == ()
            assert session.notes[ANSWERS] == 2
            await call.say("I have all I wanted.")
            assert await call.ended() == "the application hung up"
            assert call.spoken == ["Hello.", "Yes.", "Goodbye."]

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
                await crm.until(1)
                await cordboard.restart()
                await call.reconnected()
                await call.hangup()
                await crm.until(2)

            assert [json.loads(asked.body)["event"] for asked in crm.asked] == [
                "call.started",
                "call.ended",
            ]


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


class TestAStoreThatDoesNotAnswer:
    @pytest.fixture
    def cordboard_model(self) -> FakeModel:
        return FakeModel(["Hello.", TRANSFER, "I connect you."])

    @pytest.fixture
    def away(self, monkeypatch: pytest.MonkeyPatch) -> Away:
        return Away(monkeypatch)

    @pytest.fixture
    async def path(self, create: Create) -> str:
        return await create(
            CASCADED, transfer_targets=TARGETS, tools={"transfer_call": True, "end_call": False}
        )

    async def test_tool_calls_wait_for_their_functions(
        self, jambonz: Twin, cordboard: Cordboard, away: Away, path: str
    ) -> None:
        async with await jambonz.call(path, far_end=["stays"]) as call:
            await call.heard()
            await cordboard.restart()
            await call.reconnected()
            (session,) = cordboard.calls
            assert session.agent is not None
            assert session.agent.raw_tools == ("transfer_call",)
            asking = asyncio.create_task(call.say("I want to buy a table."))
            await away.held.wait()
            away.is_away = False
            await call.bridged()
            await asyncio.gather(asking, return_exceptions=True)

            call.expect.output("transfer_call", result=contains("to be connected"))

    @pytest.mark.usefixtures("away")
    async def test_they_are_answered_where_it_stays_away(
        self, jambonz: Twin, cordboard: Cordboard, path: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(refit, "HELD_SECONDS", 0.05)
        async with await jambonz.call(path) as call:
            await call.heard()
            await cordboard.restart()
            await call.reconnected()
            await call.say("I want to buy a table.")

            call.expect.tool("transfer_call")
            call.expect.output("transfer_call")
            call.expect.spoken("I connect you.")


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
        gate = asyncio.Event()

        async def answer_late(_request: web.Request) -> web.StreamResponse:
            await gate.wait()
            return web.json_response({"state": "sent"})

        async with peer() as crm:
            crm.on("/orders/7", answer_late)
            await self.define(tenant, crm)
            path = await create(config, http_tools=["find_order"])
            async with await jambonz.call(path) as call:
                await call.heard()
                asking = asyncio.create_task(call.say("Where is order 7?"))
                await crm.until(1)
                await cordboard.restart()
                await crm.until(2)
                gate.set()

                assert await asking == "It is on its way."

    async def define(self, tenant: Tenant, crm: Peer) -> None:
        """The tool of the organisation."""
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
        await tenant.tools.create(name="find_order", data=definition, secrets={})


class TestAToolOfAnMcpServer:
    @pytest.fixture
    def cordboard_model(self) -> FakeModel:
        return FakeModel(["Hello.", one("desk_wait", 1), "Done."])

    @EVERY
    async def test_it_runs_again_once_the_server_is_connected(
        self, config: dict[str, Any], jambonz: Twin, cordboard: Cordboard, create: Create
    ) -> None:
        desk = Desk()
        async with hosted(application(third_party(desk), "http")) as host:
            server = {"url": f"{host.url}/mcp", "only": ["wait"], "prefix": "desk_"}
            path = await create(config, mcp_servers=[server])
            async with await jambonz.call(path) as call:
                await call.heard()
                if config is CASCADED:  # which is told when the server is there
                    await call.updates()
                asking = asyncio.create_task(call.say("Wait."))
                await desk.begun.wait()
                desk.begun.clear()
                await cordboard.restart()
                await desk.begun.wait()
                desk.go.set()

                assert await asking == "Done."
                assert desk.called == ["wait", "wait"]
