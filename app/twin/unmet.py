"""An expectation that was not met: what was expected, what came nearest, and the conversation."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from app.twin.facts import Fact, FactKind, facts
from app.twin.log import Entry
from app.twin.matching import ANYTHING, closest, described, differences, likeness
from app.twin.transcript import Said, conversation, shorten

AROUND = 12
"""How many lines of a long conversation are shown before and after the marked one."""

_WORDS: dict[FactKind, str] = {
    "tool": "the tool",
    "output": "an output of the tool",
    "spoken": "the caller to hear",
    "said": "the caller to say",
    "event": "the event",
    "update": "the update",
    "command": "the command",
    "verb": "the verb",
    "error": "a jambonz:error",
    "end": "the end of the call",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: a kind of fact, its name, and what its data must look like."""

    kind: FactKind
    name: str
    data: Any

    def __str__(self) -> str:
        return " ".join(filter(None, (_WORDS[self.kind], self.name, self._fields())))

    def _fields(self) -> str:
        if not isinstance(self.data, dict):
            return "" if self.data is ANYTHING else described(self.data)
        told = {key: value for key, value in self.data.items() if value is not ANYTHING}
        if set(told) == {"text"}:
            return described(told["text"])
        listed = ", ".join(f"{key}={described(value)}" for key, value in told.items())
        return f"with {listed}" if listed else ""

    def among(self, known: Iterable[Fact], after: int) -> list[Fact]:
        """Those facts that meet it, after a place in the log."""
        return [one for one in known if one.index > after and self.is_met_by(one)]

    def is_met_by(self, fact: Fact) -> bool:
        """Whether a fact is what was expected."""
        return self.name in ("", fact.name) and not differences(self.data, fact.data)


class ExpectationFailed(AssertionError):
    """What was expected did not happen, or not so.

    Attributes:
        expected: What, in words.
        came: What came nearest, and how it differs.
        hint: What was probably meant; may be empty.
        index: The place in the log that comes nearest; None where nothing does.
    """

    def __init__(
        self,
        entries: Sequence[Entry],
        expected: str,
        came: str,
        index: int | None = None,
        hint: str = "",
    ) -> None:
        self.expected = expected
        self.came = came
        self.hint = hint
        self.index = index
        shown = "\n".join(marked(conversation(entries), index, came)) or "  (nothing was said)"
        advice = f"\nhint:     {hint}" if hint else ""
        super().__init__(f"\nexpected: {expected}\ncame:     {came}{advice}\n\n{shown}")

    @property
    def reason(self) -> str:
        """The failure in one line."""
        advice = f" ({self.hint})" if self.hint else ""
        return f"expected {self.expected}; came: {self.came}{advice}"


def marked(lines: Sequence[Said], index: int | None, remark: str) -> list[str]:
    """The conversation as text, with an arrow and a remark at the line of an entry."""
    at = next(
        (n for n, line in enumerate(lines) if index is not None and line.index >= index), None
    )
    middle = len(lines) - 1 if at is None else at
    first, last = max(0, middle - AROUND), middle + AROUND + 1
    shown = [f"    … {first} lines before"] if first else []
    for n, line in enumerate(lines[first:last], first):
        shown.append(f"{'-->' if n == at else '   '} {line}")
        if n == at:
            shown.append(f"{'':23} ^ {remark}")
    if last < len(lines):
        shown.append(f"    … {len(lines) - last} lines after")
    return shown


def failure(
    wanted: Wanted, known: Sequence[Fact], entries: Sequence[Entry], after: int
) -> ExpectationFailed:
    """Make the error of an expectation that nothing met."""
    later = [one for one in known if one.index > after]
    too_early = wanted.among(known, -1)
    if too_early:
        came = "it only before what the last `next` found"
        return ExpectationFailed(entries, str(wanted), came, too_early[-1].index)
    same = [one for one in later if wanted.name in ("", one.name)]
    if not same:
        return _unnamed(wanted, known, entries)
    nearest = min(same, key=lambda one: _distance(wanted, one))
    came = "; ".join(differences(wanted.data, nearest.data))
    return ExpectationFailed(entries, str(wanted), came, nearest.index)


def _unnamed(wanted: Wanted, known: Sequence[Fact], entries: Sequence[Entry]) -> ExpectationFailed:
    """Nothing of that name happened: name what did, or where else that name is found."""
    names = sorted({one.name for one in known})
    near = closest(wanted.name, names)
    at = next((one.index for one in reversed(known) if one.name == near), None) if near else None
    came = f"none of that name; there were: {', '.join(names)}" if any(names) else "none at all"
    hint = f"did you mean {near}?" if near else _elsewhere(wanted, entries)
    return ExpectationFailed(entries, str(wanted), came, at, hint)


def _elsewhere(wanted: Wanted, entries: Sequence[Entry]) -> str:
    """Another kind of expectation that knows the name."""
    kinds: tuple[FactKind, ...] = ("tool", "event", "update", "command", "verb")
    for kind in kinds:
        if kind != wanted.kind and any(f.name == wanted.name for f in facts(entries, kind)):
            return (
                f"{wanted.name} is there as {_WORDS[kind].removeprefix('the ')}: expect.{kind}(…)"
            )
    return ""


def _distance(wanted: Wanted, fact: Fact) -> tuple[int, float]:
    text = wanted.data.get("text", ANYTHING) if isinstance(wanted.data, dict) else ANYTHING
    words = "" if text is ANYTHING else described(text)
    came = str(fact.data.get("text", "")) if words else ""
    return len(differences(wanted.data, fact.data)), -likeness(words, came)


def absent_failure(wanted: Wanted, found: Fact, entries: Sequence[Entry]) -> ExpectationFailed:
    """Make the error of something that should not have happened."""
    came = f"it at {found.time:.3f} s: {shorten(str(found.data), 120)}"
    return ExpectationFailed(entries, f"no {str(wanted).removeprefix('the ')}", came, found.index)
