"""Who this node is, for the others."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime

__all__ = ["ThisNode"]


def _new_id() -> str:
    return secrets.token_hex(8)


@dataclass(slots=True)
class ThisNode:
    """A process among the nodes: the one that runs here.

    Attributes:
        id: Another one for each process: who was started anew holds nothing of who was before.
        address: Of its private port, once that is open; empty without one.
        started: When it began, UTC.
    """

    id: str = field(default_factory=_new_id)
    address: str = ""
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
