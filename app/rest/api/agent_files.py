"""``/api/agents/…/export`` and ``/api/agents/import``: agents as files that people edit."""

import asyncio
from typing import Annotated, Final

from aiohttp import web
from pydantic import BaseModel, Field

from app.rest.api.agent_models import (
    AgentPath,
    AgentShown,
    Saving,
    VersionQuery,
    data_of,
    find_missing_tools,
)
from app.rest.api.agent_text import (
    AgentFile,
    file_name,
    read_agent,
    show_unsaved,
    telling_lines,
    write_agent,
)
from app.rest.api.agents import find_agent, reply
from app.rest.api.conditional import NOT_MODIFIED, Expected, Known, fresh_text
from app.rest.api.saving import MOVED, NO_AGENT, as_expected, no_agent, prepare, refusing
from app.rest.operation import Answer, Reply, operation
from app.rest.problems import invalid
from app.rest.tenant import tenant_of
from app.store.agents import Condition, StoredAgent

__all__ = ["OPERATIONS"]

MARKDOWN: Final = "text/markdown"
FileText = Annotated[
    str,
    Field(
        description="Markdown: YAML between two lines `---`, and the prompt behind it.",
        examples=[
            "---\nname: Front desk\nrealtime_config:\n  provider: openai\n---\n\nBe brief.\n",
        ],
    ),
]


class Importing(Saving):
    """How a file is saved."""

    force: Annotated[
        bool,
        Field(description="Save it even if the file was made of an older `version` than answers."),
    ] = False


class CheckView(BaseModel):
    """What would become of a file."""

    id: Annotated[str | None, Field(description="Which agent it replaces; null makes a new one.")]
    version: Annotated[int | None, Field(description="Of that agent, which answers calls now.")]
    is_current: Annotated[bool, Field(description="Whether the file was made of that version.")]
    is_same: Annotated[bool, Field(description="Whether nothing would be changed.")]
    before: Annotated[str, Field(description="The file of that version; empty for a new one.")]
    after: Annotated[str, Field(description="The file as it would be exported afterwards.")]
    warnings: list[str]


@operation(
    "GET",
    "/api/agents/{agent_id}/export",
    needs="agents:read",
    answers={200: Answer("The file.", str, MARKDOWN), 304: Answer(NOT_MODIFIED)},
    problems=NO_AGENT,
)
async def export_agent(
    request: web.Request, path: AgentPath, query: VersionQuery, headers: Known
) -> web.Response:
    """Export an agent as Markdown: the text is the prompt, the front matter all else.

    Secrets are `***`. Imported as it is, the file changes nothing.
    """
    agent = await find_agent(request, path.agent_id, query.version)
    name = file_name(agent.version.name)
    about = {"Content-Disposition": f'attachment; filename="{name}"'}
    return fresh_text(headers, file_of(agent), MARKDOWN, agent.tag, about)


@operation(
    "POST",
    "/api/agents/import",
    needs="agents:write",
    answers={
        200: Answer("The agent of that `id`, replaced.", AgentShown),
        201: Answer("A new agent; `Location` leads to it.", AgentShown),
    },
    problems=MOVED,
    takes=MARKDOWN,
)
async def import_agent(
    request: web.Request, query: Importing, headers: Expected, body: FileText
) -> Reply:
    """Import a file: a new agent, or a new version of the one whose `id` it names.

    A file names the `version` that it was made of. Where another one answers calls by now, it is
    refused with 412, so that nobody's work is lost unseen.
    """
    file = await asyncio.to_thread(read_agent, body)
    agents, id_ = tenant_of(request).agents, file.about.id
    with telling_lines(file.document):
        former = await _former(request, file)
        saved = prepare(request, file.data, note=query.note, former=former)
        with refusing(file.data):
            if id_ is None:
                made = await agents.create(saved, is_draft=query.draft)
                return await reply(request, made, status=201)
            condition = _condition(file, headers, is_forced=query.force)
            agent = await agents.replace(id_, saved, is_draft=query.draft, only_if=condition)
    if agent is None:
        raise no_agent(id_)
    return await reply(request, agent)


@operation(
    "POST",
    "/api/agents/check",
    needs="agents:read",
    answers={200: Answer("What it would change.", CheckView)},
    takes=MARKDOWN,
)
async def check_agent(request: web.Request, body: FileText) -> CheckView:
    """Check a file as an import does, and tell what it would change; nothing is saved."""
    file = await asyncio.to_thread(read_agent, body)
    with telling_lines(file.document):
        agent = await _former(request, file)
    number, tenant = None if agent is None else agent.version.number, tenant_of(request)
    return CheckView(
        id=file.about.id,
        version=number,
        is_current=file.about.version in (None, number),
        is_same=agent is not None and data_of(agent) == file.data.to_json(),
        before="" if agent is None else file_of(agent),
        after=write_agent(show_unsaved(file.data), id_=file.about.id, version=number),
        warnings=[*file.data.warnings, *await find_missing_tools(tenant, file.data.to_json())],
    )


def file_of(agent: StoredAgent) -> str:
    """An agent as a file."""
    return write_agent(data_of(agent), id_=agent.id, version=agent.version.number)


async def _former(request: web.Request, file: AgentFile) -> StoredAgent | None:
    """The agent that a file replaces; None where it makes a new one."""
    if file.about.id is None:
        return None
    agent = await tenant_of(request).agents.get(file.about.id)
    if agent is None:
        text = f"there is no agent {file.about.id!r} here; remove the line to make a new one"
        raise invalid(f"id: {text}.", [("id", text)])
    return agent


def _condition(file: AgentFile, headers: Expected, *, is_forced: bool) -> Condition:
    """That the version that answers calls is the one which the file was made of."""
    expected, made_of = as_expected(headers), file.about.version
    if is_forced or made_of is None:
        return expected
    return lambda agent: agent.version.number == made_of and expected(agent)


OPERATIONS: Final = (export_agent, import_agent, check_agent)
