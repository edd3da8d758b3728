"""Who this node is, for the others."""

import os
import re
import secrets
import socket
from dataclasses import dataclass, field
from datetime import UTC, datetime

__all__ = ["ThisNode"]


def _new_id() -> str:
    """A name that no process had before, and that a person can read."""
    host = re.sub(r"[^\w-]", "-", socket.gethostname().partition(".")[0])[:32]
    return f"{host}-{os.getpid()}-{secrets.token_hex(4)}"


@dataclass(slots=True)
class ThisNode:
    """A process among the nodes: the one that runs here.

    Attributes:
        id: Another one for each process: who was started anew holds nothing of who was before.
        address: Of its private port, once that is open; empty without one.
        door: Where it answers calls that it makes to itself, since no other process listens there;
            empty where its port is its own.
        started: When it began, UTC.
    """

    id: str = field(default_factory=_new_id)
    address: str = ""
    door: str = ""
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
