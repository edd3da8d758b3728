"""A stored agent answers from the documents it is linked to: nobody has written any Python."""

import json

import pytest

from app.llm import FakeModel, ToolCall
from app.store import DEFAULT_ORGANISATION, Store
from app.store.agents import Saved
from app.twin import Twin
from tests.store.library import make_shop
from tests.stored.agents import CASCADED, read

ASK = ToolCall(name="query_knowledge", arguments={"query": "What does delivery cost?"}, id="call_1")


@pytest.fixture
def cordboard_store(sqlite_store: Store) -> Store:
    return sqlite_store


@pytest.fixture
def cordboard_model() -> FakeModel:
    return FakeModel(["Hello.", ASK, "Four euros."])


async def path_of(store: Store, *bases: str, **tools: bool) -> str:
    """Where an agent answers that is linked to these bases."""
    data = read(agent_config=CASCADED, tools=tools, knowledge_base_ids=[*bases])
    agents = store.tenant(DEFAULT_ORGANISATION, "test").agents
    return f"/agents/{(await agents.create(Saved(data.to_json(), bases))).id}"


async def test_it_answers_from_the_best_passage_where_there_is_no_key(
    jambonz: Twin, sqlite_store: Store, cordboard_model: FakeModel
) -> None:
    base = await make_shop(sqlite_store.tenant(DEFAULT_ORGANISATION, "test"))
    async with await jambonz.call(await path_of(sqlite_store, base)) as call:
        await call.heard()
        assert await call.say("How much do you take for delivery?") == "Four euros."
    told = json.loads(cordboard_model.requests[2].messages[-1].content)

    assert told["sources"] == ["Delivery"]
    assert told["answer"].startswith("Delivery costs four euros")


@pytest.mark.parametrize("is_linked", [True, False])
async def test_without_a_link_or_switched_off_there_is_no_such_tool(
    jambonz: Twin, sqlite_store: Store, cordboard_model: FakeModel, is_linked: bool
) -> None:
    base = await make_shop(sqlite_store.tenant(DEFAULT_ORGANISATION, "test"))
    bases = [base] if is_linked else []
    path = await path_of(sqlite_store, *bases, query_knowledge=not is_linked)
    async with await jambonz.call(path) as call:
        await call.heard()

    assert "query_knowledge" not in [tool.name for tool in cordboard_model.requests[0].tools]
