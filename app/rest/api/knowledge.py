"""``/api/knowledge-bases``: what agents may look up, and what nobody could answer."""

from typing import Final

from aiohttp import web

from app.keys import LIBRARIAN
from app.rest.api.conditional import NOT_MODIFIED, Known, digest, fresh
from app.rest.api.knowledge_models import (
    AnswerView,
    BaseBody,
    BasePath,
    BaseView,
    QuestionBody,
    QuestionPath,
    QuestionView,
)
from app.rest.operation import Answer, Reply, operation
from app.rest.problems import Problem
from app.rest.tenant import tenant_of
from app.store.knowledge import TooMany

__all__ = ["NO_BASE", "OPERATIONS", "READ", "ROUTE", "WRITE", "full", "no_base", "require_base"]

READ: Final = "knowledge:read"
WRITE: Final = "knowledge:write"
ROUTE: Final = "/api/knowledge-bases"
ONE: Final = "/api/knowledge-bases/{knowledge_id}"
NO_BASE: Final = {404: "No such knowledge base."}


@operation(
    "GET",
    ROUTE,
    needs=READ,
    answers={200: Answer("By title.", list[BaseView]), 304: Answer(NOT_MODIFIED)},
)
async def list_knowledge_bases(request: web.Request, headers: Known) -> Reply | web.Response:
    """List the knowledge bases."""
    found = await tenant_of(request).knowledge.list()
    views = [BaseView.model_validate(base) for base in found]
    return fresh(headers, views, digest([(each.id, *_state(each)) for each in views]))


@operation(
    "POST",
    ROUTE,
    needs=WRITE,
    answers={201: Answer("Made, without documents; `Location` leads to it.", BaseView)},
    problems={409: "There are as many as an organisation may have."},
)
async def create_knowledge_base(request: web.Request, body: BaseBody) -> Reply:
    """Create a knowledge base."""
    try:
        base = await tenant_of(request).knowledge.create(body.title, body.description)
    except TooMany as error:
        raise full(error) from None
    return Reply(BaseView.model_validate(base), {"Location": f"{ROUTE}/{base.id}"})


@operation(
    "GET",
    ONE,
    needs=READ,
    answers={200: Answer("The base.", BaseView), 304: Answer(NOT_MODIFIED)},
    problems=NO_BASE,
)
async def get_knowledge_base(
    request: web.Request, path: BasePath, headers: Known
) -> Reply | web.Response:
    """Show a knowledge base."""
    base = await tenant_of(request).knowledge.get(path.knowledge_id)
    if base is None:
        raise no_base(path.knowledge_id)
    view = BaseView.model_validate(base)
    return fresh(headers, view, digest(*_state(view)))


@operation(
    "PUT", ONE, needs=WRITE, answers={200: Answer("As it is now.", BaseView)}, problems=NO_BASE
)
async def replace_knowledge_base(request: web.Request, path: BasePath, body: BaseBody) -> BaseView:
    """Give a knowledge base another title and description; its documents stay."""
    knowledge = tenant_of(request).knowledge
    base = await knowledge.replace(path.knowledge_id, body.title, body.description)
    if base is None:
        raise no_base(path.knowledge_id)
    return BaseView.model_validate(base)


@operation(
    "DELETE",
    ONE,
    needs=WRITE,
    answers={204: Answer("It is gone with its documents, and linked to no agent any more.")},
    problems=NO_BASE,
)
async def delete_knowledge_base(request: web.Request, path: BasePath) -> web.Response:
    """Delete a knowledge base."""
    if not await tenant_of(request).knowledge.delete(path.knowledge_id):
        raise no_base(path.knowledge_id)
    return web.Response(status=204)


@operation(
    "POST",
    f"{ONE}/query",
    needs=READ,
    answers={200: Answer("What the documents say.", AnswerView)},
    problems=NO_BASE,
)
async def query_knowledge_base(
    request: web.Request, path: BasePath, body: QuestionBody
) -> AnswerView:
    """Try a question.

    It is answered as in a call, but not counted among those that nobody could answer.
    """
    await require_base(request, path.knowledge_id)
    answer = await request.app[LIBRARIAN].ask(
        tenant_of(request), [path.knowledge_id], body.question, is_trial=True
    )
    return AnswerView(answer=answer.text or None, sources=[*answer.sources], by=answer.by)


@operation(
    "GET",
    f"{ONE}/questions",
    needs=READ,
    answers={200: Answer("The most frequent first.", list[QuestionView])},
    problems=NO_BASE,
)
async def list_questions(request: web.Request, path: BasePath) -> list[QuestionView]:
    """List what callers asked and the documents did not answer."""
    await require_base(request, path.knowledge_id)
    found = await tenant_of(request).questions.list(path.knowledge_id)
    return [QuestionView.model_validate(question) for question in found]


@operation(
    "DELETE",
    f"{ONE}/questions/{{question_id}}",
    needs=WRITE,
    answers={204: Answer("It is gone until somebody asks it again.")},
    problems={404: "No such question."},
)
async def dismiss_question(request: web.Request, path: QuestionPath) -> web.Response:
    """Dismiss a question that was not answered."""
    if not await tenant_of(request).questions.dismiss(path.knowledge_id, path.question_id):
        raise Problem(404, f"There is no question {path.question_id!r} in this knowledge base.")
    return web.Response(status=204)


async def require_base(request: web.Request, knowledge_id: str) -> None:
    """Refuse what is about a base that the organisation does not have.

    Raises:
        Problem: 404.
    """
    if await tenant_of(request).knowledge.get(knowledge_id) is None:
        raise no_base(knowledge_id)


def no_base(knowledge_id: str) -> Problem:
    """There is no such base."""
    return Problem(404, f"There is no knowledge base {knowledge_id!r}.")


def full(error: TooMany) -> Problem:
    """There is no room for another one."""
    return Problem(409, f"There is no room: {error}.", kind="too-many", title="Too many")


def _state(view: BaseView) -> tuple[object, ...]:
    return (view.id, view.updated_at, view.agent_ids)


OPERATIONS: Final = (
    list_knowledge_bases,
    create_knowledge_base,
    get_knowledge_base,
    replace_knowledge_base,
    delete_knowledge_base,
    query_knowledge_base,
    list_questions,
    dismiss_question,
)
