"""How long the doctor waits, and from when on something counts as late."""

from dataclasses import dataclass, fields, replace
from typing import Self


@dataclass(frozen=True, slots=True)
class Limits:
    """Every duration that the doctor keeps, in seconds; the defaults are jambonz' own.

    Attributes:
        ack: An ack that comes later is thrown away by jambonz.
        slow_ack: From here on an ack is told of as slow.
        grace: How long after its limit an ack is still awaited, to tell late from missing.
        handshake: Limit for TCP, TLS and the 101 response together.
        slow_handshake: From here on an upgrade is told of as slow.
        tool: How long a tool call waits for its output.
        slow_tool: From here on an output is told of as slow.
        settle: How long the doctor listens for what nobody should send, at the end of a step.
    """

    ack: float = 5.0
    slow_ack: float = 3.0
    grace: float = 2.0
    handshake: float = 1.5
    slow_handshake: float = 1.0
    tool: float = 20.0
    slow_tool: float = 5.0
    settle: float = 0.3

    def scaled(self, pace: float) -> Self:
        """The same limits, all multiplied by `pace`."""
        return replace(self, **{one.name: getattr(self, one.name) * pace for one in fields(self)})


MAX_FRAME = 24576
"""The largest frame that jambonz takes, in bytes after decompression."""
