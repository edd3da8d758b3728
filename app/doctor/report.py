"""What people and machines read: the grade, and each finding with its fix."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from app.doctor.examine import Examination
from app.doctor.finding import PAGE, Finding, Severity

Grade = Literal["A", "B", "C", "D", "F"]

FATAL = frozenset({"no-subprotocol", "empty-first-ack"})
"""Rules without which no call comes about."""

WIDTH = 96
_COLORS: dict[str, str] = {"error": "31", "warning": "33", "hint": "2", "good": "32", "bold": "1"}


def grade(examination: Examination) -> Grade:
    """A: nothing wrong. B: warnings. C, D: errors, by how many kinds. F: no call, or many."""
    findings = examination.findings
    errors = {one.rule for one in findings if one.severity == "error"}
    no_call = any(one.rule == "no-ack" and "session:new" in one.path for one in findings)
    if no_call or errors & FATAL or len(errors) > 5:
        return "F"
    if errors:
        return "C" if len(errors) <= 2 else "D"
    return "B" if any(one.severity == "warning" for one in findings) else "A"


def is_healthy(examination: Examination) -> bool:
    """Whether there is no error."""
    return all(one.severity != "error" for one in examination.findings)


def to_json(url: str, examination: Examination) -> dict[str, Any]:
    """The report for machines."""
    return {
        "url": url,
        "grade": grade(examination),
        "healthy": is_healthy(examination),
        "seconds": round(examination.took, 3),
        "calls": examination.calls,
        "messages": examination.messages,
        "scenarios": list(examination.scenarios),
        "unfinished": list(examination.unfinished),
        "findings": [_finding(one) for one in examination.findings],
    }


def _finding(found: Finding) -> dict[str, Any]:
    told: dict[str, Any] = {
        "rule": found.rule,
        "severity": found.severity,
        "path": found.path,
        "came": found.came,
        "expected": found.expected,
        "fix": found.what_to_do,
        "see": f"{PAGE}: {found.section}",
        "scenario": found.scenario,
        "at": round(found.at, 3),
        "times": found.times,
    }
    return told if found.suggestion is None else {**told, "suggestion": found.suggestion}


@dataclass(frozen=True, slots=True)
class Page:
    """The report for people.

    Attributes:
        color: Whether the reader is a terminal that shows colours.
    """

    color: bool = False

    def lines(self, examination: Examination) -> Iterator[str]:
        """Every line of it."""
        for found in examination.findings:
            yield ""
            yield from self._finding(found)
        yield ""
        yield self._verdict(examination)
        if examination.unfinished:
            yield f"no time for: {', '.join(examination.unfinished)}; give it more with --timeout"

    def _finding(self, found: Finding) -> Iterator[str]:
        times = f"  ({found.times} times)" if found.times > 1 else ""
        head = f"{found.severity:<8} {found.rule}{times}"
        yield self.paint(head, found.severity)
        rows = (
            ("where", found.path),
            ("came", found.came),
            ("expected", found.expected),
            ("fix", found.what_to_do),
            ("see", f"{PAGE}: {found.section}"),
        )
        for label, text in rows:
            yield from _row(label, text)

    def _verdict(self, examination: Examination) -> str:
        letter = grade(examination)
        style = "good" if letter == "A" else "bold" if letter == "B" else "error"
        counts = _counts(examination)
        return (
            f"{self.paint(f'Grade {letter}', style)}  {counts}; {examination.calls} sockets, "
            f"{examination.messages} messages, {examination.took:.1f} s"
        )

    def paint(self, text: str, style: str) -> str:
        """Text with ANSI colours, where they are wanted."""
        return f"\x1b[{_COLORS[style]}m{text}\x1b[0m" if self.color else text


def _row(label: str, text: str) -> Iterator[str]:
    wrapped = textwrap.wrap(_safe(text), WIDTH - 20, break_on_hyphens=False) or [""]
    yield f"  {label:<9} {wrapped[0]}"
    yield from (f"  {'':<9} {line}" for line in wrapped[1:])


def _safe(text: str) -> str:
    """Text without what a terminal would obey: an application may send anything."""
    return "".join(char if char.isprintable() else " " for char in text)


def _counts(examination: Examination) -> str:
    def count(severity: Severity, word: str) -> str:
        number = sum(one.severity == severity for one in examination.findings)
        return f"{number} {word}{'' if number == 1 else 's'}" if number else ""

    told = [count("error", "error"), count("warning", "warning"), count("hint", "hint")]
    return ", ".join(filter(None, told)) or "nothing wrong"
