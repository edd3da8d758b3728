"""``/api/agents/{agent_id}/verb``: what jambonz gets for an agent, and how a call comes to it."""

from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import BaseModel, Field, ValidationError

from app.agent import render
from app.application import Application
from app.keys import CALLS, SETTINGS, STORED_AGENTS
from app.logs import without_secrets
from app.rest.api.agent_models import AgentPath, VersionQuery
from app.rest.api.agents import find_agent
from app.rest.api.saving import NO_AGENT
from app.rest.explain import explain
from app.rest.operation import Answer, operation
from app.rest.own import organisation_of
from app.rest.problems import Problem
from app.session import Session
from app.store.agents import StoredAgent
from app.stored.prompt import UNFILLED
from app.vault import VaultError
from app.verbs import VerbError

__all__ = ["OPERATIONS"]

DEEPEST: Final = 100
NOBODYS: Final = Application("/agents/{agent_id}")
PASTE: Final = (
    "In the jambonz portal, make an application whose calling webhook and call status webhook are "
    "this URL, with the user name and password of a WebSocket credential of this organisation, and "
    "give it a telephone number."
)
LOCAL: Final = (
    "Only this machine can reach that: set CORDBOARD_PUBLIC_URL to the address by which jambonz "
    "reaches the server."
)


class VerbsView(BaseModel):
    """What jambonz gets for an agent."""

    version: Annotated[int, Field(description="Of the agent.")]
    verbs: Annotated[
        list[dict[str, Any]],
        Field(
            description="With `{{from}}` and such for the data of a call, and without secrets; the "
            "lookup of the caller is not among them."
        ),
    ]
    websocket_url: Annotated[str, Field(description="Where jambonz reaches the agent.")]
    advice: Annotated[str, Field(description="What to do in the jambonz portal.")]


@operation(
    "GET",
    "/api/agents/{agent_id}/verb",
    needs="agents:read",
    answers={200: Answer("The verbs.", VerbsView)},
    problems=NO_AGENT | {409: "The agent cannot run as it is; `detail` says why."},
)
async def preview_agent(request: web.Request, path: AgentPath, query: VersionQuery) -> VerbsView:
    """Show the verbs that jambonz gets for an agent, and what to paste into its portal.

    They are made as for a call: with the tools that the agent has now, and the prompt sections
    that belong to them. Nothing is begun, and nobody is looked up.
    """
    agent = await find_agent(request, path.agent_id, query.version)
    settings = request.app[SETTINGS]
    return VerbsView(
        version=agent.version.number,
        verbs=await _write(request, agent),
        websocket_url=f"{settings.websocket_url}/agents/{agent.id}",
        advice=PASTE if settings.public_url is not None else f"{PASTE} {LOCAL}",
    )


async def _write(request: web.Request, agent: StoredAgent) -> list[dict[str, Any]]:
    """The verbs as JSON, without secrets."""
    runtime = request.app[CALLS].runtime
    session = Session(NOBODYS, runtime, organisation_id=organisation_of(request))
    try:
        verbs = await request.app[STORED_AGENTS].preview(session, agent)
        rendered = render(verbs, values=UNFILLED)
    except ValidationError as error:
        raise _cannot_run("; ".join(f"{field}: {text}" for field, text in explain(error))) from None
    except (VaultError, VerbError) as error:
        raise _cannot_run(str(error)) from None
    return [_masked(verb) for verb in rendered.verbs]


def _masked(verb: dict[str, Any]) -> dict[str, Any]:
    hidden = without_secrets(verb, depth=DEEPEST)
    assert isinstance(hidden, dict)
    return hidden


def _cannot_run(why: str) -> Problem:
    detail = f"This version of the agent cannot answer calls: {why}"
    return Problem(409, detail, kind="agent-cannot-run", title="Agent cannot run")


OPERATIONS: Final = (preview_agent,)
