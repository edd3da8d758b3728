"""Agents kept as data use HTTP tools and MCP servers, and go on where those fail."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from pydantic import SecretStr

from app.llm import FakeModel, ToolCall
from app.settings import Settings
from app.store import DEFAULT_ORGANISATION, Store, Tenant
from app.store.agents import Saved
from app.testing import API_KEY, Cordboard
from app.twin import Twin
from tests.api.conftest import Api, asking
from tests.mcp.peers import Desk, application, hosted, third_party
from tests.stored.agents import CASCADED, OPENAI, read
from tests.web_peer import Peer, peer

Create = Callable[..., Awaitable[str]]
FIND = ToolCall(name="find_order", arguments={"order": "7"}, id="call_1")
AGAIN = ToolCall(name="find_order", arguments={"order": "7"}, id="call_2")


@pytest.fixture
def cordboard_store(sqlite_store: Store) -> Store:
    return sqlite_store


@pytest.fixture
def cordboard_settings() -> Settings:
    keys = {"openai": {"apiKey": "k"}}
    return Settings(
        port=0, api_keys=(SecretStr(API_KEY),), allow_private=("127.0.0.1",), llm_keys=keys
    )


@pytest.fixture
def tenant(sqlite_store: Store) -> Tenant:
    return sqlite_store.tenant(DEFAULT_ORGANISATION, "test")


@pytest.fixture
async def api(cordboard: Cordboard) -> AsyncIterator[Api]:
    async with asking(cordboard) as api:
        yield api


@pytest.fixture
async def shop() -> AsyncIterator[Peer]:
    async with peer() as one:
        yield one


@pytest.fixture
def create(tenant: Tenant) -> Create:
    """Creates an agent and gives the path that it answers on."""

    async def made(**options: Any) -> str:
        stored = await tenant.agents.create(Saved(read(**options).to_json()))
        return f"/agents/{stored.id}"

    return made


@pytest.fixture
def find_order(api: Api, shop: Peer) -> Callable[[], Awaitable[str]]:
    """Defines the tool over REST; gives its place."""

    async def made() -> str:
        order = {"type": "object", "properties": {"order": {"type": "string"}}}
        tool = {
            "name": "find_order",
            "description": "Find an order.",
            "url": f"{shop.url}/orders/{{order}}",
            "secret_headers": {"X-Key": "s3cret"},
            "parameters": {**order, "required": ["order"]},
        }
        answered = await api.post("/api/tools", tool)
        assert answered.status == 201, answered.text
        return str(answered.headers["Location"])

    return made


@pytest.fixture
def cordboard_model() -> FakeModel:
    return FakeModel(["Hello.", FIND, "It is on its way.", AGAIN, "I cannot find it."])


@pytest.mark.parametrize("config", [CASCADED, OPENAI], ids=["agent", "openai"])
async def test_a_caller_asks_and_the_tool_of_the_organisation_answers(
    config: dict[str, Any],
    jambonz: Twin,
    create: Create,
    shop: Peer,
    find_order: Callable[[], Awaitable[str]],
    cordboard_model: FakeModel,
) -> None:
    await find_order()
    shop.on("/orders/7", '{"state": "sent"}')
    kind = "realtime_config" if "provider" in config else "agent_config"
    path = await create(**{kind: config}, http_tools=["find_order"])
    async with await jambonz.call(path) as call:
        await call.heard()
        assert await call.say("Where is order 7?") == "It is on its way."
        assert '"sent"' in cordboard_model.requests[2].messages[-1].content
        assert shop.asked[0].headers["X-Key"] == "s3cret"

        shop.on("/orders/7", "the shop is closed", status=503)
        assert await call.say("Are you sure?") == "I cannot find it."
        assert "HTTP 503, the shop is closed" in cordboard_model.requests[4].messages[-1].content


async def test_the_next_call_has_the_tool_as_it_was_changed(
    jambonz: Twin,
    create: Create,
    shop: Peer,
    api: Api,
    find_order: Callable[[], Awaitable[str]],
    cordboard: Cordboard,
) -> None:
    place = await find_order()
    path = await create(agent_config=CASCADED, http_tools=["find_order", "gone"])
    changed = {"name": "find_order", "description": "Finds it.", "url": f"{shop.url}/all"}
    assert (await api.put(place, changed)).status == 200

    async with await jambonz.call(path):
        (session,) = cordboard.calls
        assert session.agent is not None
        assert session.agent.tools["find_order"].description == "Finds it."
        assert "gone" not in session.agent.tools


@pytest.mark.parametrize("config", [CASCADED, OPENAI], ids=["agent", "openai"])
async def test_the_tools_of_an_mcp_server_are_its_own(
    config: dict[str, Any], jambonz: Twin, create: Create, cordboard: Cordboard
) -> None:
    kind = "realtime_config" if "provider" in config else "agent_config"
    desk = Desk()
    async with hosted(application(third_party(desk), "http")) as host:
        server = {"url": f"{host.url}/mcp", "only": ["add"], "prefix": "desk_"}
        path = await create(**{kind: config}, mcp_servers=[server])
        async with await jambonz.call(path) as call:
            await call.heard()
            (session,) = cordboard.calls
            assert session.agent is not None
            if kind == "agent_config":  # which is told when the server is there
                await call.updates()
            output = await call.tool_call("desk_add", {"a": 1, "b": 2})
    assert desk.called == ["add 1 2"]
    assert "3" in str(output)


async def test_a_server_that_may_not_be_asked_is_left_out(
    jambonz: Twin, create: Create, cordboard: Cordboard
) -> None:
    path = await create(agent_config=CASCADED, mcp_servers=[{"url": "http://10.0.0.1/mcp"}])
    async with await jambonz.call(path):
        (session,) = cordboard.calls
        assert session.agent is not None
        assert [*session.agent.tools] == ["end_call"]


class TestWhoSaysGoodbye:
    @pytest.fixture
    def cordboard_model(self) -> FakeModel:
        return FakeModel(["Hello.", ToolCall(name="end_call", arguments={}, id="e"), "Goodbye."])

    @pytest.mark.parametrize("config", [CASCADED, OPENAI], ids=["agent", "openai"])
    async def test_the_line_is_closed_after_it(
        self, config: dict[str, Any], jambonz: Twin, create: Create
    ) -> None:
        kind = "realtime_config" if "provider" in config else "agent_config"
        path = await create(**{kind: config})
        call = await jambonz.call(path)
        await call.heard()
        await call.say("That is all.")

        assert await call.ended() == "the application hung up"
        assert call.spoken[-1] == "Goodbye."


class TestWhoIsTransferred:
    @pytest.fixture
    def cordboard_model(self) -> FakeModel:
        number = {"phone_number": "+15085559001"}
        transfer = ToolCall(name="transfer_call", arguments=number, id="t")
        return FakeModel(["Hello.", transfer, "I connect you.", "Nobody is there.", "Yes."])

    @pytest.fixture
    def options(self) -> dict[str, Any]:
        target = {"number": "+1 (508) 555-9001", "name": "Sales"}
        return {"tools": {"transfer_call": True}, "transfer_targets": [target]}

    @pytest.mark.parametrize("config", [CASCADED, OPENAI], ids=["agent", "openai"])
    async def test_the_person_is_called_once_it_is_announced(
        self, config: dict[str, Any], jambonz: Twin, create: Create, options: dict[str, Any]
    ) -> None:
        kind = "realtime_config" if "provider" in config else "agent_config"
        path = await create(**{kind: config}, **options)
        call = await jambonz.call(path, far_end=["stays"])
        await call.heard()
        await call.say("I want to buy something.")
        await call.bridged()
        assert call.spoken == ["Hello.", "I connect you."]
        dial = (await call.command("redirect"))["data"][0]
        assert dial["target"] == [{"type": "phone", "number": "+15085559001"}]
        await call.far_hangup()

        assert await call.ended() == "the application hung up"

    @pytest.mark.parametrize("config", [CASCADED, OPENAI], ids=["agent", "openai"])
    async def test_the_agent_goes_on_where_nobody_answers(
        self,
        config: dict[str, Any],
        jambonz: Twin,
        create: Create,
        options: dict[str, Any],
        cordboard_model: FakeModel,
    ) -> None:
        kind = "realtime_config" if "provider" in config else "agent_config"
        path = await create(**{kind: config}, **options)
        async with await jambonz.call(path, far_end=["busy"]) as call:
            await call.heard()
            await call.say("I want to buy something.")
            while call.spoken[-1] != "Nobody is there.":
                await call.heard()
            assert "the line is busy" in cordboard_model.requests[-1].system
            assert "I want to buy something." in cordboard_model.requests[-1].system
            assert await call.say("Are you still there?") == "Yes."
