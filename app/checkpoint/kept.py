"""What the keeper knows of the calls that it keeps, and what is written of them at once."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from app.bus import Entry

if TYPE_CHECKING:
    from app.application import Application

__all__ = ["MOST_CAPTURES", "Batch", "Call", "Kept", "Waiting", "settle"]

MOST_CAPTURES: Final = 250
MOST_BYTES: Final = 1024 * 1024


class Call(Protocol):
    """A live call, as the keeper sees it."""

    application: "Application[Any, Any]"
    organisation_id: str
    key: str
    call_sid: str
    started: datetime

    @property
    def is_kept(self) -> bool:
        """Whether it would go on elsewhere: from its first answer to its end."""

    def capture(self) -> bytes:
        """Its checkpoint as it is now."""

    def moved(self) -> None:
        """It goes on elsewhere."""

    def go_on(self) -> None:
        """It is certain again that the call is here, and stays: go on with what waited for that."""

    async def rest_tools(self, grace: float) -> None:
        """Give the tools that run so many seconds to end; the rest of them goes on elsewhere."""


@dataclass(slots=True, eq=False)
class Kept:
    """A call that this node keeps.

    Attributes:
        epoch: The number of the ownership, once the bus has told one.
        is_told: Whether the bus may know of it.
    """

    session: Call
    epoch: int = 0
    is_told: bool = False

    @property
    def key(self) -> str:
        """What nodes keep the call by."""
        return self.session.key

    def entry(self, checkpoint: bytes | None) -> Entry:
        """What is written of it."""
        call = self.session
        path = call.application.path
        began, epoch = call.started, self.epoch
        return Entry(call.key, call.organisation_id, call.call_sid, path, began, epoch, checkpoint)


Waiting = asyncio.Future[bool]


@dataclass(slots=True, eq=False)
class Batch:
    """What is written at once: one entry for each call.

    Attributes:
        captures: How many checkpoints were made for it.
        size: Their bytes.
        refused: Keys of those that could not be written for what they hold.
    """

    entries: dict[str, tuple[Kept, Entry]] = field(default_factory=dict)
    waiting: list[tuple[str, Waiting]] = field(default_factory=list)
    captures: int = 0
    size: int = 0
    refused: set[str] = field(default_factory=set)

    @property
    def has_room(self) -> bool:
        """Whether more may be added."""
        return self.captures < MOST_CAPTURES and self.size < MOST_BYTES

    def put(self, kept: Kept, checkpoint: bytes | None, waiting: Iterable[Waiting] = ()) -> None:
        """Add what is new of a call; it replaces what was added before."""
        self.entries[kept.key] = kept, kept.entry(checkpoint)
        self.waiting += [(kept.key, one) for one in waiting]
        self.captures += 1
        self.size += len(checkpoint or b"")

    def tell(self, gone: set[str]) -> None:
        """Say to who waits whether what they wait for is durable."""
        for key, one in self.waiting:
            settle(one, key in self.entries and key not in gone and key not in self.refused)
        self.waiting = []


def settle(waiting: Waiting, is_durable: bool) -> None:
    """Answer one who waits, unless they have given up."""
    if not waiting.done():
        waiting.set_result(is_durable)
