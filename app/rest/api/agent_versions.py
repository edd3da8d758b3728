"""``/api/agents/{agent_id}/versions``: what an agent was and may be, and what has changed."""

import asyncio
from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import BaseModel, Field

from app.rest.api.agent_models import (
    AgentPath,
    AgentShown,
    ComparePath,
    VersionFilter,
    VersionPath,
    VersionView,
    data_of,
    show_with_warnings,
)
from app.rest.api.agents import find_agent
from app.rest.api.changes import at, find_differences, show_steps, unified
from app.rest.api.conditional import NOT_MODIFIED, Expected, Known, digest, fresh, tagged
from app.rest.api.pages import cut, next_page
from app.rest.api.saving import MOVED, NO_AGENT, as_expected, json_of, no_agent, refusing
from app.rest.operation import Answer, Reply, operation
from app.rest.tenant import tenant_of
from app.store.agents import StoredAgent

__all__ = ["OPERATIONS"]

READ: Final = "agents:read"
ROUTE: Final = "/api/agents/{agent_id}/versions"
NO_VERSION: Final = {404: "No such agent, or no such version of it."}


class ChangeView(BaseModel):
    """One field that is not the same in both versions."""

    field: Annotated[str, Field(description="Its path, such as `realtime_config.voice`.")]
    before: Annotated[Any, Field(description="As it is in the first version; null where it isn't.")]
    after: Annotated[Any, Field(description="As it is in the other.")]


class ComparisonView(BaseModel):
    """What is different between two versions."""

    number: int
    other: int
    changes: Annotated[list[ChangeView], Field(description="All but the prompt.")]
    prompt_diff: Annotated[
        str, Field(description="The prompts compared by line, as `diff -u` does; empty if equal.")
    ]


@operation(
    "GET",
    ROUTE,
    needs=READ,
    answers={
        200: Answer("The newest first; `Link` leads to the next page.", list[VersionView]),
        304: Answer(NOT_MODIFIED),
    },
    problems=NO_AGENT,
)
async def list_agent_versions(
    request: web.Request, path: AgentPath, query: VersionFilter, headers: Known
) -> Reply | web.Response:
    """List the versions of an agent, without what they say."""
    more = None if query.limit is None else query.limit + 1
    found = await tenant_of(request).agents.versions(path.agent_id, after=query.after, limit=more)
    if not found:
        await find_agent(request, path.agent_id)
    page, last = cut(found, query.limit)
    link = next_page(request, last.number) if last else {}
    views = [VersionView.model_validate(one) for one in page]
    return fresh(headers, views, digest(link, page), link)


@operation(
    "GET",
    f"{ROUTE}/{{number}}",
    needs=READ,
    answers={200: Answer("The agent in that version.", AgentShown), 304: Answer(NOT_MODIFIED)},
    problems=NO_VERSION,
)
async def get_agent_version(
    request: web.Request, path: VersionPath, headers: Known
) -> Reply | web.Response:
    """Show an agent as it was saved in one version."""
    agent = await find_agent(request, path.agent_id, path.number)
    return fresh(headers, await show_with_warnings(tenant_of(request), agent), agent.tag)


@operation(
    "POST",
    f"{ROUTE}/{{number}}/publish",
    needs="agents:write",
    answers={200: Answer("The agent, in that version.", AgentShown)},
    problems=NO_VERSION | MOVED,
)
async def publish_agent_version(
    request: web.Request, path: VersionPath, headers: Expected
) -> Reply:
    """Let a version answer the next calls: a draft, or an older one, to go back to it.

    Calls that go on keep the version that they began with.
    """
    with refusing():
        agent = await tenant_of(request).agents.publish(
            path.agent_id, path.number, only_if=as_expected(headers)
        )
    if agent is None:
        raise no_agent(path.agent_id, path.number)
    return Reply(await show_with_warnings(tenant_of(request), agent), tagged(agent.tag))


@operation(
    "GET",
    f"{ROUTE}/{{number}}/compare/{{other}}",
    needs=READ,
    answers={200: Answer("What is different.", ComparisonView), 304: Answer(NOT_MODIFIED)},
    problems=NO_VERSION,
)
async def compare_agent_versions(
    request: web.Request, path: ComparePath, headers: Known
) -> Reply | web.Response:
    """Compare two versions of an agent: what becomes of the first on the way to the other.

    A secret that is another one shows as `***` on both sides.
    """
    one = await find_agent(request, path.agent_id, path.number)
    other = await find_agent(request, path.agent_id, path.other)
    compared = await asyncio.to_thread(compare, one, other)
    return fresh(headers, compared, digest(one.tag, other.tag))


def compare(one: StoredAgent, other: StoredAgent) -> ComparisonView:
    """What is different between two versions; of secrets only that they are."""
    shown, shown_other = data_of(one), data_of(other)
    changes = [
        ChangeView(field=show_steps(way), before=at(shown, way), after=at(shown_other, way))
        for way in find_differences(json_of(one), json_of(other))
        if way != ("prompt",)
    ]
    numbers = (one.version.number, other.version.number)
    prompts = (str(one.data.get("prompt", "")), str(other.data.get("prompt", "")))
    diff = unified(*prompts, *(f"version {number}" for number in numbers))
    return ComparisonView(number=numbers[0], other=numbers[1], changes=changes, prompt_diff=diff)


OPERATIONS: Final = (
    list_agent_versions,
    get_agent_version,
    publish_agent_version,
    compare_agent_versions,
)
