"""Questions are answered from the documents: by a model, without one, and when it fails."""

import asyncio
from collections.abc import Sequence

import pytest

from app.knowledge.librarian import Librarian
from app.knowledge.texts import Texts
from app.llm import ChatModel, FakeModel, ModelError
from app.store import Store, Tenant
from app.store.knowledge import Shelf
from tests.store.library import add, draft, make_shop
from tests.store_fixtures import another_tenant


@pytest.fixture
def tenant(sqlite_store: Store) -> Tenant:
    return sqlite_store.tenant("00000000-0000-4000-8000-000000000001", "test")


@pytest.fixture
async def shop(tenant: Tenant) -> str:
    return await make_shop(tenant)


def librarian(model: ChatModel | None = None, **options: float) -> Librarian:
    async def worker_of(_tenant: Tenant) -> ChatModel | None:
        return model

    return Librarian(worker_of, **options)  # type: ignore[arg-type]


async def unanswered(tenant: Tenant, base: str) -> Sequence[tuple[str, int]]:
    return [(each.question, each.times) for each in await tenant.questions.list(base)]


async def test_a_model_answers_from_all_documents(tenant: Tenant, shop: str) -> None:
    model = FakeModel(["It is four euros.\nSources: Delivery"])
    answer = await librarian(model).ask(tenant, [shop], "What does delivery cost?")

    assert (answer.text, answer.sources, answer.by) == ("It is four euros.", ["Delivery"], "model")
    assert model.requests[0].system.count("## Document:") == 5
    assert await unanswered(tenant, shop) == []


async def test_an_answer_without_sources_gets_those_that_are_likely(
    tenant: Tenant, shop: str
) -> None:
    answer = await librarian(FakeModel(["Nuts."])).ask(tenant, [shop], "almond cake allergens")

    assert answer.sources[0] == "Café"


async def test_what_the_model_does_not_know_is_noted(tenant: Tenant, shop: str) -> None:
    asked = librarian(FakeModel(["UNKNOWN", "unknown."]))
    answer = await asked.ask(tenant, [shop], "Do you sell bikes?")
    await asked.ask(tenant, [shop], "do you sell a bike")

    assert (answer.text, answer.is_known) == ("", False)
    assert await unanswered(tenant, shop) == [("do you sell a bike", 2)]


async def test_beyond_the_budget_only_the_best_passages_go(tenant: Tenant, shop: str) -> None:
    model = FakeModel(["It is four euros."])
    answer = await librarian(model, budget=200).ask(tenant, [shop], "What does delivery cost?")
    system = model.requests[0].system

    assert '## Document: "Delivery"' in system
    assert "Prices: Delivery costs four euros" in system
    assert "almond" not in system
    assert answer.sources == ["Delivery"]


async def test_beyond_the_budget_without_a_passage_nobody_is_asked(
    tenant: Tenant, shop: str
) -> None:
    answer = await librarian(FakeModel(), budget=200).ask(tenant, [shop], "Sell unicycles?")

    assert not answer.is_known
    assert await unanswered(tenant, shop) == [("Sell unicycles?", 1)]


async def test_without_a_model_the_best_passage_is_the_answer(tenant: Tenant, shop: str) -> None:
    answer = await librarian().ask(tenant, [shop], "Do you deliver to Switzerland?")

    assert answer.text.startswith("We deliver to Switzerland within five days.")
    assert (answer.sources, answer.by) == (("Delivery",), "passage")


async def test_without_a_model_a_passage_about_something_else_is_no_answer(
    tenant: Tenant, shop: str
) -> None:
    answer = await librarian().ask(tenant, [shop], "Can helicopters land close by your roof?")

    assert not answer.is_known
    assert len(await unanswered(tenant, shop)) == 1


@pytest.mark.parametrize("kind", ["auth", "overloaded"])
async def test_where_the_model_fails_the_best_passage_is_the_answer(
    tenant: Tenant, shop: str, kind: str
) -> None:
    failing = FakeModel([ModelError("no", kind=kind)])  # type: ignore[arg-type]
    answer = await librarian(failing).ask(tenant, [shop], "What does delivery cost?")

    assert answer.by == "passage"
    assert answer.text.startswith("Delivery costs four euros")


async def test_a_model_that_is_too_slow_is_not_waited_for(tenant: Tenant, shop: str) -> None:
    never = asyncio.Event()

    async def wait(_request: object) -> str:
        await never.wait()
        return "too late"

    asked = librarian(FakeModel([wait]), within=0.01)
    answer = await asked.ask(tenant, [shop], "What does delivery cost?")

    assert answer.by == "passage"


async def test_a_base_that_is_gone_or_empty_answers_nothing(tenant: Tenant, shop: str) -> None:
    empty = (await tenant.knowledge.create("Empty")).id
    await tenant.knowledge.delete(shop)

    assert not (await librarian(FakeModel()).ask(tenant, [shop, empty], "delivery?")).is_known
    assert await unanswered(tenant, empty) == [("delivery?", 1)]


async def test_nobody_is_answered_from_the_documents_of_others(
    sqlite_store: Store, shop: str
) -> None:
    thief = await another_tenant(sqlite_store)

    assert not (await librarian(FakeModel()).ask(thief, [shop], "delivery?")).is_known


async def test_what_changes_during_a_call_counts_for_its_next_question(
    tenant: Tenant, shop: str
) -> None:
    model = FakeModel(["One.", "Two."])
    asked = librarian(model)
    await asked.ask(tenant, [shop], "Anything?")
    await add(tenant, shop, "News", "We have moved to the harbour.")
    await asked.ask(tenant, [shop], "Anything?")

    assert [request.system.count("harbour") for request in model.requests] == [0, 1]


async def test_texts_are_read_once_until_they_change(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = (await tenant.knowledge.create("Shop")).id
    document = await add(tenant, base, "One", "first")
    read: list[str] = []
    original = tenant.documents.texts

    async def count(knowledge_id: str) -> object:
        read.append(knowledge_id)
        return await original(knowledge_id)

    monkeypatch.setattr(tenant.documents, "texts", count)
    texts = Texts()
    for _ in range(3):
        await texts.of(tenant, (await tenant.knowledge.shelves([base]))[0])
    assert len(read) == 1
    await tenant.documents.replace(base, document.id, draft("One", [("", "second")]))
    (found,) = await texts.of(tenant, (await tenant.knowledge.shelves([base]))[0])

    assert (found.content, len(read)) == ("second", 2)


async def test_no_more_texts_are_kept_than_there_is_room_for(tenant: Tenant) -> None:
    texts = Texts(most=25)
    shelves: list[Shelf] = []
    for name in ("One", "Two", "Three"):
        base = (await tenant.knowledge.create(name)).id
        await add(tenant, base, name, "x" * 10)
        shelves += await tenant.knowledge.shelves([base])
    for shelf in shelves:
        await texts.of(tenant, shelf)

    assert len(texts._kept) == 2
