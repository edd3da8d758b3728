"""What a test expects of a call, as a sentence: `call.expect.tool("get_weather", city="Rome")`.

An expectation looks at what has happened so far, and never waits. One that is not met raises an
`ExpectationFailed`, whose message is the conversation with a mark at the line that comes nearest.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from app.twin import matching
from app.twin.facts import Fact, facts
from app.twin.log import Entry
from app.twin.matching import ANYTHING
from app.twin.unmet import ExpectationFailed, Wanted, absent_failure, failure

R = TypeVar("R")


class Look(ABC, Generic[R]):
    """All that can be expected, in one word each.

    Values are compared as `app.twin.matching.differences` does it: equal values, mappings of which
    only some keys matter, compiled patterns, types, `contains("…")`, or a function that says yes.
    """

    def __init__(self, entries: Sequence[Entry], leg: str = "", after: int = -1) -> None:
        self._entries = entries
        self._leg = leg
        self._after = after

    @abstractmethod
    def seek(self, wanted: Wanted) -> R:
        """Look for something that is given as a value."""

    def tool(self, name: str, /, **arguments: Any) -> R:
        """The agent called a tool with these arguments (and perhaps others)."""
        __tracebackhide__ = True
        return self.seek(Wanted("tool", name, arguments))

    def output(self, name: str, value: Any = ANYTHING, /, **fields: Any) -> R:
        """A tool gave this back: a whole value, or an object with these fields."""
        __tracebackhide__ = True
        return self.seek(Wanted("output", name, fields or value))

    def spoken(
        self,
        text: Any = ANYTHING,
        *,
        contains: str | None = None,
        matches: str | None = None,
        by: Any = ANYTHING,
        interrupted: bool | None = None,
    ) -> R:
        """The caller heard this: a text as a whole, a part of it, or a pattern in it.

        Args:
            text: The whole text, or anything else that a value is compared with.
            contains: A part of it; upper and lower case are the same.
            matches: A regular expression that is found in it.
            by: The verb that spoke, such as `say` or `agent`.
            interrupted: Whether it was cut.
        """
        __tracebackhide__ = True
        wanted = {"by": by, "interrupted": ANYTHING if interrupted is None else interrupted}
        return self.seek(Wanted("spoken", "", {"text": text_of(text, contains, matches), **wanted}))

    def event(self, type: str, /, **fields: Any) -> R:  # noqa: A002  (the wire's word)
        """The agent told of an event with these fields."""
        __tracebackhide__ = True
        return self.seek(Wanted("event", type, fields))

    def update(self, type: str, /, **fields: Any) -> R:  # noqa: A002  (the wire's word)
        """The application sent a mid-call update."""
        __tracebackhide__ = True
        return self.seek(Wanted("update", type, fields))

    def command(self, name: str, data: Any = ANYTHING, /, **fields: Any) -> R:
        """The application sent a command."""
        __tracebackhide__ = True
        return self.seek(Wanted("command", name, fields or data))

    def verb(self, name: str, /, **fields: Any) -> R:
        """The application gave a verb, in an ack or by `redirect`; fields as on the wire."""
        __tracebackhide__ = True
        return self.seek(Wanted("verb", name, fields))

    def error(self, msg: str = "", /, **fields: Any) -> R:
        """The platform refused something: it sent a `jambonz:error`."""
        __tracebackhide__ = True
        return self.seek(Wanted("error", msg, fields))

    def end(self, reason: Any = ANYTHING, /, *, contains: str | None = None, **fields: Any) -> R:
        """The call ended, for this reason; `by` is `caller` or `jambonz`."""
        __tracebackhide__ = True
        return self.seek(Wanted("end", "", {"reason": text_of(reason, contains, None), **fields}))


class Found:
    """What met an expectation.

    Attributes:
        facts: All that met it, in order.
    """

    def __init__(self, wanted: Wanted, found: Sequence[Fact], entries: Sequence[Entry]) -> None:
        self.facts = tuple(found)
        self._wanted = wanted
        self._entries = entries

    @property
    def data(self) -> Any:
        """The arguments or fields of the first."""
        return self.facts[0].data

    @property
    def time(self) -> float:
        """When the first was, in seconds after the call began."""
        return self.facts[0].time

    def within(self, ms: float) -> "Found":
        """Expect one of them at most so many milliseconds after what the caller did before it."""
        __tracebackhide__ = True
        quick = [one for one in self.facts if self._took(one) <= ms]
        if quick:
            return Found(self._wanted, quick, self._entries)
        nearest = min(self.facts, key=self._took)
        came = f"{self._took(nearest):g} ms after what the caller did"
        raise ExpectationFailed(
            self._entries, f"{self._wanted} within {ms:g} ms", came, nearest.index
        )

    def times(self, n: int) -> "Found":
        """Expect exactly so many of them."""
        __tracebackhide__ = True
        if len(self.facts) == n:
            return self
        expected, came = f"{self._wanted}, {n} times", f"it {len(self.facts)} times"
        raise ExpectationFailed(self._entries, expected, came, self.facts[-1].index)

    def _took(self, fact: Fact) -> float:
        before = [e.time for e in self._entries[: fact.index] if _is_of_the_caller(e)]
        began: float = self._entries[fact.index].data.get("began", fact.time)  # of what was heard
        return round((began - (before[-1] if before else 0.0)) * 1000, 3)


def _is_of_the_caller(entry: Entry) -> bool:
    return entry.kind == "said" or entry.data.get("text") == "the caller is silent"


class Absence(Look[None]):
    """The same words, for what must not have happened: `call.expect.no.tool("transfer_money")`."""

    def seek(self, wanted: Wanted) -> None:
        """Fail if it happened."""
        __tracebackhide__ = True
        found = wanted.among(facts(self._entries, wanted.kind, self._leg), self._after)
        if found:
            raise absent_failure(wanted, found[0], self._entries)


class Expect(Look[Found]):
    """What a test expects of a call; `TwinCall.expect` is one.

    Args:
        entries: The call's log.
        leg: Whose ears and mouth are meant, where not the caller's.
        after: Only what has a higher place in the log counts.
        passed: Told the place of what was found.
    """

    def __init__(
        self,
        entries: Sequence[Entry],
        leg: str = "",
        after: int = -1,
        passed: Callable[[int], None] | None = None,
    ) -> None:
        super().__init__(entries, leg, after)
        self._passed = passed
        self._cursor = after

    @property
    def no(self) -> Absence:
        """What must not have happened."""
        return Absence(self._entries, self._leg, self._after)

    @property
    def next(self) -> "Expect":
        """The same, after what the last `next` found: so `next … next …` tells an order."""
        return Expect(self._entries, self._leg, self._cursor, self._move)

    def _move(self, index: int) -> None:
        self._cursor = index

    def seek(self, wanted: Wanted) -> Found:
        """Find it, or fail."""
        __tracebackhide__ = True
        known = facts(self._entries, wanted.kind, self._leg)
        found = wanted.among(known, self._after)
        if not found:
            raise failure(wanted, known, self._entries, self._after)
        if self._passed:
            self._passed(found[0].index)
        return Found(wanted, found, self._entries)


def text_of(text: Any, contains: str | None, matches: str | None) -> Any:
    """What a text is compared with."""
    if contains is not None:
        return matching.contains(contains)
    return text if matches is None else re.compile(matches, re.IGNORECASE)
