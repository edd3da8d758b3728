"""``/api/agents``: the agents of an organisation, kept as data."""

from typing import Final

from aiohttp import web

from app.rest.api.agent_models import (
    AgentFilter,
    AgentListed,
    AgentPath,
    AgentShown,
    Saving,
    show_agent,
    show_with_warnings,
)
from app.rest.api.conditional import NOT_MODIFIED, Expected, Known, digest, fresh, tagged
from app.rest.api.pages import cut, next_page, read_position, write_position
from app.rest.api.saving import MOVED, NO_AGENT, as_expected, no_agent, prepare, refusing
from app.rest.operation import Answer, Reply, operation
from app.rest.tenant import tenant_of
from app.store.agents import StoredAgent
from app.stored import AgentData

__all__ = ["OPERATIONS", "find_agent", "reply"]

READ: Final = "agents:read"
WRITE: Final = "agents:write"
ROUTE: Final = "/api/agents"
ONE: Final = "/api/agents/{agent_id}"


@operation(
    "GET",
    ROUTE,
    needs=READ,
    answers={
        200: Answer("The newest first; `Link` leads to the next page.", list[AgentListed]),
        304: Answer(NOT_MODIFIED),
    },
)
async def list_agents(
    request: web.Request, query: AgentFilter, headers: Known
) -> Reply | web.Response:
    """List the agents.

    Each as it answers calls, or as its latest draft where it never did; all of them, unless `limit`
    asks for pages.
    """
    more = None if query.limit is None else query.limit + 1
    found = await tenant_of(request).agents.list(
        search=query.search, after=read_position(query.after), limit=more
    )
    page, last = cut(found, query.limit)
    link = next_page(request, write_position(last.created_at, last.id)) if last else {}
    tag = digest(link, [(agent.id, agent.tag) for agent in page])
    return fresh(headers, [show_agent(agent) for agent in page], tag, link)


@operation(
    "POST",
    ROUTE,
    needs=WRITE,
    answers={201: Answer("Made; `Location` leads to it.", AgentShown)},
)
async def create_agent(request: web.Request, query: Saving, body: AgentData) -> Reply:
    """Create an agent, and link knowledge bases to it.

    Calls that come for it are answered by it at once, unless it is a draft.
    """
    saved = prepare(request, body, note=query.note)
    with refusing(body):
        agent = await tenant_of(request).agents.create(saved, is_draft=query.draft)
    return await reply(request, agent, status=201)


@operation(
    "GET",
    ONE,
    needs=READ,
    answers={200: Answer("The agent.", AgentShown), 304: Answer(NOT_MODIFIED)},
    problems=NO_AGENT,
)
async def get_agent(request: web.Request, path: AgentPath, headers: Known) -> Reply | web.Response:
    """Show an agent as it answers calls, or as its latest draft where it never did."""
    agent = await find_agent(request, path.agent_id)
    return fresh(headers, await show_with_warnings(tenant_of(request), agent), agent.tag)


@operation(
    "PUT",
    ONE,
    needs=WRITE,
    answers={200: Answer("As it is now.", AgentShown)},
    problems=NO_AGENT | MOVED,
)
async def replace_agent(
    request: web.Request, path: AgentPath, query: Saving, headers: Expected, body: AgentData
) -> Reply:
    """Replace an agent, with all its links; the next call is answered by what is sent.

    What is not sent takes its default. Each save is a version; calls that go on keep theirs. A
    secret may come back as the `***` that was shown in its place: it stays as it was.
    """
    former = await find_agent(request, path.agent_id)
    saved = prepare(request, body, note=query.note, former=former)
    with refusing(body):
        agent = await tenant_of(request).agents.replace(
            path.agent_id, saved, is_draft=query.draft, only_if=as_expected(headers)
        )
    if agent is None:
        raise no_agent(path.agent_id)
    return await reply(request, agent)


@operation(
    "DELETE",
    ONE,
    needs=WRITE,
    answers={204: Answer("It is gone, with all its versions; records of its calls stay.")},
    problems=NO_AGENT | MOVED,
)
async def delete_agent(request: web.Request, path: AgentPath, headers: Expected) -> web.Response:
    """Delete an agent. Calls that go on are not touched."""
    with refusing():
        was_there = await tenant_of(request).agents.delete(
            path.agent_id, only_if=as_expected(headers)
        )
    if not was_there:
        raise no_agent(path.agent_id)
    return web.Response(status=204)


async def find_agent(request: web.Request, agent_id: str, number: int | None = None) -> StoredAgent:
    """An agent of the organisation of whoever asks.

    Raises:
        Problem: 404.
    """
    agent = await tenant_of(request).agents.get(agent_id, number)
    if agent is None:
        raise no_agent(agent_id, number)
    return agent


async def reply(request: web.Request, agent: StoredAgent, *, status: int = 200) -> Reply:
    """What was saved. A draft has a place of its own, and is not what `GET` shows of the agent."""
    place = f"{ROUTE}/{agent.id}"
    headers = {"Location": place} if status == 201 else {}
    if agent.is_shown:
        headers |= tagged(agent.tag)
    else:
        headers |= {"Content-Location": f"{place}/versions/{agent.version.number}"}
    return Reply(await show_with_warnings(tenant_of(request), agent), headers, status)


OPERATIONS: Final = (list_agents, create_agent, get_agent, replace_agent, delete_agent)
