"""Passages are found by a question: the same on both engines, and nobody else's."""

import sqlalchemy as sa

from app.store import Tenant
from app.store.passages import MOST_RANKED, weigh
from app.store.tables.knowledge import PASSAGES, TERMS
from tests.store.library import add, draft, make_shop

# The same on both engines, since every test here runs on both.
FIRST = {
    "When do you open on weekdays, say on Monday?": "We are open from nine",
    "Is the shop closed on Sunday?": "On Saturdays we close at noon",
    "are you there on holidays": "On public holidays nobody",
    "How much is the delivery?": "Delivery costs four euros",
    "Do you DELIVER to switzerland?": "We deliver to Switzerland",
    "my parcels are damaged": "A parcel that arrives damaged",
    "How do I get a refund?": "The money is back",
    "Can I send something back after thirty days?": "You may send back",
    "creme brulee": "Our café on the first floor",
    "CAFÉ floor": "Our café on the first floor",
    "nut allergies": "The almond cake has nuts",
    "Does the market open on Thursday?": "The market in front",
    "Is it open when it rains?": "The market in front",
}


async def test_the_first_passage_answers_the_question(tenant: Tenant) -> None:
    base = await make_shop(tenant)
    found = {question: await tenant.passages.search([base], question) for question in FIRST}

    assert {
        question: passages[0].content[: len(FIRST[question])]
        for question, passages in found.items()
    } == FIRST
    for passages in found.values():
        scores = [each.score for each in passages]
        assert scores == sorted(scores, reverse=True)


async def test_a_passage_says_where_it_stands(tenant: Tenant) -> None:
    base = await make_shop(tenant)
    (found,) = await tenant.passages.search([base], "customs duties", limit=1)

    assert (found.knowledge_id, found.title, found.heading) == (base, "Delivery", "Abroad")


async def test_a_rare_word_tells_more_than_a_frequent_one(tenant: Tenant) -> None:
    base = (await tenant.knowledge.create("Branches")).id
    many = [f"Opening hours of branch {number}: opening hours as usual." for number in range(300)]
    await add(tenant, base, "Branches", *many, "Zanzibar closes early.")

    found = await tenant.passages.search([base], "opening hours of the Zanzibar branch")

    assert found[0].content == "Zanzibar closes early."


async def test_only_linked_bases_are_searched(tenant: Tenant) -> None:
    shop, other = await make_shop(tenant), await make_shop(tenant, "Second shop")

    assert {each.knowledge_id for each in await tenant.passages.search([other], "parcel")} == {
        other
    }
    both = await tenant.passages.search([shop, other], "parcel")
    assert {each.knowledge_id for each in both} == {shop, other}
    assert await tenant.passages.search([], "parcel") == []


async def test_no_question_finds_what_another_organisation_has(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    base = await make_shop(tenant)

    assert await other_tenant.passages.search([base], "parcel") == []


MEANT_TO_BREAK_OUT = [
    "parcel' OR '1'='1",
    'parcel" OR "x',
    "parcel*",
    "knowledge_id : parcel",
    "NEAR(parcel x, 5)",
    "parcel AND (",
    "-parcel",
    "^parcel",
    "parcel:* & !x | <-> x",
    "parcel\\",
    "{terms} : parcel",
    "); DROP TABLE knowledge_passages; -- parcel",
    "\0parcel",
]


async def test_no_question_means_anything_to_the_engine(tenant: Tenant) -> None:
    base = await make_shop(tenant)

    for question in MEANT_TO_BREAK_OUT:
        found = await tenant.passages.search([base], question)
        assert "parcel" in found[0].content, question
    for question in ('"', "'", "🙂", "", "?!", "*", "(", "\0"):
        assert await tenant.passages.search([base], question) == [], question


async def test_what_is_removed_is_not_found(tenant: Tenant) -> None:
    base = (await tenant.knowledge.create("Shop")).id
    kept = await add(tenant, base, "Kept", "The blue parcel.", "A blue box.")
    gone = await add(tenant, base, "Gone", "The blue parcel.", "A green parcel.")

    assert await tenant.documents.delete(base, gone.id)
    found = await tenant.passages.search([base], "green or blue parcel")

    assert {each.document_id for each in found} == {kept.id}
    assert await tenant.passages.search([base], "green") == []


async def test_what_is_replaced_is_found_as_it_is_now(tenant: Tenant) -> None:
    base = (await tenant.knowledge.create("Shop")).id
    document = await add(tenant, base, "Colour", "The parcel is blue.")
    await tenant.documents.replace(base, document.id, draft("Colour", [("", "It is green.")]))

    assert await tenant.passages.search([base], "blue parcel") == []
    (found,) = await tenant.passages.search([base], "green")
    assert found.content == "It is green."


async def test_terms_are_counted_as_documents_come_and_go(tenant: Tenant) -> None:
    base = (await tenant.knowledge.create("Shop")).id
    first = await add(tenant, base, "One", "red parcel", "red red box")
    await add(tenant, base, "Two", "red box")
    assert await counts(tenant) == {"one": 2, "two": 1, "red": 3, "parcel": 1, "box": 2}

    await tenant.documents.delete(base, first.id)
    assert await counts(tenant) == {"two": 1, "red": 1, "box": 1}

    await tenant.knowledge.delete(base)
    assert await counts(tenant) == {}
    async with tenant.scope.reading() as connection:
        left = await connection.scalar(tenant.scope.select(PASSAGES, sa.func.count()))
    assert left == 0


async def counts(tenant: Tenant) -> dict[str, int]:
    query = tenant.scope.select(TERMS, TERMS.c.term, TERMS.c.passages)
    async with tenant.scope.reading() as connection:
        return {row.term: row.passages for row in await connection.execute(query)}


async def test_a_deleted_base_leaves_nothing_in_the_index(tenant: Tenant) -> None:
    gone, kept = await make_shop(tenant), await make_shop(tenant, "Kept")
    await tenant.knowledge.delete(gone)

    found = await tenant.passages.search([gone, kept], "parcel")

    assert {each.knowledge_id for each in found} == {kept}


def test_words_that_stand_everywhere_choose_no_candidates() -> None:
    counts = {"shop": MOST_RANKED, "zanzibar": 3, "hour": 40}
    weighed = weigh(counts, MOST_RANKED)

    assert weighed.choosing == ["zanzibar", "hour"]
    assert weighed.rarity["zanzibar"] > weighed.rarity["hour"] > weighed.rarity["shop"]


def test_where_all_words_stand_everywhere_the_rarest_chooses() -> None:
    assert weigh({"a": 9000, "b": 8000}, 10_000).choosing == ["b"]
