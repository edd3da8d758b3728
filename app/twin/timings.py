"""How long the parts of a voice agent take, which the twin only pretends to have."""

import difflib
import re
from dataclasses import dataclass
from typing import Any

from app.twin.spread import BadSpread, Spread

NOTHING = Spread()

_COMMA = re.compile(r",(?![^()]*\))")


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds of each part of a turn; nothing takes any time by default.

    Attributes:
        stt: From the end of speech to the final transcript.
        eot: How much longer it takes to be sure that the caller has finished.
        llm: Until the first token of the offline model; a real one takes its own time.
        tts: From the first text to the first audio.
        caller_rate: Words that the caller speaks in a second; None speaks at once.
        miss: The chance that an early transcript turns out not to be the whole.
    """

    stt: Spread = NOTHING
    eot: Spread = NOTHING
    llm: Spread = NOTHING
    tts: Spread = NOTHING
    caller_rate: float | None = None
    miss: float = 0.0

    @classmethod
    def of(
        cls, *, miss: float = 0.0, caller_rate: float | None = None, **parts: object
    ) -> "Timings":
        """Read them as they are written, such as `of(stt="normal(0.3, 0.05)", llm=0.5)`.

        Raises:
            BadSpread: If one of them makes no sense.
            TypeError: If there is no such part.
        """
        read = {name: Spread.parse(text) for name, text in parts.items()}  # type: ignore[arg-type]
        return cls(**read, miss=miss, caller_rate=caller_rate)

    @classmethod
    def parse(cls, text: str) -> "Timings":
        """Read `natural`, `none`, or a list such as `stt=0.3,llm=normal(0.5, 0.1),miss=0.1`.

        Raises:
            BadSpread: If a part is unknown or makes no sense.
        """
        if text in ("natural", "none"):
            return cls.natural() if text == "natural" else cls()
        given: dict[str, Any] = {}
        for part in _COMMA.split(text):
            name, equals, value = part.strip().partition("=")
            if not equals or name not in cls.__slots__:
                close = difflib.get_close_matches(name, cls.__slots__, 1)
                hint = (
                    f"did you mean {close[0]!r}?" if close else f"known: {', '.join(cls.__slots__)}"
                )
                raise BadSpread(f"{part.strip()!r}: expected natural, none or NAME=SECONDS; {hint}")
            plain = name in ("caller_rate", "miss")
            given[name] = Spread.parse(value).numbers[0] if plain else value
        return cls.of(**given)

    @classmethod
    def natural(cls) -> "Timings":
        """About what a good cascade of vendors takes; the caller types, and speaks at once."""
        return cls.of(
            stt="lognormal(0.25, 0.25)",
            eot="lognormal(0.2, 0.3)",
            llm="lognormal(0.45, 0.3)",
            tts="lognormal(0.18, 0.2)",
            miss=0.1,
        )

    def speaking(self, text: str) -> float:
        """Seconds that the caller needs to say something."""
        return round(len(text.split()) / self.caller_rate, 3) if self.caller_rate else 0.0
