"""How the passages of a document are put into the index, and taken out of it.

A document is cut into terms before a transaction begins, in a thread: for a long one that takes a
second. Within it, rows go in small batches, so that others have their turn on the loop between.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.scope import Scope
from app.store.tables.knowledge import PASSAGES, TERMS
from app.store.terms import mark_of, terms_of, words

__all__ = ["Index", "Passage", "add_to_index", "make_index", "take_from_index"]

BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a document that can be read by itself.

    Attributes:
        heading: Under which it stands, or "".
        content: Its text.
    """

    heading: str
    content: str


@dataclass(frozen=True, slots=True)
class Index:
    """What is kept of the passages of a document.

    Attributes:
        rows: One for each passage.
        counts: In how many passages each term stands.
    """

    rows: Sequence[Mapping[str, Any]]
    counts: Mapping[str, int]


async def make_index(title: str, passages: Sequence[Passage]) -> Index:
    """The terms of passages, those of the document's title with each."""
    return await asyncio.to_thread(_make_index, title, passages)


def _make_index(title: str, passages: Sequence[Passage]) -> Index:
    rows: list[Mapping[str, Any]] = []
    counts: Counter[str] = Counter()
    titled = terms_of(title)
    for passage in passages:
        terms = [*titled, *terms_of(passage.heading), *terms_of(passage.content)]
        counts.update(set(terms))
        rows.append(
            {
                "heading": passage.heading,
                "content": passage.content,
                "length": len(terms),
                "terms": " ".join(terms),
            }
        )
    return Index(rows, counts)


async def add_to_index(
    scope: Scope, connection: AsyncConnection, index: Index, *, knowledge_id: str, document_id: str
) -> None:
    """Keep the passages of a document."""
    ids = {"knowledge_id": knowledge_id, "document_id": document_id}
    mark = mark_of(knowledge_id)
    for rows in _batches(index.rows):
        marked = [{**row, **ids, "terms": f"{mark} {row['terms']}"} for row in rows]
        await connection.execute(scope.insert(PASSAGES), marked)
    counted = scope.upsert(TERMS)
    counted = counted.on_conflict_do_update(
        index_elements=[*TERMS.primary_key],
        set_={"passages": TERMS.c.passages + counted.excluded.passages},
    )
    # In one order for all, so that two transactions never wait for one another.
    for pairs in _batches(sorted(index.counts.items())):
        await connection.execute(
            counted,
            [
                {"knowledge_id": knowledge_id, "term": term, "passages": count}
                for term, count in pairs
            ],
        )


async def take_from_index(
    scope: Scope, connection: AsyncConnection, *, knowledge_id: str, document_id: str
) -> None:
    """Forget the passages of a document."""
    kept = sa.type_coerce(PASSAGES.c.terms, sa.Text)
    query = scope.select(PASSAGES, kept).where(PASSAGES.c.document_id == document_id)
    found = (await connection.scalars(query)).all()
    counts = await asyncio.to_thread(_count, found, is_sqlite=scope.is_sqlite)
    gone = scope.delete(PASSAGES).where(PASSAGES.c.document_id == document_id)
    await connection.execute(gone)
    of_base = TERMS.c.knowledge_id == knowledge_id
    fewer = scope.update(TERMS).where(of_base, TERMS.c.term == sa.bindparam("gone_term"))
    fewer = fewer.values(
        passages=TERMS.c.passages - sa.bindparam("gone_passages", type_=sa.Integer)
    )
    for pairs in _batches(sorted(counts.items())):
        rows = [{"gone_term": term, "gone_passages": count} for term, count in pairs]
        await connection.execute(fewer, rows)
    await connection.execute(scope.delete(TERMS).where(of_base, TERMS.c.passages <= 0))


def _count(kept: Sequence[str], *, is_sqlite: bool) -> Counter[str]:
    """In how many passages each term stands."""
    counts: Counter[str] = Counter()
    for text in kept:
        _mark, *terms = (text if is_sqlite else words(text)).split()
        counts.update(set(terms))
    return counts


def _batches(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (items[at : at + BATCH] for at in range(0, len(items), BATCH))
