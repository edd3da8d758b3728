"""``query_knowledge``: what the organisation's documents say."""

from collections.abc import Sequence
from typing import Final

from app.builtin_tools.built import Built
from app.knowledge import Librarian
from app.logs import Event
from app.session import Session
from app.store import StoreUnavailable, Tenant
from app.store.knowledge import Shelf
from app.tool import ToolError, tool_elsewhere

TIMEOUT: Final = 8.0
"""Seconds until the model is answered: more than the worker model has."""

LATE: Final = 20.0
LONGEST_QUESTION: Final = 1000
MOST_LETTERS: Final = 2000
"""How much of the titles a model is told."""

UNANSWERED: Final = "The documents do not say. Tell the caller so; do not guess."
NOT_NOW: Final = "The documents cannot be read right now. Go on without them, and do not guess."
NO_QUESTION: Final = 'query: expected the question as a text, such as "When do you open?"'
SCHEMA: Final = {
    "type": "object",
    "properties": {
        "query": {
            "type": "string",
            "description": "The question as one whole sentence, with all that it refers to.",
        }
    },
    "required": ["query"],
    "additionalProperties": False,
}
DESCRIPTION: Final = "Answer a question from the organisation's documents. They are: {titles}."
PROMPT: Final = """\
## What the documents say
`query_knowledge` answers questions from the organisation's documents on: {titles}. Call it before \
you answer whatever they may tell, also where you believe to know it. Ask a whole question, in the \
caller's language. Pass on what it answers in your own words. Where it does not know, say so: \
never guess."""


async def build_query_knowledge(
    tenant: Tenant, knowledge_ids: Sequence[str], librarian: Librarian
) -> Built | None:
    """``query_knowledge``; None where the agent has no knowledge bases.

    Args:
        tenant: Whose bases.
        knowledge_ids: Those that the agent is linked to.
        librarian: Answers.
    """
    shelves = await tenant.knowledge.shelves(knowledge_ids) if knowledge_ids else ()
    if not shelves:
        return None

    async def query_knowledge(session: Session, query: object = None, **_: object) -> object:
        if not isinstance(query, str) or not query.strip():
            raise ToolError(NO_QUESTION)
        try:
            answer = await librarian.ask(tenant, knowledge_ids, query.strip()[:LONGEST_QUESTION])
        except StoreUnavailable as error:
            session.log.warning(Event.KNOWLEDGE_FAILED, reason=str(error))
            raise ToolError(NOT_NOW) from None
        # The sources stand in the result, so that the record of the call has them.
        return {"answer": answer.text or UNANSWERED, "sources": [*answer.sources]}

    made = tool_elsewhere(
        query_knowledge,
        "query_knowledge",
        DESCRIPTION.format(titles=_titles(shelves)),
        SCHEMA,
        session_parameter="session",
        timeout=TIMEOUT,
        late_limit=LATE,
    )
    return Built(made, PROMPT.format(titles=", ".join(shelf.title for shelf in shelves)))


def _titles(shelves: Sequence[Shelf]) -> str:
    """Bases with their documents, as much as a model needs to know when to ask."""
    shown: list[str] = []
    left = MOST_LETTERS
    for shelf in shelves:
        documents: list[str] = []
        for title in shelf.documents:
            left -= len(title)
            if left < 0:
                documents.append("and more")
                break
            documents.append(title)
        shown.append(f"{shelf.title} ({', '.join(documents)})" if documents else shelf.title)
    return "; ".join(shown)
