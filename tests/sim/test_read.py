"""Scenario files: what is read from them, and what is told of those that are wrong."""

from datetime import datetime
from pathlib import Path

import pytest

from app.sim import ScenarioError, read_scenarios
from app.sim.check import Check, Order

WHOLE = """\
name: whole
about: everything at once
path: /bank
tags: [a, b]
from: +15085551212
to: "+1617"
env: {MODEL: x}
tag: {order: 7}
clock: 2026-03-02T09:00
data: {rooms: [1, 2], day: 2026-03-02}
repeat: 3
persona:
  style: rambling
  who: Sarah, who has lost her card
  facts: {PIN: 0042}
  goals:
    - Block the card
    - {goal: Order a new one, met: {tool: order_card}}
steps:
  - silence
  - say: yes
    confidence: 0.5
    send_after: {event: tool_call, name: get_weather, delay_ms: 300}
    expect: {spoken: {regex: "\\\\d+"}, within: 800}
  - interrupt: {after_words: 2, say: stop}
  - interrupt: {at_ms: 400}
  - interrupt: {during_tool: get_weather}
  - dtmf: 12#
  - silence: 12
  - drop: 1012
  - wait: {update: generate_reply}
  - hangup
expect:
  - order: [{tool: one}, {tool: two, with: {n: {above: 3}}}]
  - {tool: three, absent: true}
  - max_turns: 4
judge: {model: "openai:gpt-4.1-mini", criteria: [It was polite., It was right.]}
"""


def read(folder: Path, text: str) -> str:
    """What is told of a file."""
    (folder / "one.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as error:
        read_scenarios([folder / "one.yaml"])
    return str(error.value).replace(f"{folder}/", "")


def test_everything_that_can_be_written_is_read(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(WHOLE, encoding="utf-8")
    (one,) = read_scenarios([tmp_path])

    assert (one.name, one.path, one.tags, one.repeat) == ("whole", "/bank", ("a", "b"), 3)
    assert (one.from_, one.to) == ("+15085551212", "+1617")
    assert one.clock == datetime(2026, 3, 2, 9, 0)
    assert one.persona is not None
    assert one.persona.facts == {"PIN": "0042"}
    assert [goal.text for goal in one.persona.goals] == ["Block the card", "Order a new one"]
    assert one.persona.goals[1].met is not None
    actions = [step.action for step in one.steps]
    assert actions == [
        "silence",
        "say",
        "interrupt",
        "interrupt",
        "interrupt",
        "dtmf",
        "silence",
        "drop",
        "wait",
        "hangup",
    ]
    said, words, at, during = one.steps[1:5]
    assert (said.text, said.confidence) == ("yes", 0.5)
    assert said.moment is not None
    assert (said.moment.event, said.moment.name, said.moment.delay_ms) == (
        "tool_call",
        "get_weather",
        300,
    )
    (expected,) = said.expect
    assert isinstance(expected, Check)
    assert expected.within == 800
    assert (words.words, words.text) == (2, "stop")
    assert at.moment is not None
    assert (at.moment.event, at.moment.delay_ms) == ("speaking", 400)
    assert during.moment is not None
    assert (during.moment.event, during.moment.name) == ("tool_call", "get_weather")
    assert (one.steps[6].seconds, one.steps[7].code) == (12, 1012)
    assert isinstance(one.expect[0], Order)
    assert one.judge == ("It was polite.", "It was right.")
    assert one.judge_model == "openai:gpt-4.1-mini"
    assert one.customer_data(5) == {
        "order": 7,
        "sim": {
            "now": "2026-03-02T09:00:00",
            "data": {"rooms": [1, 2], "day": "2026-03-02"},
            "seed": 5,
        },
    }


def test_nothing_is_added_to_what_the_application_is_told_unless_it_is_pinned(
    tmp_path: Path,
) -> None:
    (tmp_path / "one.yaml").write_text("{name: a, path: /a, tag: {x: 1}, steps: [hangup]}")
    (one,) = read_scenarios([tmp_path])

    assert one.customer_data(5) == {"x": 1}


def test_a_seed_of_its_own_is_told_instead_of_the_calls(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("{name: a, path: /a, seed: 42, steps: [hangup]}")
    (one,) = read_scenarios([tmp_path])

    assert one.customer_data(5) == {"sim": {"seed": 42}}


START = "name: a\npath: /weather\nsteps:\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            START + "  - sya: hello",
            "one.yaml:4: steps[0].sya: expected a field of a step, came sya; did you mean say?",
        ),
        (
            START + "  - say: [a, b]",
            "one.yaml:4: steps[0].say: expected text, came a list of 2",
        ),
        (
            START + "  - say: a\n    dtmf: 1",
            "one.yaml:4: steps[0]: expected one action of say, dtmf, silence, interrupt, hangup, "
            "drop, wait, came say and dtmf",
        ),
        (
            START + "  - hangupp",
            'one.yaml:4: steps[0]: expected a step, came "hangupp"; did you mean hangup?',
        ),
        (START + "  - say", 'one.yaml:4: steps[0]: expected what to do, came "say"; write say: …'),
        (START + "  - dtmf: abc", 'steps[0].dtmf: expected keys, such as 12#, came "abc"'),
        (
            START + "  - say: a\n    expect:\n      - tol: x",
            "one.yaml:6: steps[0].expect[0].tol: expected a field of an expectation, came tol; "
            "did you mean tool?",
        ),
        (
            START + "  - say: a\n    expect: {update: generate_replay}",
            'steps[0].expect.update: expected a mid-call update, came "generate_replay"; did you '
            "mean generate_reply?",
        ),
        (
            START + "  - say: a\n    expect: {tool: x, within: soon}",
            'steps[0].expect.within: expected milliseconds above 0, came "soon"',
        ),
        (
            START + "  - interrupt: {after_words: 2, at_ms: 4}",
            "expected one of after_words, at_ms and during_tool, came after_words and at_ms",
        ),
        (
            START + "  - say: a\n    send_after: {event: turn_ended}",
            'steps[0].send_after.event: expected an event, came "turn_ended"; did you mean '
            "turn_end?",
        ),
        (
            START + "  - {silence: 3, send_after: {event: turn_end}}",
            "steps[0].send_after: expected it at say, dtmf, interrupt, hangup or drop, came "
            "silence",
        ),
        ("name: a\nsteps: [hangup]", "one.yaml:1: expected path: /weather, or url: ws://…"),
        ("name: a\npath: /a", "one.yaml:1: expected steps of a script, or a persona"),
        ("path: /a\nsteps: [hangup]", "one.yaml:1: expected the field name"),
        (
            "name: a\npath: weather\nsteps: [hangup]",
            'one.yaml:2: path: expected a path that begins with /, came "weather"; did you mean '
            "/weather?",
        ),
        (
            "name: a\npath: /a\npersona: {style: confusd, goals: [x]}",
            'persona.style: expected a stock persona, came "confusd"; did you mean confused?',
        ),
        (
            "name: a\npath: /a\npersona: confused",
            'persona: expected a mapping with goals, came "confused"; write persona: {style: …',
        ),
        (
            "name: a\npath: /a\nsteps: [hangup]\njudge: {model: offline, criteria: [x]}",
            'judge.model: expected a model of a vendor, came "offline"',
        ),
        ("name: a\npath: /a\nclock: noon\nsteps: [hangup]", "clock: expected a day and hour such"),
        (
            "name: a\nname: b\npath: /a\nsteps: [hangup]",
            "one.yaml:2: name: expected each field once",
        ),
        ("name: a\npath: /a\nsteps: [", "one.yaml:3: no YAML: expected the node content"),
        (
            "{name: a, path: /a, steps: [hangup]}\n---\n{name: a, path: /b, steps: [hangup]}",
            "one.yaml:3: name: 'a' is also that of one.yaml:1",
        ),
        (
            "name: a\npath: /a\nsteps: [{say: Who is it?, confidence: 1}]",
            "a text with any of ? , : # in it may need quotes",
        ),
        ("", "there is no scenario in what was given"),
        ("- a", "one.yaml:1: expected a mapping, came a list of 1"),
        (
            START + '  - {say: a, expect: {spoken: {regex: "("}}}',
            "steps[0].expect.spoken.regex: expected a regular expression",
        ),
        ("name: a\npath: /a\nrepeat: 0\nsteps: [hangup]", "repeat: expected a whole number, at"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_its_path_and_what_was_meant(
    tmp_path: Path, text: str, told: str
) -> None:
    assert told in read(tmp_path, text)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    told = read(tmp_path, START + "  - sya: a\n  - dtmf: x\nrepaet: 2\n")

    assert [line.split(": ")[1] for line in told.splitlines()] == [
        "repaet",
        "steps[0].sya",
        "steps[0]",
        "steps[1].dtmf",
    ]


def test_a_file_that_is_not_there_and_a_folder_without_scenarios_are_told(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"none\.yaml: cannot be read: No such file"):
        read_scenarios([tmp_path / "none.yaml"])
    with pytest.raises(ScenarioError, match=r"there is no \.yaml file in this folder"):
        read_scenarios([tmp_path])
