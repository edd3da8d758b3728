"""`cordboard doctor`: what it prints, how it ends, and what it says of our own applications."""

import argparse
import asyncio
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import unused_port
from pydantic import SecretStr

from app import Application as CordboardApplication
from app.__main__ import main
from app.doctor import (
    RULES,
    SCENARIOS,
    Examination,
    Finding,
    Options,
    add_arguments,
    doctor,
    report,
)
from app.doctor.options import UsageError, read_options
from app.settings import Settings
from app.testing import Cordboard
from tests.doctor.examining import PATIENT, look_at
from tests.doctor.faults import twice
from tests.doctor.openings import MENU, SAY
from tests.doctor.server import Application, ward

DOCS = Path(__file__).parent.parent.parent / "docs"


async def printed(application: Application, **options: Any) -> tuple[int, str]:
    """The exit code and the output of an examination."""
    out = io.StringIO()
    async with ward() as opened:
        given = Options(url=opened.admit(application), pace=0.2, **options)
        return await doctor(given, out), out.getvalue()


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(words)


def examined(*rules: str) -> Examination:
    return Examination([Finding(rule, "path", "came", "expected") for rule in rules], [])


@pytest.fixture
def cordboard_settings() -> Settings:
    return Settings(port=0, allow_anonymous=True, ws_user="jambonz", ws_password=SecretStr("word"))


async def test_our_own_applications_get_an_a(
    cordboard: Cordboard, cordboard_applications: list[CordboardApplication]
) -> None:
    async def look(path: str) -> Examination:
        url = cordboard.url.replace("http", "ws") + path
        return await look_at(url, PATIENT, username="jambonz", password="word")

    paths = [one.path for one in cordboard_applications if "{" not in one.path]
    for seen in await asyncio.gather(*map(look, paths)):
        assert not seen.findings, "\n".join(report.Page().lines(seen))
        assert report.grade(seen) == "A"
        assert set(seen.scenarios) == set(SCENARIOS)


async def test_an_application_that_is_well_ends_it_with_0() -> None:
    code, text = await printed(Application([MENU]))

    assert code == 0, text
    assert "Grade A  nothing wrong" in text
    assert all(name in text for name in SCENARIOS)


async def test_each_finding_is_printed_with_its_fix() -> None:
    code, text = await printed(Application([{**SAY, "txet": "x"}]), only=("opening",))

    assert code == 1
    assert re.search(
        r"error    unknown-option\n  where     ack of session:new: \[0\] say.txet\n"
        r"  came      txet\n  expected  .*\n  fix       Write text.\n"
        r"  see       docs/protocol.md: Verbs\n\nGrade C  1 error;",
        text,
    )


async def test_machines_get_one_json_object() -> None:
    application = Application([MENU], spoil=twice(lambda message: "hook" in message))
    code, text = await printed(application, json=True, only=("hooks",))
    told = json.loads(text)
    (finding,) = told["findings"]

    assert code == 1
    assert (told["grade"], told["healthy"]) == ("C", False)
    assert told["scenarios"] == ["opening", "hooks"]
    assert finding["rule"] == "doubled-ack"
    assert finding["fix"] == RULES["doubled-ack"].fix
    assert finding["times"] == 3
    assert finding["see"] == "docs/protocol.md: Acks"


async def test_without_a_connection_it_ends_with_2() -> None:
    out = io.StringIO()
    url = f"ws://127.0.0.1:{unused_port()}/"

    assert await doctor(Options(url=url), out) == 2
    assert "Cannot connect: " in out.getvalue()
    assert await doctor(Options(url=url, json=True), out) == 2
    assert json.loads(out.getvalue().splitlines()[-1])["grade"] is None


async def test_where_credentials_are_refused_it_ends_with_2() -> None:
    code, text = await printed(Application([SAY], users={"jambonz": "word"}))

    assert code == 2
    assert "401" in text


async def test_a_short_time_leaves_scenarios_out() -> None:
    code, text = await printed(Application([SAY]), timeout=0.15)

    assert code == 0
    assert "no time for: " in text


def test_the_command_line_runs_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", f"ws://127.0.0.1:{unused_port()}/x"]) == 2
    assert main(["doctor", "nonsense"]) == 2
    told = capsys.readouterr()
    assert "Cannot connect" in told.out
    assert "'nonsense' is no address" in told.err


def test_credentials_may_stand_in_the_url() -> None:
    options = read_options(parsed("wss://jambonz:w%40rd@app.example.com/agent?a=1#rc=2"))

    assert options.url == "wss://app.example.com/agent?a=1"
    assert (options.username, options.password) == ("jambonz", "w@rd")
    assert read_options(parsed("--no-agent")).knows_agent is False


@pytest.mark.parametrize("option", ["--timeout", "--pace"])
def test_a_number_that_makes_no_sense_is_refused(option: str) -> None:
    with pytest.raises(UsageError, match="give a number above 0"):
        read_options(parsed(option, "0"))


@pytest.mark.parametrize(
    ("rules", "grade"),
    [
        ((), "A"),
        (("needless-ack",), "A"),
        (("slow-ack", "needless-ack"), "B"),
        (("late-ack",), "C"),
        (("late-ack", "doubled-ack", "slow-ack"), "C"),
        (("late-ack", "doubled-ack", "no-ack"), "D"),
        (("late-ack", "doubled-ack", "no-ack", "not-json", "unknown-type", "unknown-verb"), "F"),
        (("empty-first-ack",), "F"),
        (("no-subprotocol",), "F"),
    ],
)
def test_the_grade_goes_by_the_kinds_of_findings(rules: tuple[str, ...], grade: str) -> None:
    assert report.grade(examined(*rules)) == grade


def test_colours_are_there_only_where_they_are_wanted() -> None:
    seen = examined("late-ack", "slow-ack")

    assert "\x1b" not in "".join(report.Page().lines(seen))
    assert "\x1b[31merror" in "\n".join(report.Page(color=True).lines(seen))


def test_what_an_application_sends_cannot_write_to_the_terminal() -> None:
    found = Finding("not-json", "frame", "\x1b[2J\x07\u202e", "JSON")

    assert "\x1b" not in "".join(report.Page().lines(Examination([found], [])))


def test_every_rule_and_scenario_is_in_the_docs() -> None:
    page = (DOCS / "doctor.md").read_text(encoding="utf-8")
    protocol = (DOCS / "protocol.md").read_text(encoding="utf-8")

    for name, rule in RULES.items():
        assert re.search(rf"\| `{name}` \| {rule.severity} \| .+ \| {rule.section} \|", page), name
        assert f"\n### {rule.section}\n" in protocol
    for name in SCENARIOS:
        assert f"| `{name}` | " in page
