"""Agents that are kept as data, as a call sees them: where they come from, and which one it has."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from app.protocol import LocalError
from app.verbs import Verb

if TYPE_CHECKING:
    from app.session.session import Session


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """Which stored agent answers a call; it stays the same until the call ends.

    Attributes:
        agent_id: Its id.
        version: The number of the version.
        name: What its operators call it, in that version.
    """

    agent_id: str
    version: int
    name: str


class AgentNotFound(LocalError):
    """The organisation of a call has no such agent that answers calls."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """A stored agent that answered a call in another process.

    Attributes:
        verbs: With which it did; they are for their functions, and not to be sent.
        go_on: What counts for the whole call, such as its limits, goes on; called once the call is
            what it was.
    """

    verbs: list[Verb]
    go_on: Callable[["Session"], None]


class AgentAway(LocalError):
    """The store of the agents does not answer, and nothing here remembers this one."""


class AgentSource(Protocol):
    """Where stored agents come from."""

    async def answer(self, session: "Session", agent_id: str) -> list[Verb]:
        """The verbs with which an agent answers this call; the call notes which version it is.

        Raises:
            AgentNotFound: The organisation has none of this id that is published.
        """

    async def recall(self, session: "Session", version: StoredVersion) -> "Recalled":
        """What answered this call in another process.

        Nothing is looked up, told or greeted again.

        Raises:
            AgentAway: It cannot be read now.
            AgentNotFound: It has been deleted.
        """
