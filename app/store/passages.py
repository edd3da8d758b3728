"""Passages of documents: the best ones for a question.

The engine finds candidates and puts them in order (bm25 in SQLite, ts_rank_cd in PostgreSQL). The
best of them are then ordered by one formula for both, so that the engines give the same passages.
Only the rarest words of a question choose candidates: a word that stands in thousands of passages
tells none of them from the others, and would take the time of all.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.scope import Scope
from app.store.tables.knowledge import DOCUMENTS, PASSAGES, SEARCH, TERMS
from app.store.terms import mark_of, occurrences, wanted_terms

__all__ = ["FoundPassage", "Passages"]

CANDIDATES: Final = 40
"""How many the engine hands over."""

MOST_RANKED: Final = 1000
"""How many the engine looks at, as long as the question has words as rare as that."""

SATURATION: Final = 1.2
LENGTH_WEIGHT: Final = 0.75
BY_LENGTH_AND_SATURATED: Final = 1 | 32  # flags of ts_rank_cd


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A passage that has to do with a question.

    Attributes:
        knowledge_id: The base it is in.
        document_id: The document it is of.
        title: Of the document.
        heading: Under which it stands, or "".
        content: Its text.
        score: How well it fits; to be compared with those of the same question only.
    """

    knowledge_id: str
    document_id: str
    title: str
    heading: str
    content: str
    score: float


@dataclass(frozen=True, slots=True)
class Weighed:
    """The words of a question that are known, the rarest first.

    Attributes:
        rarity: How much each tells.
        choosing: Those that choose candidates.
    """

    rarity: Mapping[str, float]
    choosing: Sequence[str]


class Passages:
    """The passages of one organisation."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def search(
        self, knowledge_ids: Sequence[str], question: str, *, limit: int = 8
    ) -> Sequence[FoundPassage]:
        """The best passages for a question, the best first; none where no word of it is known.

        Args:
            knowledge_ids: The bases to look in.
            question: In words; no character of it means anything to the engine.
            limit: How many at most, up to 40.
        """
        wanted = wanted_terms(question)
        if not wanted or not knowledge_ids:
            return []
        async with self._scope.reading() as connection:
            weighed = await self._weigh(connection, knowledge_ids, wanted)
            if not weighed.choosing:
                return []
            query = self._candidates(knowledge_ids, weighed)
            rows = (await connection.execute(query)).all()
        return self._order(rows, weighed.rarity)[:limit]

    async def _weigh(
        self, connection: AsyncConnection, knowledge_ids: Sequence[str], wanted: Sequence[str]
    ) -> Weighed:
        total = self._scope.select(DOCUMENTS, sa.func.sum(DOCUMENTS.c.passages))
        total = total.where(DOCUMENTS.c.knowledge_id.in_(knowledge_ids))
        count = sa.func.sum(TERMS.c.passages)
        known = self._scope.select(TERMS, TERMS.c.term, count, total.scalar_subquery())
        known = known.where(TERMS.c.knowledge_id.in_(knowledge_ids), TERMS.c.term.in_(wanted))
        rows = (await connection.execute(known.group_by(TERMS.c.term))).all()
        return weigh({row[0]: int(row[1]) for row in rows}, int(rows[0][2]) if rows else 0)

    def _candidates(self, knowledge_ids: Sequence[str], weighed: Weighed) -> sa.Select[Any]:
        """What the engine puts first, of all it has; then, what of it is ours."""
        find = in_sqlite if self._scope.is_sqlite else in_postgresql
        query = self._scope.select(
            PASSAGES,
            PASSAGES.c.id,
            PASSAGES.c.knowledge_id,
            PASSAGES.c.document_id,
            DOCUMENTS.c.title,
            PASSAGES.c.heading,
            PASSAGES.c.content,
            PASSAGES.c.length,
            sa.type_coerce(PASSAGES.c.terms, sa.Text).label("kept"),
        ).join(DOCUMENTS, _is_its_document)
        return query.where(
            PASSAGES.c.id.in_(find(knowledge_ids, weighed)),
            PASSAGES.c.knowledge_id.in_(knowledge_ids),
        )

    def _order(
        self, rows: Sequence[sa.Row[Any]], rarity: Mapping[str, float]
    ) -> list[FoundPassage]:
        """By how often each word stands in a passage, how rare it is, and how long the passage."""
        if not rows:
            return []
        average = sum(row.length for row in rows) / len(rows)
        scored = []
        for row in rows:
            share = SATURATION * (1 - LENGTH_WEIGHT + LENGTH_WEIGHT * row.length / average)
            found = occurrences(row.kept, rarity, is_sqlite=self._scope.is_sqlite)
            score = sum(
                rarity[term] * count * (SATURATION + 1) / (count + share)
                for term, count in found.items()
            )
            scored.append((-score, row.id, row))
        return [
            FoundPassage(
                row.knowledge_id, row.document_id, row.title, row.heading, row.content, -negative
            )
            for negative, _, row in sorted(scored)
        ]


_is_its_document = sa.and_(
    DOCUMENTS.c.organisation_id == PASSAGES.c.organisation_id,
    DOCUMENTS.c.id == PASSAGES.c.document_id,
)


def weigh(counts: Mapping[str, int], total: int) -> Weighed:
    """How much each word tells, by the number of passages it stands in, of so many."""
    rarest = sorted(counts, key=lambda term: (counts[term], term))
    rarity = {
        term: math.log(1 + (max(total - counts[term], 0) + 0.5) / (counts[term] + 0.5))
        for term in rarest
    }
    choosing, ranked = rarest[:1], sum(counts[term] for term in rarest[:1])
    for term in rarest[1:]:
        ranked += counts[term]
        if ranked > MOST_RANKED:
            break
        choosing.append(term)
    return Weighed(rarity, choosing)


def in_sqlite(knowledge_ids: Sequence[str], weighed: Weighed) -> sa.Select[Any]:
    """The ids that FTS5 puts first; there a base is a word of its passages that weighs nothing."""
    bases = " OR ".join(f'"{each.replace("-", "")}"' for each in knowledge_ids)
    terms = " OR ".join(f'"{term}"' for term in weighed.choosing)
    match = sa.text("knowledge_search MATCH :match")
    match = match.bindparams(match=f"knowledge_id : ({bases}) AND terms : ({terms})")
    query = sa.select(SEARCH.c.rowid).where(match)
    return query.order_by(sa.text("bm25(knowledge_search, 0.0, 1.0), rowid")).limit(CANDIDATES)


def in_postgresql(knowledge_ids: Sequence[str], weighed: Weighed) -> sa.Select[Any]:
    """The ids that ts_rank_cd puts first; it knows no rarity, so that is put in here.

    The index alone has to answer which passages of which bases: a planner that does not know the
    table yet would rather look at each passage of a base.
    """
    rank: sa.ColumnElement[float] = sa.literal(0.0, sa.Float)
    for term in weighed.choosing:
        rank += weighed.rarity[term] * sa.func.ts_rank_cd(
            FOUND.c.terms, one_of([term]), BY_LENGTH_AND_SATURATED, type_=sa.Float
        )
    bases = one_of([mark_of(each) for each in knowledge_ids])
    matching = FOUND.c.terms.op("@@", is_comparison=True)(bases.op("&&")(one_of(weighed.choosing)))
    query = sa.select(FOUND.c.id).where(matching)
    return query.order_by(rank.desc(), FOUND.c.id).limit(CANDIDATES)


FOUND: Final = PASSAGES.alias("found")


def one_of(terms: Sequence[str]) -> sa.ColumnElement[Any]:
    """A ``tsquery`` for any of these terms."""
    return sa.cast(" | ".join(f"'{term}'" for term in terms), TSQUERY)
