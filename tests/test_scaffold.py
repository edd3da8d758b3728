"""`cordboard new`: the project that it writes runs and passes at once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.__main__ import main
from app.scaffold import ScaffoldError, name_project, write

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("work") / "Front Desk"
    write(folder)
    return folder


def run_in(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    # The project must stand by itself, whatever the settings of whoever runs this.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CORDBOARD_")}
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**kept, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_its_own_tests_pass_at_once(project: Path) -> None:
    ran = run_in(project, "pytest", "-q", "-W", "error", "-p", "no:cacheprovider")

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "3 passed" in ran.stdout


def test_its_simulated_callers_pass_at_once(project: Path) -> None:
    ran = run_in(project, "app", "sim", "scenarios")

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "2 calls in" in ran.stdout


def test_ruff_and_mypy_have_nothing_to_say(project: Path) -> None:
    checked = run_in(project, "ruff", "check", "--no-cache", "--select", "E,F,B,UP,ANN", ".")
    formatted = run_in(project, "ruff", "format", "--no-cache", "--line-length", "100", "--check")
    typed = run_in(project, "mypy", "--strict", "--cache-dir", os.devnull, "handlers", "hooks")

    assert checked.returncode == 0, checked.stdout
    assert formatted.returncode == 0, formatted.stdout
    assert typed.returncode == 0, typed.stdout


def test_every_file_is_there_and_no_mark_is_left(project: Path) -> None:
    files = {path.relative_to(project).as_posix() for path in project.rglob("*") if path.is_file()}

    assert files >= {
        ".dockerignore",
        ".gitignore",
        "Dockerfile",
        "README.md",
        "handlers/__init__.py",
        "handlers/front_desk.py",
        "hooks/__init__.py",
        "hooks/front_desk.py",
        "pyproject.toml",
        "scenarios/front_desk.yaml",
        "tests/conftest.py",
        "tests/test_front_desk.py",
    }
    assert not [name for name in files if "%" in (project / name).read_text(encoding="utf-8")]


@pytest.mark.parametrize(
    ("folder", "path", "module"),
    [
        ("weather", "weather", "weather"),
        ("Front Desk!", "front-desk", "front_desk"),
        ("24hours", "agent-24hours", "agent_24hours"),
        ("class", "class", "class_"),
        ("...", "agent", "agent"),
        ("cordboard", "agent-cordboard", "agent_cordboard"),
    ],
)
def test_names_are_made_from_the_folder(folder: str, path: str, module: str) -> None:
    names = name_project(folder)

    assert (names.project, names.module) == (path, module)


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    assert main(["new", str(tmp_path)]) == 0
    assert (tmp_path / "pyproject.toml").exists()


def test_a_folder_that_holds_something_is_refused_and_left_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("mine")

    assert main(["new", str(tmp_path)]) == 1
    assert "is not an empty folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ScaffoldError, match="not an empty folder"):
        write(tmp_path / "file")
    with pytest.raises(ScaffoldError, match="cannot write to"):
        write(tmp_path / "file" / "below")


@pytest.mark.parametrize("is_active", [True, False])
def test_the_next_commands_can_be_typed_where_the_project_was_made(
    is_active: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent) if is_active else "/usr/bin")
    main(["new", str(tmp_path / "front desk")])

    said = capsys.readouterr().out
    assert f"cd '{tmp_path}/front desk'\n" in said
    assert "  python -m pytest\n  cordboard sim scenarios\n  cordboard serve\n" in said
    assert ("venv" in said) is not is_active
    assert ("pip install 'cordboard[test] @ file:///" in said) is not is_active


def test_no_tool_takes_the_template_for_our_own_code() -> None:
    template = Path(__file__).parent.parent / "app/scaffold/template"
    files = [path for path in template.rglob("*") if path.is_file()]

    assert files
    assert all(path.suffix == ".template" for path in files)
