"""A scenario as a value: who calls, what they do, and what must come of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from app.sim.check import Check, Rule
from app.sim.nodes import Place

Action = Literal["say", "dtmf", "silence", "interrupt", "hangup", "drop", "wait"]
"""What a caller can do at a step."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When a step is done that does not wait for the answer to the one before.

    Attributes:
        event: `speaking`, `tool_call`, `tool_output`, `update`, or the type of an agent event.
        name: Of which tool or update; empty for any.
        delay_ms: How long after it.
    """

    event: str
    name: str = ""
    delay_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that the caller does.

    Attributes:
        text: What is said or pressed.
        seconds: How long a silence is; None for long enough that the other side gives up.
        words: Cut what is being said after so many words.
        moment: Do it at a moment, instead of after the answer to the step before.
        code: The close code of a dropped socket; None for none at all.
        confidence: How well the caller is understood, from 0 to 1.
        awaited: What to wait for.
        expect: What must be true once it is answered.
    """

    action: Action
    place: Place
    text: str = ""
    seconds: float | None = None
    words: int | None = None
    moment: Moment | None = None
    code: int | None = None
    confidence: float = 0.97
    awaited: Check | None = None
    expect: tuple[Rule, ...] = ()

    def __str__(self) -> str:
        return f"{self.action} {self.text}".strip()


@dataclass(frozen=True, slots=True)
class Goal:
    """What a caller wants; `met`, where it is given, says when it is reached."""

    text: str
    met: Check | None = None


@dataclass(frozen=True, slots=True)
class Persona:
    """A caller who pursues goals.

    Attributes:
        style: One of the stock personas.
        who: The caller in words, for a model that plays them.
        goals: What the caller wants, in order.
        facts: What the caller knows and tells when asked, as `{"PIN": "4321"}`.
        model: Who plays the caller, as `vendor:model`; empty for simple rules.
        max_turns: How often the caller speaks at most.
    """

    style: str = "plain"
    who: str = ""
    goals: tuple[Goal, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    model: str = ""
    max_turns: int = 12


@dataclass(frozen=True, slots=True)
class Scenario:
    """One kind of call.

    Attributes:
        url: The whole address; empty where `path` is one of whatever is under test.
        tag: The call's `customerData`.
        clock: What the caller's day and hour are, told to the application in `customerData`.
        data: What the application's back-end is to hold, told in the same way.
        seed: What it draws by; None for the call's own seed.
        judge: What must be true of the call, in words that a model judges.
        repeat: How many calls of it make a run.
    """

    name: str
    place: Place
    path: str = ""
    url: str = ""
    tags: tuple[str, ...] = ()
    from_: str = "+15085551212"
    to: str = "+16175550100"
    direction: Literal["inbound", "outbound"] = "inbound"
    callees: tuple[str, ...] = ()
    env: Mapping[str, Any] = field(default_factory=dict)
    tag: Mapping[str, Any] = field(default_factory=dict)
    clock: datetime | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    persona: Persona | None = None
    steps: tuple[Step, ...] = ()
    expect: tuple[Rule, ...] = ()
    judge: tuple[str, ...] = ()
    judge_model: str = ""
    repeat: int = 1

    def customer_data(self, seed: int) -> dict[str, Any]:
        """The call's `customerData`; `sim` tells the application what to pin, where that is set."""
        pinned: dict[str, Any] = {}
        if self.clock:
            pinned["now"] = self.clock.isoformat()
        if self.data:
            pinned["data"] = dict(self.data)
        if self.data or self.seed is not None:
            pinned["seed"] = seed if self.seed is None else self.seed
        return {**self.tag, "sim": pinned} if pinned else dict(self.tag)
