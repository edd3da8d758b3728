"""What the scenarios are judged by can itself say no."""

from dataclasses import replace

import pytest

from tests.chaos.caller import Asked, Story, Updated
from tests.chaos.verdict import Line, Verdict

CRASH = 100.0


def good() -> Story:
    """A call that lost its socket at the crash, and all of which went well."""
    return Story(
        call_sid="call",
        asked={
            "r0": Asked("mark", 90.0, 90.1, {"ref": "r0"}),
            "r1": Asked("search", 99.0, 101.0, {"ref": "r1"}),
            "r2": Asked("book", 99.5, 101.0, {"result": "nobody knows"}),
        },
        updated={"u0": Updated(99.0, 202, 1)},
        lost=[CRASH],
        back=[CRASH + 0.5],
        agents=1,
        greetings=1,
        recalled=["r0", "r1"],
        said="Yes.",
    )


LEDGER = [
    Line(80.0, 1, "call", "opened", ""),
    Line(90.0, 1, "call", "mark", "r0"),
    Line(99.0, 1, "call", "search", "r1"),
    Line(99.5, 1, "call", "book", "r2"),
    Line(100.6, 2, "call", "search", "r1"),
]


def judge(story: Story, ledger: list[Line] = LEDGER) -> Verdict:
    return Verdict("a scenario", [story], ledger, [(CRASH, CRASH)])


def test_a_call_that_went_on_is_found_in_order() -> None:
    verdict = judge(good())

    assert verdict.wrong == {}
    assert verdict.figures["reruns"] == 1
    assert verdict.figures["of them cut short"] == 2
    assert verdict.figures["answered without a result"] == 1
    assert verdict.gap(0.95) == 0.5


@pytest.mark.parametrize(
    ("fault", "change"),
    [
        ("call failed", {"failed": "ended: hung up"}),
        ("call not resumed", {"back": []}),
        ("agent began again", {"agents": 2}),
        ("greeted again", {"greetings": 2}),
        ("not answered at the end", {"said": ""}),
        ("jambonz:error", {"errors": ["{}"]}),
        ("state differs", {"recalled": ["r0"]}),
        ("state differs", {"recalled": ["r0", "r1", "r1"]}),
        ("state differs", {"recalled": ["r0", "r1", "r2", "r2"]}),
        ("update lost", {"updated": {"u0": Updated(99.0, 202, 0)}}),
        ("live call was denied", {"updated": {"u0": Updated(99.0, 404, 0)}}),
    ],
)
def test_what_must_not_be_is_found(fault: str, change: dict[str, object]) -> None:
    assert list(judge(replace(good(), **change)).wrong) == [fault]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "sent", "is_lost"),
    [("mark", 99.8, True), ("mark", 99.95, False), ("book", 99.95, True)],
)
def test_a_missing_output_is_excused_only_just_before_a_crash_and_before_it_began(
    name: str, sent: float, is_lost: bool
) -> None:
    story = good()
    story.asked["r3"] = Asked(name, sent)
    ledger = [*LEDGER, Line(99.96, 1, "call", name, "r3")]

    assert ("output lost" in judge(story, ledger).wrong) is is_lost


@pytest.mark.parametrize(
    ("name", "answered", "is_excused"),
    [("mark", 99.7, False), ("mark", 99.9, True), ("book", 99.9, False)],
)
def test_a_lost_change_is_excused_only_just_before_a_crash_and_never_of_a_once_tool(
    name: str, answered: float, is_excused: bool
) -> None:
    story = good()
    story.asked["r3"] = Asked(name, 99.0, answered, {"ref": "r3"})
    ledger = [*LEDGER, Line(99.1, 1, "call", name, "r3")]

    assert ("state differs" not in judge(story, ledger).wrong) is is_excused
    assert (judge(story, ledger).unwritten == ["r3"]) is is_excused


def test_a_tool_that_must_run_once_and_ran_twice_is_found() -> None:
    again = Line(101.0, 2, "call", "book", "r2")

    assert judge(good(), [*LEDGER, again]).wrong == {"once ran twice": ["r2"]}


def test_an_opening_that_ran_twice_is_found() -> None:
    again = Line(101.0, 2, "call", "opened", "")

    assert judge(good(), [*LEDGER, again]).wrong == {"opened again": ["call"]}
