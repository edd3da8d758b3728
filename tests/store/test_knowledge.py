"""Knowledge bases, their documents, and what they could not answer, on both engines."""

import asyncio
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa

from app.store import Tenant, new_id
from app.store import documents as documents_module
from app.store import knowledge as knowledge_module
from app.store import questions as questions_module
from app.store.agents import Saved
from app.store.knowledge import TooMany
from app.store.tables.audit import AUDIT
from tests.store.library import add, draft, make_shop

AGENT: dict[str, Any] = {"name": "Desk", "prompt": "Help."}


async def test_a_base_counts_its_documents_and_knows_its_agents(tenant: Tenant) -> None:
    base = await make_shop(tenant)
    empty = await tenant.knowledge.create("Empty", "For later")
    agent = await tenant.agents.create(Saved(AGENT, [base]))

    first, second = await tenant.knowledge.list()

    assert (first.id, first.document_count, first.agent_ids) == (empty.id, 0, ())
    assert (first.title, first.description) == ("Empty", "For later")
    assert (second.id, second.document_count, second.agent_ids) == (base, 5, [agent.id])
    assert second.characters == sum(
        len(each.content) for each in await tenant.documents.texts(base)
    )


async def test_only_the_version_that_answers_calls_counts_as_a_link(tenant: Tenant) -> None:
    base = (await tenant.knowledge.create("Shop")).id
    agent = await tenant.agents.create(Saved(AGENT))
    await tenant.agents.replace(agent.id, Saved(AGENT, [base]), is_draft=True)
    before = await tenant.knowledge.get(base)
    await tenant.agents.publish(agent.id, 2)
    after = await tenant.knowledge.get(base)

    assert before is not None
    assert after is not None
    assert (before.agent_ids, after.agent_ids) == ((), [agent.id])


async def test_a_base_is_renamed_and_removed(tenant: Tenant) -> None:
    base = await tenant.knowledge.create("Shop")
    renamed = await tenant.knowledge.replace(base.id, "Store", "All of it")

    assert renamed is not None
    assert (renamed.title, renamed.description) == ("Store", "All of it")
    assert renamed.updated_at > base.updated_at
    assert await tenant.knowledge.delete(base.id)
    assert await tenant.knowledge.get(base.id) is None
    assert not await tenant.knowledge.delete(base.id)
    assert await tenant.knowledge.replace(base.id, "Store") is None


async def test_a_document_is_kept_as_it_was_given(tenant: Tenant) -> None:
    base = (await tenant.knowledge.create("Shop")).id
    added = await add(tenant, base, "Größe", "It’s 3½ m.\n", "Ende")

    found = await tenant.documents.get(base, added.id)

    assert found == added
    assert found.content == "It’s 3½ m.\n\n\nEnde"
    (listed,) = await tenant.documents.list(base)
    assert (listed.content, listed.characters) == (None, len(found.content))


async def test_a_document_is_replaced_and_removed(tenant: Tenant) -> None:
    base = (await tenant.knowledge.create("Shop")).id
    old = await add(tenant, base, "Old", "old")
    new = await tenant.documents.replace(base, old.id, draft("New", [("", "new")]))

    assert new is not None
    assert (new.id, new.title, new.content, new.created_at) == (
        old.id,
        "New",
        "new",
        old.created_at,
    )
    assert await tenant.documents.delete(base, old.id)
    assert not await tenant.documents.delete(base, old.id)
    assert await tenant.documents.replace(base, old.id, draft("New", [])) is None


async def test_a_document_is_reached_by_its_own_base_only(tenant: Tenant) -> None:
    base = (await tenant.knowledge.create("Shop")).id
    other = (await tenant.knowledge.create("Other")).id
    document = await add(tenant, base, "One", "text")

    assert await tenant.documents.get(other, document.id) is None
    assert not await tenant.documents.delete(other, document.id)
    assert await tenant.documents.add(new_id(), draft("Two", [])) is None


async def test_no_organisation_reaches_the_bases_of_another(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    base = (await tenant.knowledge.create("Shop")).id
    document = await add(tenant, base, "One", "text")
    await tenant.questions.note([base], "why?")
    (question,) = await tenant.questions.list(base)
    thief = other_tenant

    assert await thief.knowledge.list() == []
    assert await thief.knowledge.get(base) is None
    assert await thief.knowledge.replace(base, "Mine") is None
    assert not await thief.knowledge.delete(base)
    assert await thief.knowledge.shelves([base]) == []
    assert await thief.documents.list(base) == []
    assert await thief.documents.get(base, document.id) is None
    assert await thief.documents.texts(base) == []
    assert await thief.documents.add(base, draft("Mine", [])) is None
    assert await thief.documents.replace(base, document.id, draft("Mine", [])) is None
    assert not await thief.documents.delete(base, document.id)
    assert await thief.questions.list(base) == []
    assert not await thief.questions.dismiss(base, question.id)
    await thief.questions.note([base], "why?")
    assert await tenant.questions.list(base) == [question]


async def test_a_shelf_changes_with_every_document_and_with_the_title(tenant: Tenant) -> None:
    base = (await tenant.knowledge.create("Shop")).id
    moments = [await changed_at(tenant, base)]
    document = await add(tenant, base, "One", "text")
    moments.append(await changed_at(tenant, base))
    await tenant.documents.replace(base, document.id, draft("One", [("", "more")]))
    moments.append(await changed_at(tenant, base))
    await tenant.knowledge.replace(base, "Store")
    moments.append(await changed_at(tenant, base))
    await tenant.documents.delete(base, document.id)
    moments.append(await changed_at(tenant, base))

    assert moments == sorted(set(moments))


async def changed_at(tenant: Tenant, base: str) -> datetime:
    (shelf,) = await tenant.knowledge.shelves([base])
    return shelf.changed_at


async def test_shelves_come_in_the_order_asked_for_without_those_that_are_gone(
    tenant: Tenant,
) -> None:
    shop, empty = await make_shop(tenant), (await tenant.knowledge.create("Empty")).id

    found = await tenant.knowledge.shelves([shop, new_id(), empty, shop])

    assert [(each.id, each.title) for each in found] == [(shop, "Shop"), (empty, "Empty")]
    assert found[0].documents == ["Opening hours", "Delivery", "Returns", "Café", "Weekly market"]
    assert (found[1].documents, found[1].characters) == ([], 0)


async def test_documents_of_one_base_may_come_at_the_same_time(tenant: Tenant) -> None:
    base = (await tenant.knowledge.create("Shop")).id
    words = [f"the same words and number {number}" for number in range(10)]
    await asyncio.gather(*(add(tenant, base, "Same", text) for text in words))

    found = await tenant.passages.search([base], "same words", limit=40)

    assert sorted(each.content for each in found) == sorted(words)


async def test_there_are_so_many_bases_and_documents_and_no_more(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(knowledge_module, "MOST_BASES", 1)
    monkeypatch.setattr(documents_module, "MOST_DOCUMENTS", 1)
    base = (await tenant.knowledge.create("Shop")).id
    await add(tenant, base, "One", "text")

    with pytest.raises(TooMany, match="1 knowledge bases"):
        await tenant.knowledge.create("Another")
    with pytest.raises(TooMany, match="1 documents"):
        await add(tenant, base, "Two", "text")


async def test_an_unanswered_question_is_counted_when_it_comes_again(tenant: Tenant) -> None:
    base = (await tenant.knowledge.create("Shop")).id
    for question in ("Do you sell bikes?", "Is there a car park?", "do you sell a BIKE"):
        await tenant.questions.note([base, new_id()], question)

    found = await tenant.questions.list(base)

    assert [(each.question, each.times) for each in found] == [
        ("do you sell a BIKE", 2),
        ("Is there a car park?", 1),
    ]
    assert found[0].first_asked_at < found[1].first_asked_at < found[0].last_asked_at


async def test_a_question_is_dismissed(tenant: Tenant) -> None:
    base = (await tenant.knowledge.create("Shop")).id
    await tenant.questions.note([base], "Do you sell bikes?")
    (question,) = await tenant.questions.list(base)

    assert await tenant.questions.dismiss(base, question.id)
    assert not await tenant.questions.dismiss(base, question.id)
    assert await tenant.questions.list(base) == []


async def test_of_too_many_questions_the_oldest_are_forgotten(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions_module, "MOST_QUESTIONS", 2)
    base = (await tenant.knowledge.create("Shop")).id
    for question in ("bikes?", "cars?", "boats?", "x" * 5000):
        await tenant.questions.note([base], question)

    found = await tenant.questions.list(base)

    assert {each.question for each in found} == {"boats?", "x" * 500}


async def test_every_change_is_in_the_audit_log_without_the_text(tenant: Tenant) -> None:
    base = (await tenant.knowledge.create("Shop")).id
    document = await add(tenant, base, "One", "a text")
    await tenant.documents.delete(base, document.id)
    await tenant.knowledge.delete(base)
    async with tenant.scope.reading() as connection:
        rows = (await connection.execute(tenant.scope.select(AUDIT).order_by(AUDIT.c.id))).all()

    assert [(row.action, row.noun) for row in rows] == [
        ("create", "knowledge_base"),
        ("create", "document"),
        ("delete", "document"),
        ("delete", "knowledge_base"),
    ]
    assert rows[1].after["title"] == "One"
    assert "a text" not in str([row.after for row in rows])


async def test_a_title_may_hold_what_sql_would_read(tenant: Tenant) -> None:
    title = "'; DROP TABLE knowledge_bases; --"
    base = await tenant.knowledge.create(title)
    async with tenant.scope.reading() as connection:
        count = await connection.scalar(sa.text("SELECT count(*) FROM knowledge_bases"))

    assert (base.title, count) == (title, 1)
