"""A run as JUnit XML, which every CI reads."""

import re
from collections.abc import Callable, Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from app.sim.result import Result
from app.twin.transcript import conversation

_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_junit(results: Sequence[Result], *, seconds: float, again: Callable[[Result], str]) -> bytes:
    """The document: a test case for each call, its conversation where it failed.

    Args:
        results: The calls.
        seconds: How long the run took.
        again: The command that makes one call again.
    """
    failed = sum(not one.passed for one in results)
    counts = {"tests": str(len(results)), "failures": str(failed), "errors": "0"}
    root = Element("testsuites", {"name": "cordboard sim", "time": f"{seconds:.3f}", **counts})
    suite = SubElement(root, "testsuite", {"name": "sim", "time": f"{seconds:.3f}", **counts})
    for one in results:
        case = SubElement(
            suite,
            "testcase",
            {
                "classname": _clean(one.plan.scenario.name),
                "name": _clean(one.plan.name),
                "file": one.plan.scenario.place.file,
                "time": f"{one.seconds:.3f}",
            },
        )
        if not one.passed:
            _fail(case, one, again(one))
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root)


def _fail(case: Element, one: Result, again: str) -> None:
    told = "\n".join(str(miss) for miss in one.misses)
    said = "\n".join(str(line) for line in conversation(one.log))
    failure = SubElement(case, "failure", {"message": _clean(str(one.misses[0]))})
    failure.text = _clean(f"{told}\n\nagain: {again}\n\n{said}\n")


def _clean(text: str) -> str:
    """Text without what XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)
