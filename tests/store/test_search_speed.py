"""Searching ten thousand passages takes a moment that no caller hears."""

import random
import time

from app.store import Tenant
from app.store.indexing import Passage, add_to_index, make_index
from tests.store.library import add

PASSAGES = 10_000
MILLISECONDS = 10.0
"""The promise, for the best of many runs: the machine is busy with other tests too."""
ROUNDS = 150


def make_words(count: int) -> list[str]:
    """Made-up words, which no ending is cut off from."""
    drawn = random.Random(7)
    pairs = [first + second for first in "bdfgklmnprtvz" for second in "aou"]
    return ["".join(drawn.choices(pairs, k=3)) + str(number) for number in range(count)]


async def fill(tenant: Tenant) -> tuple[str, list[str]]:
    """A base in which few words are frequent and many are rare, as in any language."""
    drawn, words = random.Random(3), make_words(4000)
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    base = (await tenant.knowledge.create("Much")).id
    document = await add(tenant, base, "Much", "The first passage of all.")
    texts = [" ".join(drawn.choices(words, weights, k=40)) for _ in range(PASSAGES)]
    index = await make_index("Much", [Passage("", text) for text in texts])
    async with tenant.scope.writing() as connection:
        ids = {"knowledge_id": base, "document_id": document.id}
        await add_to_index(tenant.scope, connection, index, **ids)
    return base, words


async def test_ten_thousand_passages_are_searched_in_ten_milliseconds(tenant: Tenant) -> None:
    base, words = await fill(tenant)
    questions = {
        "rare words": f"{words[900]} {words[2100]} {words[3500]}",
        "words of a tenth of all passages": f"{words[30]} {words[45]} {words[60]}",
        "rare and frequent ones": " ".join(words[number] for number in (0, 1, 9, 60, 900, 3500)),
    }
    best = dict.fromkeys(questions, 1e9)
    for _ in range(ROUNDS):
        if max(best.values()) <= MILLISECONDS:
            break
        for name, question in questions.items():
            begun = time.perf_counter()
            found = await tenant.passages.search([base], question)
            best[name] = min(best[name], (time.perf_counter() - begun) * 1000)
            assert found, name

    assert {name: took for name, took in best.items() if took > MILLISECONDS} == {}, best
