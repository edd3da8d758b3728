"""Where the time of a turn went: one line for each turn, stage by stage."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.twin import Entry
from app.twin.latency import STAGES, stages_of

SLOW = 1000
"""Milliseconds from which an answer is felt to be slow."""

STRIP = 20
"""Blocks of the strip that shows the stages to scale."""

_BLOCKS = dict(zip(STAGES, "░▒█▓░", strict=True))


@dataclass(frozen=True, slots=True)
class Waterfall:
    """The stages of a turn in milliseconds, in the order in which they pass.

    Attributes:
        stages: Those that took any time.
        tools: What each tool took, by name.
        early: What became of early generation, in words; empty without it.
    """

    stages: Mapping[str, float]
    tools: tuple[tuple[str, float], ...] = ()
    early: str = ""

    @property
    def total(self) -> float:
        """From the caller's last sound to the agent's first."""
        return sum(self.stages.values())

    @property
    def is_slow(self) -> bool:
        """Whether the caller notices the wait."""
        return self.total >= SLOW

    @property
    def text(self) -> str:
        """The numbers, such as `llm 640 · tool 210 (find 210) · tts 190 — 1040 ms`."""
        parts = [self._named(stage) for stage in self.stages]
        told = [" · ".join(parts) + (f" — {self.total:g} ms" if len(parts) > 1 else " ms")]
        return ", ".join([*(told if parts else []), *([self.early] if self.early else [])])

    @property
    def strip(self) -> str:
        """The stages to scale, such as `██████│▓▓│░░`; empty for one stage or none."""
        if len(self.stages) < 2:
            return ""
        scale = STRIP / self.total
        return "│".join(
            _BLOCKS[stage] * max(1, round(value * scale)) for stage, value in self.stages.items()
        )

    def _named(self, stage: str) -> str:
        names = ", ".join(f"{name} {ms:g}" for name, ms in self.tools) if stage == "tool" else ""
        return f"{stage} {self.stages[stage]:g}" + (f" ({names})" if names else "")


def read(turn: Mapping[str, Any]) -> Waterfall:
    """The waterfall of a `turn_end`, in either dialect."""
    latency = turn.get("latency")
    measured = latency if isinstance(latency, Mapping) else {}
    calls = turn.get("tool_calls")
    tools = tuple(
        (str(call.get("name")), call.get("rtt_ms") or 0)
        for call in (calls if isinstance(calls, list) else [])
        if isinstance(call, Mapping)
    )
    return Waterfall(stages_of(turn), tools, _early(measured.get("preflight")))


def _early(preflight: Any) -> str:
    result = preflight.get("result") if isinstance(preflight, Mapping) else None
    if result == "hit":
        tokens = preflight.get("tokens")
        return f"early hit ({tokens} tokens)" if tokens else "early hit"
    return f"early {result}" if result else ""


class ToolTimes:
    """What tools really take: a virtual clock stands still while their outputs are owed."""

    def __init__(self) -> None:
        self._began: dict[str, float] = {}
        self._since = 0.0
        self._total = 0.0
        self._calls: list[dict[str, Any]] = []

    def measure(self, entry: Entry) -> Entry:
        """Take note of an entry; return it, a tool's output with the time that it took."""
        id_ = str(entry.data.get("tool_call_id"))
        if entry.kind == "tool_call":
            if not self._began:
                self._since = time.monotonic()
            self._began[id_] = time.monotonic()
        elif entry.kind == "tool_output" and id_ in self._began:
            took = round((time.monotonic() - self._began.pop(id_)) * 1000)
            ms = max(took, entry.data.get("ms") or 0)
            self._calls.append({"name": entry.data.get("name"), "rtt_ms": ms})
            if not self._began:
                self._total += time.monotonic() - self._since
            return replace(entry, data={**entry.data, "ms": ms})
        return entry

    def complete(self, entry: Entry) -> Entry:
        """The entry; a `turn_end` with its tools, which the schema's dialect leaves out."""
        if entry.kind != "event" or entry.data.get("type") != "turn_end":
            return entry
        calls, total = self._calls, round(self._total * 1000)
        self._calls, self._began, self._total = [], {}, 0.0
        if not calls:
            return entry
        latency = entry.data.get("latency")
        measured = dict(latency) if isinstance(latency, Mapping) else {}
        measured["tool_ms"] = max(total, measured.get("tool_ms") or 0)
        return replace(entry, data={**entry.data, "tool_calls": calls, "latency": measured})
