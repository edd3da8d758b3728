"""The docs are true: every Python block in README and docs runs."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from types import ModuleType

import pytest

from app import Application
from app.server import build
from app.settings import Settings
from app.testing import Cordboard, Twin, serving

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\S*)\n(?P<code>.*?)^(?P=indent)```$", re.DOTALL | re.MULTILINE
)
LANGUAGES = {"python", "sh", "json", "text", "toml", "nginx", "dockerfile", "yaml"}


@dataclass(frozen=True, slots=True)
class Block:
    page: Path
    line: int
    language: str
    code: str


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        line = text.count("\n", 0, found.start()) + 2
        yield Block(page, line, found["language"], found["code"])


def run(page: Path) -> ModuleType:
    """Run the Python blocks of a page one after another in one module, as a reader would."""
    module = ModuleType(f"docs_{page.stem.replace('-', '_').lower()}")
    sys.modules[module.__name__] = module  # annotations are looked up there
    for block in blocks(page):
        if block.language == "python":
            # The line numbers of a traceback are those of the page.
            code = compile("\n" * (block.line - 1) + block.code, str(page), "exec")
            exec(code, vars(module))
    return module


def pages_with_python() -> list[Path]:
    return [page for page in PAGES if any(block.language == "python" for block in blocks(page))]


@pytest.fixture(autouse=True)
def no_module_is_left() -> Iterator[None]:
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("docs_"):
            del sys.modules[name]


@pytest.mark.parametrize("page", pages_with_python(), ids=lambda page: page.name)
def test_every_python_block_runs(page: Path) -> None:
    run(page)


@pytest.mark.parametrize("page", pages_with_python(), ids=lambda page: page.name)
def test_the_applications_of_a_page_can_be_served(page: Path) -> None:
    found = {one.path: one for one in vars(run(page)).values() if isinstance(one, Application)}

    build(Settings(), list(found.values()))


@pytest.mark.parametrize("page", pages_with_python(), ids=lambda page: page.name)
async def test_the_tests_of_a_page_pass(page: Path, jambonz: Twin, cordboard: Cordboard) -> None:
    fixtures = {"jambonz": jambonz, "cordboard": cordboard}
    for name, test in vars(run(page)).items():
        if name.startswith("test_"):
            await test(**{one: fixtures[one] for one in signature(test).parameters})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_says_what_language_it_is_in(page: Path) -> None:
    unknown = [block for block in blocks(page) if block.language not in LANGUAGES]

    assert not unknown
    assert page.read_text(encoding="utf-8").count("```") == 2 * len(list(blocks(page)))


def test_the_sample_on_the_first_page_is_short() -> None:
    (sample, *_) = [one for one in blocks(ROOT / "README.md") if one.language == "python"]
    lines = [line for line in sample.code.splitlines() if line.strip()]

    assert len(lines) <= 36
    assert max(map(len, lines)) <= 100


async def test_the_sample_on_the_first_page_answers_a_call() -> None:
    sample = vars(run(ROOT / "README.md"))["weather"]
    settings = Settings(port=0, allow_anonymous=True)
    async with serving([sample], settings) as server, Twin(server.url) as twin:
        call = await twin.call("/weather")

        assert "11" in await call.say("What is the weather in Portland?")
