"""What an organisation gives its stored agents: a look-up of callers, keys of vendors, hooks."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from pydantic import SecretStr

from app.identity.organisation_secrets import seal_vendor_key
from app.keys import VAULT
from app.settings import Settings
from app.store import DEFAULT_ORGANISATION, Store, Tenant
from app.store.agents import Saved
from app.store.organisation import LOOKUP_SECRET, VENDOR
from app.testing import API_KEY, Cordboard
from app.twin import Twin
from app.vault import Vault
from tests.mcp.peers import Desk, application, hosted, third_party
from tests.stored.agents import CASCADED, GEMINI, OPENAI, read
from tests.web_peer import Peer, peer

Create = Callable[..., Awaitable[str]]
CARD = '{"name": "Mrs Kofi", "orders": 2}'


@pytest.fixture
def cordboard_store(sqlite_store: Store) -> Store:
    return sqlite_store


@pytest.fixture
def cordboard_settings() -> Settings:
    keys = {"google": {"apiKey": "key-of-the-settings"}, "openai": {"apiKey": "not-this"}}
    return Settings(
        port=0, api_keys=(SecretStr(API_KEY),), allow_private=("127.0.0.1",), llm_keys=keys
    )


@pytest.fixture
def tenant(sqlite_store: Store) -> Tenant:
    return sqlite_store.tenant(DEFAULT_ORGANISATION, "test")


@pytest.fixture
async def crm() -> AsyncIterator[Peer]:
    async with peer() as one:
        one.on("/who", CARD)
        yield one


@pytest.fixture
def create(tenant: Tenant) -> Create:
    """Creates an agent and gives the path that it answers on."""

    async def made(**options: Any) -> str:
        stored = await tenant.agents.create(Saved(read(**options).to_json()))
        return f"/agents/{stored.id}"

    return made


@pytest.fixture
async def with_lookup(tenant: Tenant, cordboard: Cordboard, crm: Peer) -> None:
    """The organisation knows whom to ask about a number."""
    secrets = {LOOKUP_SECRET: cordboard.app[VAULT].seal("s3cret")}
    settings = {"client_lookup_url": f"{crm.url}/who"}
    await tenant.organisation.change(settings=settings, secrets=secrets)


@pytest.mark.usefixtures("with_lookup")
@pytest.mark.parametrize("config", [CASCADED, OPENAI, GEMINI], ids=["agent", "openai", "gemini"])
async def test_who_calls_is_known_before_the_first_word(
    config: dict[str, Any], jambonz: Twin, create: Create, crm: Peer, cordboard: Cordboard
) -> None:
    kind = "realtime_config" if "provider" in config else "agent_config"
    path = await create(**{kind: config}, lookup_on_new=True)
    async with await jambonz.call(path, from_="+14155550123"):
        (session,) = cordboard.calls
        assert session.agent is not None
        assert CARD in session.agent.instructions
        assert "lookup_caller" in session.agent.tools
    assert [one.target for one in crm.asked] == ["/who?phone=%2B14155550123"]
    assert crm.asked[0].headers["loquent_x_check"] == "s3cret"


@pytest.mark.usefixtures("with_lookup")
async def test_the_model_may_look_up_who_calls(jambonz: Twin, create: Create, crm: Peer) -> None:
    path = await create(agent_config=CASCADED)
    async with await jambonz.call(path) as call:
        assert crm.asked == []
        assert await call.tool_call("lookup_caller", {}) == json.loads(CARD)


@pytest.mark.usefixtures("with_lookup")
async def test_an_agent_without_the_tool_has_no_word_of_it(
    jambonz: Twin, create: Create, cordboard: Cordboard
) -> None:
    path = await create(agent_config=CASCADED, tools={"lookup_caller": False})
    async with await jambonz.call(path):
        (session,) = cordboard.calls
        assert session.agent is not None
        assert [*session.agent.tools] == ["end_call"]
        assert "lookup_caller" not in session.agent.instructions


async def test_the_tool_is_there_only_where_the_organisation_has_whom_to_ask(
    jambonz: Twin, create: Create, cordboard: Cordboard
) -> None:
    path = await create(agent_config=CASCADED, lookup_on_new=True)
    async with await jambonz.call(path):
        (session,) = cordboard.calls
        assert session.agent is not None
        assert [*session.agent.tools] == ["end_call"]


async def test_a_realtime_model_has_the_key_of_the_organisation_or_of_the_settings(
    jambonz: Twin,
    create: Create,
    cordboard: Cordboard,
    tenant: Tenant,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sealed = seal_vendor_key("key-of-the-organisation", cordboard.app[VAULT])
    await tenant.organisation.change(secrets={VENDOR + "openai": sealed})
    async with await jambonz.call(await create(realtime_config=OPENAI)) as call:
        assert call.acks[0]["data"][0]["auth"] == {"apiKey": "key-of-the-organisation"}
    async with await jambonz.call(await create(realtime_config=GEMINI)) as call:
        assert call.acks[0]["data"][0]["auth"] == {"apiKey": "key-of-the-settings"}
    assert "key-of-the" not in capsys.readouterr().out


async def test_the_hooks_of_a_stored_agent_hear_of_its_calls(
    jambonz: Twin, create: Create, crm: Peer
) -> None:
    crm.on("/calls", "ok")
    path = await create(agent_config=CASCADED, call_hooks=[{"url": f"{crm.url}/calls"}])
    async with await jambonz.call(path):
        while not crm.asked:
            await crm.came.wait()
    told = json.loads(crm.asked[0].body)
    assert told["event"] == "call.started"
    assert told["call"]["agent_id"] == path.rpartition("/")[2]


@pytest.fixture
async def order_tool(tenant: Tenant, cordboard: Cordboard, crm: Peer) -> None:
    """The organisation has an HTTP tool."""
    crm.on("/orders/7", '{"state": "on its way"}')
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
    secrets = {"Authorization": cordboard.app[VAULT].seal("Bearer s3cret")}
    await tenant.tools.create(name="find_order", data=definition, secrets=secrets)


@pytest.mark.usefixtures("order_tool")
@pytest.mark.parametrize("config", [CASCADED, OPENAI], ids=["agent", "openai"])
async def test_an_http_tool_of_the_organisation_runs(
    config: dict[str, Any], jambonz: Twin, create: Create, crm: Peer
) -> None:
    kind = "realtime_config" if "provider" in config else "agent_config"
    path = await create(**{kind: config}, http_tools=["gone", "find_order"])
    async with await jambonz.call(path) as call:
        output = await call.tool_call("find_order", {"order": "7"})
    assert "on its way" in json.dumps(output)
    assert crm.asked[0].headers["Authorization"] == "Bearer s3cret"


@pytest.fixture
async def desk_url() -> AsyncIterator[str]:
    """An MCP server of somebody else."""
    async with hosted(application(third_party(Desk()), "http")) as host:
        yield f"{host.url}/mcp"


@pytest.mark.parametrize("config", [CASCADED, OPENAI, GEMINI], ids=["agent", "openai", "gemini"])
async def test_the_tools_of_an_mcp_server_are_the_agents(
    config: dict[str, Any], jambonz: Twin, create: Create, cordboard: Cordboard, desk_url: str
) -> None:
    kind = "realtime_config" if "provider" in config else "agent_config"
    servers = [{"url": desk_url, "only": ["add"], "prefix": "desk_"}]
    path = await create(**{kind: config}, mcp_servers=servers)
    async with await jambonz.call(path) as call:
        (session,) = cordboard.calls
        assert session.agent is not None
        if "provider" in config:  # which is told of its tools at the start only
            assert "desk_add" in session.agent.tools
        else:
            await call.updates()
        output = await call.tool_call("desk_add", {"a": 1, "b": 2})
        assert "3" in json.dumps(output)


async def test_a_server_that_may_not_be_reached_leaves_the_call_alone(
    jambonz: Twin, create: Create, capsys: pytest.CaptureFixture[str]
) -> None:
    servers = [{"url": "http://169.254.169.254/mcp"}]
    path = await create(agent_config=CASCADED, mcp_servers=servers, prompt="You are a clerk.")
    async with await jambonz.call(path) as call:
        assert "clerk" in await call.heard()
    assert "mcp_server_refused" in capsys.readouterr().out


async def test_a_call_goes_on_without_secrets_that_no_key_opens(
    jambonz: Twin,
    create: Create,
    cordboard: Cordboard,
    tenant: Tenant,
    crm: Peer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lost = Vault(["a key that is gone"]).seal("x")
    settings = {"client_lookup_url": f"{crm.url}/who"}
    secrets = {LOOKUP_SECRET: lost, VENDOR + "openai": lost}
    await tenant.organisation.change(settings=settings, secrets=secrets)
    await tenant.tools.create(
        name="find_order",
        data={"name": "find_order", "description": "Find.", "url": f"{crm.url}/orders"},
        secrets={"Authorization": lost},
    )
    path = await create(realtime_config=OPENAI, lookup_on_new=True, http_tools=["find_order"])
    async with await jambonz.call(path):
        (session,) = cordboard.calls
        assert session.agent is not None
        assert [*session.agent.tools] == ["end_call"]
    assert crm.asked == []
    out = capsys.readouterr().out
    assert all(f"of={name}" in out for name in ("lookup", "vendor_keys", "'tool find_order'"))
