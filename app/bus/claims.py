"""Who has a call: the one rule of all tables of owners (the one in Redis says it in Lua)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from app.bus.port import Entry

__all__ = ["Held", "Verdict", "judge"]

Verdict = Literal["keep", "claim", "lost"]
"""Of an entry: goes on under its epoch, begins an ownership with a new one, or is not written."""


@dataclass(frozen=True, slots=True)
class Held:
    """What the table says of a call.

    Attributes:
        node_id: Who has it.
        epoch: The number of the ownership.
        claimed: Since when.
    """

    node_id: str
    epoch: int
    claimed: datetime


def judge(node_id: str, entry: Entry, held: Held | None) -> Verdict:
    """Whether a node may write an entry.

    What the table has forgotten, or lost in a crash of its own, is claimed anew: nobody else has
    it. An entry without an epoch may be of a node that was told one and did not hear it, so that
    its own claim does not stand in its way.
    """
    if held is None:
        return "claim"
    if entry.epoch:
        if (held.node_id, held.epoch) == (node_id, entry.epoch):
            return "keep"
        return "claim" if entry.epoch > held.epoch else "lost"
    is_ours = held.node_id == node_id
    return "claim" if is_ours or entry.began > held.claimed else "lost"
