"""Tenant: all that one organisation has in the store, one port for each noun."""

from functools import cached_property
from typing import TYPE_CHECKING

from app.store.access import ApiKeys, WsCredentials
from app.store.agents import Agents
from app.store.audits import Audits
from app.store.calls import Calls
from app.store.deliveries import Deliveries
from app.store.documents import Documents
from app.store.knowledge import Knowledge
from app.store.organisation import OrganisationPort
from app.store.passages import Passages
from app.store.people import People
from app.store.questions import Questions
from app.store.scope import Scope
from app.store.statistics import Statistics
from app.store.tools import Tools
from app.store.webhooks import Webhooks

if TYPE_CHECKING:
    from app.store.store import Store

__all__ = ["Tenant"]


class Tenant:
    """What one organisation has.

    Args:
        store: Where it is.
        organisation_id: Whose it is.
        actor: Who asks, for the audit log.
    """

    def __init__(self, store: "Store", organisation_id: str, actor: str) -> None:
        self.scope = Scope(store, organisation_id, actor)

    @property
    def organisation_id(self) -> str:
        """Whose it is."""
        return self.scope.organisation_id

    @cached_property
    def agents(self) -> Agents:
        """Its agents, as data."""
        return Agents(self.scope)

    @cached_property
    def calls(self) -> Calls:
        """The records of its calls."""
        return Calls(self.scope)

    @cached_property
    def knowledge(self) -> Knowledge:
        """Its knowledge bases."""
        return Knowledge(self.scope)

    @cached_property
    def documents(self) -> Documents:
        """What is in them."""
        return Documents(self.scope)

    @cached_property
    def passages(self) -> Passages:
        """Parts of the documents, to be found by a question."""
        return Passages(self.scope)

    @cached_property
    def questions(self) -> Questions:
        """What the bases could not answer."""
        return Questions(self.scope)

    @cached_property
    def tools(self) -> Tools:
        """Its HTTP tools, for its agents."""
        return Tools(self.scope)

    @cached_property
    def webhooks(self) -> Webhooks:
        """Where it wants to be told of its calls."""
        return Webhooks(self.scope)

    @cached_property
    def deliveries(self) -> Deliveries:
        """What is on its way there."""
        return Deliveries(self.scope)

    @cached_property
    def organisation(self) -> OrganisationPort:
        """Itself: its name, settings and sealed secrets."""
        return OrganisationPort(self.scope)

    @cached_property
    def people(self) -> People:
        """Who belongs to it."""
        return People(self.scope)

    @cached_property
    def keys(self) -> ApiKeys:
        """Its keys of the REST API."""
        return ApiKeys(self.scope)

    @cached_property
    def credentials(self) -> WsCredentials:
        """What jambonz gives when it opens a WebSocket for it."""
        return WsCredentials(self.scope)

    @cached_property
    def audits(self) -> Audits:
        """Who changed what."""
        return Audits(self.scope)

    @cached_property
    def statistics(self) -> Statistics:
        """How many calls, how long, how quick."""
        return Statistics(self.scope)
