"""Copies the template and fills in the names."""

import argparse
import json
import keyword
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import distribution
from importlib.resources import files
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from shutil import which

SUFFIX = ".template"
"""What the names of template files end with, so that no tool takes them for our own code."""


class ScaffoldError(Exception):
    """The project cannot be written; the message says why."""


@dataclass(frozen=True, slots=True)
class Names:
    """What a project is called in each place.

    Attributes:
        project: In pyproject.toml and in the path of the application: ``front-desk``.
        module: As a Python module: ``front_desk``.
        title: For people: ``Front desk``.
    """

    project: str
    module: str
    title: str


def name_project(folder: str) -> Names:
    """Derive every name from the folder's: ``Front Desk!`` gives ``front-desk``."""
    words = re.findall(r"[a-z0-9]+", folder.lower()) or ["agent"]
    if words[0][0].isdigit() or words == ["cordboard"]:  # it cannot depend on its own name
        words = ["agent", *words]
    module = "_".join(words)
    if keyword.iskeyword(module) or keyword.issoftkeyword(module):
        module += "_"
    return Names("-".join(words), module, " ".join(words).capitalize())


def write(folder: Path) -> list[Path]:
    """Write the project into a new or empty folder, and give the files, sorted.

    Raises:
        ScaffoldError: The folder holds something, or cannot be written.
    """
    names = name_project(folder.resolve().name)
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ScaffoldError(f"{folder} is not an empty folder; name one that does not exist")
        return sorted(_write_all(folder, names))
    except OSError as error:
        raise ScaffoldError(f"cannot write to {folder}: {error.strerror}") from error


def _write_all(folder: Path, names: Names) -> Iterator[Path]:
    for place, source in _walk(files("app.scaffold") / "template", PurePosixPath()):
        target = folder / _fill(str(place), names)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_fill(source.read_text(encoding="utf-8"), names), encoding="utf-8")
        yield target


def _walk(folder: Traversable, place: PurePosixPath) -> Iterator[tuple[PurePosixPath, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _walk(entry, place / entry.name)
        elif entry.name.endswith(SUFFIX):
            yield place / entry.name.removesuffix(SUFFIX), entry


def _fill(text: str, names: Names) -> str:
    for mark, value in (
        ("%PROJECT%", names.project),
        ("%MODULE%", names.module),
        ("%TITLE%", names.title),
    ):
        text = text.replace(mark, value)
    return text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``cordboard new``."""
    parser.add_argument("folder", metavar="DIR", type=Path, help="a folder that is new or empty")


def run(args: argparse.Namespace) -> int:
    """Write the project and say what to type next."""
    folder: Path = args.folder
    try:
        written = write(folder)
    except ScaffoldError as error:
        print(f"cordboard new: {error}", file=sys.stderr)
        return 1
    for path in written:
        print(f"  {path}")
    print("\nNext:", *next_commands(folder), sep="\n  ")
    return 0


def next_commands(folder: Path) -> list[str]:
    """What to type next; the first lines make an environment, where the shell is in none."""
    enter = f"cd {shlex.quote(str(folder))}"
    if which("cordboard") == str(Path(sys.executable).with_name("cordboard")) and _can_test():
        return [enter, "python -m pytest", "cordboard sim scenarios", "cordboard serve"]
    return [
        enter,
        "python3 -m venv .venv && . .venv/bin/activate",
        f"pip install {shlex.quote(_requirement())}",
        "python -m pytest",
        "cordboard sim scenarios",
        "cordboard serve",
    ]


def _can_test() -> bool:
    return find_spec("pytest") is not None and find_spec("pytest_asyncio") is not None


def _requirement() -> str:
    """What pip is told to get the Cordboard that runs now: by its folder or file, if it has one."""
    origin = json.loads(distribution("cordboard").read_text("direct_url.json") or "{}")
    return f"cordboard[test] @ {origin['url']}" if "url" in origin else "cordboard[test]"
