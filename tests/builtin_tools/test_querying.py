"""``query_knowledge``: asked by the agent's model in a call, answered from its documents."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from app import Agent, Application, Session
from app.builtin_tools import build_query_knowledge, prompt_of
from app.builtin_tools.querying import MOST_LETTERS, NO_QUESTION, NOT_NOW, UNANSWERED
from app.knowledge import Librarian
from app.llm import ChatModel, FakeModel, ToolCall
from app.store import Store, StoreUnavailable, Tenant, new_id
from app.twin import Twin
from tests.store.library import add, make_shop


@pytest.fixture
def tenant(sqlite_store: Store) -> Tenant:
    return sqlite_store.tenant("00000000-0000-4000-8000-000000000001", "call")


@pytest.fixture
async def base(tenant: Tenant) -> str:
    return await make_shop(tenant)


@pytest.fixture
def worker() -> FakeModel:
    return FakeModel()


@pytest.fixture
def librarian(worker: FakeModel) -> Librarian:
    async def worker_of(_tenant: Tenant) -> ChatModel | None:
        return worker

    return Librarian(worker_of)


@pytest.fixture
def cordboard_applications(
    tenant: Tenant, base: str, librarian: Librarian
) -> Sequence[Application[Any, Any]]:
    front = Application("/front")

    @front.session_new
    async def answer(session: Session) -> Agent:
        built = await build_query_knowledge(tenant, [base], librarian)
        assert built is not None
        return Agent(
            llm="openai:gpt-4.1-mini",
            stt="deepgram:nova-3-general",
            tts="cartesia:sonic-english",
            instructions=prompt_of("You answer.", [built]),
            tools=[built.tool],
        )

    return [front]


@pytest.fixture
def query() -> object:
    """What the agent's model asks."""
    return "What does delivery cost?"


@pytest.fixture
def cordboard_model(query: object) -> FakeModel:
    asked = ToolCall(name="query_knowledge", arguments={"query": query}, id="call_1")
    return FakeModel(["Hello.", asked, "Here you are."])


async def converse(jambonz: Twin, model: FakeModel) -> Any:
    """Have the caller ask something; what the tool gave to the model."""
    async with await jambonz.call("/front") as call:
        await call.heard()
        await call.say("I have a question.")
        assert call.spoken == ["Hello.", "Here you are."]
    return json.loads(model.requests[2].messages[-1].content)


async def test_the_model_gets_the_answer_with_its_sources(
    jambonz: Twin, worker: FakeModel, cordboard_model: FakeModel
) -> None:
    worker.add("It is four euros.\nSources: Delivery")

    assert await converse(jambonz, cordboard_model) == {
        "answer": "It is four euros.",
        "sources": ["Delivery"],
    }
    assert worker.requests[0].messages[0].content == "What does delivery cost?"
    assert "## What the documents say" in cordboard_model.requests[0].system


async def test_the_model_is_told_what_there_is_to_ask(
    jambonz: Twin, cordboard_model: FakeModel, worker: FakeModel
) -> None:
    worker.add("UNKNOWN")
    await converse(jambonz, cordboard_model)
    (tool,) = cordboard_model.requests[0].tools

    assert "Shop (Opening hours, Delivery, Returns, Café, Weekly market)" in tool.description
    assert tool.parameters["required"] == ["query"]


async def test_what_the_documents_do_not_say_is_told_and_kept(
    jambonz: Twin, worker: FakeModel, cordboard_model: FakeModel, tenant: Tenant, base: str
) -> None:
    worker.add("UNKNOWN")

    assert await converse(jambonz, cordboard_model) == {"answer": UNANSWERED, "sources": []}
    (question,) = await tenant.questions.list(base)
    assert question.question == "What does delivery cost?"


class TestOfAQuestionThatIsNone:
    @pytest.fixture(params=["", "  ", 7, None])
    def query(self, request: pytest.FixtureRequest) -> object:
        return request.param

    async def test_the_model_hears_what_is_expected(
        self, jambonz: Twin, cordboard_model: FakeModel
    ) -> None:
        assert await converse(jambonz, cordboard_model) == {"error": NO_QUESTION}


async def test_documents_that_cannot_be_read_are_told_and_the_call_goes_on(
    jambonz: Twin, cordboard_model: FakeModel, librarian: Librarian, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise StoreUnavailable("the store does not answer")

    monkeypatch.setattr(librarian, "ask", fail)

    assert await converse(jambonz, cordboard_model) == {"error": NOT_NOW}


async def test_there_is_no_tool_without_bases(tenant: Tenant, librarian: Librarian) -> None:
    assert await build_query_knowledge(tenant, [], librarian) is None
    assert await build_query_knowledge(tenant, [new_id()], librarian) is None


async def test_of_very_many_titles_the_model_is_told_some(
    tenant: Tenant, librarian: Librarian
) -> None:
    base = (await tenant.knowledge.create("Archive")).id
    for number in range(20):
        await add(tenant, base, f"{number} " + "x" * 190, "text")
    built = await build_query_knowledge(tenant, [base], librarian)

    assert built is not None
    (tool,) = built.tools
    assert len(tool.description) < MOST_LETTERS + 200
    assert "and more" in tool.description
