"""What is known when a call asks for a stored agent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.session import Session
from app.stored.data import AgentData

if TYPE_CHECKING:  # they bring the database driver along, and only their attributes are needed
    from app.store import Tenant
    from app.store.organisation import Organisation

__all__ = ["Order"]


@dataclass(frozen=True, slots=True)
class Order:
    """An agent that is to answer a call.

    Attributes:
        data: The agent.
        knowledge_base_ids: What it may look up, as far as that is still there.
        organisation: Whose it is.
        tenant: All that this organisation has.
        session: The call.
    """

    data: AgentData
    knowledge_base_ids: Sequence[str]
    organisation: "Organisation"
    tenant: "Tenant"
    session: Session
