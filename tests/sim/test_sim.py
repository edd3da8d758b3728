"""Simulated callers, from a scenario to the exit code."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from app import Agent, Application, Session, tool
from app.__main__ import main
from app.sim import UsageError
from app.testing import Cordboard
from tests.sim.runs import Sim
from tests.test_docs import blocks
from tests.twin_app import serving as serving_app

ROOT = Path(__file__).parents[2]

desk = Application("/desk")


@tool
async def get_price(article: str) -> str:
    """Price of an article.

    Args:
        article: Name of the article, for example "chair".
    """
    return f"A {article} costs 80 dollars."


seen: list[dict[str, Any]] = []


@desk.session_new
async def answer(session: Session[Any, Any]) -> Agent:
    seen.append(dict(session.customer_data))
    return Agent(
        llm="openai:gpt-4.1-mini",
        stt="deepgram:nova-3-general",
        tts="cartesia:sonic-english",
        instructions="You are the front desk of a furniture shop.",
        tools=[get_price],
    )


@pytest.fixture
def cordboard_applications() -> list[Application[Any, Any]]:
    seen.clear()
    return [desk]


@pytest.fixture
def sim(cordboard: Cordboard, tmp_path: Path) -> Sim:
    return Sim(tmp_path, cordboard.url, is_idle=cordboard.calls.is_at_rest)


GOOD = """\
name: a good call
path: /desk
tags: [good]
steps:
  - say: What is the price of a chair?
    expect: {tool: get_price, with: {article: chair}}
"""
BAD = """\
name: a bad call
path: /desk
steps:
  - say: What is the price of a chair?
    expect:
      - tool: get_price
        with: {article: table}
"""


async def test_a_call_that_goes_as_expected_passes(sim: Sim) -> None:
    sim.write(GOOD)

    assert await sim.run() == 0
    assert "a good call       1       0" in sim.out.getvalue()
    assert "1 calls in" in sim.out.getvalue()
    assert "none failed" in sim.out.getvalue()


async def test_a_call_that_does_not_fails_and_says_where_and_how_to_repeat_it(sim: Sim) -> None:
    sim.write(GOOD + "---\n" + BAD)

    assert await sim.run("--seed", "7") == 1
    told = sim.out.getvalue()
    line = BAD.splitlines().index("      - tool: get_price") + GOOD.count("\n") + 2
    assert f"one.yaml:{line}: steps[0].expect[0].tool: expected the tool get_price" in told
    assert 'expected "table", came "chair"' in told
    assert f"cordboard sim {sim.folder} --seed 7 --only 'a bad call#0'" in told
    assert "failed  a bad call#0:" in sim.err.getvalue()
    assert "2/2 calls  1 passed  1 failed" in sim.err.getvalue()


async def test_many_calls_are_made_side_by_side_and_each_only_once(sim: Sim) -> None:
    sim.write(GOOD + "---\n" + BAD)
    told = await sim.told("--calls", "41", "--concurrency", "10")

    names = [call["name"] for call in told["calls"]]
    assert names[:3] == ["a good call#0", "a bad call#0", "a good call#1"]
    assert len(set(names)) == 41
    assert [(row["name"], row["passed"], row["failed"]) for row in told["scenarios"]] == [
        ("a good call", 21, 0),
        ("a bad call", 0, 20),
    ]
    assert len(seen) == 41


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["--tag", "good"], ["a good call#0"]),
        (["--filter", "BAD"], ["a bad call#0"]),
        (["--only", "a bad call#3"], ["a bad call#3"]),
        ([], ["a good call#0", "a bad call#0"]),
    ],
)
async def test_calls_are_chosen(sim: Sim, words: list[str], names: list[str]) -> None:
    sim.write(GOOD + "---\n" + BAD)

    assert [call["name"] for call in (await sim.told(*words))["calls"]] == names


async def test_a_seed_is_that_of_the_call_whatever_else_is_run(sim: Sim) -> None:
    sim.write(GOOD + "---\n" + BAD)
    all_of_them = {call["name"]: call["seed"] for call in (await sim.told("--calls", "6"))["calls"]}
    (one,) = (await sim.told("--only", "a bad call#2"))["calls"]
    (other,) = (await sim.told("--only", "a bad call#2", "--seed", "1"))["calls"]

    assert one["seed"] == all_of_them["a bad call#2"]
    assert other["seed"] != one["seed"]


async def test_the_application_is_told_what_to_pin(sim: Sim) -> None:
    sim.write(GOOD + "clock: 2026-03-02T09:00\ndata: {chairs: 3}\ntag: {order: 7}\n")
    told = await sim.told()

    assert seen == [
        {
            "order": 7,
            "sim": {
                "now": "2026-03-02T09:00:00",
                "data": {"chairs": 3},
                "seed": told["calls"][0]["seed"],
            },
        }
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--only", "a god call#0"], "there is no such call; did you mean a good call#0?"),
        (["--tag", "none"], "no scenario of 1 has that name or tag"),
        (["--calls", "0"], "--calls 0: give a number of calls"),
        (["--timeout", "0"], "--timeout 0: give a number of seconds"),
        (["--judge", "offline"], "it knows words, not what they mean"),
        (["--chaos", "9"], "--chaos '9': expected 1, 2, 3 or a list of"),
        (["--url", "nonsense"], "--url 'nonsense' is no address"),
    ],
)
async def test_an_option_that_makes_no_sense_is_told(sim: Sim, words: list[str], told: str) -> None:
    sim.write(GOOD)
    with pytest.raises(UsageError) as error:
        await sim.run(*words)

    assert told in str(error.value)


async def test_a_call_that_is_refused_fails_with_the_reason(sim: Sim) -> None:
    sim.write("{name: a, path: /nothing, steps: [hangup]}")
    (call,) = (await sim.told())["calls"]

    assert "the call was refused: upgrade refused: 404" in call["reasons"][0]


async def test_a_call_that_never_ends_its_turn_is_given_up(tmp_path: Path) -> None:
    async with serving_app(new=[{"verb": "agent"}], tools={}) as app:
        sim = Sim(tmp_path, app.url)
        sim.write("{name: a, path: /, steps: [{wait: {tool: never}}]}")
        (call,) = (await sim.told("--timeout", "0.2"))["calls"]

    assert call["reasons"] == [
        f"{tmp_path}/one.yaml:1: the call took longer than 0.2 s of real time"
    ]


async def test_what_breaks_the_rules_of_the_wire_fails_a_call(tmp_path: Path) -> None:
    gather = [{"verb": "gather", "input": ["speech"], "actionHook": "/x"}]
    async with serving_app(new=gather, hooks={"/x": [{"verb": "sing"}]}) as app:
        sim = Sim(tmp_path, app.url)
        sim.write("{name: a, path: /, steps: [{say: hello}]}")
        (call,) = (await sim.told())["calls"]
        sim.write(
            "{name: a, path: /, steps: [{say: hello}], expect: [{error: invalid instruction}]}"
        )
        (other,) = (await sim.told())["calls"]

    assert "jambonz:error" in str(call["reasons"])
    assert other["reasons"] == []


# ---------------------------------------------------------------- steps


async def test_the_next_step_cuts_in_at_a_moment(sim: Sim) -> None:
    sim.write(
        """\
name: a
path: /desk
steps:
  - say: What is the price of a chair?
  - interrupt: {during_tool: get_price, say: "What is the price of a lamp?"}
    expect:
      - {event: user_interruption}
      - {spoken: {contains: A lamp costs}}
expect:
  - {spoken: {contains: A chair costs}, absent: true}
"""
    )

    assert await sim.run() == 0, sim.out.getvalue()


async def test_a_step_hangs_on_an_event(sim: Sim) -> None:
    sim.write(
        """\
name: a
path: /desk
steps:
  - say: What is the price of a chair?
  - hangup
    # after the tool gave its output, and before the agent spoke
    send_after: {event: tool_output}
"""
    )
    with pytest.raises(Exception, match="no YAML"):
        await sim.run()
    sim.write(
        """\
name: a
path: /desk
steps:
  - say: What is the price of a chair?
  - hangup:
    send_after: {event: tool_output, name: get_price}
expect:
  - {spoken: {contains: costs}, absent: true}
  - {end: {contains: the caller hung up}}
"""
    )

    assert await sim.run() == 0, sim.out.getvalue()


async def test_an_event_that_never_comes_is_told(sim: Sim, monkeypatch: Any) -> None:
    monkeypatch.setattr("app.sim.one_call.PATIENCE", 0.1)
    sim.write(
        """\
name: a
path: /desk
steps:
  - say: Hello.
  - say: Are you there?
    send_after: {event: tool_call, name: get_prize}
"""
    )
    (call,) = (await sim.told())["calls"]

    assert "say Are you there?: tool_call get_prize: not within 0.1 s" in call["reasons"][0]


async def test_what_happened_before_the_step_before_is_not_waited_for(
    sim: Sim, monkeypatch: Any
) -> None:
    monkeypatch.setattr("app.sim.one_call.PATIENCE", 0.1)
    sim.write(GOOD + "  - wait: {tool: get_price}\n  - say: Thanks.\n  - wait: {tool: get_price}\n")
    (call,) = (await sim.told())["calls"]

    assert call["reasons"] == [
        f"{sim.folder}/one.yaml:9: steps[3]: wait: the tool get_price: not within 0.1 s"
    ]


async def test_a_dropped_socket_is_repaired(sim: Sim) -> None:
    sim.write(
        GOOD + '  - drop\n  - {say: "What is the price of a lamp?", expect: {tool: get_price}}\n'
    )

    assert await sim.run() == 0, sim.out.getvalue()


async def test_an_application_in_order_passes_on_a_bad_network(sim: Sim) -> None:
    sim.write(GOOD + '  - {say: "What is the price of a lamp?", expect: {tool: get_price}}\n')

    assert await sim.run("--calls", "12", "--chaos", "--seed", "3") == 0, sim.out.getvalue()


async def test_a_bad_network_is_part_of_the_command_that_repeats_a_call(sim: Sim) -> None:
    sim.write(BAD)
    await sim.run("--chaos", "delay=0.1,longest=0.01")

    assert "--only 'a bad call#0' --chaos delay=0.1,longest=0.01" in sim.out.getvalue()


# ---------------------------------------------------------------- reports


async def test_junit_holds_the_conversation_of_a_failed_call(sim: Sim) -> None:
    sim.write(GOOD + "---\n" + BAD)
    await sim.run("--junit", str(sim.folder / "out" / "junit.xml"))
    suite = ElementTree.parse(sim.folder / "out" / "junit.xml").getroot()[0]

    assert suite.attrib["tests"] == "2"
    assert suite.attrib["failures"] == "1"
    good, bad = suite
    assert good.attrib["name"] == "a good call#0"
    assert len(good) == 0
    assert 'expected "table"' in bad[0].attrib["message"]
    assert "--only 'a bad call#0'" in str(bad[0].text)
    assert 'get_price(article="chair")' in str(bad[0].text)


async def test_the_report_is_one_file_with_every_failed_call(sim: Sim) -> None:
    sim.write(GOOD + "---\n" + BAD.replace("chair?", "<b>chair</b>?"))
    await sim.run("--html", str(sim.folder / "report.html"))
    page = (sim.folder / "report.html").read_text(encoding="utf-8")

    assert "1 of 2 calls failed" in page
    assert "<h2>a bad call#0</h2>" in page
    assert "<h2>a good call#0</h2>" not in page
    assert "--only &#x27;a bad call#0&#x27;" in page
    assert "&lt;b&gt;chair&lt;/b&gt;" in page
    assert "<b>chair" not in page
    assert "class=marked" in page
    assert "prefers-color-scheme: dark" in page
    assert not [word for word in ("http://", "https://", "<script", "src=", "url(") if word in page]


async def test_a_report_that_cannot_be_written_is_told(sim: Sim) -> None:
    sim.write(GOOD)
    with pytest.raises(UsageError, match="Is a directory"):
        await sim.run("--html", str(sim.folder))


# ---------------------------------------------------------------- our own applications


def test_the_scenarios_of_our_own_applications_pass(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["sim", str(ROOT / "tests/scenarios/sim")])

    assert code == 0, capsys.readouterr().out


def test_the_scenarios_of_the_docs_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = [block.code for block in blocks(ROOT / "docs/sim.md") if block.language == "yaml"]
    (tmp_path / "docs.yaml").write_text("---\n".join(found), encoding="utf-8")

    assert len(found) == 2
    assert main(["sim", str(tmp_path)]) == 0, capsys.readouterr().out


def test_a_scenario_with_a_mistake_ends_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.yaml").write_text("{name: a, path: /a, stepps: []}")

    assert main(["sim", str(tmp_path)]) == 2
    assert "stepps: expected a field of a scenario" in capsys.readouterr().err


def test_a_call_that_fails_ends_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.yaml").write_text("{name: a, path: /none, steps: [hangup]}")

    assert main(["sim", str(tmp_path)]) == 1
    assert "refused: 404: no application answers at /none" in capsys.readouterr().out


async def test_the_same_seed_leaves_the_same_traces(sim: Sim) -> None:
    sim.write("""
name: prices
path: /desk
repeat: 4
steps:
  - say: What is the price of a chair?
  - silence: 12
  - say: What is the price of a table?
""")

    first, again, other = [await sim.told("--seed", seed) for seed in ("5", "5", "6")]

    traces = [[call["trace"] for call in run["calls"]] for run in (first, again, other)]
    assert first["passed"]
    assert traces[0] == traces[1]
    assert len({*traces[0], *traces[2]}) == 8


async def test_a_bad_network_leaves_the_same_traces_too(sim: Sim) -> None:
    sim.write(GOOD + '  - {say: "What is the price of a lamp?", expect: {tool: get_price}}\n')
    words = ("--calls", "8", "--chaos", "delay=0.5,duplicate=0.3,cut=0.3,redial")
    runs = [await sim.told(*words, "--seed", seed) for seed in ("5", "5", "6")]
    one, again, other = [[call["trace"] for call in run["calls"]] for run in runs]

    assert runs[0]["passed"], runs[0]
    assert one == again
    assert not {*one} & {*other}


async def test_the_parts_of_a_turn_take_the_time_that_is_asked_for(sim: Sim) -> None:
    sim.write("""
name: prices
path: /desk
steps:
  - say: What is the price of a chair?
""")

    slow = await sim.told("--timings", "stt=0.5,eot=0.25,llm=1,tts=uniform(0.2, 0.2)")
    assert slow["calls"][0]["latencies_ms"] == [
        pytest.approx(500 + 1000 + 1000 + 200)
    ]  # two replies
    assert (await sim.told("--timings", "none"))["calls"][0]["latencies_ms"] == [0.0]
