"""Every command of docs/applications.md can be typed as it stands, and shows what the page says."""

import argparse
import io
import shlex
from pathlib import Path

import pytest

from app import Application
from app.application import discover
from app.phone import add_arguments, phone, read_options
from app.testing import Cordboard

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "applications.md"
SECTIONS = {
    title.partition("\n")[0]: title for title in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]
}


@pytest.fixture(scope="module", name="applications")
def ours() -> list[Application]:
    return discover(ROOT)


def commands(section: str) -> list[str]:
    return [line for line in section.splitlines() if line.startswith("make call ARGS=")]


def promised(section: str) -> list[str]:
    blocks = section.split("```text\n")[1:]
    return [line for block in blocks for line in block.partition("```")[0].splitlines()]


async def typed(command: str, server: Cordboard) -> str:
    path, *words = shlex.split(shlex.split(command)[-1].removeprefix("ARGS="))
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    out = io.StringIO()
    options = read_options(parser.parse_args([server.url + path, "--no-color", *words]))
    if options.script or options.direction == "outbound":
        assert await phone(options, out=out) == 0, out.getvalue()
    return out.getvalue()


@pytest.mark.parametrize("name", SECTIONS)
async def test_a_reader_sees_what_the_page_says(name: str, cordboard: Cordboard) -> None:
    section = SECTIONS[name]
    shown = "".join([await typed(command, cordboard) for command in commands(section)])
    lines = shown.splitlines()

    assert promised(section)
    assert [line for line in promised(section) if line not in lines] == []


def test_every_application_is_on_both_pages(applications: list[Application]) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    names = {one.path.split("/")[1] for one in applications} - {"menu", "weather"}

    assert names == set(SECTIONS)
    for name in names:
        assert f"`/{name}`" in readme


def test_every_application_says_in_a_line_what_it_is(applications: list[Application]) -> None:
    for one in applications:
        assert 10 < len(one.about) <= 72, one.path
