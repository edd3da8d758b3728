"""What a scenario expects, as values that look at the log of a call."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.sim.nodes import Place
from app.twin import Entry, Expect, ExpectationFailed
from app.twin.facts import facts
from app.twin.unmet import Wanted


@dataclass(frozen=True, slots=True)
class Check:
    """One expectation.

    Attributes:
        within: At most so many milliseconds after what the caller did before it.
        times: Exactly so often.
        is_absent: It must not have happened.
    """

    place: Place
    wanted: Wanted
    within: float | None = None
    times: int | None = None
    is_absent: bool = False

    def apply(self, entries: Sequence[Entry], after: int) -> None:
        """Look for it after a place in the log.

        Raises:
            ExpectationFailed: If it is not there, or is and should not be.
        """
        self.seek(Expect(entries, after=after))

    def seek(self, expect: Expect) -> None:
        """Look for it where `expect` looks.

        Raises:
            ExpectationFailed: As `apply`.
        """
        if self.is_absent:
            expect.no.seek(self.wanted)
            return
        found = expect.seek(self.wanted)
        if self.within is not None:
            found = found.within(self.within)
        if self.times is not None:
            found.times(self.times)


@dataclass(frozen=True, slots=True)
class Order:
    """Expectations that are met one after another."""

    place: Place
    checks: tuple[Check, ...]

    def apply(self, entries: Sequence[Entry], after: int) -> None:
        """Look for each after the one before.

        Raises:
            ExpectationFailed: If one is not there.
        """
        expect = Expect(entries, after=after)
        for check in self.checks:
            check.seek(expect.next)


@dataclass(frozen=True, slots=True)
class MaxTurns:
    """The caller may speak so often and not more."""

    place: Place
    turns: int

    def apply(self, entries: Sequence[Entry], after: int) -> None:
        """Count what the caller said.

        Raises:
            ExpectationFailed: If it was more.
        """
        said = [fact for fact in facts(entries, "said") if fact.index > after]
        if len(said) > self.turns:
            expected = f"at most {self.turns} turns of the caller"
            raise ExpectationFailed(entries, expected, f"{len(said)}", said[self.turns].index)


Rule = Check | Order | MaxTurns


@dataclass(frozen=True, slots=True)
class Miss:
    """An expectation that was not met.

    Attributes:
        where: Its place in the scenario.
        reason: What was expected and what came, in one line.
        index: The place in the log that comes nearest; None where nothing does.
    """

    where: str
    reason: str
    index: int | None = None

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


def misses(rules: Sequence[Rule], entries: Sequence[Entry], after: int = -1) -> list[Miss]:
    """Those of some rules that the log of a call does not meet, after a place in it."""
    found = []
    for rule in rules:
        try:
            rule.apply(entries, after)
        except ExpectationFailed as failure:
            found.append(Miss(str(rule.place), failure.reason, failure.index))
    return found
