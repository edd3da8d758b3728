"""``/api``: what the store holds. It is there where a node has a store."""

from typing import Final

from app.rest.api import (
    access,
    agent_files,
    agent_verb,
    agent_versions,
    agents,
    audit,
    call_events,
    call_export,
    calls,
    documents,
    knowledge,
    lookup,
    organisation,
    people,
    session,
    statistics,
    tools,
    webhooks,
)
from app.rest.operation import Operation

__all__ = ["API_OPERATIONS"]

API_OPERATIONS: Final[tuple[Operation, ...]] = (
    *session.OPERATIONS,
    *organisation.OPERATIONS,
    *people.OPERATIONS,
    *access.OPERATIONS,
    *audit.OPERATIONS,
    *agents.OPERATIONS,
    *agent_versions.OPERATIONS,
    *knowledge.OPERATIONS,
    *documents.OPERATIONS,
    *agent_files.OPERATIONS,
    *agent_verb.OPERATIONS,
    *statistics.OPERATIONS,
    *call_export.OPERATIONS,  # before `{call_sid}`, which would hide it
    *calls.OPERATIONS,
    *call_events.OPERATIONS,
    *lookup.OPERATIONS,
    *tools.OPERATIONS,
    *webhooks.OPERATIONS,
)
