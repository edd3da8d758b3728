"""Every command of README and docs/applications.md can be typed as it stands, and does as told."""

import argparse
import io
import json
import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from app import Application
from app.application import discover
from app.phone import add_arguments, phone, read_options
from app.testing import Cordboard, Twin
from hooks.mcp import manual

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "applications.md").read_text(encoding="utf-8")
SECTIONS = {title.partition("\n")[0]: title for title in PAGE.split("\n## ")[1:]}
CALL = re.compile(
    r"^(?:make call ARGS='(?P<make>.+)'|\S*cordboard call (?P<run>.+))$", re.MULTILINE
)
CURL = re.compile(r"curl \S+/v1/calls/CALL_SID/agent .*?-d '(\{.*?\})'", re.DOTALL)


@pytest.fixture(scope="module", name="applications")
def ours() -> list[Application]:
    return discover(ROOT)


def commands(section: str) -> list[list[str]]:
    """The words after `make call` or `cordboard call` in each line that needs no keyboard."""
    lines = [shlex.split(found["make"] or found["run"]) for found in CALL.finditer(section)]
    return [line for line in lines if {"--say", "--dtmf", "outbound"} & {*line}]


def promised(section: str) -> list[str]:
    blocks = section.split("```text\n")[1:]
    return [line for block in blocks for line in block.partition("```")[0].splitlines()]


async def typed(words: list[str], server: Cordboard) -> str:
    """What a call shows that ends with 0."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    options = read_options(parser.parse_args([*words, "--no-color"]))
    out = io.StringIO()
    url = options.url.replace("ws://127.0.0.1:3000", server.url.replace("http", "ws"))
    assert await phone(replace(options, url=url), out=out) == 0, out.getvalue()
    return out.getvalue()


@pytest.mark.parametrize("name", SECTIONS)
async def test_a_reader_sees_what_the_page_says(name: str, cordboard: Cordboard) -> None:
    section = SECTIONS[name]
    if name == "with-mcp":  # which `serve` connects to at its start
        assert await manual.ready(30)
    shown = "".join([await typed(command, cordboard) for command in commands(section)])
    lines = shown.splitlines()

    assert promised(section)
    assert [line for line in promised(section) if line not in lines] == []


async def test_the_commands_of_the_readme_work(cordboard: Cordboard) -> None:
    shown = [await typed(command, cordboard) for command in commands(README)]

    assert len(shown) == 2
    assert "Goodbye" in shown[0]
    assert "the temperature is 19 celsius" in shown[1]


@pytest.mark.parametrize("page", [README, PAGE], ids=["README", "applications"])
async def test_the_curl_of_a_page_steers_a_call(
    page: str, jambonz: Twin, cordboard: Cordboard
) -> None:
    bodies: list[dict[str, Any]] = [json.loads(body) for body in CURL.findall(page)]
    call = await jambonz.call("/supervised")
    async with aiohttp.ClientSession(headers=cordboard.headers) as client:
        for body in bodies:
            url = f"{cordboard.url}/v1/calls/{call.call_sid}/agent"
            async with client.post(url, json=body) as answer:
                assert answer.status == 202

    assert await call.updates() == [body["type"] for body in bodies]


def test_every_application_is_on_both_pages(applications: list[Application]) -> None:
    names = {one.path.split("/")[1] for one in applications} - {"agents", "menu", "weather"}

    assert names == set(SECTIONS)
    for name in names:
        assert f"`/{name}`" in README


def test_every_application_says_in_a_line_what_it_is(applications: list[Application]) -> None:
    for one in applications:
        assert 10 < len(one.about) <= 72, one.path
