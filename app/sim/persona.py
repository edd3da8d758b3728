"""A caller who pursues goals by simple rules: no key, no network, the same call every time."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Protocol

from app.sim.check import Check
from app.sim.scenario import Goal, Persona
from app.sim.styles import STYLES


@dataclass(frozen=True, slots=True)
class Move:
    """What the caller does next.

    Attributes:
        text: What is said.
        pause: Seconds of silence before.
        cut_after: Cut the answer after so many words.
        confidence: How well it is understood.
    """

    text: str
    pause: float = 0.0
    cut_after: int | None = None
    confidence: float = 0.97


class Player(Protocol):
    """Whoever plays a persona."""

    async def next(self, heard: str, is_met: Callable[[Check], bool]) -> Move | None:
        """What to do after what was heard; None hangs up.

        Args:
            heard: All that was said since the caller spoke.
            is_met: Whether an expectation is met by now.
        """


class RulePlayer:
    """Says a goal, tells what it is asked for, asks again, and goes on to the next goal.

    Args:
        persona: Whom to play.
        seed: Decides what is drawn: openings, interruptions, pauses.
    """

    def __init__(self, persona: Persona, seed: int) -> None:
        self._persona = persona
        self._style = STYLES[persona.style]
        self._random = Random(seed)  # noqa: S311  (drawn for variety, and to be repeated)
        self._left = list(persona.goals)
        self._tries = 0
        self._told: set[str] = set()
        self._asked_again = False
        self._said_goodbye = False

    async def next(self, heard: str, is_met: Callable[[Check], bool]) -> Move | None:
        """What to do after what was heard; None hangs up."""
        if self._said_goodbye:
            return None
        while self._left and self._is_done(self._left[0], heard, is_met):
            self._drop_goal()
        if not self._left:
            self._said_goodbye = True
            return Move("That is all, thank you. Goodbye.")
        told = self._tell(heard)
        if told:
            return Move(told, confidence=self._style.confidence)
        if self._tries and not self._asked_again and self._draws(self._style.asks_again):
            self._asked_again = True
            return Move("Sorry, could you say that again?", confidence=self._style.confidence)
        return self._ask(self._left[0])

    def _is_done(self, goal: Goal, heard: str, is_met: Callable[[Check], bool]) -> bool:
        """Whether to go on: the goal is reached, answered, or asked for often enough."""
        if self._tries >= self._style.patience:
            return True
        if goal.met:
            return is_met(goal.met)
        return self._tries > 0 and not self._knows(heard)

    def _drop_goal(self) -> None:
        self._left.pop(0)
        self._tries = 0
        self._told.clear()
        self._asked_again = False

    def _ask(self, goal: Goal) -> Move:
        self._tries += 1
        opening = self._random.choice(self._style.openings)
        aside = self._random.choice(self._style.asides)
        again = "Once more:" if self._tries > 1 else ""
        text = " ".join(filter(None, (opening, again, request(goal.text), aside)))
        return Move(
            text,
            pause=self._style.pause if self._draws(self._style.pauses) else 0.0,
            cut_after=self._random.randint(3, 8) if self._draws(self._style.interrupts) else None,
            confidence=self._style.confidence,
        )

    def _tell(self, heard: str) -> str:
        """What the other side asks for, as far as it is known and was not told for this goal."""
        asked = self._knows(heard)
        self._told |= set(asked)
        return " ".join(f"My {name} is {self._persona.facts[name]}." for name in asked)

    def _knows(self, heard: str) -> list[str]:
        """The facts that somebody who says this may want to know."""
        said = _words(heard)
        facts = self._persona.facts
        return [name for name in facts if name not in self._told and _words(name) & said]

    def _draws(self, chance: float) -> bool:
        return self._random.random() < chance


_SPOKEN = re.compile(
    r"(?i)(?:i|i'm|i'd|i've|my|we|can|could|what|when|where|who|how|is|are|do|does)\b"
)
_COMMON = frozenset({"the", "a", "an", "of", "to", "my", "your", "is", "in", "on", "for", "and"})


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", text.lower())) - _COMMON


def request(goal: str) -> str:
    """A goal as its caller would say it: `Find out the weather` becomes a sentence of theirs."""
    goal = goal.strip()
    if goal.endswith("?") or _SPOKEN.match(goal):
        return goal
    end = "" if goal[-1:] in (".", "!") else "."
    keep = goal[1:2].isupper()
    return f"I would like to {goal if keep else goal[:1].lower() + goal[1:]}{end}"
