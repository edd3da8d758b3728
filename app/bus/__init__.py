"""Bus: reach the node that owns a call. The owner table and the checkpoints, behind one port.

A node is one running process. It holds a lease while it lives; each call has one owner, and each
ownership a number, its epoch. Epochs come from a counter that never restarts, so that whoever had a
call earlier can always be told from whoever has it now.
"""

from app.bus.memory import MemoryBus
from app.bus.opening import open_bus
from app.bus.port import (
    LEASE_SECONDS,
    PATIENCE,
    Bus,
    BusUnavailable,
    Entry,
    Node,
    Owner,
    Taken,
    Written,
)
from app.bus.store import StoreBus

__all__ = [
    "LEASE_SECONDS",
    "PATIENCE",
    "Bus",
    "BusUnavailable",
    "Entry",
    "MemoryBus",
    "Node",
    "Owner",
    "StoreBus",
    "Taken",
    "Written",
    "open_bus",
]
