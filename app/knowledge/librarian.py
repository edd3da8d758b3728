"""The librarian: answers questions from the knowledge bases of an organisation.

All documents go to a small worker model with the question; where they are too long for that, the
best passages do. Without a model, or where it fails, the best passage is the answer. What nobody
could answer is noted, so that people see what is missing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import structlog

from app.knowledge.spoken import coverage, spoken
from app.knowledge.texts import Texts
from app.knowledge.worker import ask_worker
from app.llm import ChatModel, ModelError
from app.logs import Event
from app.store import StoreUnavailable, Tenant
from app.store.documents import Text
from app.store.knowledge import Shelf
from app.store.passages import FoundPassage

__all__ = ["BUDGET", "Answer", "Librarian", "WorkerOf"]

BUDGET: Final = 60_000
"""Characters that go to the worker with one question."""

WITHIN: Final = 6.0
"""Seconds that it has: a caller waits."""

NOTE_WITHIN: Final = 0.5
"""Seconds that an answer waits at most until it is noted that there is none."""

MOST_PASSAGES: Final = 40
MOST_SOURCES: Final = 5
FITS: Final = 0.5
"""Which part of a question's words a passage must have to be an answer by itself."""

WorkerOf = Callable[[Tenant], Awaitable[ChatModel | None]]
"""The worker model of an organisation; None where there is no credential for one."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the documents say to a question.

    Attributes:
        text: To be spoken; "" where they do not answer it.
        sources: Titles of the documents that it is from.
        by: Who gave it: the worker ``model``, or the best ``passage``; ``nobody`` could.
    """

    text: str
    sources: Sequence[str]
    by: Literal["model", "passage", "nobody"]

    @property
    def is_known(self) -> bool:
        """Whether there is an answer."""
        return self.by != "nobody"


UNANSWERED: Final = Answer("", (), "nobody")


class Librarian:
    """Answers questions; one for a node.

    Args:
        worker_of: Finds the worker model of an organisation.
        budget: Characters of documents that go to it with one question.
        within: Seconds that it has to answer.
    """

    def __init__(
        self, worker_of: WorkerOf, *, budget: int = BUDGET, within: float = WITHIN
    ) -> None:
        self._worker_of, self._budget, self._within = worker_of, budget, within
        self._texts = Texts()
        self._noting: set[asyncio.Task[None]] = set()

    async def ask(
        self,
        tenant: Tenant,
        knowledge_ids: Sequence[str],
        question: str,
        *,
        is_trial: bool = False,
    ) -> Answer:
        """Answer a question from some bases.

        Args:
            tenant: Whose bases.
            knowledge_ids: Which of them.
            question: In words, a sentence if possible.
            is_trial: It is nobody's question, so that it is not noted where there is no answer.

        Raises:
            StoreUnavailable: The documents cannot be read.
        """
        shelves = await tenant.knowledge.shelves(knowledge_ids)
        ids = [shelf.id for shelf in shelves]
        passages = await tenant.passages.search(ids, question, limit=MOST_PASSAGES)
        answer = await self._answer(tenant, shelves, passages, question)
        if not (answer.is_known or is_trial):
            noting = asyncio.create_task(_note(tenant, ids, question))
            self._noting.add(noting)
            noting.add_done_callback(self._noting.discard)
            await asyncio.wait({noting}, timeout=NOTE_WITHIN)
        return answer

    async def _answer(
        self,
        tenant: Tenant,
        shelves: Sequence[Shelf],
        passages: Sequence[FoundPassage],
        question: str,
    ) -> Answer:
        worker = await self._worker_of(tenant)
        if worker is None:
            return best_passage(passages, question)
        texts = await self._read(tenant, shelves, passages)
        if not texts:
            return UNANSWERED
        try:
            reply = await ask_worker(worker, texts, question, within=self._within)
        except ModelError as error:
            log.warning(Event.KNOWLEDGE_WORKER_FAILED, model=worker.id, reason=str(error))
            return best_passage(passages, question)
        if not reply.answer:
            return UNANSWERED
        return Answer(reply.answer, reply.sources or _likely(texts, passages), "model")

    async def _read(
        self, tenant: Tenant, shelves: Sequence[Shelf], passages: Sequence[FoundPassage]
    ) -> Sequence[Text]:
        """All documents; of too much the best passages."""
        if sum(shelf.characters for shelf in shelves) > self._budget:
            return self._fitting(passages)
        read = await asyncio.gather(*(self._texts.of(tenant, shelf) for shelf in shelves))
        return [text for texts in read for text in texts]

    def _fitting(self, passages: Sequence[FoundPassage]) -> Sequence[Text]:
        """Passages as long as there is room, those of one document together."""
        sections: dict[str, tuple[str, list[str]]] = {}
        left = self._budget
        for found in passages:
            left -= len(found.content)
            if left < 0:
                break
            _, parts = sections.setdefault(found.document_id, (found.title, []))
            parts.append(f"{found.heading}: {found.content}" if found.heading else found.content)
        return [Text(title, "\n\n".join(parts)) for title, parts in sections.values()]


def best_passage(passages: Sequence[FoundPassage], question: str) -> Answer:
    """The best passage as the answer, if it has enough to do with the question."""
    if not passages or coverage(passages[0], question) < FITS:
        return UNANSWERED
    return Answer(spoken(passages[0].content, question), (passages[0].title,), "passage")


def _likely(texts: Sequence[Text], passages: Sequence[FoundPassage]) -> Sequence[str]:
    """Where an answer is from that named no source."""
    titles = {each.title for each in texts}
    found = [each.title for each in passages if each.title in titles] or sorted(titles)
    return [*dict.fromkeys(found)][:MOST_SOURCES]


async def _note(tenant: Tenant, knowledge_ids: Sequence[str], question: str) -> None:
    """Keep a question that was not answered; nothing hangs on it."""
    try:
        await tenant.questions.note(knowledge_ids, question)
    except StoreUnavailable as error:
        log.warning(Event.KNOWLEDGE_QUESTION_LOST, reason=str(error))
