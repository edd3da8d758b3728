"""How fast the twin's world turns: real time for a phone, no time at all for tests."""

from dataclasses import dataclass, field

from app.twin.timings import Timings


@dataclass(frozen=True, slots=True)
class Pace:
    """Every duration that the twin keeps, in seconds.

    The defaults suit tests: speech, pauses and ringing take no time, and the silence of the caller
    is never measured by the clock, so that only `TwinCall.silence` makes a timeout fire.

    Attributes:
        ack: How long a request waits for its ack (jambonz: 5).
        backoff: The first delay before a redial; the later ones grow from it as 1, 2, 4, 8, 12, 16.
        handshake: Limit for TCP, TLS and the 101 response together (jambonz: 1.5).
        tool: How long the agent waits for the output of a tool call.
        speech_rate: Words a second; None speaks at once.
        scale: Factor for pauses, ringing, playing and talking; 0 takes no time, 1 is real time.
        silence: True runs `noResponseTimeout` and the timeouts of `gather` by the clock.
        timings: How long the parts of an agent's turn take.
        patience: How long a waiting method of `TwinCall` waits before it fails.
    """

    ack: float = 5.0
    backoff: float = 0.5
    handshake: float = 1.5
    tool: float = 20.0
    speech_rate: float | None = None
    scale: float = 0.0
    silence: bool = False
    patience: float = 10.0
    timings: Timings = field(default_factory=Timings)

    @classmethod
    def natural(cls) -> "Pace":
        """The pace of a real call, for a phone with a person at it."""
        return cls(
            speech_rate=3.0, scale=1.0, silence=True, patience=120.0, timings=Timings.natural()
        )
