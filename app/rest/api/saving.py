"""What may happen when an agent is saved or changed, as problems that name the field."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from aiohttp import web
from pydantic import ValidationError

from app.keys import VAULT
from app.rest.api.conditional import Expected, changed_meanwhile
from app.rest.operation import misfit
from app.rest.problems import Problem, invalid
from app.store.agents import Condition, Moved, Saved, StoredAgent, UnknownBases
from app.stored import AgentData
from app.stored.secrets import seal

__all__ = ["MOVED", "NO_AGENT", "as_expected", "json_of", "no_agent", "prepare", "refusing"]

NO_AGENT: Final = {404: "No such agent."}
MOVED: Final = {412: "It is not as `If-Match` has it; `ETag` tells how it is."}
LINKS: Final = "knowledge_base_ids"


def prepare(
    request: web.Request, body: AgentData, *, note: str = "", former: StoredAgent | None = None
) -> Saved:
    """What is saved: the secrets are sealed, and those that came as ``***`` stay what they were.

    Raises:
        Problem: 422, where none is kept at such a place.
    """
    data = body.to_json()
    links = data.pop(LINKS)
    try:
        sealed = seal(data, request.app[VAULT], former.data if former else None)
    except ValidationError as error:
        raise misfit("body", error) from None
    return Saved(sealed, links, note)


@contextmanager
def refusing(body: AgentData | None = None) -> Iterator[None]:
    """Turn what the store refuses into problems; ``body`` is what it refuses to save."""
    try:
        yield
    except Moved as error:
        raise _moved(error.agent) from None
    except UnknownBases as error:
        ids = body.knowledge_base_ids if body is not None else list(error.ids)
        text = "there is no such knowledge base in this organisation; see GET /api/knowledge-bases"
        errors = [(f"{LINKS}[{ids.index(id_)}]", f"{text}; got {id_!r}") for id_ in error.ids]
        raise invalid(f"{errors[0][0]}: {errors[0][1]}.", errors) from None


def as_expected(headers: Expected) -> Condition:
    """That an agent is as the client believes."""
    return lambda agent: headers.allows(agent.tag)


def no_agent(agent_id: str, number: int | None = None) -> Problem:
    """There is no such agent, or it has no such version."""
    kind, title = "no-such-agent", "No such agent"
    if number is None:
        return Problem(404, f"There is no agent {agent_id!r}.", kind=kind, title=title)
    detail = f"There is no version {number} of an agent {agent_id!r}."
    return Problem(404, detail, kind=kind, title=title)


def _moved(agent: StoredAgent) -> Problem:
    about = agent.version
    told = (
        f"Version {about.number}, saved by {about.created_by} at {about.created_at:%Y-%m-%d %H:%M} "
        f"UTC, is not what the request was made for; read it, and send the change again with its "
        f"`ETag`, or without `If-Match`."
    )
    return changed_meanwhile(told, agent.tag)


def json_of(agent: StoredAgent) -> dict[str, Any]:
    """All that an agent is, sealed, with its links."""
    return {**agent.data, LINKS: [*agent.knowledge_base_ids]}
