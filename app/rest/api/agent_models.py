"""Agents over REST: what is asked for, and what is shown."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, ValidationError
from pydantic_core import CoreSchema

from app.identity.words import Id
from app.rest.api.pages import After, Limit
from app.rest.explain import explain
from app.rest.models import View
from app.store import Tenant
from app.store.agents import StoredAgent
from app.stored import AgentData
from app.stored.secrets import hide

__all__ = [
    "AgentFilter",
    "AgentListed",
    "AgentPath",
    "AgentShown",
    "ComparePath",
    "Saving",
    "VersionFilter",
    "VersionNumber",
    "VersionPath",
    "VersionQuery",
    "VersionView",
    "data_of",
    "find_missing_tools",
    "show_agent",
    "show_with_warnings",
]

MOST_VERSIONS: Final = 2**31 - 1
VersionNumber = Annotated[int, Field(ge=1, le=MOST_VERSIONS)]


class AgentPath(BaseModel):
    """Which agent."""

    agent_id: Annotated[Id, Field(description="The agent's id.")]


class VersionPath(AgentPath):
    """Which version of which agent."""

    number: Annotated[VersionNumber, Field(description="The version, counted from 1.")]


class ComparePath(VersionPath):
    """Which two versions."""

    other: Annotated[VersionNumber, Field(description="The version to compare it with.")]


class AgentFilter(BaseModel):
    """Which agents to list."""

    model_config = ConfigDict(extra="forbid")

    search: Annotated[
        str,
        Field(
            max_length=200,
            pattern=r"^[^\x00]*$",
            description="Text in the name or the prompt, in upper or lower case.",
        ),
    ] = ""
    limit: Limit | None = None
    after: After | None = None


class VersionFilter(BaseModel):
    """Which versions to list."""

    model_config = ConfigDict(extra="forbid")

    limit: Limit | None = None
    after: Annotated[
        VersionNumber | None, Field(description="Begin behind this number; the newest come first.")
    ] = None


class VersionQuery(BaseModel):
    """Which version."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[
        VersionNumber | None, Field(description="This one; without it, what `GET` shows.")
    ] = None


class Saving(BaseModel):
    """How a version is saved."""

    model_config = ConfigDict(extra="forbid")

    draft: Annotated[
        bool, Field(description="Keep the version that answers calls; publish this one later.")
    ] = False
    note: Annotated[
        str,
        Field(max_length=500, pattern=r"^[^\x00]*$", description="Why it is saved, for people."),
    ] = ""


class VersionView(View):
    """A version of an agent, without what it says."""

    number: int
    name: Annotated[str, Field(description="Of the agent, in this version.")]
    note: str
    created_at: datetime
    created_by: Annotated[str, Field(description="Who saved it: `key:…`, `person:…`, `settings`.")]
    published_at: Annotated[
        datetime | None, Field(description="When it last began to answer calls.")
    ]
    is_published: Annotated[bool, Field(description="Whether it answers calls now.")]


class AgentView(AgentData):
    """An agent: what was saved, with `***` for each secret, and about it."""

    id: str
    version: Annotated[int, Field(description="Which version this is.")]
    is_published: Annotated[bool, Field(description="Whether this version answers calls.")]
    created_at: datetime
    updated_at: Annotated[datetime, Field(description="When callers last got another version.")]


class WarnedView(AgentView):
    """The same, with what may not work."""

    found_warnings: Annotated[
        list[str],
        Field(alias="warnings", description="What may not work, such as a voice not known here."),
    ]


class _Described:
    """Describes JSON of ours, which needs no check and no copy on its way out."""

    def __init__(self, view: type[BaseModel]) -> None:
        self._view = view

    def __get_pydantic_json_schema__(
        self, _core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return handler(self._view.__pydantic_core_schema__)


AgentListed = Annotated[dict[str, Any], _Described(AgentView)]
AgentShown = Annotated[dict[str, Any], _Described(WarnedView)]


def show_agent(agent: StoredAgent) -> dict[str, Any]:
    """An agent, as it is listed."""
    return {
        "id": agent.id,
        **data_of(agent),
        "version": agent.version.number,
        "is_published": agent.version.is_published,
        "created_at": agent.created_at,
        "updated_at": agent.updated_at,
    }


async def show_with_warnings(tenant: Tenant, agent: StoredAgent) -> dict[str, Any]:
    """An agent, as it is shown alone."""
    warnings = [*find_warnings(agent), *await find_missing_tools(tenant, agent.data)]
    return {**show_agent(agent), "warnings": warnings}


async def find_missing_tools(tenant: Tenant, data: Mapping[str, Any]) -> list[str]:
    """Tools that it names and that the organisation does not have; it answers without them."""
    names: list[str] = data.get("http_tools") or []
    if not names:
        return []
    known = {tool.name for tool in await tenant.tools.list(names)}
    text = "the organisation has no such tool, so calls are without it; see GET /api/tools"
    return [
        f"http_tools[{index}]: {text}; got {name!r}"
        for index, name in enumerate(names)
        if name not in known
    ]


def data_of(agent: StoredAgent) -> dict[str, Any]:
    """What it is, as it can be saved again: without secrets, and in the order of the options."""
    data = {**hide(agent.data), "knowledge_base_ids": [*agent.knowledge_base_ids]}
    return {name: data[name] for name in AgentData.model_fields if name in data}


def find_warnings(agent: StoredAgent) -> list[str]:
    """What may not work."""
    try:
        return [*AgentData.model_validate(data_of(agent)).warnings]
    except ValidationError as error:  # it was saved by another version of this server
        return [f"{path}: {message}" for path, message in explain(error)]
