"""What a scenario did to the calls, from their stories, the ledger, and the moments of crashes."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.caller import Asked, Story

UNWRITTEN = 0.25
"""Seconds before a crash in which state may have changed that is not written: written behind."""
STARTS = ("mark", "search", "book")
"""What the ledger calls the start of a tool."""
UNHEARD = 0.1
"""Seconds before a crash in which a tool call may be written that no process has noted."""


@dataclass(frozen=True)
class Line:
    """One line of the ledger: what a process did for a call."""

    at: float
    pid: int
    call_sid: str
    what: str
    ref: str


def read_ledger(path: Path) -> list[Line]:
    """All lines."""
    return [Line(*json.loads(text)) for text in path.read_text().splitlines()]


@dataclass
class Verdict:
    """The figures of a scenario, and what must not have been, by name.

    Attributes:
        crashes: From when to when a process did not hear what was written to it.
        grace: Seconds by which a busy machine may be late.
        wrong: What must not happen, with the references or calls of which it is true.
    """

    name: str
    stories: Sequence[Story]
    ledger: Sequence[Line]
    crashes: Sequence[tuple[float, float]] = ()
    grace: float = 0.0
    gaps: list[float] = field(default_factory=list)
    figures: dict[str, object] = field(default_factory=dict)
    wrong: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ran = Counter(line.ref for line in self.ledger if line.what in STARTS)
        self.gaps = sorted(gap for story in self.stories for gap in gaps(story))
        self.wrong = {name: found for name, found in self._look() if found}
        self.figures = {
            "calls": len(self.stories),
            "resumed": sum(bool(one.back) for one in self.stories),
            "sockets lost": sum(len(one.lost) for one in self.stories),
            "gap p50": f"{self.gap(0.5):.2f} s",
            "gap p95": f"{self.gap(0.95):.2f} s",
            "gap max": f"{self.gap(1.0):.2f} s",
            "tool calls": sum(len(one.asked) for one in self.stories),
            "of them cut short": self._cut(),
            "unheard": len(self.unheard),
            "reruns": sum(count - 1 for count in self.ran.values()),
            "outputs repeated": sum(one.repeated for one in self.stories),
            "state changes of the last moment lost": len(self.unwritten),
            "answered without a result": sum(is_without_result(one) for _, one in self._asked()),
            **self._updates(),
        }

    @property
    def unheard(self) -> list[str]:
        """Tool calls that were written just before a crash, and that nobody can know of."""
        return [
            ref
            for ref, asked in self._asked()
            if not asked.answered and self._is_unheard(ref, asked)
        ]

    def gap(self, share: float) -> float:
        """The gap that this share of all stayed below: from the loss to the ack of the return."""
        if not self.gaps:
            return 0.0
        return self.gaps[min(len(self.gaps) - 1, int(share * len(self.gaps)))]

    def __str__(self) -> str:
        width = max(map(len, self.figures))
        rows = [f"  {name:{width}}  {value}" for name, value in self.figures.items()]
        wrong = [
            f"  WRONG: {name}: {len(found)}, {found[:3]}" for name, found in self.wrong.items()
        ]
        return "\n".join(["", self.name, *rows, *wrong])

    def _look(self) -> Iterator[tuple[str, list[str]]]:
        stories, opened = (
            self.stories,
            Counter(one.call_sid for one in self.ledger if one.what == "opened"),
        )
        yield "call failed", [f"{one.call_sid}: {one.failed}" for one in stories if one.failed]
        yield "call not resumed", [one.call_sid for one in stories if len(one.back) < len(one.lost)]
        yield "opened again", [one.call_sid for one in stories if opened[one.call_sid] != 1]
        yield "agent began again", [one.call_sid for one in stories if one.agents != 1]
        yield "greeted again", [one.call_sid for one in stories if one.greetings != 1]
        yield "not answered at the end", [one.call_sid for one in stories if not one.said]
        yield "jambonz:error", [error for one in stories for error in one.errors]
        yield (
            "output lost",
            [
                f"{ref} {asked}"
                for ref, asked in self._asked()
                if not asked.answered and not self._is_unheard(ref, asked)
            ],
        )
        yield (
            "once ran twice",
            [ref for ref, asked in self._asked() if asked.name == "book" and self.ran[ref] > 1],
        )
        yield "state differs", [why for one in stories for why in self._odd(one)]
        yield (
            "update lost",
            [
                f"{text} {update}"
                for one in stories
                for text, update in one.updated.items()
                if update.status == 202 and not update.arrived
            ],
        )
        yield (
            "live call was denied",
            [
                text
                for one in stories
                for text, update in one.updated.items()
                if update.status == 404
            ],
        )

    def _asked(self) -> Iterator[tuple[str, Asked]]:
        for story in self.stories:
            yield from story.asked.items()

    def _is_unheard(self, ref: str, asked: Asked) -> bool:
        """Written within the moment before a crash; a started `once` tool has been noted."""
        if asked.name == "book" and self.ran[ref]:
            return False
        return self._is_near(asked.sent, UNHEARD)

    @property
    def unwritten(self) -> list[str]:
        """Tools that were answered just before a crash, and whose change of the state is lost."""
        return [
            ref
            for story in self.stories
            for ref, asked in story.asked.items()
            if not story.failed
            and is_result(asked)
            and ref not in story.recalled
            and self._is_just_before(asked)
        ]

    def _is_just_before(self, asked: Asked) -> bool:
        """Whether it was answered while its checkpoint was on its way; `once` tools wait for it."""
        return asked.name != "book" and self._is_near(asked.answered, UNWRITTEN)

    def _is_near(self, moment: float, before: float) -> bool:
        """Whether it was so many seconds before a crash, or in its time."""
        before, after = before + self.grace, UNHEARD + self.grace
        return any(since - before < moment < until + after for since, until in self.crashes)

    def _odd(self, story: Story) -> Iterator[str]:
        """What the call remembers at its end against what its tools have answered."""
        if story.failed:
            return
        seen = Counter(story.recalled)
        for ref, asked in story.asked.items():
            excused = seen[ref] == 0 and self._is_just_before(asked)
            if seen[ref] > 1 or (is_result(asked) and seen[ref] != 1 and not excused):
                yield f"{ref} is remembered {seen[ref]} times: {asked}"

    def _cut(self) -> int:
        """Tool calls that were written before a crash and answered after it."""
        return sum(
            bool(0 < one.sent < since < one.answered)
            for _, one in self._asked()
            for since, _until in self.crashes
        )

    def _updates(self) -> dict[str, object]:
        updates = [one for story in self.stories for one in story.updated.values()]
        if not updates:
            return {}
        by_status = Counter(one.status for one in updates)
        return {
            "updates": ", ".join(f"{status}: {n}" for status, n in sorted(by_status.items())),
            "updates repeated": sum(one.arrived > 1 for one in updates),
        }


def gaps(story: Story) -> Iterator[float]:
    """From each loss to the next return."""
    for lost, back in zip(story.lost, story.back, strict=False):
        yield back - lost


def is_without_result(asked: Asked) -> bool:
    """Whether the model was told something else: that nobody knows, or that it cannot be now."""
    return bool(asked.answered) and not is_result(asked)


def is_result(asked: Asked) -> bool:
    return isinstance(asked.output, dict) and "ref" in asked.output
