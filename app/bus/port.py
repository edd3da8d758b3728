"""What a bus can do, and the values that go over it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from app.protocol import CordboardError

LEASE_SECONDS: Final = 15.0
"""How long a node counts as alive after it was last heard of."""

PATIENCE: Final = 2.0
"""Seconds after which a table that does not answer is away."""


class BusUnavailable(CordboardError):
    """The table of owners cannot be reached now; it may soon."""


@dataclass(frozen=True, slots=True)
class Node:
    """A running process.

    Attributes:
        id: Its name, another one for each process.
        address: Where other nodes reach it, such as ``http://10.0.0.7:3100``; empty if nowhere.
        calls: How many calls it holds.
        is_draining: Whether it takes no new calls any more.
        started: When it began, UTC.
    """

    id: str
    address: str
    calls: int
    is_draining: bool
    started: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """What a node writes of one of its calls.

    Attributes:
        key: What nodes keep the call by, such as ``session.key``.
        organisation_id, call_sid: Whose call it is, and its name on the wire.
        application: Path of the application that answers it.
        began: When this session took the call, UTC; decides who wins where nobody has an epoch.
        epoch: The number of the ownership; 0 where this node has not been told one yet.
        checkpoint: What another process needs to go on; None: the call is over, forget it.
    """

    key: str
    organisation_id: str
    call_sid: str
    application: str
    began: datetime
    epoch: int
    checkpoint: bytes | None


@dataclass(frozen=True, slots=True)
class Written:
    """What became of some entries.

    Attributes:
        epochs: The numbers of those whose ownership has begun, by key: they had none, or the table
            has forgotten them.
        lost: Those that another node owns by now; nothing of them was written.
    """

    epochs: Mapping[str, int]
    lost: frozenset[str]


@dataclass(frozen=True, slots=True)
class Taken:
    """A call that was taken over.

    Attributes:
        epoch: The number of the new ownership.
        checkpoint: The last one of whoever had it.
        node_id: Who that was.
    """

    epoch: int
    checkpoint: bytes
    node_id: str


@dataclass(frozen=True, slots=True)
class Owner:
    """Who has a call.

    Attributes:
        node_id: The process.
        epoch: The number of its ownership.
        node: What is known of it; None where its lease has run out.
    """

    node_id: str
    epoch: int
    node: Node | None


class Bus(Protocol):
    """The table of owners. Everything raises ``BusUnavailable`` where it cannot be reached.

    Nothing waits for longer than about 2 s.
    """

    async def renew(self, node: Node) -> None:
        """Say that a node lives: its lease begins anew."""

    async def leave(self, node_id: str) -> None:
        """A node ends: so does its lease."""

    async def nodes(self) -> list[Node]:
        """The nodes whose lease runs."""

    async def write(self, node_id: str, entries: Sequence[Entry]) -> Written:
        """Write what has changed of a node's calls, all at once.

        An entry with an epoch counts only while it is the call's. One without begins an ownership,
        unless another node took the call later than the entry began: who was frozen takes none
        back. What the table does not know (any more) is owned anew, under a new epoch.
        """

    async def take_over(self, key: str, node_id: str) -> Taken | None:
        """Own a call at once, whoever had it; None where nobody did."""

    async def owner(self, key: str) -> Owner | None:
        """Who has a call."""

    async def counts(self) -> Mapping[str, Mapping[str, int]]:
        """Live calls by organisation and node, of the nodes whose lease runs."""

    async def sweep(self, before: datetime) -> int:
        """Forget the calls of nodes whose lease ran out before a moment; gives how many."""

    async def close(self) -> None:
        """Let go of what it holds."""
