"""``/api``: what the store holds. It is there where a node has a store."""

from typing import Final

from app.rest.api import (
    agent_files,
    agent_versions,
    agents,
    session,
    statistics,
    webhooks,
)
from app.rest.operation import Operation

__all__ = ["API_OPERATIONS"]

API_OPERATIONS: Final[tuple[Operation, ...]] = (
    session.sign_in,
    session.show_session,
    session.choose_organisation,
    session.sign_out,
    session.change_password,
    session.choose_password,
    *agents.OPERATIONS,
    *agent_versions.OPERATIONS,
    *agent_files.OPERATIONS,
    *statistics.OPERATIONS,
    *webhooks.OPERATIONS,
)
