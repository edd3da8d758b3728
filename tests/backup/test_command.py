"""``cordboard backup`` and ``cordboard restore`` as they are typed."""

import io
from pathlib import Path

import pytest

from app import __main__ as command_line
from app.backup.command import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def cordboard(monkeypatch: pytest.MonkeyPatch, url: str, *words: object) -> int:
    monkeypatch.setenv("CORDBOARD_DATABASE_URL", url)
    return command_line.main([str(word) for word in words])


def test_a_store_moves_from_one_engine_to_the_other(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    store_url: str,
    target_url: str,
) -> None:
    file = tmp_path / "store.zip"

    assert cordboard(monkeypatch, store_url, "backup", file) == 0
    assert cordboard(monkeypatch, target_url, "restore", file) == 0
    told = capsys.readouterr()
    assert f"{file} holds 1 rows of " in told.out
    assert "The store holds 1 rows of " in told.out
    assert told.out.count("CORDBOARD_SECRET_KEY") == 2
    assert told.err == ""


def test_what_went_wrong_is_one_line_and_an_exit_code(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    sqlite_url: str,
) -> None:
    assert cordboard(monkeypatch, sqlite_url, "restore", tmp_path / "none.zip") == 1
    expected = f"cordboard: cannot read {tmp_path}/none.zip: No such file or directory\n"
    assert capsys.readouterr().err == expected


def test_a_terminal_shows_how_far_it_is_on_one_line() -> None:
    out = Terminal()
    progress = Progress(out)
    progress.tell("calls", 12000)
    progress.tell("turns", 0)
    progress.end()

    assert out.getvalue() == "\r\x1b[Kcalls  12,000\r\x1b[Kturns  0\r\x1b[K"


def test_a_file_is_not_filled_with_progress() -> None:
    out = io.StringIO()
    progress = Progress(out)
    progress.tell("calls", 12000)
    progress.end()

    assert out.getvalue() == ""
