"""Questions that a knowledge base could not answer, so that people see what is missing in it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.scope import Scope
from app.store.tables.knowledge import BASES, QUESTIONS
from app.store.terms import wanted_terms
from app.store.types import new_id, now

__all__ = ["LONGEST_QUESTION", "MOST_QUESTIONS", "Questions", "UnansweredQuestion"]

MOST_QUESTIONS: Final = 500
"""How many a base keeps; of more, those that were not asked for the longest time are forgotten."""

LONGEST_QUESTION: Final = 500


@dataclass(frozen=True, slots=True)
class UnansweredQuestion:
    """A question that a base could not answer.

    Attributes:
        id: Its id.
        knowledge_id: The base.
        question: As it was asked last.
        times: How often it was asked, in any order of its words.
        first_asked_at: When first.
        last_asked_at: When last.
    """

    id: str
    knowledge_id: str
    question: str
    times: int
    first_asked_at: datetime
    last_asked_at: datetime


class Questions:
    """What the bases of one organisation could not answer."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def list(self, knowledge_id: str) -> Sequence[UnansweredQuestion]:
        """Those of a base, the most frequent first."""
        query = self._scope.select(QUESTIONS).where(QUESTIONS.c.knowledge_id == knowledge_id)
        query = query.order_by(
            QUESTIONS.c.times.desc(), QUESTIONS.c.last_asked_at.desc(), QUESTIONS.c.id
        )
        async with self._scope.reading() as connection:
            return [_question(row) for row in await connection.execute(query)]

    async def note(self, knowledge_ids: Sequence[str], question: str) -> None:
        """Count a question in the bases that could not answer it; those that are gone are not.

        Args:
            knowledge_ids: The bases that were asked.
            question: In the caller's words, or the model's.
        """
        moment, likeness = now(), _likeness(question)
        async with self._scope.writing() as connection:
            there = self._scope.select(BASES, BASES.c.id).where(BASES.c.id.in_(knowledge_ids))
            for knowledge_id in (await connection.scalars(there.order_by(BASES.c.id))).all():
                row = {
                    "id": new_id(),
                    "knowledge_id": knowledge_id,
                    "question": question[:LONGEST_QUESTION],
                    "likeness": likeness,
                    "times": 1,
                    "first_asked_at": moment,
                    "last_asked_at": moment,
                }
                await self._count(connection, row)

    async def dismiss(self, knowledge_id: str, question_id: str) -> bool:
        """Forget a question, until it is asked again; False where there is none."""
        is_it = sa.and_(QUESTIONS.c.knowledge_id == knowledge_id, QUESTIONS.c.id == question_id)
        async with self._scope.writing() as connection:
            gone = await connection.execute(self._scope.delete(QUESTIONS).where(is_it))
            if not gone.rowcount:
                return False
            await self._scope.audit(connection, "dismiss", "question", question_id)
            return True

    async def _count(self, connection: AsyncConnection, row: dict[str, Any]) -> None:
        new = self._scope.upsert(QUESTIONS).values(**row)
        counted = new.on_conflict_do_update(
            index_elements=["organisation_id", "knowledge_id", "likeness"],
            set_={
                "question": new.excluded.question,
                "times": QUESTIONS.c.times + 1,
                "last_asked_at": new.excluded.last_asked_at,
            },
        )
        await connection.execute(counted)
        is_in_base = QUESTIONS.c.knowledge_id == row["knowledge_id"]
        newest = self._scope.select(QUESTIONS, QUESTIONS.c.id).where(is_in_base)
        newest = newest.order_by(QUESTIONS.c.last_asked_at.desc(), QUESTIONS.c.id)
        forgotten = newest.limit(MOST_QUESTIONS).offset(MOST_QUESTIONS)
        gone = self._scope.delete(QUESTIONS).where(QUESTIONS.c.id.in_(forgotten))
        await connection.execute(gone)


def _likeness(question: str) -> str:
    """The same for questions of the same telling words, in any order and form."""
    words = " ".join(sorted(wanted_terms(question)))
    return hashlib.blake2s((words or question).encode()).hexdigest()


def _question(row: sa.Row[Any]) -> UnansweredQuestion:
    return UnansweredQuestion(
        row.id, row.knowledge_id, row.question, row.times, row.first_asked_at, row.last_asked_at
    )
