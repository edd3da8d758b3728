"""Receipt: what was sent to jambonz, and when."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import getrandbits as randbits  # a name, no secret: no system call for it
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof of an update or a command.

    Attributes:
        type: ``update_instructions`` … for an update, else the name of the command.
        frames: The frames as text, in order.
        queued: Whether they wait for jambonz to come back after a lost socket.
        warnings: What will not work as one may think.
        update_id: Names this receipt in logs and in the feed.
        sent_at: UTC.
    """

    type: str
    frames: tuple[bytes, ...]
    queued: bool = False
    warnings: tuple[str, ...] = ()
    update_id: str = field(default_factory=lambda: f"{randbits(64):016x}")
    sent_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def sent(self) -> list[dict[str, Any]]:
        """The frames as JSON values."""
        return [orjson.loads(frame) for frame in self.frames]
